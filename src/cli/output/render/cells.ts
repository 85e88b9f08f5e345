import stringWidth from 'string-width';
import { visibleText } from '../../../contract/text/safe-text.ts';

/** How many columns of a terminal a text takes: two for a character of Chinese or an emoji. */
export const widthOf = (text: string): number => stringWidth(text);

/** Spaces behind a text until it is so wide. */
export function padded(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - widthOf(text)));
}

/** A text of one line as it will be shown: what others say must not be able to make rows of its own, and is as wide as it is measured. */
export function shownText(text: string): string {
  return visibleText(text.replace(/[\r\n]+/g, ' '));
}

/** A word cut into pieces of at most so many columns, between characters as people see them. */
export function piecesOf(word: string, columns: number): string[] {
  if (widthOf(word) <= columns) return [word];
  const pieces: string[] = [];
  let piece = '';
  for (const { segment } of new Intl.Segmenter().segment(word)) {
    if (piece !== '' && widthOf(piece + segment) > columns) {
      pieces.push(piece);
      piece = '';
    }
    piece += segment;
  }
  return [...pieces, piece];
}

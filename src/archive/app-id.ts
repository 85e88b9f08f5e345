import { cutText } from '../contract/text/safe-text.ts';
import { ArchiveProblem } from './zip/archive-file.ts';

/** Android's package parser takes 223 characters, App Store Connect 155. */
const LONGEST_ID = 255;
const LONGEST_SHOWN = 200;

/** Throws `ArchiveProblem` for an id that would steer a terminal or break a line, and for one that no system would install. */
export function checkAppId(what: 'package name' | 'bundle id', id: string | null): void {
  if (id === null) return;
  if (id.length > LONGEST_ID) throw new ArchiveProblem(`${what} is longer than ${LONGEST_ID} characters`);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
  if (/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/.test(id))
    throw new ArchiveProblem(`${what} has control characters: ${cutText(id, LONGEST_SHOWN)}`);
}

/** A version's name as far as anybody reads it. */
export function versionNameOf(text: string | null): string | null {
  return text === null ? null : cutText(text, LONGEST_ID);
}

import { padded, piecesOf, shownText, widthOf } from './cells.ts';

/** A name, and what there is to say of it: each text begins a line. */
export interface Row {
  readonly name: string;
  readonly texts: readonly string[];
}

/** Less room than this beside the names is none: the texts then stand below them. */
const LEAST_ROOM = 28;
const BELOW = 4;

/**
 * Rows with their texts in a column, wrapped between words at `columns`; `null` where nothing has to fit. On a narrow terminal each text
 * stands below its name.
 */
export function renderRows(given: readonly Row[], columns: number | null, indent = 0): string[] {
  const rows = given.map(({ name, texts }) => ({ name: shownText(name), texts }));
  const head = indent + Math.max(0, ...rows.map(({ name }) => widthOf(name))) + 2;
  const isNarrow = columns !== null && columns - head < LEAST_ROOM;
  const room = columns === null ? Number.POSITIVE_INFINITY : columns - (isNarrow ? indent + BELOW : head);
  return rows.flatMap(({ name, texts }) => {
    const title = `${' '.repeat(indent)}${name}`;
    const lines = texts.flatMap((text) => wrapped(text, room));
    if (isNarrow && name !== '')
      return [
        ...wrapped(title, columns),
        ...lines.filter((line) => line !== '').map((line) => ' '.repeat(indent + BELOW) + line),
      ];
    const left = isNarrow ? indent + BELOW : head;
    return lines.map((line, index) => `${padded(index === 0 ? title : '', left)}${line}`.trimEnd());
  });
}

/** An address that is broken can be neither opened nor copied, so the terminal wraps it. */
const WHOLE = /^https?:\/\//;

/** Lines of at most this many columns. Spaces before the first word stay, and stand before what is wrapped too; a word that is longer is broken. */
export function wrapped(text: string, room: number): string[] {
  const line = shownText(text);
  if (widthOf(line) <= room) return [line];
  const lead = /^ */.exec(line)?.[0] ?? '';
  const most = Math.max(1, room - lead.length);
  const lines: string[] = [];
  for (const word of line.trim().split(/\s+/)) {
    const last = lines.at(-1);
    if (last !== undefined && widthOf(last) + 1 + widthOf(word) <= most) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(...(WHOLE.test(word) ? [word] : piecesOf(word, most)));
  }
  return lines.map((one) => lead + one);
}

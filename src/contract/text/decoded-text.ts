/**
 * A text as bytes in which a secret can be looked for: without the whitespace and the invisible characters that may stand in it, and each
 * byte with the part of the text that it stands for. Further decodings undo escapes, each the outermost layer.
 */
export interface DecodedText {
  readonly length: number;
  readonly bytes: Uint8Array;
  /** Where each byte's characters begin and end in the text. */
  readonly from: Int32Array;
  readonly to: Int32Array;
}

/** Stands for an ellipsis, after which a text was cut: by us, or by a server before it came here. */
export const CUT_MARK = 0;

/** More layers than any real server puts one over the other. */
const MOST_LAYERS = 6;

/**
 * The text itself, then the same with one layer of escapes after the other undone, as long as there is one. Where lines end in the sign with
 * which quoted-printable and shells continue them, all of that once more without the sign.
 */
export function* decodings(text: string): Generator<DecodedText> {
  yield* layers(withoutSpaces(text, false));
  if (/[=\\]\r?\n/.test(text)) yield* layers(withoutSpaces(text, true));
}

function* layers(first: DecodedText): Generator<DecodedText> {
  let decoded: DecodedText | null = first;
  for (let layer = 0; decoded !== null && layer < MOST_LAYERS; layer += 1) {
    yield decoded;
    decoded = withoutEscapes(decoded);
  }
}

const encoder = new TextEncoder();

class Builder {
  length = 0;
  readonly #bytes: Uint8Array;
  readonly #from: Int32Array;
  readonly #to: Int32Array;

  constructor(mostBytes: number) {
    this.#bytes = new Uint8Array(mostBytes);
    this.#from = new Int32Array(mostBytes);
    this.#to = new Int32Array(mostBytes);
  }

  byte(byte: number, from: number, to: number): void {
    this.#bytes[this.length] = byte;
    this.#from[this.length] = from;
    this.#to[this.length] = to;
    this.length += 1;
  }

  /** A character as its UTF-8 bytes; nothing for one that cannot be seen. */
  character(code: number, from: number, to: number): void {
    if (isUnseen(code)) return;
    if (code < 0x80) this.byte(code, from, to);
    else if (code === 0x2026) this.byte(CUT_MARK, from, to);
    else for (const byte of encoder.encode(String.fromCodePoint(code))) this.byte(byte, from, to);
  }

  done(): DecodedText {
    return { length: this.length, bytes: this.#bytes, from: this.#from, to: this.#to };
  }
}

/** Spaces, controls, zero-width characters: what a line break, a table or a terminal may put between two characters of a value. */
function isUnseen(code: number): boolean {
  if (code <= 0x20 || (code >= 0x7f && code <= 0xa0)) return true;
  if (code < 0x061c) return code === 0xad;
  if (code >= 0x2000 && code <= 0x206f) return code <= 0x200f || (code >= 0x2028 && code <= 0x202f) || code >= 0x205f;
  return code === 0x061c || code === 0x180e || code === 0x3000 || code === 0xfeff;
}

function withoutSpaces(text: string, joinsLines: boolean): DecodedText {
  // No UTF-16 unit needs more than three bytes of UTF-8.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what ASCII is.
  const isAscii = /^[\u0000-\u007f]*$/.test(text);
  const out = new Builder(isAscii ? text.length : 3 * text.length);
  for (let at = 0; at < text.length; ) {
    const code = text.codePointAt(at) ?? 0;
    const end = at + (code > 0xffff ? 2 : 1);
    if (code === DOT && isEllipsis(text, at)) {
      out.byte(CUT_MARK, at, at + 3);
      at += 3;
      continue;
    }
    const isContinued =
      joinsLines && (code === EQUALS || code === BACKSLASH) && /^\r?\n/.test(text.slice(end, end + 2));
    if (!isContinued) out.character(code, at, end);
    at = end;
  }
  return out.done();
}

function isEllipsis(text: string, at: number): boolean {
  return text.startsWith('...', at) && text[at + 3] !== '.';
}

const PERCENT = 0x25;
const AMPERSAND = 0x26;
const BACKSLASH = 0x5c;
const EQUALS = 0x3d;
const DOT = 0x2e;
const COLON = 0x3a;
const DASH = 0x2d;

const HEX = new Int8Array(256).fill(-1);
for (let digit = 0; digit < 16; digit += 1) {
  HEX[digit.toString(16).charCodeAt(0)] = digit;
  HEX[digit.toString(16).toUpperCase().charCodeAt(0)] = digit;
}

/** An escape that was read: how many bytes it takes, and the character, the byte or nothing that it stands for. */
interface Escape {
  readonly size: number;
  readonly code?: number;
  readonly byte?: number;
}

/** The same with its escapes undone, or `null` where it has none. Each byte is read a fixed number of times. */
function withoutEscapes(text: DecodedText): DecodedText | null {
  const { bytes, length, from, to } = text;
  const out = new Builder(length);
  let hasChanged = false;
  for (let at = 0; at < length; ) {
    const byte = bytes[at] ?? 0;
    const found = escapeAt(text, at, byte);
    if (found === null) {
      out.byte(byte, from[at] ?? 0, to[at] ?? 0);
      at += 1;
      continue;
    }
    hasChanged = true;
    const begins = from[at] ?? 0;
    const ends = to[at + found.size - 1] ?? 0;
    if (found.code !== undefined) out.character(found.code, begins, ends);
    else if (found.byte !== undefined && !(found.byte < 0x80 && isUnseen(found.byte)))
      out.byte(found.byte, begins, ends);
    at += found.size;
  }
  return hasChanged ? out.done() : null;
}

function escapeAt(text: DecodedText, at: number, byte: number): Escape | null {
  if (byte === PERCENT) return percentAt(text, at);
  if (byte === BACKSLASH) return backslashAt(text, at);
  if (byte === AMPERSAND) return entityAt(text, at);
  if (byte === COLON || byte === DASH) return isBetweenHexPairs(text, at) ? { size: 1 } : null;
  return null;
}

/** The value of `count` hex digits, or -1. */
function hexAt({ bytes, length }: DecodedText, at: number, count: number): number {
  if (at < 0 || at + count > length) return -1;
  let value = 0;
  for (let index = at; index < at + count; index += 1) {
    const digit = HEX[bytes[index] ?? 0] ?? -1;
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}

/** `%2B`, `%252B` encoded as often as one likes, and IIS's `%u002B`. */
function percentAt(text: DecodedText, at: number): Escape | null {
  let digits = at + 1;
  while (hexAt(text, digits, 2) === PERCENT && hexAt(text, digits + 2, 2) >= 0) digits += 2;
  const byte = hexAt(text, digits, 2);
  if (byte >= 0) return { size: digits + 2 - at, byte };
  const code = isLetter(text, digits, 'u') ? hexAt(text, digits + 1, 4) : -1;
  return code >= 0 ? { size: digits + 5 - at, code } : null;
}

/** JSON's and JavaScript's escapes, however many backslashes stand before them, and a backslash before any other sign. */
function backslashAt(text: DecodedText, at: number): Escape | null {
  let next = at;
  while (next < text.length && text.bytes[next] === BACKSLASH) next += 1;
  const count = next - at;
  const following = characters(text, next, 9);
  const [whole, digits, code, byte] =
    /^(?:u(?:([0-9a-f]{4})|\{([0-9a-f]{1,6})\})|x([0-9a-f]{2}))/i.exec(following) ?? [];
  const size = count + (whole?.length ?? 1);
  if (byte !== undefined) return { size, byte: Number.parseInt(byte, 16) };
  if (whole !== undefined) return { size, code: Math.min(0x10ffff, Number.parseInt(digits ?? code ?? '', 16)) };
  if (/^[^A-Za-z0-9\s\0]/.test(following)) return { size, code: following.charCodeAt(0) };
  if (count > 1) return { size: count, code: BACKSLASH };
  // A line break or a tab: nothing of the value.
  return /^[nrtbfv]/.test(following) ? { size } : null;
}

function characters({ bytes, length }: DecodedText, at: number, count: number): string {
  return String.fromCharCode(...bytes.subarray(at, Math.min(length, at + count)));
}

/** The names that HTML has for signs of ASCII (https://html.spec.whatwg.org/multipage/named-characters.html). */
const ENTITIES: Readonly<Record<string, string>> = {
  amp: '&',
  ast: '*',
  apos: "'",
  bsol: '\\',
  colon: ':',
  comma: ',',
  commat: '@',
  DiacriticalGrave: '`',
  dollar: '$',
  equals: '=',
  excl: '!',
  grave: '`',
  gt: '>',
  Hat: '^',
  lbrace: '{',
  lbrack: '[',
  lcub: '{',
  lowbar: '_',
  lpar: '(',
  lsqb: '[',
  lt: '<',
  midast: '*',
  nbsp: ' ',
  NewLine: '\n',
  num: '#',
  percnt: '%',
  period: '.',
  plus: '+',
  quest: '?',
  quot: '"',
  rbrace: '}',
  rbrack: ']',
  rcub: '}',
  rpar: ')',
  rsqb: ']',
  semi: ';',
  sol: '/',
  Tab: '\t',
  UnderBar: '_',
  verbar: '|',
  vert: '|',
  VerticalLine: '|',
};
const LONGEST_ENTITY = 20;

/** `&#43;`, `&#x2B;`, `&plus;`, and any of them behind `&amp;amp;`. */
function entityAt(text: DecodedText, at: number): Escape | null {
  let name = at + 1;
  while (isWord(text, name, 'amp;')) name += 4;
  const words = characters(text, name, LONGEST_ENTITY);
  const [whole, hex, decimal, named] = /^(?:#[xX]0*([0-9a-fA-F]{1,6});?|#0*(\d{1,7});?|([A-Za-z]+);)/.exec(words) ?? [];
  const digits = hex ?? decimal;
  const code = digits === undefined ? codeNamed(named ?? '') : Number.parseInt(digits, hex === undefined ? 10 : 16);
  if (whole !== undefined && code !== null && code <= 0x10ffff) return { size: name - at + whole.length, code };
  return name > at + 1 ? { size: name - at, code: AMPERSAND } : null;
}

function codeNamed(name: string): number | null {
  return Object.hasOwn(ENTITIES, name) ? (ENTITIES[name]?.charCodeAt(0) ?? null) : null;
}

/** The sign in `AB-CD-EF` and `ab:cd:ef`: not a single one, which may be of the value. */
function isBetweenHexPairs(text: DecodedText, at: number): boolean {
  const { bytes } = text;
  const isPair = (from: number) => hexAt(text, from, 2) >= 0;
  const isDigit = (from: number) => hexAt(text, from, 1) >= 0;
  if (!isPair(at - 2) || isDigit(at - 3) || !isPair(at + 1) || isDigit(at + 3)) return false;
  return bytes[at] === bytes[at - 3] || bytes[at] === bytes[at + 3];
}

function isLetter({ bytes, length }: DecodedText, at: number, letter: string): boolean {
  return at < length && ((bytes[at] ?? 0) | 0x20) === letter.charCodeAt(0);
}

function isWord({ bytes, length }: DecodedText, at: number, word: string): boolean {
  if (at + word.length > length) return false;
  for (let index = 0; index < word.length; index += 1) {
    if (bytes[at + index] !== word.charCodeAt(index)) return false;
  }
  return true;
}

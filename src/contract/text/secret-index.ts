import { CUT_MARK, type DecodedText, decodings } from './decoded-text.ts';

/** A part of a text, in its UTF-16 units. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** By so many bytes a value is looked up; no shorter value is looked for, because it would blot out ordinary text. */
const WINDOW = 4;
/** A shorter value has to stand there exactly, in one piece. */
const LOOSE_FROM = 12;
/** So many bytes at the beginning of a secret are not shown at the end of a text that may have been cut; before an ellipsis fewer. */
const SHORTEST_BEGINNING = 8;
/** What shares its window with so many others is what a hostile server made to be slow. */
const MOST_IN_A_WINDOW = 64;

interface Needle {
  readonly length: number;
  readonly hash: number;
  /** Where the window is in it. */
  readonly offset: number;
  /** The bytes as they have to be, for a short value. */
  readonly exact: Uint8Array | null;
}

/** A needle whose beginning is a secret, too: with the table of Knuth, Morris and Pratt. */
interface Beginning {
  readonly folded: Uint8Array;
  readonly fallback: Int32Array;
}

/**
 * Finds values in decoded texts, in time that is linear in the text however many values there are: a window of four bytes picks the
 * few that may begin there, and a rolling hash compares each at once. Upper and lower case are one, as are both alphabets of base64.
 */
export interface SecretIndex {
  /** `hasBeginnings` for a value of which a beginning may not be shown either. */
  add(value: Uint8Array, hasBeginnings: boolean): void;
  isEmpty(): boolean;
  find(text: DecodedText): Span[];
}

export function createSecretIndex(): SecretIndex {
  const windows = new Map<number, Needle[]>();
  const used = new Uint8Array(2 ** FILTER_BITS);
  const beginnings: Beginning[] = [];
  const known = new Set<string>();
  return {
    add(value, hasBeginnings) {
      const folded = foldedOf(value, value.length);
      const hash = hashOf(folded);
      const exact = folded.length < LOOSE_FROM ? Uint8Array.from(value) : null;
      const key = exact === null ? `${folded.length}:${hash}` : `exactly ${exact.join()}`;
      if (folded.length < WINDOW || known.has(key)) return;
      known.add(key);
      const [window, offset] = leastUsed(folded, windows);
      const there = windows.get(window) ?? [];
      if (there.length >= MOST_IN_A_WINDOW && !hasBeginnings) return;
      windows.set(window, [...there, { length: folded.length, hash, offset, exact }]);
      used[filterOf(window)] = 1;
      if (hasBeginnings) beginnings.push({ folded, fallback: fallbacksOf(folded) });
    },
    isEmpty: () => windows.size === 0,
    find(text) {
      if (text.length < WINDOW) return [];
      const folded = foldedOf(text.bytes, text.length);
      return wholes(text, folded, windows, used).concat(cutShort(text, folded, beginnings));
    },
  };
}

/** A value as it is looked for: its bytes once nothing is left to decode, and as they are before. */
export function needlesOf(value: string): Uint8Array[] {
  return [...decodings(value)].map(({ bytes, length }) => bytes.slice(0, length));
}

const FOLD = Uint8Array.from({ length: 256 }, (_, byte) => {
  if (byte >= 0x41 && byte <= 0x5a) return byte + 0x20;
  // The alphabet of base64url: RFC 4648, section 5.
  if (byte === 0x2d) return 0x2b;
  return byte === 0x5f ? 0x2f : byte;
});

/** A loop, because this sees every byte that is shown or written. */
function foldedOf(bytes: Uint8Array, length: number): Uint8Array {
  const folded = new Uint8Array(length);
  for (let at = 0; at < length; at += 1) folded[at] = FOLD[bytes[at] ?? 0] ?? 0;
  return folded;
}

const BASE = 0x01000193;

function hashOf(bytes: Uint8Array): number {
  let hash = 0;
  for (const byte of bytes) hash = (Math.imul(hash, BASE) + byte + 1) >>> 0;
  return hash;
}

/** A table of so many bits says of nearly every window that no value has it. */
const FILTER_BITS = 14;

function filterOf(window: number): number {
  return Math.imul(window, 0x9e3779b1) >>> (32 - FILTER_BITS);
}

function windowAt(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0);
}

/** The window that the fewest others have. Signatures are at the end, so that is where to look first. */
function leastUsed(folded: Uint8Array, windows: ReadonlyMap<number, readonly Needle[]>): [number, number] {
  let best = { window: 0, offset: 0, used: Number.POSITIVE_INFINITY };
  for (let offset = folded.length - WINDOW; offset >= 0 && best.used > 0; offset -= 1) {
    const window = windowAt(folded, offset);
    const used = windows.get(window)?.length ?? 0;
    if (used < best.used) best = { window, offset, used };
  }
  return [best.window, best.offset];
}

function wholes(
  text: DecodedText,
  folded: Uint8Array,
  windows: ReadonlyMap<number, readonly Needle[]>,
  used: Uint8Array,
): Span[] {
  const spans: Span[] = [];
  const hashBetween = hashesOf(folded);
  for (let at = 0; at + WINDOW <= folded.length; at += 1) {
    const window = windowAt(folded, at);
    if (used[filterOf(window)] === 0) continue;
    for (const { offset, length, hash, exact } of windows.get(window) ?? []) {
      const from = at - offset;
      if (from < 0 || from + length > folded.length || hashBetween(from, length) !== hash) continue;
      if (exact === null || isExactly(text, from, exact)) spans.push(spanOf(text, from, length));
    }
  }
  return spans;
}

/** The hash of any part of the bytes, at once after the first. */
function hashesOf(bytes: Uint8Array): (from: number, size: number) => number {
  let hashes: Uint32Array | null = null;
  return (from, size) => {
    hashes ??= hashesUpTo(bytes);
    return ((hashes[from + size] ?? 0) - Math.imul(hashes[from] ?? 0, power(size))) >>> 0;
  };
}

function hashesUpTo(bytes: Uint8Array): Uint32Array {
  const hashes = new Uint32Array(bytes.length + 1);
  let hash = 0;
  for (let at = 0; at < bytes.length; at += 1) {
    hash = (Math.imul(hash, BASE) + (bytes[at] ?? 0) + 1) >>> 0;
    hashes[at + 1] = hash;
  }
  return hashes;
}

const POWERS = [1];

function power(exponent: number): number {
  for (let at = POWERS.length; at <= exponent; at += 1) POWERS.push(Math.imul(POWERS[at - 1] ?? 1, BASE) >>> 0);
  return POWERS[exponent] ?? 1;
}

/** The very bytes, with nothing between them. */
function isExactly({ bytes, from: begins, to: ends }: DecodedText, from: number, exact: Uint8Array): boolean {
  return exact.every((byte, index) => {
    const at = from + index;
    return bytes[at] === byte && (index === 0 || begins[at] === ends[at - 1]);
  });
}

function spanOf({ from, to }: DecodedText, at: number, length: number): Span {
  return { from: from[at] ?? 0, to: to[at + length - 1] ?? 0 };
}

/** The beginnings of secrets that stand before an ellipsis or at the end, where a text has been cut. */
function cutShort(text: DecodedText, folded: Uint8Array, beginnings: readonly Beginning[]): Span[] {
  const spans: Span[] = [];
  if (beginnings.length === 0) return spans;
  let after = 0;
  while (after <= folded.length) {
    const mark = folded.indexOf(CUT_MARK, after);
    const cut = mark === -1 ? folded.length : mark;
    const least = mark === -1 ? SHORTEST_BEGINNING : WINDOW;
    for (const end of endsBefore(text, after, cut)) {
      const size = Math.max(...beginnings.map((beginning) => lengthOfBeginning(folded, after, end, beginning)));
      if (size >= least) spans.push({ from: text.from[end - size] ?? 0, to: text.to[cut - 1] ?? 0 });
    }
    after = cut + 1;
  }
  return spans;
}

/** How many bytes before `end`, none of them before `least`, are how the secret begins. */
function lengthOfBeginning(
  folded: Uint8Array,
  least: number,
  end: number,
  { folded: secret, fallback }: Beginning,
): number {
  let matched = 0;
  for (let at = Math.max(least, end - secret.length); at < end; at += 1) {
    while (matched > 0 && (matched === secret.length || folded[at] !== secret[matched]))
      matched = fallback[matched] ?? 0;
    if (folded[at] === secret[matched]) matched += 1;
  }
  return matched;
}

/** For each length of a beginning, the next shorter one that is its end as well. */
function fallbacksOf(secret: Uint8Array): Int32Array {
  const table = new Int32Array(secret.length + 1);
  let matched = 0;
  for (let at = 1; at < secret.length; at += 1) {
    while (matched > 0 && secret[at] !== secret[matched]) matched = table[matched] ?? 0;
    if (secret[at] === secret[matched]) matched += 1;
    table[at + 1] = matched;
  }
  return table;
}

const HALF_ESCAPE = /(?:%[0-9a-f]?|\\+(?:[ux][0-9a-f]{0,3})?|&#?\w{0,8}|=|[:-][0-9a-f]?)$/i;

/** A cut may go through an escape, and through one in another: where the text before it may end. */
function endsBefore({ bytes }: DecodedText, from: number, cut: number): number[] {
  const ends = [cut];
  for (let end = cut; ends.length < 3; ends.push(end)) {
    const tail = String.fromCharCode(...bytes.subarray(Math.max(from, end - 10), end));
    const half = HALF_ESCAPE.exec(tail)?.[0].length ?? 0;
    if (half === 0) break;
    end -= half;
  }
  return ends;
}

import type { Budget } from '../../budget.ts';
import { UnreadablePart } from '../../zip/archive-file.ts';

/** One value of BER, ITU-T X.690; DER is a part of it. */
export interface BerValue {
  readonly tag: number;
  /** With its tag and length, and with what marks its end. */
  readonly whole: Buffer;
  readonly contents: Buffer;
}

export const TAG = {
  integer: 0x02,
  octetString: 0x04,
  objectIdentifier: 0x06,
  utf8String: 0x0c,
  printableString: 0x13,
  sequence: 0x30,
  set: 0x31,
  /** `[0]` and `[1]`, constructed. */
  context0: 0xa0,
} as const;

const CONSTRUCTED = 0x20;
const INDEFINITE = 0x80;
const DEEPEST = 32;

/** The values that follow each other in `bytes`. Throws `UnreadablePart`, or reads past the end. */
export function berValues(bytes: Buffer, budget: Budget): BerValue[] {
  const values: BerValue[] = [];
  for (let at = 0; at < bytes.length; ) {
    const { from, to, end } = extentAt(bytes, at, budget, 0);
    values.push({ tag: bytes.readUInt8(at), whole: bytes.subarray(at, end), contents: bytes.subarray(from, to) });
    at = end;
  }
  return values;
}

/** The value, which has to have this tag. Throws `UnreadablePart`. */
export function expectTag(value: BerValue | undefined, tag: number): BerValue {
  if (value?.tag !== tag) throw new UnreadablePart('is in an unknown format', { isHostile: false });
  return value;
}

/** The bytes of an octet string, which may be cut into pieces (X.690, section 8.7.3). */
export function octetsOf({ tag, contents }: BerValue, budget: Budget): Buffer {
  if (tag === TAG.octetString) return contents;
  if (tag !== (TAG.octetString | CONSTRUCTED))
    throw new UnreadablePart('is in an unknown format', { isHostile: false });
  return Buffer.concat(berValues(contents, budget).map((piece) => expectTag(piece, TAG.octetString).contents));
}

/** Where the contents of the value at a place begin and end, and where the next value is. */
function extentAt(bytes: Buffer, at: number, budget: Budget, depth: number): { from: number; to: number; end: number } {
  budget.spend(1);
  const tag = bytes.readUInt8(at);
  const first = bytes.readUInt8(at + 1);
  const lengthBytes = first < INDEFINITE ? 0 : first & 0x7f;
  // Tags of more than one byte are in no certificate and no signature.
  if ((tag & 0x1f) === 0x1f || lengthBytes > 4)
    throw new UnreadablePart('is in an unknown format', { isHostile: false });
  const from = at + 2 + lengthBytes;
  if (first === INDEFINITE) return indefiniteAt(bytes, tag, from, budget, depth);
  const end = from + (lengthBytes === 0 ? first : bytes.readUIntBE(at + 2, lengthBytes));
  if (end > bytes.length) throw new UnreadablePart('has a part that is larger than the whole', { isHostile: true });
  return { from, to: end, end };
}

/** A value of indefinite length lasts until two zero bytes stand where its next value would begin (X.690, section 8.1.3.6). */
function indefiniteAt(bytes: Buffer, tag: number, from: number, budget: Budget, depth: number) {
  if ((tag & CONSTRUCTED) === 0) throw new UnreadablePart('is in an unknown format', { isHostile: false });
  if (depth === DEEPEST) throw new UnreadablePart(`is nested more than ${DEEPEST} deep`, { isHostile: true });
  let to = from;
  while (bytes.readUInt16BE(to) !== 0) to = extentAt(bytes, to, budget, depth + 1).end;
  return { from, to, end: to + 2 };
}

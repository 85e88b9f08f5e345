import { UnreadablePart } from '../zip/archive-file.ts';

/** One value of DER, ITU-T X.690. */
export interface DerValue {
  readonly tag: number;
  /** With its tag and length. */
  readonly whole: Buffer;
  readonly contents: Buffer;
}

export const SEQUENCE = 0x30;
export const SET = 0x31;
/** `[0]`, constructed. */
export const CONTEXT_0 = 0xa0;
export const INTEGER = 0x02;

/** More than a signature has in any of its lists. */
const MOST_VALUES = 1000;

/** The values that follow each other in `bytes`. Throws `UnreadablePart`, or reads past the end. */
export function* derValues(bytes: Buffer): Generator<DerValue> {
  let values = 0;
  // Each turn goes on by a tag and a length, and they are counted.
  for (let at = 0; at < bytes.length; ) {
    values += 1;
    if (values > MOST_VALUES) throw new UnreadablePart('has too many parts', { isHostile: true });
    const first = bytes.readUInt8(at + 1);
    const lengthBytes = first < 0x80 ? 0 : first & 0x7f;
    if (first === 0x80 || lengthBytes > 4) throw new UnreadablePart('is in no known format', { isHostile: false });
    const from = at + 2 + lengthBytes;
    const end = from + (lengthBytes === 0 ? first : bytes.readUIntBE(at + 2, lengthBytes));
    if (end > bytes.length) throw new UnreadablePart('has a part that is larger than the whole', { isHostile: true });
    yield { tag: bytes.readUInt8(at), whole: bytes.subarray(at, end), contents: bytes.subarray(from, end) };
    at = end;
  }
}

/** The first value of a tag. Throws `UnreadablePart` where there is none. */
export function derChild(bytes: Buffer, tag: number): DerValue {
  for (const value of derValues(bytes)) if (value.tag === tag) return value;
  throw new UnreadablePart('is in no known format', { isHostile: false });
}

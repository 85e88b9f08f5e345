import { UnreadablePart } from '../zip/archive-file.ts';

/** One field of a protobuf message: a number, or the bytes of a string or of a message inside. */
interface ProtoField {
  readonly number: number;
  /** Of varint and fixed32 fields; the lower 32 bits of a longer one. 0 for bytes. */
  readonly value: number;
  /** Empty for numbers. */
  readonly bytes: Buffer;
}

const EMPTY = Buffer.alloc(0);

/** More than any real table needs; reading this many takes less than a second. */
const MOST_FIELDS = 4_000_000;

/** Reads messages of one file, and counts the fields that it has seen: a file can be made of nothing but fields. */
export interface ProtoReader {
  /** The fields of a message in the order in which they stand. */
  fieldsOf(message: Buffer): Generator<ProtoField>;
  /** The last field of this number, as protobuf has it; `undefined` where there is none. */
  fieldOf(message: Buffer, number: number): ProtoField | undefined;
}

export function protoReader(): ProtoReader {
  let seen = 0;
  function* fieldsOf(message: Buffer): Generator<ProtoField> {
    for (const field of readFields(message)) {
      seen += 1;
      if (seen > MOST_FIELDS) throw new UnreadablePart('has too many fields', { isHostile: true });
      yield field;
    }
  }
  return {
    fieldsOf,
    fieldOf(message, number) {
      let found: ProtoField | undefined;
      for (const field of fieldsOf(message)) if (field.number === number) found = field;
      return found;
    },
  };
}

/** Encoding: https://protobuf.dev/programming-guides/encoding/ */
function* readFields(message: Buffer): Generator<ProtoField> {
  // Each turn goes on by a tag, which is a byte at least.
  for (let at = 0; at < message.length; ) {
    const tag = readVarint(message, at);
    const number = tag.value >>> 3;
    at = tag.end;
    switch (tag.value & 7) {
      case 0: {
        const { value, end } = readVarint(message, at);
        yield { number, value, bytes: EMPTY };
        at = end;
        break;
      }
      case 1:
        yield { number, value: message.readUInt32LE(at), bytes: EMPTY };
        at += 8;
        break;
      case 2: {
        const { value, end } = readVarint(message, at);
        at = end + value;
        if (at > message.length)
          throw new UnreadablePart('has a part that is larger than the whole', { isHostile: true });
        yield { number, value: 0, bytes: message.subarray(end, at) };
        break;
      }
      case 5:
        yield { number, value: message.readUInt32LE(at), bytes: EMPTY };
        at += 4;
        break;
      default:
        throw new UnreadablePart('is in an unknown format', { isHostile: false });
    }
  }
}

/** Up to ten bytes of seven bits; what goes beyond 32 bits is left out. */
function readVarint(message: Buffer, from: number): { readonly value: number; readonly end: number } {
  let value = 0;
  for (let index = 0; index < 10; index += 1) {
    const byte = message.readUInt8(from + index);
    if (index < 5) value |= (byte & 0x7f) << (7 * index);
    if (byte < 0x80) return { value: value >>> 0, end: from + index + 1 };
  }
  throw new UnreadablePart('is in an unknown format', { isHostile: false });
}

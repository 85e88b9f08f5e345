import { UnreadablePart } from './archive-file.ts';

/** One field of a protobuf message: a number, or the bytes of a string or of a message inside. */
export interface ProtoField {
  readonly number: number;
  /** Of varint and fixed32 fields; the lower 32 bits of a longer one. 0 for bytes. */
  readonly value: number;
  /** Empty for numbers. */
  readonly bytes: Buffer;
}

const EMPTY = Buffer.alloc(0);

/** The fields of a message in the order in which they stand. Encoding: https://protobuf.dev/programming-guides/encoding/ */
export function* fieldsOf(message: Buffer): Generator<ProtoField> {
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
        throw new UnreadablePart('is in no known format', { isHostile: false });
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
  throw new UnreadablePart('is in no known format', { isHostile: false });
}

/** The last field of this number, as protobuf has it; `undefined` where there is none. */
export function fieldOf(message: Buffer, number: number): ProtoField | undefined {
  let found: ProtoField | undefined;
  for (const field of fieldsOf(message)) if (field.number === number) found = field;
  return found;
}

import { nodeCounter } from '../node-counter.ts';
import { UnreadablePart } from '../zip/archive-file.ts';
import { addValue, type PropertyList } from './property-value.ts';

const TRAILER_BYTES = 32;
/** Dates count seconds from 2001-01-01. */
const EPOCH_MS = Date.UTC(2001, 0, 1);
/** Of a keyed archive: what it stands for is not in an app's list. */
const UID = 0x8;
/** Arrays, and two kinds of sets. */
const LISTS: ReadonlySet<number> = new Set([0xa, 0xb, 0xc]);
/** One string may be referred to again and again. */
const MOST_DECODED_BYTES = 16 * 1024 * 1024;

/** Reads a `bplist00`. Format: CFBinaryPList.c of CoreFoundation. Throws `UnreadablePart`, or reads past the end. */
export function readBinaryPropertyList(bytes: Buffer): PropertyList {
  const count = nodeCounter();
  const trailer = bytes.subarray(-TRAILER_BYTES);
  const offsetBytes = trailer.readUInt8(6);
  const referenceBytes = trailer.readUInt8(7);
  const offsetsAt = integerAt(trailer, 24, 8);
  let decodedBytes = 0;

  const readBytes = (type: number, from: number, length: number): PropertyList => {
    const end = from + length * (type === 0x6 ? 2 : 1);
    decodedBytes += end - from;
    if (end > bytes.length || decodedBytes > MOST_DECODED_BYTES)
      throw new UnreadablePart('has a part that is larger than the whole', { isHostile: true });
    return textOrData(type, bytes.subarray(from, end));
  };

  const readObject = (index: number, depth: number): PropertyList => {
    count(1, depth);
    const at = integerAt(bytes, offsetsAt + index * offsetBytes, offsetBytes);
    const type = bytes.readUInt8(at) >> 4;
    if (type < 0x4 || type === UID) return scalarAt(bytes, at);
    const { length, from } = lengthAt(bytes, at);
    if (type <= 0x6) return readBytes(type, from, length);
    const item = (position: number): PropertyList =>
      readObject(integerAt(bytes, from + position * referenceBytes, referenceBytes), depth + 1);
    if (LISTS.has(type)) return upTo(length, item);
    if (type === 0xd) return dictOf(upTo(length, (key) => [String(item(key)), item(length + key)]));
    throw new UnreadablePart('is in an unknown format', { isHostile: false });
  };

  return readObject(integerAt(trailer, 16, 8), 1);
}

function dictOf(pairs: readonly [string, PropertyList][]): PropertyList {
  const dict = new Map<string, PropertyList>();
  for (const [key, value] of pairs) addValue(dict, key, value);
  return dict;
}

/** Null and booleans, integers, reals, dates. */
function scalarAt(bytes: Buffer, at: number): PropertyList {
  const marker = bytes.readUInt8(at);
  const low = marker & 0x0f;
  switch (marker >> 4) {
    case 0x0:
      return low === 0 ? null : low === 9;
    case 0x1:
      return integerAt(bytes, at + 1, 2 ** low);
    case 0x2:
      return low === 2 ? bytes.readFloatBE(at + 1) : bytes.readDoubleBE(at + 1);
    case UID:
      return null;
    default:
      return new Date(EPOCH_MS + 1000 * bytes.readDoubleBE(at + 1));
  }
}

function textOrData(type: number, bytes: Buffer): PropertyList {
  if (type === 0x4) return bytes;
  return type === 0x5 ? bytes.toString('latin1') : Buffer.from(bytes).swap16().toString('utf16le');
}

/** The length of data, a string, an array or a dictionary: in the marker, or an integer behind it. */
function lengthAt(bytes: Buffer, at: number): { readonly length: number; readonly from: number } {
  const low = bytes.readUInt8(at) & 0x0f;
  if (low !== 0x0f) return { length: low, from: at + 1 };
  const lengthBytes = 2 ** (bytes.readUInt8(at + 1) & 0x0f);
  return { length: integerAt(bytes, at + 2, lengthBytes), from: at + 2 + lengthBytes };
}

/**
 * Big-endian, of any width: libplist and Xcode write offsets of three bytes. One of eight bytes has a sign, and so has one of sixteen, of
 * which the lower half says all.
 */
function integerAt(bytes: Buffer, at: number, length: number): number {
  if (length === 16) return integerAt(bytes, at + 8, 8);
  if (length === 8) return Number(bytes.readBigInt64BE(at));
  if (length >= 1 && length <= 6) return bytes.readUIntBE(at, length);
  if (length === 7) return bytes.readUInt8(at) * 2 ** 48 + bytes.readUIntBE(at + 1, 6);
  throw new UnreadablePart('is in an unknown format', { isHostile: false });
}

/** Item by item, so that a length that lies ends where the data does; each item is counted, so it also ends where all of it is one item. */
function upTo<T>(length: number, read: (item: number) => T): T[] {
  const items: T[] = [];
  for (let item = 0; item < length; item += 1) items.push(read(item));
  return items;
}

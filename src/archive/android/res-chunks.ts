import { UnreadablePart } from '../zip/archive-file.ts';

/**
 * The parts that Android's binary XML and its resource table are made of: chunks, string pools and typed values.
 * Source: frameworks/base/libs/androidfw/include/androidfw/ResourceTypes.h.
 */
export interface Chunk {
  readonly type: number;
  readonly headerBytes: number;
  /** All of it, the header included. */
  readonly bytes: Buffer;
}

export const STRING_POOL = 0x0001;
const CHUNK_HEADER_BYTES = 8;
const POOL_HEADER_BYTES = 28;
const UTF8_FLAG = 0x100;

/** What an attribute or a resource holds. */
export type ResValue =
  | { readonly type: 'string'; readonly text: string }
  | { readonly type: 'number'; readonly value: number }
  | { readonly type: 'boolean'; readonly value: boolean }
  | { readonly type: 'reference'; readonly id: number }
  /** It says that nothing is said. */
  | { readonly type: 'null' }
  | { readonly type: 'other' };

/** The chunks that follow each other from `from` to the end of `bytes`. */
export function* chunksOf(bytes: Buffer, from: number): Generator<Chunk> {
  // Each turn goes on by a chunk, which is no smaller than its header.
  for (let at = from; at + CHUNK_HEADER_BYTES <= bytes.length; ) {
    const headerBytes = bytes.readUInt16LE(at + 2);
    const sizeBytes = bytes.readUInt32LE(at + 4);
    if (headerBytes < CHUNK_HEADER_BYTES || sizeBytes < headerBytes || at + sizeBytes > bytes.length)
      throw new UnreadablePart('has a part that is larger than the whole', { isHostile: true });
    yield { type: bytes.readUInt16LE(at), headerBytes, bytes: bytes.subarray(at, at + sizeBytes) };
    at += sizeBytes;
  }
}

/** The one chunk that a file is. */
export function wholeChunk(bytes: Buffer, type: number): Chunk {
  if (bytes.length < CHUNK_HEADER_BYTES || bytes.readUInt16LE(0) !== type)
    throw new UnreadablePart('is in an unknown format', { isHostile: false });
  const [chunk] = chunksOf(bytes, 0);
  return chunk as Chunk;
}

/** A string of the pool by its index; `null` for an index that it does not have. */
export type StringPool = (index: number) => string | null;

export function readStringPool({ bytes, headerBytes }: Chunk): StringPool {
  const count = bytes.readUInt32LE(8);
  const isUtf8 = (bytes.readUInt32LE(16) & UTF8_FLAG) !== 0;
  const stringsAt = bytes.readUInt32LE(20);
  if (headerBytes < POOL_HEADER_BYTES || headerBytes + 4 * count > bytes.length)
    throw new UnreadablePart('has a string pool that is larger than the file', { isHostile: true });
  const decoded = new Map<number, string>();
  // Strings that share their bytes could come to any size; those of an honest pool are no larger than the pool.
  let decodedBytes = 0;
  return (index) => {
    if (index >= count) return null;
    const known = decoded.get(index);
    if (known !== undefined) return known;
    const at = stringsAt + bytes.readUInt32LE(headerBytes + 4 * index);
    const [from, to] = isUtf8 ? utf8Extent(bytes, at) : utf16Extent(bytes, at);
    decodedBytes += to - from;
    if (to > bytes.length || decodedBytes > bytes.length)
      throw new UnreadablePart('has a string pool that is larger than the file', { isHostile: true });
    const text = bytes.toString(isUtf8 ? 'utf8' : 'utf16le', from, to);
    decoded.set(index, text);
    return text;
  };
}

/** Lengths of one byte, or of two where the top bit is set: first that of the UTF-16 form, then that of the bytes. */
function utf8Extent(bytes: Buffer, at: number): [from: number, to: number] {
  const lengthAt = at + (bytes.readUInt8(at) < 0x80 ? 1 : 2);
  const short = bytes.readUInt8(lengthAt);
  if (short < 0x80) return [lengthAt + 1, lengthAt + 1 + short];
  const from = lengthAt + 2;
  return [from, from + (((short & 0x7f) << 8) | bytes.readUInt8(lengthAt + 1))];
}

/** A length of one 16-bit unit, or of two where the top bit is set. */
function utf16Extent(bytes: Buffer, at: number): [from: number, to: number] {
  const short = bytes.readUInt16LE(at);
  if (short < 0x8000) return [at + 2, at + 2 + 2 * short];
  return [at + 4, at + 4 + 2 * ((short & 0x7fff) * 0x10000 + bytes.readUInt16LE(at + 2))];
}

/** A value by its `Res_value.dataType` and its data. */
export function resValue(dataType: number, data: number, strings: StringPool): ResValue {
  switch (dataType) {
    case 0x00:
      return { type: 'null' };
    case 0x01:
    case 0x07:
      return { type: 'reference', id: data };
    case 0x03: {
      const text = strings(data);
      return text === null ? { type: 'other' } : { type: 'string', text };
    }
    case 0x12:
      return { type: 'boolean', value: data !== 0 };
    default:
      // `TYPE_FIRST_INT` to `TYPE_LAST_INT`: Android takes a colour for a number.
      return dataType >= 0x10 && dataType <= 0x1f ? { type: 'number', value: data | 0 } : { type: 'other' };
  }
}

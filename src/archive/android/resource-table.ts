import { UnreadablePart, withinBounds } from '../zip/archive-file.ts';
import type { Configuration } from './configuration.ts';
import {
  type Chunk,
  chunksOf,
  type ResValue,
  readStringPool,
  resValue,
  STRING_POOL,
  type StringPool,
  wholeChunk,
} from './res-chunks.ts';
import type { ResourceCandidate } from './resources.ts';

const TABLE_FILE = 0x0002;
const PACKAGE = 0x0200;
const TYPE = 0x0201;
const MOST_CHUNKS = 100_000;
/** Flags of `ResTable_type`: how the offsets of its entries are written. */
const SPARSE = 0x01;
const OFFSET16 = 0x02;
/** Flags of `ResTable_entry`. */
const COMPLEX = 0x0001;
const COMPACT = 0x0008;
const NONE16 = 0xffff;
const NONE32 = 0xffffffff;
/** A `ResTable_type` before its configuration. */
const TYPE_HEADER_BYTES = 20;
/** The longest that is known, up to the colours of the screen. */
const CONFIG_BYTES = 50;

/**
 * Reads `resources.arsc` as far as it takes to find single resources.
 * Format: frameworks/base/libs/androidfw/include/androidfw/ResourceTypes.h, `ResTable_*`. Throws `UnreadablePart`, the lookup too.
 */
export function readResourceTable(bytes: Buffer): (id: number) => ResourceCandidate[] {
  const { strings, types } = withinBounds(() => readTypes(bytes));
  return (id) =>
    withinBounds(() =>
      (types.get(id >>> 16) ?? []).flatMap((chunk) => {
        const value = valueIn(chunk, id & 0xffff, strings);
        return value === null ? [] : [{ value, ...configurationOf(chunk) }];
      }),
    );
}

/** The type chunks by package and type: the upper half of a resource's id. */
function readTypes(bytes: Buffer): { readonly strings: StringPool; readonly types: Map<number, Chunk[]> } {
  const types = new Map<number, Chunk[]>();
  let strings: StringPool = () => null;
  let chunks = 0;
  const file = wholeChunk(bytes, TABLE_FILE);
  for (const outer of chunksOf(file.bytes, file.headerBytes)) {
    if (outer.type === STRING_POOL) strings = readStringPool(outer);
    for (const chunk of outer.type === PACKAGE ? chunksOf(outer.bytes, outer.headerBytes) : []) {
      chunks += 1;
      if (chunks > MOST_CHUNKS) throw new UnreadablePart('has more than 100000 parts', { isHostile: true });
      if (chunk.type === TYPE) add(types, typeId(outer, chunk), chunk);
    }
  }
  return { strings, types };
}

function typeId(pack: Chunk, type: Chunk): number {
  return ((pack.bytes.readUInt32LE(8) << 8) | type.bytes.readUInt8(8)) >>> 0;
}

function add(types: Map<number, Chunk[]>, id: number, chunk: Chunk): void {
  const known = types.get(id);
  if (known === undefined) types.set(id, [chunk]);
  else known.push(chunk);
}

/** The value of one entry; `null` where this configuration has none, or a compound one (a style, a plural). */
function valueIn({ bytes, headerBytes }: Chunk, entry: number, strings: StringPool): ResValue | null {
  const offset = offsetOf(bytes, headerBytes, entry);
  if (offset === null) return null;
  const at = bytes.readUInt32LE(16) + offset;
  const flags = bytes.readUInt16LE(at + 2);
  if ((flags & COMPACT) !== 0) return resValue(flags >> 8, bytes.readUInt32LE(at + 4), strings);
  if ((flags & COMPLEX) !== 0) return null;
  const valueAt = at + bytes.readUInt16LE(at);
  return resValue(bytes.readUInt8(valueAt + 3), bytes.readUInt32LE(valueAt + 4), strings);
}

function offsetOf(bytes: Buffer, headerBytes: number, entry: number): number | null {
  const flags = bytes.readUInt8(9);
  const count = bytes.readUInt32LE(12);
  if ((flags & SPARSE) !== 0) {
    for (let at = headerBytes; at < headerBytes + 4 * count; at += 4) {
      if (bytes.readUInt16LE(at) === entry) return 4 * bytes.readUInt16LE(at + 2);
    }
    return null;
  }
  if (entry >= count) return null;
  const is16 = (flags & OFFSET16) !== 0;
  const offset = is16 ? bytes.readUInt16LE(headerBytes + 2 * entry) : bytes.readUInt32LE(headerBytes + 4 * entry);
  if (offset === (is16 ? NONE16 : NONE32)) return null;
  return is16 ? 4 * offset : offset;
}

/** `ResTable_config`: its size comes first, and what an older one does not have is "any". */
function configurationOf({ bytes, headerBytes }: Chunk): Configuration {
  const size = Math.min(bytes.readUInt32LE(TYPE_HEADER_BYTES), headerBytes - TYPE_HEADER_BYTES);
  const config = Buffer.alloc(CONFIG_BYTES);
  bytes.copy(config, 0, TYPE_HEADER_BYTES, TYPE_HEADER_BYTES + Math.max(0, size));
  const screenLayout = config.readUInt8(28);
  return {
    isAnyLanguage: config.readUInt32LE(8) === 0,
    density: config.readUInt16LE(14),
    orientation: config.readUInt8(12),
    screenSize: screenLayout & 0x0f,
    smallestWidthDp: config.readUInt16LE(30),
    widthDp: config.readUInt16LE(32),
    heightDp: config.readUInt16LE(34),
    sdk: config.readUInt16LE(24),
    isSpecial:
      // Operator; touchscreen; keyboard, navigation and grammatical gender; size in pixels; minor version.
      config.readUInt32LE(4) !== 0 ||
      config.readUInt8(13) !== 0 ||
      config.readUInt32LE(16) !== 0 ||
      config.readUInt32LE(20) !== 0 ||
      config.readUInt16LE(26) !== 0 ||
      // Long screens and layout direction; kind of device and night; round screens and colours.
      (screenLayout & 0xf0) !== 0 ||
      config.readUInt8(29) !== 0 ||
      config.readUInt16LE(48) !== 0,
  };
}

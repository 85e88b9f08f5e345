import { isAscii } from 'node:buffer';
import { crc32 } from 'node:zlib';
import { ArchiveProblem } from './archive-file.ts';

/** Ids and layouts: PKWARE APPNOTE.TXT, sections 4.5.3 and 4.6.9. */
const ZIP64 = 0x0001;
const UNICODE_PATH = 0x7075;
const IN_EXTRA_FIELD = 0xffff_ffff;

/** What the plain record says of an entry: its size, its compressed size, where its local header is. */
type EntrySizes = readonly [size: number, compressed: number, headerAt: number];

export interface ExtraField {
  /** Whether it contradicts itself. Hardening tools write such fields, and Android does not look at them. */
  readonly lies: boolean;
  /** The sizes with those that are too large for the plain record. Throws `ArchiveProblem` where they are not here. */
  sizesInstead(sizes: EntrySizes): EntrySizes;
  /** The name in UTF-8, where it is that of this raw name; `null` where there is none. */
  nameInstead(rawName: Buffer): string | null;
}

const NONE: ExtraField = { lies: false, sizesInstead: inconsistent, nameInstead: () => null };

/** Reads the extra field of a directory record as far as it can be read. */
export function readExtraField(field: Buffer): ExtraField {
  if (field.length === 0) return NONE;
  const parts = new Map<number, Buffer>();
  let at = 0;
  while (at + 4 <= field.length) {
    const to = at + 4 + field.readUInt16LE(at + 2);
    if (to > field.length) break;
    const id = field.readUInt16LE(at);
    if (!parts.has(id)) parts.set(id, field.subarray(at + 4, to));
    at = to;
  }
  // zipalign of older build tools pads with up to three zero bytes.
  const lies = at < field.length && field.subarray(at).some((byte) => byte !== 0);
  return {
    lies,
    sizesInstead: (sizes) => zip64Sizes(parts.get(ZIP64), sizes),
    nameInstead: (rawName) => unicodeName(parts.get(UNICODE_PATH), rawName),
  };
}

/** Those that are marked as too large stand in the field one after the other. */
function zip64Sizes(part: Buffer | undefined, sizes: EntrySizes): EntrySizes {
  let at = 0;
  const read = (plain: number): number => {
    if (plain !== IN_EXTRA_FIELD) return plain;
    if (part === undefined || at + 8 > part.length) return inconsistent();
    at += 8;
    return Number(part.readBigUInt64LE(at - 8));
  };
  const [size, compressed, headerAt] = sizes;
  return [read(size), read(compressed), read(headerAt)];
}

/**
 * A version, the CRC-32 of the name that it stands for, and the name. It only says which letters a name has that is in an unknown character set:
 * Android and Java do not look at it, so it must make none of the names that mean something (which are ASCII), nor take one away.
 */
function unicodeName(part: Buffer | undefined, rawName: Buffer): string | null {
  if (part === undefined || part.length < 5 || part.readUInt8(0) !== 1) return null;
  const name = part.subarray(5);
  if (isAscii(rawName) || isAscii(name)) return null;
  return part.readUInt32LE(1) === crc32(rawName) ? name.toString('utf8') : null;
}

function inconsistent(): never {
  throw new ArchiveProblem('archive directory is inconsistent: a size that should be in its extra fields is not there');
}

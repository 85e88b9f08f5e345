import { type ArchiveFile, ArchiveProblem, readAt } from './archive-file.ts';

/** Record lengths and signatures: PKWARE APPNOTE.TXT, sections 4.3.14 to 4.3.16. */
const END_BYTES = 22;
const LOCATOR_BYTES = 20;
const END64_BYTES = 56;
const LONGEST_COMMENT = 0xffff;
const END = Buffer.from('PK\x05\x06', 'latin1');
const LOCATOR = Buffer.from('PK\x06\x07', 'latin1');
const END64 = Buffer.from('PK\x06\x06', 'latin1');

/** Where a zip ends. */
export interface ZipEnd {
  readonly directoryAt: number;
  /** Where the end record stands: the directory of a plain zip ends there. */
  readonly endAt: number;
  /** What the record says of the directory's length; an honest one says just what is between the two places. */
  readonly directoryBytes: number;
  readonly isZip64: boolean;
}

/** The end of a zip, and what it says of the directory before it. */
export interface StatedEnd extends ZipEnd {
  /** Where the directory has to end: at the zip64 record where there is one. */
  readonly directoryEndAt: number;
  /** Counted modulo 65 536 by some writers, where there is no zip64 record. */
  readonly entryCount: number;
}

/** Reads the records at the end of a zip. Throws `ArchiveProblem` where they are missing, damaged, or of an archive in several files. */
export async function readEnd(file: ArchiveFile): Promise<StatedEnd> {
  const length = Math.min(file.sizeBytes, LOCATOR_BYTES + END_BYTES + LONGEST_COMMENT);
  const tail = await readAt(file, length, file.sizeBytes - length);
  const at = placeOfEnd(tail);
  const endAt = file.sizeBytes - length + at;
  const disk = tail.readUInt16LE(at + 4);
  if (disk !== 0 && disk !== 0xffff) throw new ArchiveProblem('multi-disk archives are not supported');
  const plain = {
    entryCount: tail.readUInt16LE(at + 10),
    directoryBytes: tail.readUInt32LE(at + 12),
    directoryAt: tail.readUInt32LE(at + 16),
    directoryEndAt: endAt,
  };
  const locator = tail.subarray(Math.max(0, at - LOCATOR_BYTES), at);
  const isZip64 = locator.length === LOCATOR_BYTES && locator.subarray(0, 4).equals(LOCATOR);
  // As Android does: the zip64 record counts where a field of the plain one is too small for its value.
  const isTooSmall =
    plain.entryCount === 0xffff || plain.directoryBytes === 0xffff_ffff || plain.directoryAt === 0xffff_ffff;
  const end64 = isZip64 ? await readEnd64(file, Number(locator.readBigUInt64LE(8))) : null;
  // Some writers add a zip64 record where none is needed: then the directory ends before it all the same.
  const stated = end64 === null ? plain : isTooSmall ? end64 : { ...plain, directoryEndAt: end64.directoryEndAt };
  if (stated.directoryAt > stated.directoryEndAt) throw damaged();
  return { ...stated, endAt, isZip64 };
}

/** The last record whose comment ends where the file does: a comment may hold what looks like a record. */
function placeOfEnd(tail: Buffer): number {
  for (let at = tail.length - END_BYTES; at >= 0; at -= 1) {
    at = tail.lastIndexOf(END, at);
    if (at < 0) break;
    if (at + END_BYTES + tail.readUInt16LE(at + 20) === tail.length) return at;
  }
  throw damaged();
}

async function readEnd64(file: ArchiveFile, at: number) {
  if (at + END64_BYTES > file.sizeBytes) throw damaged();
  const record = await readAt(file, END64_BYTES, at);
  if (!record.subarray(0, 4).equals(END64)) throw damaged();
  return {
    entryCount: Number(record.readBigUInt64LE(32)),
    directoryBytes: Number(record.readBigUInt64LE(40)),
    directoryAt: Number(record.readBigUInt64LE(48)),
    directoryEndAt: at,
  };
}

function damaged(): ArchiveProblem {
  return new ArchiveProblem('archive is incomplete: its directory at the end is missing or damaged', {
    isDamaged: true,
  });
}

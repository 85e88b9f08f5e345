import { isUtf8 } from 'node:buffer';
import { type ArchiveFile, ArchiveProblem, readAt } from './archive-file.ts';
import { readExtraField } from './extra-field.ts';
import type { StatedEnd } from './zip-end.ts';

/** More than any real app holds. */
const MOST_ENTRIES = 200_000;
const LARGEST_DIRECTORY = 64 * 1024 * 1024;
/** Record lengths and signatures: PKWARE APPNOTE.TXT, sections 4.3.7 and 4.3.12. */
const RECORD_BYTES = 46;
const RECORD = 0x02014b50;
export const LOCAL_HEADER_BYTES = 30;
const ENCRYPTED_FLAG = 0x1;
const STORED = 0;
const DEFLATE_LIMIT = 1032;
const IN_EXTRA_FIELD = 0xffff_ffff;

/** The entries side by side, in few large pieces of memory: there may be very many. */
export interface Entries {
  readonly names: string[];
  /** The names as they are written. */
  rawName(index: number): Buffer;
  readonly flags: Uint16Array;
  readonly methods: Uint16Array;
  readonly crcs: Uint32Array;
  readonly compressedBytes: Float64Array;
  readonly sizeBytes: Float64Array;
  /** Where the local header of each stands. */
  readonly headersAt: Float64Array;
}

/** What a directory says that an honest one does not, by the index of an entry or as a fact of the whole. */
export interface DirectoryOddities {
  readonly lyingExtraFields: readonly number[];
  /** The end record counts modulo 65 536. */
  readonly isCountCut: boolean;
  /** It ends elsewhere than at the end record, or its length is not what that says. */
  readonly endsElsewhere: boolean;
}

/** Reads all records of a directory. Throws `ArchiveProblem` for one that is inconsistent or beyond a limit. */
export async function readCentralDirectory(
  file: ArchiveFile,
  end: StatedEnd,
): Promise<{ readonly entries: Entries; readonly oddities: DirectoryOddities }> {
  if (end.entryCount > MOST_ENTRIES) throw new ArchiveProblem('archive has too many entries');
  const length = end.directoryEndAt - end.directoryAt;
  if (length > LARGEST_DIRECTORY) throw new ArchiveProblem('archive directory is larger than 64 MiB');
  const bytes = await readAt(file, length, end.directoryAt);
  const { recordsAt, isCountCut } = placesOfRecords(bytes, end);
  const last = recordsAt.at(-1);
  const endsAt = last === undefined ? 0 : last + recordBytes(bytes, last);
  const lyingExtraFields: number[] = [];
  const entries = readEntries(bytes, recordsAt, lyingExtraFields);
  refuseImpossible(entries, file.sizeBytes);
  refuseOverlap(entries, end.directoryAt);
  const endsElsewhere = endsAt !== length || end.directoryBytes !== length;
  return { entries, oddities: { lyingExtraFields, isCountCut, endsElsewhere } };
}

function recordBytes(bytes: Buffer, at: number): number {
  return RECORD_BYTES + bytes.readUInt16LE(at + 28) + bytes.readUInt16LE(at + 30) + bytes.readUInt16LE(at + 32);
}

/**
 * As many records as the end says. Apple's Archive Utility writes the count modulo 65 536 (github.com/thejoshwolfe/yauzl issues 60, 69):
 * where so many more records follow, all of them count.
 */
function placesOfRecords(bytes: Buffer, { entryCount, isZip64 }: StatedEnd) {
  const recordsAt: number[] = [];
  for (let at = 0; at + RECORD_BYTES <= bytes.length && bytes.readUInt32LE(at) === RECORD; ) {
    const next = at + recordBytes(bytes, at);
    if (next > bytes.length) break;
    recordsAt.push(at);
    at = next;
    if (recordsAt.length > MOST_ENTRIES) throw new ArchiveProblem('archive has too many entries');
  }
  if (recordsAt.length < entryCount)
    throw new ArchiveProblem('archive directory is inconsistent: it has fewer entries than it says', {
      isDamaged: true,
    });
  const isCountCut = !isZip64 && recordsAt.length > entryCount && recordsAt.length % 0x1_0000 === entryCount;
  return { recordsAt: isCountCut ? recordsAt : recordsAt.slice(0, entryCount), isCountCut };
}

function readEntries(bytes: Buffer, recordsAt: readonly number[], lyingExtraFields: number[]): Entries {
  const count = recordsAt.length;
  const nameLengths = new Uint16Array(count);
  const rawName = (index: number): Buffer => {
    const from = (recordsAt[index] ?? 0) + RECORD_BYTES;
    return bytes.subarray(from, from + (nameLengths[index] ?? 0));
  };
  const entries = {
    names: [] as string[],
    rawName,
    flags: new Uint16Array(count),
    methods: new Uint16Array(count),
    crcs: new Uint32Array(count),
    compressedBytes: new Float64Array(count),
    sizeBytes: new Float64Array(count),
    headersAt: new Float64Array(count),
  };
  for (const [index, at] of recordsAt.entries()) {
    nameLengths[index] = bytes.readUInt16LE(at + 28);
    entries.flags[index] = bytes.readUInt16LE(at + 8);
    entries.methods[index] = bytes.readUInt16LE(at + 10);
    entries.crcs[index] = bytes.readUInt32LE(at + 16);
    const sizes = [bytes.readUInt32LE(at + 24), bytes.readUInt32LE(at + 20), bytes.readUInt32LE(at + 42)] as const;
    const extraAt = at + RECORD_BYTES + (nameLengths[index] ?? 0);
    const extra = readExtraField(bytes.subarray(extraAt, extraAt + bytes.readUInt16LE(at + 30)));
    if (extra.lies) lyingExtraFields.push(index);
    const [size, compressed, headerAt] = sizes.includes(IN_EXTRA_FIELD) ? extra.sizesInstead(sizes) : sizes;
    entries.sizeBytes[index] = size;
    entries.compressedBytes[index] = compressed;
    entries.headersAt[index] = headerAt;
    entries.names.push(extra.nameInstead(rawName(index)) ?? nameOf(rawName(index)));
  }
  return entries;
}

/** Names are UTF-8 on Android and at Apple, whether the flag for it is set or not; what is not can only be shown by its bytes. */
function nameOf(raw: Buffer): string {
  return raw.toString(isUtf8(raw) ? 'utf8' : 'latin1');
}

/** Whether the flag for encryption is set, which many tools set where nothing is encrypted. */
export function saysEncrypted(entries: Entries, index: number): boolean {
  return ((entries.flags[index] ?? 0) & ENCRYPTED_FLAG) !== 0;
}

/** Deflate makes at most 1032 bytes of one (zlib's technical notes); what is stored is as long as it is, unless it is encrypted. */
function refuseImpossible(entries: Entries, fileBytes: number): void {
  const { methods, compressedBytes, sizeBytes } = entries;
  let total = 0;
  for (const [index, method] of methods.entries()) {
    const [size, compressed] = [sizeBytes[index] ?? 0, compressedBytes[index] ?? 0];
    total += compressed;
    const isPossible =
      method === STORED ? size === compressed || saysEncrypted(entries, index) : size <= DEFLATE_LIMIT * compressed;
    if (total > fileBytes || !isPossible) throw new ArchiveProblem('archive declares an impossible size');
  }
}

/**
 * No entry begins before another one has ended, and all have ended before the directory: then starts and ends take turns. An entry ends
 * after its header and data at the earliest; how long the name and the rest of its local header are is not in the directory.
 */
function refuseOverlap({ headersAt, compressedBytes }: Entries, directoryAt: number): void {
  const starts = headersAt.toSorted();
  const ends = headersAt.map((at, index) => at + LOCAL_HEADER_BYTES + (compressedBytes[index] ?? 0)).sort();
  if (ends.some((end, index) => end > (starts[index + 1] ?? directoryAt)))
    throw new ArchiveProblem('archive directory is inconsistent: its entries overlap, or lie outside of it');
}

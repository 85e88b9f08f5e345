import { promisify } from 'node:util';
import { inflateRaw } from 'node:zlib';
import {
  type Entry,
  fromRandomAccessReaderPromise,
  getFileNameLowLevel,
  RandomAccessReader,
  validateFileName,
  type ZipFile,
} from 'yauzl';
import { type ArchiveFile, ArchiveProblem, readAt, UnreadablePart } from './archive-file.ts';

/** More than any real app holds; reading the names of this many takes about a second. */
const MOST_ENTRIES = 200_000;
const LARGEST_DIRECTORY = 64 * 1024 * 1024;
/** The most that is read of one entry, inflated. */
const LARGEST_ENTRY = 16 * 1024 * 1024;
/** What inflates to more than 1 MiB may not do so by more than this. */
const SUSPECT_RATIO = 200;
const SUSPECT_BYTES = 1024 * 1024;
const ENCRYPTED_FLAG = 0x1;
const STORED = 0;
const DEFLATED = 8;
const DEFLATE_LIMIT = 1032;
/** Record lengths and signatures: PKWARE APPNOTE.TXT, sections 4.3.7, 4.3.12, 4.3.15 and 4.3.16. */
const LOCAL_HEADER_BYTES = 30;
const END_BYTES = 22;
const LOCATOR_BYTES = 20;
const LONGEST_COMMENT = 0xffff;
/** yauzl asks for each record by itself; one read of the file serves many. */
const WINDOW_BYTES = 256 * 1024;

const inflate = promisify(inflateRaw);

/** The entries side by side, in few large pieces of memory: there may be very many. */
interface Entries {
  readonly names: string[];
  readonly flags: Uint16Array;
  readonly methods: Uint16Array;
  readonly crcs: Uint32Array;
  readonly compressedBytes: Float64Array;
  readonly sizeBytes: Float64Array;
  /** Where the local header of each stands. */
  readonly headersAt: Float64Array;
}

/** Where a zip ends. */
export interface ZipEnd {
  readonly directoryAt: number;
  /** Where the end record stands: the directory of a plain zip ends there. */
  readonly endAt: number;
  /** How long the directory is by the end record; in a zip64 that is said elsewhere. */
  readonly directoryBytes: number;
  readonly isZip64: boolean;
}

/** What the directory says of an entry. */
export interface ZipEntry {
  readonly name: string;
  readonly flags: number;
  readonly method: number;
  readonly crc: number;
  readonly compressedBytes: number;
  readonly sizeBytes: number;
  /** Where its local header stands. */
  readonly headerAt: number;
}

/** The directory of an archive: every name, and bounded reads of single entries. Nothing is ever extracted. */
export interface ZipDirectory {
  readonly names: readonly string[];
  readonly end: ZipEnd;
  /** By the place of its name in `names`. */
  entryAt(index: number): ZipEntry;
  /** The contents of an entry, `null` where there is none. Rejects with `UnreadablePart`. */
  read(name: string): Promise<Buffer | null>;
}

/** Reads the directory at the end of a zip. Throws `ArchiveProblem` for one that is damaged, inconsistent, or beyond a limit. */
export async function readZipDirectory(file: ArchiveFile): Promise<ZipDirectory> {
  const end = await readEnd(file);
  const reader = new WindowReader(file);
  const zip = await openZip(reader, file.sizeBytes);
  if (zip.entryCount > MOST_ENTRIES) throw new ArchiveProblem('archive has too many entries');
  // yauzl's place in the file: a number, whatever its types say.
  const directoryAt = Number(zip.readEntryCursor);
  const entries = await readEntries(zip, reader, file.sizeBytes);
  refuseOverlap(entries, directoryAt);
  return {
    names: entries.names,
    end: { directoryAt, ...end },
    entryAt: (index) => entryAt(entries, index),
    async read(name) {
      const index = entries.names.indexOf(name);
      if (index < 0) return null;
      if (entries.names.includes(name, index + 1)) throw new UnreadablePart('is there twice', { isHostile: true });
      return await readEntry(file, entries, index);
    },
  };
}

/** The file as yauzl reads it. What the file itself fails with is kept: it is not the archive's fault. */
class WindowReader extends RandomAccessReader {
  readonly #file: ArchiveFile;
  #window: Buffer = Buffer.alloc(0);
  #windowAt = 0;
  failure: unknown = null;

  constructor(file: ArchiveFile) {
    super();
    this.#file = file;
  }

  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null) => void,
  ): void {
    const from = position - this.#windowAt;
    if (from >= 0 && from + length <= this.#window.length) {
      this.#window.copy(buffer, offset, from, from + length);
      callback(null);
      return;
    }
    if (position + length > this.#file.sizeBytes) {
      callback(new Error('it reaches beyond the end of the file'));
      return;
    }
    const windowBytes = Math.min(Math.max(length, WINDOW_BYTES), this.#file.sizeBytes - position);
    readAt(this.#file, windowBytes, position).then(
      (window) => {
        this.#window = window;
        this.#windowAt = position;
        window.copy(buffer, offset, 0, length);
        callback(null);
      },
      (error: Error) => {
        this.failure = error;
        callback(error);
      },
    );
  }
}

async function openZip(reader: WindowReader, sizeBytes: number): Promise<ZipFile> {
  try {
    const options = { autoClose: false, lazyEntries: true, decodeStrings: false };
    return await fromRandomAccessReaderPromise(reader, sizeBytes, options);
  } catch (cause) {
    if (reader.failure !== null) throw reader.failure;
    throw new ArchiveProblem('archive is incomplete: its directory at the end is missing or damaged', { cause });
  }
}

async function readEntries(zip: ZipFile, reader: WindowReader, fileBytes: number): Promise<Entries> {
  const entries = {
    names: [] as string[],
    flags: new Uint16Array(zip.entryCount),
    methods: new Uint16Array(zip.entryCount),
    crcs: new Uint32Array(zip.entryCount),
    compressedBytes: new Float64Array(zip.entryCount),
    sizeBytes: new Float64Array(zip.entryCount),
    headersAt: new Float64Array(zip.entryCount),
  };
  let compressedBytes = 0;
  let directoryBytes = 0;
  try {
    for await (const entry of zip.eachEntry()) {
      const name = nameOf(entry);
      compressedBytes += entry.compressedSize;
      if (compressedBytes > fileBytes || !isPossible(entry))
        throw new ArchiveProblem('archive declares an impossible size');
      directoryBytes += entry.fileNameLength + entry.extraFieldLength + entry.fileCommentLength;
      if (directoryBytes > LARGEST_DIRECTORY) throw new ArchiveProblem('archive directory is larger than 64 MiB');
      const index = entries.names.push(name) - 1;
      entries.flags[index] = entry.generalPurposeBitFlag;
      entries.methods[index] = entry.compressionMethod;
      entries.crcs[index] = entry.crc32;
      entries.compressedBytes[index] = entry.compressedSize;
      entries.sizeBytes[index] = entry.uncompressedSize;
      entries.headersAt[index] = entry.relativeOffsetOfLocalHeader;
    }
  } catch (cause) {
    if (cause instanceof ArchiveProblem) throw cause;
    if (reader.failure !== null) throw reader.failure;
    throw new ArchiveProblem('archive directory is inconsistent', { cause });
  }
  return entries;
}

/** Deflate makes at most 1032 bytes of one (zlib's technical notes); what is stored is as long as it is. */
function isPossible({ compressionMethod, compressedSize, uncompressedSize }: Entry): boolean {
  if (compressionMethod === STORED) return uncompressedSize === compressedSize;
  return uncompressedSize <= DEFLATE_LIMIT * compressedSize;
}

/** A name in an entry's own header, as the one in the directory is read. */
export function decodeName(flags: number, bytes: Buffer): string {
  return getFileNameLowLevel(flags, bytes, [], true);
}

function nameOf(entry: Entry): string {
  if ((entry.generalPurposeBitFlag & ENCRYPTED_FLAG) !== 0)
    throw new ArchiveProblem('encrypted archives are not supported');
  const name = getFileNameLowLevel(entry.generalPurposeBitFlag, entry.fileNameRaw, entry.extraFields, true);
  if (name.includes('\0') || validateFileName(name) !== null)
    throw new ArchiveProblem('archive contains an unsafe entry name');
  return name;
}

/**
 * No entry begins before another one has ended, and all have ended before the directory: then starts and ends take turns. An entry ends
 * after its header and data at the earliest; how long the name and the rest of its local header are is not in the directory.
 */
function refuseOverlap({ headersAt, compressedBytes }: Entries, directoryAt: number): void {
  const starts = headersAt.toSorted();
  const ends = headersAt.map((at, index) => at + LOCAL_HEADER_BYTES + (compressedBytes[index] ?? 0)).sort();
  if (ends.some((end, index) => end > (starts[index + 1] ?? directoryAt)))
    throw new ArchiveProblem('archive directory is inconsistent');
}

/** The end record of an archive in several files names another disk than the first. */
async function readEnd(file: ArchiveFile): Promise<Omit<ZipEnd, 'directoryAt'>> {
  const length = Math.min(file.sizeBytes, LOCATOR_BYTES + END_BYTES + LONGEST_COMMENT);
  const tail = await readAt(file, length, file.sizeBytes - length);
  const at = tail.lastIndexOf(Buffer.from('PK\x05\x06', 'latin1'), tail.length - END_BYTES);
  if (at < 0) throw new ArchiveProblem('archive is incomplete: its directory at the end is missing or damaged');
  const disk = tail.readUInt16LE(at + 4);
  if (disk !== 0 && disk !== 0xffff) throw new ArchiveProblem('multi-disk archives are not supported');
  const isZip64 = tail.toString('latin1', Math.max(0, at - LOCATOR_BYTES), at).startsWith('PK\x06\x07');
  return { endAt: file.sizeBytes - length + at, directoryBytes: tail.readUInt32LE(at + 12), isZip64 };
}

function entryAt(
  { names, flags, methods, crcs, compressedBytes, sizeBytes, headersAt }: Entries,
  index: number,
): ZipEntry {
  return {
    name: names[index] ?? '',
    flags: flags[index] ?? 0,
    method: methods[index] ?? 0,
    crc: crcs[index] ?? 0,
    compressedBytes: compressedBytes[index] ?? 0,
    sizeBytes: sizeBytes[index] ?? 0,
    headerAt: headersAt[index] ?? 0,
  };
}

async function readEntry(file: ArchiveFile, entries: Entries, index: number): Promise<Buffer> {
  const compressedBytes = entries.compressedBytes[index] ?? 0;
  const headerAt = entries.headersAt[index] ?? 0;
  const method = entries.methods[index];
  if (Math.max(entries.sizeBytes[index] ?? 0, compressedBytes) > LARGEST_ENTRY) throw tooLarge();
  const header = await readAt(file, LOCAL_HEADER_BYTES, headerAt);
  const dataAt = headerAt + LOCAL_HEADER_BYTES + header.readUInt16LE(26) + header.readUInt16LE(28);
  if (!header.toString('latin1', 0, 4).startsWith('PK\x03\x04') || dataAt + compressedBytes > file.sizeBytes)
    throw new UnreadablePart('is not where the archive says', { isHostile: true });
  const data = await readAt(file, compressedBytes, dataAt);
  if (method === STORED) return data;
  if (method !== DEFLATED)
    throw new UnreadablePart('is compressed in a way that is not supported', { isHostile: false });
  return await inflated(data);
}

async function inflated(data: Buffer): Promise<Buffer> {
  const mostBytes = Math.min(LARGEST_ENTRY, Math.max(SUSPECT_BYTES, SUSPECT_RATIO * data.length));
  try {
    return await inflate(data, { maxOutputLength: mostBytes });
  } catch (cause) {
    const isTooLarge = (cause as { code?: unknown }).code === 'ERR_BUFFER_TOO_LARGE';
    if (isTooLarge && mostBytes === LARGEST_ENTRY) throw tooLarge();
    const why = isTooLarge
      ? `grows more than ${SUSPECT_RATIO} times when it is inflated`
      : 'has damaged compressed data';
    throw new UnreadablePart(why, { isHostile: true, cause });
  }
}

function tooLarge(): UnreadablePart {
  return new UnreadablePart('is larger than 16 MiB', { isHostile: true });
}

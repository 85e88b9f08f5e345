import { promisify } from 'node:util';
import { inflateRaw } from 'node:zlib';
import { type ArchiveFile, ArchiveProblem, DamagedData, readAt, UnreadablePart } from './archive-file.ts';
import { type Entries, LOCAL_HEADER_BYTES, readCentralDirectory, saysEncrypted } from './central-directory.ts';
import { isEncrypted } from './encryption.ts';
import { createRemarks, type Remarks } from './remarks.ts';
import { readEnd, type ZipEnd } from './zip-end.ts';

/** The most that is read of one entry, inflated. */
const LARGEST_ENTRY = 16 * 1024 * 1024;
/** What inflates to more than 1 MiB may not do so by more than this. */
const SUSPECT_RATIO = 200;
const SUSPECT_BYTES = 1024 * 1024;
const STORED = 0;
const DEFLATED = 8;

const inflate = promisify(inflateRaw);

/** What the directory says of an entry. */
export interface ZipEntry {
  readonly name: string;
  /** The name as it is written. */
  readonly rawName: Buffer;
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
  /** What is not as an honest tool writes it, of the whole and of what has been read so far. */
  remarks(): Promise<Remarks>;
}

/** Reads the directory at the end of a zip. Throws `ArchiveProblem` for one that is damaged, inconsistent, or beyond a limit. */
export async function readZipDirectory(file: ArchiveFile): Promise<ZipDirectory> {
  const end = await readEnd(file);
  const { entries, oddities } = await readCentralDirectory(file, end);
  const { names } = entries;
  if (names.some((_, index) => saysEncrypted(entries, index)) && (await isEncrypted(file, entries)))
    throw new ArchiveProblem('encrypted archives are not supported');
  const [withAnotherSize, damaged] = [new Set<number>(), new Set<number>()];
  const remarks = createRemarks({ file, end, entries, oddities, withAnotherSize, damaged });
  return {
    names,
    end,
    remarks,
    entryAt: (index) => entryAt(entries, index),
    async read(name) {
      const index = names.indexOf(name);
      if (index < 0) return null;
      if (names.includes(name, index + 1)) throw isThereTwice();
      const contents = await readEntry(file, entries, index).catch((error: unknown) => {
        if (error instanceof DamagedData) damaged.add(index);
        throw error;
      });
      if (contents.length !== entries.sizeBytes[index]) withAnotherSize.add(index);
      return contents;
    },
  };
}

/** The same directory with its entries under other names. */
export function renamed(zip: ZipDirectory, names: readonly string[]): ZipDirectory {
  return {
    ...zip,
    names,
    entryAt: (index) => ({ ...zip.entryAt(index), name: names[index] ?? '' }),
    async read(name) {
      const index = names.indexOf(name);
      if (names.includes(name, index + 1)) throw isThereTwice();
      return index < 0 ? null : await zip.read(zip.names[index] ?? '');
    },
  };
}

function isThereTwice(): UnreadablePart {
  return new UnreadablePart('is there twice', { isHostile: true });
}

function entryAt(entries: Entries, index: number): ZipEntry {
  return {
    name: entries.names[index] ?? '',
    rawName: entries.rawName(index),
    flags: entries.flags[index] ?? 0,
    method: entries.methods[index] ?? 0,
    crc: entries.crcs[index] ?? 0,
    compressedBytes: entries.compressedBytes[index] ?? 0,
    sizeBytes: entries.sizeBytes[index] ?? 0,
    headerAt: entries.headersAt[index] ?? 0,
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
    if (!isTooLarge) throw new DamagedData(cause);
    const why = `expands to more than ${SUSPECT_RATIO} times its size`;
    throw new UnreadablePart(why, { isHostile: true, cause });
  }
}

function tooLarge(): UnreadablePart {
  return new UnreadablePart('is larger than 16 MiB', { isHostile: true });
}

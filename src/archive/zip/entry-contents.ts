import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setImmediate } from 'node:timers/promises';
import { createInflateRaw, inflateRawSync } from 'node:zlib';
import { type ArchiveFile, DamagedData, UnreadablePart } from './archive-file.ts';
import type { ZipEntry } from './zip-directory.ts';

/** Record lengths and fields: PKWARE APPNOTE.TXT, sections 4.3.7 and 4.4. */
const HEADER_BYTES = 30;
const DESCRIPTOR_FLAG = 0x8;
const IN_ZIP64 = 0xffff_ffff;
const STORED = 0;
const WINDOW_BYTES = 1024 * 1024;
/** What is read and inflated at one go: nothing else runs in the meantime. */
const SMALL_BYTES = 256 * 1024;
const SMALL_INFLATED_BYTES = 1024 * 1024;
/** zlib takes no smaller one. */
const SMALLEST_CHUNK = 64;
/** After this much of small entries, something else may run. */
const TURN_BYTES = 8 * 1024 * 1024;

/** Takes the contents of an entry, inflated, a piece at a time; a piece is only good until the next one comes. */
type UsePiece = (piece: Buffer) => void;

/** Reads the contents of entries, best in the order in which they stand, in the memory of two pieces however large they are. */
export interface EntryReader {
  /** Rejects with `UnreadablePart` where the entry is not what the directory says, and with the signal's reason. */
  read(entry: ZipEntry, use: UsePiece): Promise<void>;
}

/** `endAt`: where the entries end. What is not stored is taken for deflated, as Android does. */
export function createEntryReader(file: ArchiveFile, endAt: number, signal?: AbortSignal): EntryReader {
  const window = createWindow(file, endAt);
  let sinceTurn = 0;
  return {
    async read(entry, use) {
      signal?.throwIfAborted();
      const dataAt = await readHeader(entry, endAt, window);
      if (entry.compressedBytes > SMALL_BYTES || entry.sizeBytes > SMALL_INFLATED_BYTES) {
        await readLarge(file, entry, dataAt, use, signal);
        return;
      }
      readSmall(await window(dataAt, entry.compressedBytes), entry, use);
      sinceTurn += entry.sizeBytes;
      if (sinceTurn > TURN_BYTES) {
        sinceTurn = 0;
        await setImmediate();
      }
    },
  };
}

/** Short reads next to each other, from one read of the file. What it gives is good until it is asked again. */
function createWindow(file: ArchiveFile, endAt: number): (at: number, length: number) => Promise<Buffer> {
  let buffer = Buffer.alloc(0);
  let from = 0;
  let to = 0;
  return async (at, length) => {
    if (at + length > endAt) throw notAsSaid();
    if (at < from || at + length > to) {
      to = Math.min(at + WINDOW_BYTES, endAt);
      from = at;
      if (buffer.length === 0) buffer = Buffer.allocUnsafeSlow(Math.min(WINDOW_BYTES, endAt));
      await file.fill(buffer.subarray(0, to - from), from);
    }
    return buffer.subarray(at - from, at - from + length);
  };
}

function notAsSaid(): UnreadablePart {
  return new UnreadablePart('does not match the directory of the archive', { isHostile: true });
}

/** Where the data is. What the header before an entry says has to be what the directory says, as apksigner and Android's zip library want it. */
async function readHeader(entry: ZipEntry, endAt: number, window: ReturnType<typeof createWindow>): Promise<number> {
  const header = Buffer.from(await window(entry.headerAt, HEADER_BYTES));
  const [nameLength, extraLength] = [header.readUInt16LE(26), header.readUInt16LE(28)];
  const nameBytes = Buffer.from(await window(entry.headerAt + HEADER_BYTES, nameLength));
  const dataAt = entry.headerAt + HEADER_BYTES + nameLength + extraLength;
  const flags = header.readUInt16LE(6);
  const isSame =
    header.toString('latin1', 0, 4) === 'PK\x03\x04' &&
    nameBytes.equals(entry.rawName) &&
    (flags & DESCRIPTOR_FLAG) === (entry.flags & DESCRIPTOR_FLAG) &&
    ((flags & DESCRIPTOR_FLAG) !== 0 || isSameData(header, entry)) &&
    dataAt + entry.compressedBytes <= endAt;
  if (!isSame) throw notAsSaid();
  return dataAt;
}

function isSameData(header: Buffer, { crc, compressedBytes, sizeBytes }: ZipEntry): boolean {
  const isSame = (field: number, value: number) => field === value || field === IN_ZIP64;
  return (
    header.readUInt32LE(14) === crc &&
    isSame(header.readUInt32LE(18), compressedBytes) &&
    isSame(header.readUInt32LE(22), sizeBytes)
  );
}

function readSmall(data: Buffer, { method, sizeBytes }: ZipEntry, use: UsePiece): void {
  const contents = method === STORED ? data : inflatedAtOnce(data, sizeBytes);
  if (contents.length !== sizeBytes) throw notAsSaid();
  use(contents);
}

function inflatedAtOnce(data: Buffer, sizeBytes: number): Buffer {
  try {
    // One piece of memory, no larger than needed: there may be very many entries.
    const chunkSize = Math.max(SMALLEST_CHUNK, sizeBytes + 1);
    return inflateRawSync(data, { chunkSize, maxOutputLength: chunkSize });
  } catch (cause) {
    throw new DamagedData(cause);
  }
}

async function readLarge(
  file: ArchiveFile,
  { method, compressedBytes, sizeBytes }: ZipEntry,
  dataAt: number,
  use: UsePiece,
  signal: AbortSignal | undefined,
): Promise<void> {
  let seenBytes = 0;
  const take = (piece: Buffer): void => {
    seenBytes += piece.length;
    if (seenBytes > sizeBytes) throw notAsSaid();
    use(piece);
  };
  const pieces = piecesOf(file, dataAt, compressedBytes, signal);
  if (method === STORED) for await (const piece of pieces) take(piece);
  else await inflateEach(pieces, take, signal);
  if (seenBytes !== sizeBytes) throw notAsSaid();
}

async function* piecesOf(
  file: ArchiveFile,
  from: number,
  length: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<Buffer> {
  for (let at = 0; at < length; at += WINDOW_BYTES) {
    signal?.throwIfAborted();
    const piece = Buffer.allocUnsafe(Math.min(WINDOW_BYTES, length - at));
    await file.fill(piece, from + at);
    yield piece;
  }
}

async function inflateEach(
  pieces: AsyncGenerator<Buffer>,
  take: UsePiece,
  signal: AbortSignal | undefined,
): Promise<void> {
  try {
    await pipeline(Readable.from(pieces), createInflateRaw({ chunkSize: SMALL_BYTES }), async (inflated) => {
      for await (const piece of inflated) take(piece as Buffer);
    });
  } catch (cause) {
    signal?.throwIfAborted();
    const { code } = cause as { code?: unknown };
    if (typeof code !== 'string' || !code.startsWith('Z_')) throw cause;
    throw new DamagedData(cause);
  }
}

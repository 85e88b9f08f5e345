import { createHash, webcrypto } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { type ArchiveFile, readAt } from '../../zip/archive-file.ts';
import type { ZipEnd } from '../../zip/zip-end.ts';
import { verityDigest } from './verity-digest.ts';

const CHUNKED = ['sha256', 'sha512'] as const;
type ChunkedDigest = (typeof CHUNKED)[number];
/** Over chunks of 1 MiB, or over the pages of a hash tree. */
export type DigestName = ChunkedDigest | 'verity';

const CHUNK_BYTES = 1024 * 1024;
/** Before each chunk: a mark, and how long it is. */
const PREFIX_BYTES = 5;
const WEB_NAME = { sha256: 'SHA-256', sha512: 'SHA-512' } as const;
const DIGEST_BYTES = { sha256: 32, sha512: 64 } as const;
/** Where the end record says where the directory is. */
const DIRECTORY_AT_FIELD = 16;
/** libuv has four threads to compute digests and to read files with, unless its user says otherwise. */
const MOST_AT_ONCE = 4;

/** A part of the file that is one chunk; the end record is not as it stands in the file. */
type Chunk = { readonly at: number; readonly length: number } | Buffer;

/**
 * The digests of an APK's contents that its v2 and v3 signatures are made over: its entries, its directory and its end record, without the signing
 * block. Each is computed once, whichever schemes need it.
 * Source: source.android.com/docs/security/features/apksigning/v2, "Integrity-protected contents". Rejects with the signal's reason.
 */
export async function digestApk(
  file: ArchiveFile,
  end: ZipEnd,
  blockAt: number,
  names: ReadonlySet<DigestName>,
  signal: AbortSignal,
): Promise<Map<DigestName, Buffer>> {
  const parts = [
    [0, blockAt],
    [end.directoryAt, end.endAt],
  ] as const;
  const tail = await unsignedEnd(file, end, blockAt);
  const chunks = [...parts.flatMap(([from, to]) => chunksOf(from, to)), tail];
  const chunked = CHUNKED.filter((name) => names.has(name));
  const [levels, verity] = await Promise.all([
    chunked.length === 0 ? new Map<DigestName, Buffer>() : digestChunks(file, chunks, chunked, signal),
    names.has('verity') ? verityDigest(file, parts, tail, signal) : null,
  ]);
  return verity === null ? levels : levels.set('verity', verity);
}

/** The chunks are independent of each other, so as many are digested at once as there are cores, outside of this thread, each in its own memory. */
async function digestChunks(
  file: ArchiveFile,
  chunks: readonly Chunk[],
  names: readonly ChunkedDigest[],
  signal: AbortSignal,
): Promise<Map<DigestName, Buffer>> {
  const levels = names.map((name) => ({ name, digests: Buffer.alloc(chunks.length * DIGEST_BYTES[name]) }));
  const rest = chunks.entries();
  const work = async (): Promise<void> => {
    const buffer = Buffer.allocUnsafeSlow(PREFIX_BYTES + CHUNK_BYTES);
    for (const [index, chunk] of rest) {
      signal.throwIfAborted();
      const bytes = await marked(file, chunk, buffer);
      const done = levels.map(async ({ name, digests }) => {
        const digest = await webcrypto.subtle.digest(WEB_NAME[name], bytes);
        Buffer.from(digest).copy(digests, index * DIGEST_BYTES[name]);
      });
      await Promise.all(done);
    }
  };
  await Promise.all(Array.from({ length: Math.min(MOST_AT_ONCE, availableParallelism()) }, work));
  return new Map(levels.map(({ name, digests }) => [name, digestOfDigests(name, digests, chunks.length)]));
}

function chunksOf(from: number, to: number): Chunk[] {
  const count = Math.ceil((to - from) / CHUNK_BYTES);
  return Array.from({ length: count }, (_, index) => {
    const at = from + index * CHUNK_BYTES;
    return { at, length: Math.min(CHUNK_BYTES, to - at) };
  });
}

/** The chunk in the buffer, behind its prefix. */
async function marked(file: ArchiveFile, chunk: Chunk, buffer: Buffer): Promise<Buffer> {
  const bytes = buffer.subarray(0, PREFIX_BYTES + chunk.length);
  writeMark(bytes, 0xa5, chunk.length);
  const contents = bytes.subarray(PREFIX_BYTES);
  if (Buffer.isBuffer(chunk)) chunk.copy(contents);
  else await file.fill(contents, chunk.at);
  return bytes;
}

/** The end record as it was before there was a signing block. */
async function unsignedEnd(file: ArchiveFile, { endAt }: ZipEnd, blockAt: number): Promise<Buffer> {
  const record = await readAt(file, file.sizeBytes - endAt, endAt);
  record.writeUInt32LE(blockAt, DIRECTORY_AT_FIELD);
  return record;
}

function digestOfDigests(name: ChunkedDigest, level: Buffer, count: number): Buffer {
  const mark = Buffer.alloc(PREFIX_BYTES);
  writeMark(mark, 0x5a, count);
  return createHash(name).update(mark).update(level).digest();
}

function writeMark(bytes: Buffer, mark: number, value: number): void {
  bytes.writeUInt8(mark);
  bytes.writeUInt32LE(value, 1);
}

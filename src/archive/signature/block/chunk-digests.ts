import { createHash } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { ArchiveFile } from '../../zip/archive-file.ts';

export type ChunkedDigest = 'sha256' | 'sha512';

/** A part of the file. */
export interface Chunk {
  readonly at: number;
  readonly length: number;
}

export const CHUNK_BYTES = 1024 * 1024;
const DIGEST_BYTES = { sha256: 32, sha512: 64 } as const;
/** Before each chunk: a mark, and how long it is. */
const PREFIX_BYTES = 5;
const CHUNK_MARK = 0xa5;
/** Below this, starting threads takes longer than the digests. */
const WORTH_THREADS = 32;
const MOST_THREADS = 8;

/**
 * What a thread runs. As text, so that it needs no file of its own beside the bundle. It reads the process's own descriptor, at positions, so it
 * disturbs nobody else's reading. Its answer is cut short where the file is.
 */
const THREAD = `
const { parentPort, workerData } = require('node:worker_threads');
const { createHash } = require('node:crypto');
const { readSync } = require('node:fs');
const { fd, places, lengths, names, prefixBytes, mark, chunkBytes } = workerData;
const buffer = Buffer.allocUnsafeSlow(prefixBytes + chunkBytes);
const digests = names.map(() => []);
for (const [index, at] of places.entries()) {
  const length = lengths[index];
  let done = 0;
  while (done < length) {
    const read = readSync(fd, buffer, prefixBytes + done, length - done, at + done);
    if (read === 0) break;
    done += read;
  }
  if (done < length) break;
  buffer.writeUInt8(mark, 0);
  buffer.writeUInt32LE(length, 1);
  const bytes = buffer.subarray(0, prefixBytes + length);
  for (const [place, name] of names.entries()) digests[place].push(createHash(name).update(bytes).digest());
}
parentPort.postMessage(digests.map((all) => Buffer.concat(all)));
`;

/**
 * The digests of chunks side by side, for each of the names. The chunks are independent of each other: those of a large file are spread over the
 * cores. Where threads cannot be had, or cannot read, they are computed here, and what fails does so in the words of every other reader. Rejects
 * with the signal's reason.
 */
export async function digestChunks(
  file: ArchiveFile,
  chunks: readonly Chunk[],
  names: readonly ChunkedDigest[],
  signal: AbortSignal,
): Promise<Buffer[]> {
  signal.throwIfAborted();
  const spread =
    file.fd === undefined || chunks.length < WORTH_THREADS
      ? null
      : await digestByThreads(file.fd, chunks, names, signal);
  return spread ?? (await digestHere(file, chunks, names, signal));
}

/** `null` where that cannot be done. */
async function digestByThreads(
  fd: number,
  chunks: readonly Chunk[],
  names: readonly ChunkedDigest[],
  signal: AbortSignal,
): Promise<Buffer[] | null> {
  const count = Math.min(MOST_THREADS, availableParallelism());
  const shares = Array.from({ length: count }, (_, own) => chunks.filter((_chunk, index) => index % count === own));
  const answers = await answersOf(fd, shares, names, signal).catch(() => null);
  signal.throwIfAborted();
  if (answers === null) return null;
  const all = names.map((name) => Buffer.alloc(chunks.length * DIGEST_BYTES[name]));
  for (const [own, share] of shares.entries()) {
    for (const [place, name] of names.entries()) {
      const size = DIGEST_BYTES[name];
      const answer = answers[own]?.[place];
      // The file became shorter.
      if (answer?.length !== share.length * size) return null;
      for (const index of share.keys())
        answer.copy(all[place] as Buffer, (own + index * count) * size, index * size, (index + 1) * size);
    }
  }
  return all;
}

/** The threads end with their answers, and all of them when one fails or the signal says so. */
async function answersOf(
  fd: number,
  shares: readonly (readonly Chunk[])[],
  names: readonly ChunkedDigest[],
  signal: AbortSignal,
): Promise<Buffer[][]> {
  const workers = shares.map((share) => {
    const places = share.map(({ at }) => at);
    const lengths = share.map(({ length }) => length);
    const own = { fd, places, lengths, names, prefixBytes: PREFIX_BYTES, mark: CHUNK_MARK, chunkBytes: CHUNK_BYTES };
    return new Worker(THREAD, { eval: true, workerData: own });
  });
  const end = (): void => {
    for (const worker of workers) void worker.terminate();
  };
  signal.addEventListener('abort', end, { once: true });
  try {
    return await Promise.all(workers.map((worker) => answerOf(worker, signal)));
  } finally {
    signal.removeEventListener('abort', end);
    end();
  }
}

async function answerOf(worker: Worker, signal: AbortSignal): Promise<Buffer[]> {
  const answer = await new Promise<Uint8Array[]>((resolve, reject) => {
    worker
      .once('message', resolve)
      .once('error', reject)
      .once('exit', () => reject(signal.reason));
  });
  return answer.map((bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
}

async function digestHere(
  file: ArchiveFile,
  chunks: readonly Chunk[],
  names: readonly ChunkedDigest[],
  signal: AbortSignal,
): Promise<Buffer[]> {
  const digests = names.map((): Buffer[] => []);
  const buffer = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  for (const { at, length } of chunks) {
    signal.throwIfAborted();
    const chunk = buffer.subarray(0, length);
    await file.fill(chunk, at);
    for (const [place, name] of names.entries()) digests[place]?.push(digestOfChunk(name, chunk));
  }
  return digests.map((all) => Buffer.concat(all));
}

export function digestOfChunk(name: ChunkedDigest, chunk: Buffer): Buffer {
  return createHash(name).update(marked(CHUNK_MARK, chunk.length)).update(chunk).digest();
}

/** A mark, and a number in 32 bits. */
export function marked(mark: number, value: number): Buffer {
  const bytes = Buffer.alloc(PREFIX_BYTES);
  bytes.writeUInt8(mark);
  bytes.writeUInt32LE(value, 1);
  return bytes;
}

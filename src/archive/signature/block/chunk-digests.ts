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
 * disturbs nobody else's reading. It takes the next chunk that no thread has taken, until none is left or the file turns out to be shorter; it
 * answers how many it has done.
 */
const THREAD = `
const { parentPort, workerData } = require('node:worker_threads');
const { createHash } = require('node:crypto');
const { readSync } = require('node:fs');
const { fd, places, lengths, names, answers, taken, prefixBytes, mark, chunkBytes } = workerData;
const buffer = Buffer.allocUnsafeSlow(prefixBytes + chunkBytes);
let count = 0;
for (let index; (index = Atomics.add(taken, 0, 1)) < places.length; ) {
  const length = lengths[index];
  let done = 0;
  while (done < length) {
    const read = readSync(fd, buffer, prefixBytes + done, length - done, places[index] + done);
    if (read === 0) break;
    done += read;
  }
  if (done < length) break;
  buffer.writeUInt8(mark, 0);
  buffer.writeUInt32LE(length, 1);
  const bytes = buffer.subarray(0, prefixBytes + length);
  for (const [place, name] of names.entries()) {
    const digest = createHash(name).update(bytes).digest();
    answers[place].set(digest, index * digest.length);
  }
  count += 1;
}
parentPort.postMessage(count);
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
    file.fd === undefined || chunks.length < WORTH_THREADS ? null : await digestByThreads(file, chunks, names, signal);
  return spread ?? (await digestHere(file, chunks, names, signal));
}

/** `null` where that cannot be done. */
async function digestByThreads(
  { fd, isReadBeside }: ArchiveFile,
  chunks: readonly Chunk[],
  names: readonly ChunkedDigest[],
  signal: AbortSignal,
): Promise<Buffer[] | null> {
  const cores = Math.min(MOST_THREADS, availableParallelism());
  const answers = names.map((name) => new Uint8Array(new SharedArrayBuffer(chunks.length * DIGEST_BYTES[name])));
  const work = {
    ...{ fd, names, answers, prefixBytes: PREFIX_BYTES, mark: CHUNK_MARK, chunkBytes: CHUNK_BYTES },
    places: chunks.map(({ at }) => at),
    lengths: chunks.map(({ length }) => length),
    taken: new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)),
  };
  const counts = await runThreads(isReadBeside === true ? Math.max(1, cores - 1) : cores, work, signal).catch(
    () => null,
  );
  signal.throwIfAborted();
  // Fewer where the file became shorter.
  const done = counts?.reduce((sum, count) => sum + count, 0);
  return done === chunks.length ? answers.map((bytes) => Buffer.from(bytes)) : null;
}

/** The threads end with their answers, and all of them when one fails or the signal says so. */
async function runThreads(count: number, workerData: object, signal: AbortSignal): Promise<number[]> {
  const workers: Worker[] = [];
  const end = (): void => {
    for (const worker of workers) void worker.terminate();
  };
  signal.addEventListener('abort', end, { once: true });
  try {
    // A system that grants fewer threads throws at the first that is one too many: those before it have to end, too.
    while (workers.length < count) workers.push(new Worker(THREAD, { eval: true, workerData }));
    return await Promise.all(workers.map((worker) => answerOf(worker, signal)));
  } finally {
    signal.removeEventListener('abort', end);
    end();
  }
}

async function answerOf(worker: Worker, signal: AbortSignal): Promise<number> {
  return await new Promise((resolve, reject) => {
    worker
      .once('message', resolve)
      .once('error', reject)
      .once('exit', () => reject(signal.reason));
  });
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

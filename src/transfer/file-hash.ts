import { createHash } from 'node:crypto';
import { Worker } from 'node:worker_threads';

/** Below this, starting a thread takes longer than the hash. */
const WORTH_A_THREAD_BYTES = 32 * 1024 * 1024;
const CHUNK_BYTES = 1024 * 1024;

/**
 * What the thread runs. As text, so that it needs no file of its own beside the bundle. It reads the process's own descriptor, at
 * positions, so it disturbs nobody else's reading.
 */
const THREAD = `
const { parentPort, workerData } = require('node:worker_threads');
const { createHash } = require('node:crypto');
const { readSync } = require('node:fs');
const { fd, chunkBytes } = workerData;
const hash = createHash('sha256');
const buffer = Buffer.allocUnsafeSlow(chunkBytes);
let position = 0;
parentPort.on('message', ({ to, isEnd }) => {
  while (position < to) {
    const length = readSync(fd, buffer, 0, Math.min(chunkBytes, to - position), position);
    if (length === 0) break;
    hash.update(buffer.subarray(0, length));
    position += length;
  }
  if (isEnd) parentPort.postMessage({ position, digest: hash.digest('hex') });
});
`;

/** A file to hash: one that is there, or one that is growing. */
export interface HashedFile {
  readonly fd: number;
  /** Fills the buffer from the position on; throws when the file is shorter. */
  fill(buffer: Buffer, position: number): Promise<void>;
}

/** The SHA-256 of a file, computed beside other work, as far as the file is known to be whole. */
export interface FileHash {
  /** Everything before this position is in the file now. */
  advance(to: number): void;
  /** Hex digest of the first `sizeBytes`; to be asked once. Rejects with the signal's reason. */
  digest(sizeBytes: number): Promise<string>;
  close(): void;
}

/** Starts nothing for a small file, and a thread for a large one. Where none can be had, or it fails, the file is hashed here, at the end. */
export function hashOf(file: HashedFile, signal: AbortSignal): FileHash {
  let thread: HashThread | null | undefined;
  const close = (): void => {
    void thread?.worker.terminate();
    signal.removeEventListener('abort', close);
  };
  signal.addEventListener('abort', close, { once: true });
  return {
    advance(to) {
      if (to < WORTH_A_THREAD_BYTES) return;
      if (thread === undefined) thread = startThread(file.fd);
      thread?.worker.postMessage({ to, isEnd: false });
    },
    async digest(sizeBytes) {
      try {
        signal.throwIfAborted();
        thread?.worker.postMessage({ to: sizeBytes, isEnd: true });
        const answer = (await thread?.answer) ?? null;
        signal.throwIfAborted();
        // A file that became shorter fails here, in the words of every other reader.
        return answer?.position === sizeBytes ? answer.digest : await hashHere(file, sizeBytes, signal);
      } finally {
        close();
      }
    },
    close,
  };
}

interface HashThread {
  readonly worker: Worker;
  /** `null` where the thread has ended without one. */
  readonly answer: Promise<{ readonly position: number; readonly digest: string } | null>;
}

/** `null` where the system grants no thread: containers limit them, and so does Node.js with `--permission`. */
function startThread(fd: number): HashThread | null {
  try {
    const worker = new Worker(THREAD, { eval: true, workerData: { fd, chunkBytes: CHUNK_BYTES } });
    const answer: HashThread['answer'] = new Promise((resolve) => {
      const end = (): void => resolve(null);
      worker.once('message', resolve).once('error', end).once('exit', end);
    });
    return { worker, answer };
  } catch {
    return null;
  }
}

async function hashHere({ fill }: HashedFile, sizeBytes: number, signal: AbortSignal): Promise<string> {
  const sha256 = createHash('sha256');
  const buffer = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, sizeBytes));
  for (let position = 0; position < sizeBytes; position += buffer.length) {
    signal.throwIfAborted();
    const view = buffer.subarray(0, Math.min(buffer.length, sizeBytes - position));
    await fill(view, position);
    sha256.update(view);
  }
  return sha256.digest('hex');
}

import type { Storage } from '../../contract/backend/http.ts';
import type { Context } from '../../contract/context.ts';
import { IntegrityError } from '../../contract/errors.ts';
import { backoff, waitToRetry } from '../backoff.ts';
import { type FileHash, hashOf } from '../file-hash.ts';
import { fetchFile } from './fetch-file.ts';
import { checkRoom, createOutput, type OutputFile, type OutputTarget } from './output-file.ts';
import { clearPartials } from './partials.ts';
import type { AskForLink } from './ready-link.ts';
import { BrokenOff, FileChanged, NoLink, openRemoteFile, type RemoteFile } from './remote-file.ts';

const MOST_BEGINNINGS = 5;
const MOST_DAMAGED = 3;
const GIB = 1024 ** 3;

export interface DownloadRequest {
  readonly link: AskForLink;
  readonly storage: Storage;
  readonly target: OutputTarget;
  /** The size of what was sent, where it is known: bounds what is accepted back. */
  readonly inputBytes: number | null;
  /** Judges the bytes before they get their name; throws `IntegrityError` for what must not ship. */
  readonly verify: (file: OutputFile, received: Received) => Promise<void>;
}

interface Received {
  readonly sizeBytes: number;
  readonly sha256: string;
}

export interface Downloaded extends Received {
  readonly path: string;
}

/** The cap guards the disk, not the user: four times the input is more than any protection adds, and what was sent may come back. */
function downloadCap(inputBytes: number | null): number {
  if (inputBytes === null) return 4 * GIB;
  return Math.min(Math.max(4 * GIB, inputBytes), Math.max(4 * inputBytes + 64 * 1024 * 1024, 256 * 1024 * 1024));
}

/**
 * Fetches a job's output into a file that has its name only when it is whole and has been judged. On any rejection nothing of it is
 * left, and what was there before is untouched.
 */
export async function downloadToFile(request: DownloadRequest, ctx: Context): Promise<Downloaded> {
  const file = await createOutput(request.target, ctx);
  try {
    await clearPartials(file, ctx);
    const received = await fetchChecked(request, file, ctx);
    ctx.signal.throwIfAborted();
    await file.commit();
    const done = { path: request.target.path, ...received };
    ctx.emit({ type: 'download.done', ...done });
    return done;
  } catch (error) {
    await file.discard();
    throw error;
  }
}

/** Downloads until the bytes pass. A body that was cut short without a word shows only in the archive itself. */
async function fetchChecked(request: DownloadRequest, file: OutputFile, ctx: Context): Promise<Received> {
  const capBytes = downloadCap(request.inputBytes);
  const remote = openRemoteFile(request.link, request.storage, capBytes, async ({ sizeBytes }, { fileName }) => {
    if (sizeBytes !== null) await checkRoom(request.target.path, sizeBytes, ctx);
    ctx.emit({ type: 'download.start', name: fileName, totalBytes: sizeBytes });
  });
  // Each turn is one of at most `MOST_BEGINNINGS`.
  for (let beginnings = 1; ; beginnings += 1) {
    try {
      const received = await fetchOnce(remote, file, capBytes, ctx);
      await request.verify(file, received);
      return received;
    } catch (error) {
      ctx.signal.throwIfAborted();
      if (error instanceof NoLink) throw error.cause;
      await beginAgain(error, beginnings, ctx);
      remote.forget();
      await file.restart();
    }
  }
}

async function fetchOnce(remote: RemoteFile, file: OutputFile, capBytes: number, ctx: Context): Promise<Received> {
  const hash = followHash(file, ctx);
  try {
    const sizeBytes = await fetchFile(
      {
        remote,
        file,
        capBytes,
        onWhole: (to) => hash.advance(to),
        onReceived: (receivedBytes) =>
          ctx.emit({ type: 'download.progress', receivedBytes, totalBytes: remote.identity?.sizeBytes ?? null }),
      },
      ctx,
    );
    return { sizeBytes, sha256: await hash.digest(sizeBytes) };
  } finally {
    hash.close();
  }
}

function followHash(file: OutputFile, ctx: Context): FileHash {
  return hashOf({ fd: file.handle.fd, fill: file.fill }, ctx.signal);
}

/** Waits before all of it is fetched again, or throws what that cannot mend. */
async function beginAgain(error: unknown, beginnings: number, ctx: Context): Promise<void> {
  const isDamaged = error instanceof FileChanged || (error instanceof IntegrityError && error.mayBeTransit);
  if (!isDamaged && !(error instanceof BrokenOff)) throw error;
  if (beginnings >= (isDamaged ? MOST_DAMAGED : MOST_BEGINNINGS)) throw finalWord(error);
  const retry = { call: 'download the output', host: 'storage', attempt: beginnings, reason: error.message };
  await waitToRetry({ ...retry, trouble: null, delayMs: backoff(beginnings, ctx) }, ctx);
}

function finalWord(error: Error): unknown {
  if (error instanceof BrokenOff) return error.cause;
  if (error instanceof FileChanged)
    return new IntegrityError(`the output changed while it was fetched: ${error.message}`, { cause: error });
  return error;
}

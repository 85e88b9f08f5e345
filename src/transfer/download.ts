import { createHash } from 'node:crypto';
import { IntegrityError, RejectedError, UnavailableError } from '../errors.ts';
import type { Context, DownloadLink } from '../types.ts';
import { BACKOFF, CALL_POLICIES } from './call-policy.ts';
import { header } from './http/answer.ts';
import type { HttpAnswer } from './http/attempt.ts';
import type { Storage } from './http/storage.ts';
import { checkRoom, createOutput, type OutputFile, type OutputTarget } from './output-file.ts';

const MOST_TRIES = 5;
const MOST_FRESH_LINKS = 3;
/** Progress that earns a fresh set of tries. */
const PROGRESS_BYTES = 1024 * 1024;
const GIB = 1024 ** 3;

export interface DownloadRequest {
  /** A fresh link for each try: links are short-lived, and some work once. */
  readonly link: (ctx: Context) => Promise<DownloadLink>;
  readonly storage: Storage;
  readonly target: OutputTarget;
  /** The size of what was sent, where it is known: bounds what is accepted back. */
  readonly inputBytes: number | null;
  /** Judges the bytes before they get their name; throws `IntegrityError` for what must not ship. */
  readonly verify: (file: OutputFile, sha256: string, ctx: Context) => Promise<void>;
}

export interface Downloaded {
  readonly path: string;
  readonly sizeBytes: number;
  readonly sha256: string;
}

/** The cap guards the disk, not the user: four times the input is more than any protection adds. */
function downloadCap(inputBytes: number | null): number {
  if (inputBytes === null) return 4 * GIB;
  return Math.min(4 * GIB, Math.max(4 * inputBytes + 64 * 1024 * 1024, 256 * 1024 * 1024));
}

/**
 * Fetches a job's output into a file that has its name only when it is whole and has been judged. On any rejection nothing of it is
 * left, and what was there before is untouched.
 */
export async function downloadToFile(request: DownloadRequest, ctx: Context): Promise<Downloaded> {
  const file = await createOutput(request.target);
  try {
    const { sizeBytes, sha256 } = await fetchChecked(request, file, ctx);
    ctx.signal.throwIfAborted();
    await file.commit();
    const done = { path: request.target.path, sizeBytes, sha256 };
    ctx.emit({ type: 'download.done', ...done });
    return done;
  } catch (error) {
    await file.discard();
    throw error;
  }
}

/** Downloads until the bytes pass, with fresh links. A body cut short without a word shows only in the archive itself. */
async function fetchChecked(request: DownloadRequest, file: OutputFile, ctx: Context) {
  const spent = { tries: 0, links: 0 };
  for (;;) {
    try {
      const sha256 = await fetchOnce(request, file, ctx);
      await file.flush();
      await request.verify(file, sha256, ctx);
      return { sizeBytes: file.writtenBytes, sha256 };
    } catch (error) {
      if (ctx.signal.aborted) throw ctx.signal.reason;
      await waitBeforeAnother(error, spent, file.writtenBytes, ctx);
      await file.restart();
    }
  }
}

/** Rethrows what another try cannot mend. */
async function waitBeforeAnother(
  error: unknown,
  spent: { tries: number; links: number },
  receivedBytes: number,
  ctx: Context,
): Promise<void> {
  const isStale = error instanceof RejectedError && [400, 403, 410].includes(error.httpStatus ?? 0);
  const mayPass = error instanceof UnavailableError || (error instanceof IntegrityError && error.mayBeTransit);
  if (!isStale && !mayPass) throw error;
  if (receivedBytes >= PROGRESS_BYTES && error instanceof UnavailableError) spent.tries = 0;
  spent.tries += 1;
  spent.links += isStale ? 1 : 0;
  const most = error instanceof IntegrityError ? MOST_FRESH_LINKS : MOST_TRIES;
  if (spent.tries >= most || spent.links > MOST_FRESH_LINKS) throw withoutVerdict(error);
  const delayMs = ctx.clock.random() * Math.min(BACKOFF.capMs, BACKOFF.baseMs * 2 ** spent.tries);
  ctx.emit({
    type: 'http.retry',
    call: 'download the output',
    host: 'storage',
    attempt: spent.tries,
    reason: (error as Error).message,
    delayMs,
  });
  await ctx.clock.sleep(delayMs, ctx.signal);
}

/** A link that stays refused is the storage's trouble, not a fault in what the user asked. */
function withoutVerdict(error: unknown): unknown {
  if (!(error instanceof RejectedError)) return error;
  return new UnavailableError(error.message, {
    cause: error,
    hint: 'run the download again later',
    httpStatus: error.httpStatus ?? undefined,
    serverText: error.serverText ?? undefined,
  });
}

async function fetchOnce(request: DownloadRequest, file: OutputFile, ctx: Context): Promise<string> {
  const { url, fileName } = await request.link(ctx);
  const get = { what: 'download the output', url, headers: {}, policy: CALL_POLICIES.fetch };
  return await request.storage.get(get, ctx, async (answer) => {
    const totalBytes = expectedSize(answer, downloadCap(request.inputBytes));
    if (totalBytes !== null) await checkRoom(request.target.path, totalBytes);
    ctx.emit({ type: 'download.start', name: fileName, totalBytes });
    return await receive(answer, totalBytes, file, request, ctx);
  });
}

/** The length that the answer promises, or `null`. Refuses an encoded body, whose length and hash would say nothing. */
function expectedSize(answer: HttpAnswer, capBytes: number): number | null {
  const encoding = header(answer, 'content-encoding') ?? 'identity';
  if (encoding.toLowerCase() !== 'identity') {
    throw new IntegrityError(`cannot check the download: it came with content-encoding ${encoding.slice(0, 20)}`);
  }
  const length = header(answer, 'content-length');
  if (length === undefined || !/^\d{1,15}$/.test(length)) return null;
  if (Number(length) > capBytes) throw tooLarge(capBytes);
  return Number(length);
}

function tooLarge(capBytes: number): IntegrityError {
  return new IntegrityError(`the download is larger than ${capBytes} bytes, which no output of this input should be`);
}

async function receive(
  answer: HttpAnswer,
  totalBytes: number | null,
  file: OutputFile,
  request: DownloadRequest,
  ctx: Context,
): Promise<string> {
  const sha256 = createHash('sha256');
  const capBytes = downloadCap(request.inputBytes);
  for await (const chunk of answer.chunks()) {
    if (file.writtenBytes + chunk.length > capBytes) throw tooLarge(capBytes);
    sha256.update(chunk);
    await file.write(chunk);
    ctx.emit({ type: 'download.progress', receivedBytes: file.writtenBytes, totalBytes });
  }
  if (totalBytes !== null && file.writtenBytes !== totalBytes) {
    throw new UnavailableError(`response cut short: ${file.writtenBytes} of ${totalBytes} bytes`);
  }
  return sha256.digest('hex');
}

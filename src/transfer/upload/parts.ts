import { setMaxListeners } from 'node:events';
import pLimit from 'p-limit';
import type { Artifact } from '../../contract/artifact.ts';
import type { Context } from '../../contract/context.ts';
import { UnavailableError } from '../../contract/errors.ts';
import { automaticConcurrency, fixedConcurrency } from './part-concurrency.ts';

/** Amazon S3 user guide, "Multipart upload limits": parts of 5 MiB to 5 GiB (the last may be smaller), at most 10,000. */
const SMALLEST_PART = 5 * 1024 * 1024;
const LARGEST_PART = 5 * 1024 * 1024 * 1024;
const MOST_PARTS = 10_000;

export interface Part {
  /** From 1, as the storage counts. */
  readonly number: number;
  readonly url: string;
  readonly start: number;
  /** Not included. */
  readonly end: number;
}

export interface StoredPart {
  readonly number: number;
  /** Byte for byte as the storage sent it, quotes included. */
  readonly etag: string;
}

/** What a backend's multipart answer says, not yet believed. */
export interface PartInstructions {
  readonly urls: readonly string[];
  readonly chunkSizeBytes: number;
  readonly totalParts: number;
}

/** The parts of a file of `sizeBytes`. Throws `UnavailableError`, naming the rule, when the instructions do not fit it or each other. */
export function planParts(instructions: PartInstructions, sizeBytes: number): readonly Part[] {
  const { urls, chunkSizeBytes, totalParts } = instructions;
  const refuse = (rule: string) =>
    new UnavailableError(`multipart instructions are inconsistent: ${rule}`, {
      hint: 'nothing was sent; if it happens again, report it to the backend',
    });
  if (!Number.isSafeInteger(chunkSizeBytes) || chunkSizeBytes < SMALLEST_PART || chunkSizeBytes > LARGEST_PART) {
    throw refuse('chunk_size');
  }
  if (!Number.isSafeInteger(totalParts) || totalParts < 1) throw refuse('total_parts');
  const areUsable = urls.every((url) => url !== '') && new Set(urls).size === urls.length;
  if (urls.length < 1 || urls.length > MOST_PARTS || !areUsable) throw refuse('part_urls');
  if (totalParts !== urls.length) throw refuse('total_parts');
  if (urls.length !== Math.ceil(sizeBytes / chunkSizeBytes)) throw refuse('part_urls do not cover file_size');
  return urls.map((url, index) => {
    const start = index * chunkSizeBytes;
    return { number: index + 1, url, start, end: Math.min(start + chunkSizeBytes, sizeBytes) };
  });
}

export interface PartsUpload {
  readonly parts: readonly Part[];
  /** Parts in flight: a ceiling, or what the link rewards. */
  readonly concurrency: number | 'auto';
  /** When the parts' URLs stop to hold, on the monotonic clock (ms). */
  readonly expiresAtMs: number;
  /** Sends one part and gives its ETag; retries are its own. */
  readonly put: (part: Part, onSent: (sentBytes: number) => void, ctx: Context) => Promise<string>;
}

/** The parts' URLs do not hold any longer. */
export class PartsExpired extends Error {
  override readonly name = 'PartsExpired';
}

/**
 * Sends all parts, several at a time, in ascending order of their start. The first failure stops the others and is what this rejects
 * with, once they have settled. Resolves with as many ETags as there are parts, in order.
 */
export async function uploadParts(
  upload: PartsUpload,
  artifact: Artifact,
  ctx: Context,
): Promise<readonly StoredPart[]> {
  const { parts, put, expiresAtMs } = upload;
  const stop = new AbortController();
  const signal = AbortSignal.any([ctx.signal, stop.signal]);
  setMaxListeners(0, signal);
  const concurrency =
    upload.concurrency === 'auto' ? automaticConcurrency(ctx.clock.now()) : fixedConcurrency(upload.concurrency);
  const limit = pLimit(concurrency.wanted);
  const adapt = (): void => {
    if (limit.concurrency !== concurrency.wanted) limit.concurrency = concurrency.wanted;
  };
  const inner: Context = {
    ...ctx,
    signal,
    emit: (event) => {
      if (event.type === 'http.retry' && event.trouble !== null) concurrency.trouble(event.trouble);
      adapt();
      ctx.emit(event);
    },
  };
  const progress = trackProgress(artifact.sizeBytes, expiresAtMs, ctx);
  let first: { readonly error: unknown } | null = null;

  const sendOne = async (part: Part): Promise<StoredPart | null> => {
    if (signal.aborted) return null;
    try {
      if (ctx.clock.now() >= expiresAtMs) throw new PartsExpired('the upload addresses have expired');
      const etag = await put(part, (sentBytes) => progress.sent(part.number, sentBytes), inner);
      await artifact.assertUnchanged();
      progress.stored(part.number, part.end - part.start);
      concurrency.stored(part.end - part.start, ctx.clock.now());
      adapt();
      return { number: part.number, etag };
    } catch (error) {
      first ??= { error };
      stop.abort(error);
      return null;
    }
  };
  const settled = await Promise.all(parts.map((part) => limit(() => sendOne(part))));
  ctx.signal.throwIfAborted();
  const failure = first as { readonly error: unknown } | null;
  if (failure !== null) throw failure.error;
  return settled.filter((part) => part !== null);
}

/** A forecast is made once this much time has passed (ms): before it, buffers make every link look fast. */
const FORECAST_AFTER_MS = 30_000;

/** Bytes sent over all parts, as events. A part that starts again takes back what it had sent. Warns once of a link that is too slow. */
function trackProgress(totalBytes: number, expiresAtMs: number, ctx: Context) {
  const startedAtMs = ctx.clock.now();
  const inFlight = new Map<number, number>();
  let storedBytes = 0;
  let hasWarned = false;
  const emit = (): void => {
    let sentBytes = storedBytes;
    for (const bytes of inFlight.values()) sentBytes += bytes;
    ctx.emit({ type: 'upload.progress', sentBytes, totalBytes, inFlight: inFlight.size });
  };
  const forecast = (): void => {
    const elapsedMs = ctx.clock.now() - startedAtMs;
    if (hasWarned || elapsedMs < FORECAST_AFTER_MS) return;
    const wholeMs = (elapsedMs * totalBytes) / storedBytes;
    if (startedAtMs + wholeMs <= expiresAtMs) return;
    hasWarned = true;
    const minutes = (ms: number) => Math.round(ms / 60_000);
    const message = `at this speed the upload takes ${minutes(wholeMs)} min, but its addresses are only valid for ${minutes(expiresAtMs - startedAtMs)}`;
    ctx.emit({ type: 'warning', code: 'slow-link', message });
  };
  return {
    sent(part: number, sentBytes: number): void {
      inFlight.set(part, sentBytes);
      emit();
    },
    stored(part: number, sizeBytes: number): void {
      inFlight.delete(part);
      storedBytes += sizeBytes;
      emit();
      forecast();
    },
  };
}

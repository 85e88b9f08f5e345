import { RejectedError, UnavailableError, UnknownOutcomeError } from '../errors.ts';
import type { Context } from '../types.ts';
import { CALL_POLICIES } from './call-policy.ts';
import { type Part, planParts, type StoredPart, uploadParts } from './parts.ts';
import { settle } from './settle.ts';
import {
  assertSentUnchanged,
  isUrlRefusal,
  MOST_REPEATS_AFTER_LOSS,
  type MultipartSession,
  type PartsTarget,
  SETTLE_MS,
  type SignedUpload,
  UrlRefused,
} from './signed-protocol.ts';

const CLEANUP_MS = 3_000;

/**
 * Sends the parts and completes them. Whatever fails before the completing call, the multipart upload is aborted. Throws `UrlRefused`
 * when the URLs no longer hold.
 */
export async function sendParts(upload: SignedUpload, target: PartsTarget, jobId: string, ctx: Context): Promise<void> {
  const { artifact, options } = upload;
  const { session, instructions } = target;
  ctx.record({ type: 'multipart-open', session });
  let stored: readonly StoredPart[];
  try {
    const parts = planParts(instructions, artifact.sizeBytes);
    ctx.emit({ type: 'upload.plan', parts: parts.length, partSizeBytes: instructions.chunkSizeBytes });
    stored = await uploadParts({ parts, concurrency: options.concurrency, put: partPut(upload) }, artifact, ctx);
    await artifact.assertUnchanged();
  } catch (error) {
    await abandon(upload, session, ctx);
    throw isUrlRefusal(error) ? new UrlRefused(error) : error;
  }
  await complete(upload, session, stored, jobId, ctx);
  ctx.record({ type: 'multipart-closed' });
  await assertSentUnchanged(artifact, jobId);
}

function partPut({ artifact, storage }: SignedUpload) {
  return async (part: Part, onSent: (sentBytes: number) => void, ctx: Context): Promise<string> => {
    const put = {
      what: `upload part ${part.number}`,
      url: part.url,
      body: artifact.slice(part.start, part.end),
      contentType: null,
      policy: CALL_POLICIES.part,
      needsEtag: true,
      onSent,
    };
    return (await storage.put(put, ctx)) ?? '';
  };
}

/**
 * Completes the multipart upload once, as far as anyone can tell: a lost answer is settled by the job's status before the identical
 * call is made again, and an upload that may have been completed is never aborted.
 */
async function complete(
  upload: SignedUpload,
  session: MultipartSession,
  parts: readonly StoredPart[],
  jobId: string,
  ctx: Context,
): Promise<void> {
  const settled = (forMs: number) => settle(upload.protocol, jobId, { ...upload.options, forMs }, ctx);
  let lost: unknown = null;
  for (let tries = 0; tries <= MOST_REPEATS_AFTER_LOSS; tries += 1) {
    ctx.record({ type: 'may-have-landed' });
    try {
      return await upload.protocol.complete(session, parts, ctx);
    } catch (error) {
      if (ctx.signal.aborted || !isLost(error, lost !== null)) {
        if (lost === null && !ctx.signal.aborted) await abandon(upload, session, ctx);
        throw error;
      }
      lost ??= error;
    }
    if ((await settled(SETTLE_MS.beforeCompleteAgain)) === 'landed') return;
  }
  if ((await settled(SETTLE_MS.afterComplete)) === 'landed') return;
  throw lost;
}

/** After one lost answer, "no such upload" may mean that the lost call did complete it. */
function isLost(error: unknown, isRepeat: boolean): boolean {
  return error instanceof UnknownOutcomeError || (isRepeat && error instanceof RejectedError);
}

/** Aborts the multipart upload with a short signal of its own: the run's may be what was cancelled. Never throws. */
async function abandon(upload: SignedUpload, session: MultipartSession, ctx: Context): Promise<void> {
  const stop = new AbortController();
  const disarm = ctx.clock.after(CLEANUP_MS, () => stop.abort(new UnavailableError('no answer in time')));
  try {
    await upload.protocol.abort(session, { ...ctx, signal: stop.signal });
    ctx.record({ type: 'multipart-closed' });
  } catch (error) {
    if (error instanceof RejectedError && error.httpStatus === 404) {
      // Already gone, which is what was wanted.
      ctx.record({ type: 'multipart-closed' });
      return;
    }
    const why = error instanceof Error ? error.message : 'unknown error';
    const message = `could not abort the multipart upload, so its parts stay in the storage: ${why}`;
    ctx.emit({ type: 'warning', code: 'multipart-left-open', message });
  } finally {
    disarm();
  }
}

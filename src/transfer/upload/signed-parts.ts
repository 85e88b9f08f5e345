import type { Context } from '../../contract/context.ts';
import {
  AppToolError,
  CancelledError,
  RejectedError,
  UnavailableError,
  UnknownOutcomeError,
} from '../../contract/errors.ts';
import { CALL_POLICIES } from '../call-policy.ts';
import { withDeadline, withGrace } from '../deadline.ts';
import { settle } from '../wait/settle.ts';
import { type Part, PartsExpired, planParts, type StoredPart, uploadParts } from './parts.ts';
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
export async function sendParts(
  upload: SignedUpload,
  target: PartsTarget,
  jobId: string,
  expiresAtMs: number,
  ctx: Context,
): Promise<void> {
  const { artifact, options } = upload;
  const { session, instructions } = target;
  ctx.record({ type: 'multipart-open', session });
  let stored: readonly StoredPart[];
  const put = partPut(upload);
  try {
    const parts = planParts(instructions, artifact.sizeBytes);
    ctx.emit({ type: 'upload.plan', parts: parts.length, partSizeBytes: instructions.chunkSizeBytes });
    stored = await uploadParts({ parts, concurrency: options.concurrency, expiresAtMs, put: put.send }, artifact, ctx);
    await artifact.assertUnchanged();
  } catch (error) {
    await abandon(upload, session, put.wasCut(), ctx);
    throw isUrlRefusal(error) || error instanceof PartsExpired ? new UrlRefused(error) : error;
  }
  // Whether the upload is closed shows when the job's record appears: until then its session is kept in mind.
  await complete(upload, session, stored, jobId, ctx);
  ctx.signal.throwIfAborted();
  await assertSentUnchanged(artifact, jobId);
}

function partPut({ artifact, storage }: SignedUpload) {
  let wasCut = false;
  const send = async (part: Part, onSent: (sentBytes: number) => void, ctx: Context): Promise<string> => {
    const put = {
      what: `upload part ${part.number}`,
      url: part.url,
      body: artifact.slice(part.start, part.end),
      contentType: null,
      policy: CALL_POLICIES.part,
      needsEtag: true,
      onSent,
    };
    try {
      return (await storage.put(put, ctx)) ?? '';
    } catch (error) {
      wasCut ||= ctx.signal.aborted;
      throw error;
    }
  };
  return { send, wasCut: () => wasCut };
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
      // A call that may start a build is given the chance to say whether it did.
      return await withGrace(ctx, CLEANUP_MS, (lingering) => upload.protocol.complete(session, parts, lingering));
    } catch (error) {
      if (isRefused(error) && lost === null) {
        ctx.record({ type: 'not-landed' });
        await abandon(upload, session, false, ctx);
      }
      ctx.signal.throwIfAborted();
      if (!isLost(error, lost !== null)) throw error;
      lost ??= error;
    }
    if ((await settled(SETTLE_MS.beforeCompleteAgain)) === 'landed') return;
  }
  if ((await settled(SETTLE_MS.afterComplete)) === 'landed') return;
  throw lost;
}

/** The server has read the request and said no: nothing was started by it. */
function isRefused(error: unknown): boolean {
  return error instanceof AppToolError && !(error instanceof UnknownOutcomeError || error instanceof CancelledError);
}

/** After one lost answer, "no such upload" may mean that the lost call did complete it. */
function isLost(error: unknown, isRepeat: boolean): boolean {
  return error instanceof UnknownOutcomeError || (isRepeat && error instanceof RejectedError);
}

/** Aborts the multipart upload with a short signal of its own: the run's may be what was cancelled. Never throws. */
async function abandon(upload: SignedUpload, session: MultipartSession, wasCut: boolean, ctx: Context): Promise<void> {
  const unstopped = { ...ctx, signal: new AbortController().signal };
  const tooLate = new UnavailableError('no response in time');
  try {
    await withDeadline(unstopped, CLEANUP_MS, tooLate, async (limited) => {
      await upload.protocol.abort(session, limited);
      // A part that was on its way may have been stored after the abort (Amazon S3 API reference, "AbortMultipartUpload").
      if (wasCut) await upload.protocol.abort(session, limited);
    });
    ctx.record({ type: 'multipart-closed' });
  } catch (error) {
    const why = error instanceof Error ? error.message : 'unknown error';
    ctx.emit({ type: 'debug', message: `could not abort the multipart upload: ${why}` });
  }
}

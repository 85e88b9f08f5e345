import type { SignedPut } from '../../contract/backend/http.ts';
import type { Context } from '../../contract/context.ts';
import { UnknownOutcomeError } from '../../contract/errors.ts';
import { CALL_POLICIES } from '../call-policy.ts';
import { recordLastByte } from '../download/last-byte.ts';
import { settle } from '../wait/settle.ts';
import {
  assertSentUnchanged,
  isUrlRefusal,
  MOST_REPEATS_AFTER_LOSS,
  SETTLE_MS,
  type SignedUpload,
  UrlRefused,
} from './signed-protocol.ts';

/**
 * Sends the whole file with one PUT, which also starts the build: so after a lost answer the job's status decides whether it is sent
 * again. Throws `UrlRefused` when the URL no longer holds.
 */
export async function sendObject(upload: SignedUpload, url: string, jobId: string, ctx: Context): Promise<void> {
  const put = objectPut(upload, url, ctx);
  ctx.emit({ type: 'upload.plan', parts: 1, partSizeBytes: upload.artifact.sizeBytes });
  // The first lost answer, which stays the truth when what comes after it cannot be explained otherwise.
  let lost: UnknownOutcomeError | null = null;
  for (let repeats = 0; repeats <= MOST_REPEATS_AFTER_LOSS; repeats += 1) {
    const error = await upload.storage.put(put, ctx).then(
      () => null,
      (thrown: unknown) => thrown,
    );
    if (error === null) return await assertSentUnchanged(upload.artifact, jobId);
    ctx.signal.throwIfAborted();
    lost = lostBy(error, lost);
    const verdict = await settle(upload.protocol, jobId, { ...upload.options, forMs: SETTLE_MS.object }, ctx);
    if (verdict === 'landed') return await assertSentUnchanged(upload.artifact, jobId);
    if (verdict === 'unknown') throw lost;
    if (isUrlRefusal(error)) throw new UrlRefused(error);
  }
  throw lost;
}

/** The answer that was lost, this one or one before; throws an error that needs no settling. */
function lostBy(error: unknown, before: UnknownOutcomeError | null): UnknownOutcomeError {
  if (error instanceof UnknownOutcomeError) return before ?? error;
  if (!isUrlRefusal(error)) throw error;
  // A clean refusal with nothing lost before it: surely nothing has landed.
  if (before === null) throw new UrlRefused(error);
  return before;
}

function objectPut({ artifact }: SignedUpload, url: string, ctx: Context): SignedPut {
  const { sizeBytes } = artifact;
  return {
    what: 'upload the file',
    url,
    body: recordLastByte(artifact.slice(0, sizeBytes), ctx),
    // "curl -X PUT -H 'Content-Type: application/octet-stream'": AppTego Automation API, "Upload The Binary".
    contentType: 'application/octet-stream',
    policy: CALL_POLICIES.object,
    needsEtag: false,
    onSent: (sentBytes) => ctx.emit({ type: 'upload.progress', sentBytes, totalBytes: sizeBytes, inFlight: 1 }),
  };
}

import { UnknownOutcomeError } from '../errors.ts';
import type { Body, Context } from '../types.ts';
import { CALL_POLICIES } from './call-policy.ts';
import type { SignedPut } from './http/storage.ts';
import { settle } from './settle.ts';
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
  for (let repeats = 0; ; repeats += 1) {
    try {
      await upload.storage.put(put, ctx);
      break;
    } catch (error) {
      if (await hasLanded(error, repeats, upload, jobId, ctx)) break;
    }
  }
  await assertSentUnchanged(upload.artifact, jobId);
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

/** After a failed PUT: true when the job exists all the same, false when the PUT may be made again; throws in every other case. */
async function hasLanded(
  error: unknown,
  repeats: number,
  upload: SignedUpload,
  jobId: string,
  ctx: Context,
): Promise<boolean> {
  const isRefused = isUrlRefusal(error);
  if (ctx.signal.aborted || !(isRefused || error instanceof UnknownOutcomeError)) throw error;
  // A clean refusal of the first try leaves nothing to wait for; one question is enough.
  const forMs = isRefused && repeats === 0 ? 0 : SETTLE_MS.object;
  const verdict = await settle(upload.protocol, jobId, { ...upload.options, forMs }, ctx);
  if (verdict === 'landed') return true;
  if (verdict === 'unknown' || repeats >= MOST_REPEATS_AFTER_LOSS) throw error;
  if (isRefused) throw new UrlRefused(error);
  return false;
}

/** From the moment the last chunk is handed over, the object may have landed. */
function recordLastByte(body: Body, ctx: Context): Body {
  return {
    sizeBytes: body.sizeBytes,
    async *open() {
      let handedBytes = 0;
      for await (const chunk of body.open()) {
        handedBytes += chunk.byteLength;
        if (handedBytes === body.sizeBytes) ctx.record({ type: 'may-have-landed' });
        yield chunk;
      }
    },
  };
}

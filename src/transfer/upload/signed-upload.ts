import type { Context } from '../../contract/context.ts';
import { detailsOf, UnavailableError } from '../../contract/errors.ts';
import { requestWithSlot } from '../wait/build-slot.ts';
import { sendObject } from './signed-object.ts';
import { sendParts } from './signed-parts.ts';
import { type SignedUpload, UrlRefused } from './signed-protocol.ts';

/**
 * Uploads through signed URLs, as one object or as parts, as the ticket says. Resolves with the job id once the backend has the
 * whole file. When the URLs expire midway, what was sent is aborted and all of it sent once more with new ones ("abort the multipart
 * upload before retrying the whole upload": AppTego Automation API, "Multipart Initiation Response").
 */
export async function uploadBySignedUrls(upload: SignedUpload, ctx: Context): Promise<string> {
  try {
    return await uploadOnce(upload, ctx);
  } catch (error) {
    if (!(error instanceof UrlRefused)) throw error;
    const message =
      'the storage refused the upload addresses, probably because they expired; sending the whole file again';
    ctx.emit({ type: 'warning', code: 'upload-url-refused', message });
  }
  await ctx.clock.sleep(upload.protocol.spacingMs, ctx.signal);
  const startedAt = ctx.clock.now();
  try {
    return await uploadOnce(upload, ctx);
  } catch (error) {
    throw error instanceof UrlRefused ? refusedTwice(error, ctx.clock.now() - startedAt) : error;
  }
}

async function uploadOnce(upload: SignedUpload, ctx: Context): Promise<string> {
  const { jobId, details, expiresInMs, expiresAtMs, target } = await requestWithSlot(upload, ctx);
  for (const url of target.type === 'parts' ? target.instructions.urls : [target.url]) upload.storage.conceal(url);
  ctx.record({ type: 'job', id: jobId, ...(details === undefined ? {} : { details }) });
  if (expiresInMs <= 0) throw new UnavailableError('the upload address was already expired when the backend gave it');
  if (target.type === 'parts') await sendParts(upload, target, jobId, expiresAtMs, ctx);
  else await sendObject(upload, target.url, jobId, ctx);
  return jobId;
}

function refusedTwice({ message, refusal }: UrlRefused, tookMs: number): UnavailableError {
  const wasSlow = tookMs > 60_000;
  return new UnavailableError(
    wasSlow ? `${message}, twice, the second time after ${Math.round(tookMs / 60_000)} min` : `${message}, twice`,
    {
      ...(refusal === null ? {} : detailsOf(refusal)),
      hint: wasSlow
        ? 'if the connection is too slow for that, send from a machine with a faster one'
        : 'the storage refuses the addresses that the backend gives: if this happens again, report it to the backend',
    },
  );
}

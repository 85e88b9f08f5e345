import type { Artifact } from '../contract/artifact.ts';
import { LocalIoError } from '../contract/errors.ts';
import { type UploadInput, withArtifact } from './artifact.ts';
import { jobRef } from './backend.ts';
import { checkQuotas } from './checks/quota.ts';
import { settleLost } from './lost-upload.ts';
import { factsOf, type RunContext } from './trace.ts';

/** Uploads the artifact that is open and resolves with the job id. The report gets the artifact's SHA-256 and the job. */
export async function uploadArtifact(artifact: Artifact, input: UploadInput, ctx: RunContext): Promise<string> {
  const { backend, options } = input;
  const startedAt = ctx.clock.now();
  ctx.emit({ type: 'upload.start', name: artifact.name, backend: backend.id, sizeBytes: artifact.sizeBytes });
  // The file is hashed beside the upload: on most links that costs no time at all.
  const hashing = artifact.sha256(ctx.signal);
  hashing.catch(() => {
    // Awaited below; when the upload fails first, its error is the one to tell.
  });
  const since = ctx.clock.date();
  const id = await backend.adapter.upload(artifact, options, ctx).catch(async (error: unknown) => {
    return await settleLost({ error, artifact, backend, options, since }, ctx);
  });
  const sha256 = await hashOfSent(artifact, hashing, ctx);
  ctx.trace.note({ artifact: { ...(ctx.trace.report.artifact ?? factsOf(artifact, null, null)), sha256 } });
  ctx.emit({ type: 'upload.done', job: jobRef(backend, id), durationMs: ctx.clock.now() - startedAt });
  return id;
}

/**
 * The hash, if it is surely that of what was sent. The file was checked when its last byte was out; when it changed after that, the
 * upload is right, but the hash may not be.
 */
async function hashOfSent(artifact: Artifact, hashing: Promise<string>, ctx: RunContext): Promise<string | null> {
  try {
    const sha256 = await hashing;
    await artifact.assertUnchanged();
    return sha256;
  } catch (error) {
    if (!(error instanceof LocalIoError)) throw error;
    const message = `${artifact.name} changed after it was sent, so its SHA-256 is not known`;
    ctx.emit({ type: 'warning', code: 'changed-after-upload', message });
    return null;
  }
}

/** `apptool upload`: the upload alone. Resolves with the job id. */
export async function upload(input: UploadInput, ctx: RunContext): Promise<string> {
  ctx.trace.note({ backend: input.backend.id });
  const id = await withArtifact(input, ctx, async (artifact) => {
    await checkQuotas([input.backend], artifact, input.options.environment, ctx);
    return await uploadArtifact(artifact, input, ctx);
  });
  acceptAsDone(ctx);
  return id;
}

/** Nobody will ask for the job in this run: the answer to its last call has to do. */
export function acceptAsDone(ctx: RunContext): void {
  if (ctx.trace.leftovers.session !== null) ctx.record({ type: 'multipart-closed' });
}

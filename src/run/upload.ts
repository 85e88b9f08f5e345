import type { Artifact } from '../contract/artifact.ts';
import { LocalIoError } from '../contract/errors.ts';
import { type JobRef, jobRef } from '../contract/job.ts';
import { settleLost } from './after-upload/lost-upload.ts';
import { giveLink } from './after-upload/publish-link.ts';
import { type UploadInput, withArtifact } from './artifact.ts';
import { checkQuotas } from './checks/quota.ts';
import { beginSteps } from './journal/begin-steps.ts';
import { contextOf, type RunContext, type StepContext } from './journal/journal.ts';
import { newStep } from './journal/step.ts';
import { tellPage } from './telling/tell-page.ts';

/** Uploads the artifact that is open. Resolves with the job when the backend has taken the whole file; the step then has its SHA-256. */
export async function uploadArtifact(artifact: Artifact, input: UploadInput, ctx: StepContext): Promise<JobRef> {
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
    // Whoever has to look what became of it wants the page most of all.
    tellPage(backend, ctx);
    return await settleLost({ error, artifact, backend, options, since }, ctx);
  });
  const job = ctx.step.job ?? jobRef(backend.id, id);
  ctx.step.tell({ type: 'accepted' });
  noteHash(artifact, await hashOfSent(artifact, hashing, ctx), ctx);
  ctx.emit({ type: 'upload.done', job: job.text, durationMs: ctx.clock.now() - startedAt });
  tellPage(backend, ctx);
  return job;
}

/** The journal's file may be another than the one that was sent: a release that goes on publishes an output. */
function noteHash({ path }: Artifact, sha256: string | null, { step, journal }: StepContext): void {
  step.tell({ type: 'sent', sha256 });
  const { artifact } = journal;
  if (sha256 !== null && artifact?.sha256 === null && artifact.path === path)
    journal.note({ artifact: { ...artifact, sha256 } });
}

/**
 * The hash, if it is surely that of what was sent. The file was checked when its last byte was out; when it changed after that, the
 * upload is right, but the hash may not be.
 */
async function hashOfSent(artifact: Artifact, hashing: Promise<string>, ctx: StepContext): Promise<string | null> {
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

/** `apptool upload`: the upload alone. */
export async function upload(input: UploadInput, run: RunContext): Promise<JobRef> {
  const ctx = contextOf(run.journal.draft(newStep('upload', input.backend, input.options), false), run);
  const job = await withArtifact(input, ctx, async (artifact) => {
    await beginSteps(artifact, input.options, ctx);
    await checkQuotas([input.backend], artifact, input.options.environment, ctx);
    return await uploadArtifact(artifact, input, ctx);
  });
  acceptAsDone(ctx);
  await giveLink(input.backend, job, input.options, ctx);
  return job;
}

/** Nobody will ask for the job in this run: the answer to its last call has to do. */
export function acceptAsDone(ctx: StepContext): void {
  if (ctx.step.unfinished !== null) ctx.record({ type: 'multipart-closed' });
}

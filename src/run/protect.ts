import { join, parse } from 'node:path';
import type { JobRef } from '../contract/job.ts';
import { assertRegularFile } from '../transfer/artifact.ts';
import { checkArtifactName } from '../transfer/artifact-name.ts';
import { checkOutput, type OutputTarget } from '../transfer/download/output-file.ts';
import { checkInputName, type UploadInput, withArtifact } from './artifact.ts';
import { assertProtects, stageOf } from './backend.ts';
import { checkQuotas } from './checks/quota.ts';
import { assertKindOfOutput, fetchOutput } from './download.ts';
import { beginSteps } from './journal/begin-steps.ts';
import { contextOf, type RunContext } from './journal/journal.ts';
import { newStep } from './journal/step.ts';
import { acceptAsDone, uploadArtifact } from './upload.ts';
import { type WaitInput, wait } from './wait.ts';

export interface ProtectInput extends UploadInput {
  readonly output: string | undefined;
  readonly force: boolean;
  /** Stop once the job is accepted. */
  readonly detach: boolean;
  readonly waiting: Pick<WaitInput, 'pollIntervalMs' | 'timeoutMs' | 'appearTimeoutMs'>;
}

/** `<name>-protected.<ext>` beside the input. */
export function protectedPath(inputPath: string): string {
  const { dir, name, ext } = parse(inputPath);
  return join(dir, `${name}-protected${ext}`);
}

/** Checks that there is an input and that the output can be written, before anything is sent. */
export async function checkProtectOutput(input: ProtectInput): Promise<OutputTarget> {
  await assertRegularFile(input.path);
  const target = { path: input.output ?? protectedPath(input.path), force: input.force };
  assertKindOfOutput(target.path, checkArtifactName(input.path).kind);
  await checkOutput(target, input.path);
  return target;
}

/**
 * `apptool protect`: upload, wait, fetch, judge, put in place. What would stop the end is found before the beginning. Resolves with the
 * job and the path of the output, which is `null` for a detached run.
 */
export async function protect(
  input: ProtectInput,
  run: RunContext,
): Promise<{ readonly job: JobRef; readonly output: string | null }> {
  const { backend, options } = input;
  const ctx = contextOf(run.journal.draft(newStep('protect', backend, options), false), run);
  assertProtects(backend);
  checkInputName(backend, input.path);
  const target = input.detach ? null : await checkProtectOutput(input);
  const { job, sent } = await withArtifact(input, ctx, async (artifact, _, signedBy) => {
    await beginSteps(artifact, options, ctx);
    await checkQuotas([backend], artifact, options.environment, ctx);
    const accepted = await uploadArtifact(artifact, input, ctx);
    return { job: accepted, sent: { ...artifact, sha256: ctx.step.sha256, signingKey: options.signingKey, signedBy } };
  });
  if (target === null) {
    acceptAsDone(ctx);
    return { job, output: null };
  }
  await wait({ ...input.waiting, backend, job, uploaded: { ...sent, stage: stageOf(backend, options) } }, ctx);
  const { path } = await fetchOutput({ backend, job, output: target, sent, isOwnCommand: false }, ctx);
  return { job, output: path };
}

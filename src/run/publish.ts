import type { Artifact } from '../contract/artifact.ts';
import type { AppToolError } from '../contract/errors.ts';
import { giveLink } from './after-upload/publish-link.ts';
import { type ArtifactInput, withArtifactFor } from './artifact.ts';
import { type OpenBackend, stageOf } from './backend.ts';
import { checkQuotas } from './checks/quota.ts';
import { beginSteps } from './journal/begin-steps.ts';
import type { RunContext, StepContext } from './journal/journal.ts';
import { newStep } from './journal/step.ts';
import { sideBySide } from './side-by-side.ts';
import { acceptAsDone, uploadArtifact } from './upload.ts';
import { verdictOfSending } from './verdict.ts';
import { type WaitInput, wait } from './wait.ts';

/** One backend that the file goes to, and how long its job is waited for. */
interface PublishTarget {
  readonly backend: OpenBackend;
  readonly waiting: Pick<WaitInput, 'pollIntervalMs' | 'timeoutMs' | 'appearTimeoutMs' | 'until'>;
}

export interface PublishInput extends ArtifactInput {
  readonly targets: readonly PublishTarget[];
  /** Stop once every job is accepted. */
  readonly detach: boolean;
  /** Stop the others when one has failed. */
  readonly failFast: boolean;
}

/**
 * `apptool publish`: one file to several backends, side by side, each followed to its milestone. What would stop any of them is found
 * before the first byte goes out. Resolves with `null` when all went well, else with the error of the run; how each target ended stands
 * in its step. Rejects when nothing was sent, or when the run is stopped.
 */
export async function publish(input: PublishInput, ctx: RunContext): Promise<AppToolError | null> {
  const { targets, failFast } = input;
  const backends = targets.map(({ backend }) => backend);
  const { steps, failures } = await withArtifactFor(backends, input, ctx, async (artifact) => {
    const work = targets.map((target) => ({
      step: ctx.journal.draft(newStep('publish', target.backend, input.options), true),
      run: (own: StepContext) => runOne(artifact, target, input, own),
    }));
    await beginSteps(artifact, input.options, ctx);
    await checkQuotas(backends, artifact, input.options.environment, ctx);
    // Hashed once, by the run's own signal: a target that is stopped must not stop it.
    artifact.sha256(ctx.signal).catch(() => {
      // Each target awaits it, and tells.
    });
    return { steps: work.map(({ step }) => step), failures: await sideBySide(work, failFast, ctx) };
  });
  ctx.signal.throwIfAborted();
  return verdictOfSending(failures, steps);
}

async function runOne(artifact: Artifact, target: PublishTarget, input: PublishInput, ctx: StepContext): Promise<void> {
  const { backend, waiting } = target;
  const job = await uploadArtifact(artifact, { ...input, backend }, ctx);
  if (input.detach) acceptAsDone(ctx);
  else await wait({ ...waiting, backend, job, uploaded: { ...artifact, stage: stageOf(backend, input.options) } }, ctx);
  await giveLink(backend, job, input.options, ctx);
}

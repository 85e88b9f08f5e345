import type { Artifact } from '../../contract/artifact.ts';
import { AppToolError, asAppToolError, LocalIoError, UsageError } from '../../contract/errors.ts';
import { giveLink } from '../after-upload/publish-link.ts';
import { withArtifactFor } from '../artifact.ts';
import { stageOf } from '../backend.ts';
import { checkQuotas } from '../checks/quota.ts';
import type { RunContext, StepContext } from '../journal/journal.ts';
import { type StepWork, sideBySide } from '../side-by-side.ts';
import { resend } from '../telling/told-of-release.ts';
import { acceptAsDone, uploadArtifact } from '../upload.ts';
import { verdictOfSending } from '../verdict.ts';
import { wait } from '../wait.ts';
import { findLost } from './lost-step.ts';
import type { PlannedStep } from './plan.ts';
import type { Prepared } from './prepare.ts';
import { removePartsOf, sha256ToKeep, targetsToSend } from './protect-part.ts';
import type { ReleaseInput } from './release-input.ts';
import type { RemainingStep } from './remaining.ts';

type Target = ReleaseInput['targets'][number];

/** Publishes `file` to every target that has not had it, and follows what is there already, side by side. Resolves with the run's error. */
export async function publishPart(
  input: ReleaseInput,
  prepared: Prepared,
  file: string | undefined,
  run: RunContext,
): Promise<AppToolError | null> {
  const sending = targetsToSend(input, prepared);
  const asked = prepared.steps.filter(({ step, task }) => step.action === 'publish' && !isLeftOut(task));
  if (sending.length === 0) return await workOnAll(asked, null, input, run);
  if (file === undefined) throw new UsageError(`release ${input.plan.name} needs its input file`, { hint: 'name it' });
  const isMadeHere = input.protect !== null;
  const { signer, ...others } = input.expected;
  const own = new Map(sending.map(({ backend, options }) => [backend.id, options]));
  const { options } = sending[0] as Target;
  const opened = {
    path: file,
    platform: input.platform,
    options,
    optionsOf: (backend: Target['backend']) => own.get(backend.id) ?? options,
    // Whoever has signed the input has not signed what came back.
    expected: isMadeHere ? others : { signer, ...others },
    isMadeHere,
  };
  const backends = sending.map(({ backend }) => backend);
  return await withArtifactFor(backends, opened, run, async (artifact) => {
    if (isMadeHere) await checkIsOutput(artifact, run);
    const sha256 = await sha256ToKeep(artifact, input, run);
    const record = run.journal.artifact;
    const { name, definition } = input.plan;
    if (!isMadeHere && record !== null)
      run.journal.takeUp({ name, definition }, { ...record, sha256 }, input.environment);
    for (const { backend, options: ownOptions } of sending)
      await checkQuotas([backend], artifact, ownOptions.environment, run);
    // Hashed once, by the run's own signal: a target that is stopped must not stop it.
    artifact.sha256(run.signal).catch(() => {
      // Each target awaits it, and tells.
    });
    const stuck = await removeParts(sending, run);
    return await workOnAll(asked, { artifact, sha256, stuck }, input, run);
  });
}

/** Frees what earlier attempts have left stored. Resolves with the targets where that failed: they get no other upload now. */
async function removeParts(sending: readonly Target[], run: RunContext): Promise<ReadonlyMap<string, AppToolError>> {
  const stuck = new Map<string, AppToolError>();
  for (const target of sending) {
    try {
      await removePartsOf(`publish:${target.backend.id}`, target, run);
    } catch (error) {
      run.signal.throwIfAborted();
      stuck.set(target.backend.id, asAppToolError(error));
    }
  }
  return stuck;
}

function isLeftOut(task: RemainingStep['task']): boolean {
  return task.do === 'skip' && task.why === 'not-asked';
}

/** Throws `LocalIoError` for anything else than what protection gave back, or what was signed in its place. */
async function checkIsOutput(artifact: Artifact, { signal, journal }: RunContext): Promise<void> {
  const known = journal.output?.sha256;
  if ((await artifact.sha256(signal)) === known) return;
  throw new LocalIoError(`${artifact.path} is not the output of this release: that has the SHA-256 ${known}`, {
    hint: 'nothing was sent to the targets; put the output back, or give the signed file',
  });
}

/** What the targets get. */
interface Sending {
  readonly artifact: Artifact;
  /** `null` where no receipt is kept. */
  readonly sha256: string | null;
  /** By backend, why nothing can be sent to it now. */
  readonly stuck: ReadonlyMap<string, AppToolError>;
}

async function workOnAll(
  asked: readonly RemainingStep[],
  sending: Sending | null,
  input: ReleaseInput,
  run: RunContext,
): Promise<AppToolError | null> {
  const { journal, signal, emit } = run;
  const work = asked.flatMap(({ step: planned, task }): StepWork[] => {
    const target = input.targets.find(({ backend }) => backend.id === planned.backend);
    if (target === undefined) return [];
    const before = journal.steps.find(({ id }) => id === planned.id);
    const failure = sending?.stuck.get(planned.backend);
    if (before !== undefined && (failure !== undefined || (task.do !== 'send' && task.do !== 'abort-then-send'))) {
      journal.workOn(Object.assign(before, { required: planned.required }), true);
      if (failure !== undefined) return [{ step: before, run: async () => await Promise.reject(failure) }];
      if (task.do === 'skip') return [{ step: before, run: async () => null }];
      return [{ step: before, run: (ctx) => told(follow(planned, task, target, input, ctx), input) }];
    }
    if (sending === null) return [];
    const { artifact, sha256 } = sending;
    const { backend, options } = target;
    const step = journal.draft(
      { action: 'publish', backend, stage: stageOf(backend, options), required: planned.required },
      true,
    );
    step.tell({ type: 'sent', sha256 });
    return [{ step, run: (ctx) => told(send(planned, artifact, target, input, ctx), input) }];
  });
  journal.beginDrafts();
  const failures = await sideBySide(work, input.failFast, run);
  signal.throwIfAborted();
  const steps = work.map(({ step }) => step);
  for (const { required, backend, error } of steps) {
    if (required || error == null) continue;
    const how = error.class === 'pending' ? 'is not done yet' : 'failed';
    emit({
      type: 'warning',
      code: 'optional-target',
      message: `${backend} is not required, and ${how}: ${error.message}`,
    });
  }
  const grave = failures.filter((error) => steps.some((step) => step.required && step.error === error));
  return verdictOfSending(grave, steps);
}

/** The way on is the release's: a target does not say to run the same again, where a receipt is kept or the app would be protected again. */
async function told(work: Promise<void>, { resume, protect }: ReleaseInput): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!(error instanceof AppToolError)) throw error;
    const { next } = error;
    if (next?.do === 'again' && (resume !== null || protect !== null)) throw error.with({ next: null });
    throw next?.do === 'resend' && resume !== null ? error.with({ next: resend(next.step, resume) }) : error;
  }
}

async function send(
  planned: PlannedStep,
  artifact: Artifact,
  { backend, options, waiting }: Target,
  input: ReleaseInput,
  ctx: StepContext,
): Promise<void> {
  const { path, platform, expected } = { ...input, path: artifact.path };
  const job = await uploadArtifact(artifact, { backend, path, platform, options, expected }, ctx);
  if (input.detach) acceptAsDone(ctx);
  else {
    ctx.step.tell({ type: 'until', until: planned.until });
    const uploaded = { ...artifact, stage: stageOf(backend, options) };
    await wait({ ...waiting, until: planned.until ?? undefined, backend, job, uploaded }, ctx);
  }
  await giveLink(backend, job, options, ctx);
}

async function follow(
  planned: PlannedStep,
  task: RemainingStep['task'],
  target: Target,
  input: ReleaseInput,
  ctx: StepContext,
): Promise<void> {
  const { backend, options, waiting } = target;
  const job = task.do === 'look' ? await findLost(target, ctx) : ctx.step.job;
  if (job === null) throw new UsageError(`${planned.id} has no job`);
  if (!input.detach) {
    ctx.step.tell({ type: 'until', until: planned.until });
    await wait({ ...waiting, until: planned.until ?? undefined, backend, job, uploaded: null }, ctx);
  }
  if (ctx.step.links.install === null) await giveLink(backend, job, options, ctx);
}

import type { Artifact } from '../../contract/artifact.ts';
import { AppToolError, IntegrityError, LocalIoError, UsageError } from '../../contract/errors.ts';
import type { JobRef } from '../../contract/job.ts';
import type { OutputRecord, Step } from '../../contract/record/journal.ts';
import { checkArtifactName } from '../../transfer/artifact-name.ts';
import { checkOutput } from '../../transfer/download/output-file.ts';
import { checkInputName, checkLimit, withArtifact } from '../artifact.ts';
import { proveOutput, readOutput, type SentArtifact } from '../checks/output-proof.ts';
import { checkQuotas } from '../checks/quota.ts';
import { sentIn } from '../checks/sent-artifact.ts';
import { assertKindOfOutput, fetchOutput } from '../download.ts';
import { inputRecord, SIGNERS_NOT_KNOWN } from '../journal/files.ts';
import { contextOf, type RunContext } from '../journal/journal.ts';
import { acceptAsDone, uploadArtifact } from '../upload.ts';
import { wait } from '../wait.ts';
import { sha256At, withFileAt } from './file-at.ts';
import { findLost, removeParts } from './lost-step.ts';
import { checkGivenBack } from './plan.ts';
import type { Prepared } from './prepare.ts';
import type { ReleaseBackend, ReleaseInput } from './release-input.ts';
import type { Task } from './remaining.ts';

type Protection = NonNullable<ReleaseInput['protect']>;
type Release = { readonly name: string; readonly definition: string };

/** Protects what is not protected yet, and has the output in its place then. False where the run stops here because it was told to. */
export async function protectPart(input: ReleaseInput, prepared: Prepared, run: RunContext): Promise<boolean> {
  const { protect } = input;
  const task = prepared.steps.find(({ step }) => step.action === 'protect')?.task;
  if (protect === null || task === undefined || task.do === 'skip') {
    takeUp(input, run);
    return true;
  }
  if (task.do === 'send' || task.do === 'abort-then-send')
    return await sendForProtection(input, protect, prepared, task, run);
  takeUp(input, run);
  const step = run.journal.steps.find(({ id }) => id === `protect:${protect.backend.id}`);
  if (step === undefined) throw new UsageError('the receipt has no step that protects');
  run.journal.workOn(step, false);
  const ctx = contextOf(step, run);
  const sent = sentIn(run.journal.input, step, protect.options.signingKey);
  const target = await outputTarget(input, prepared, sent, run);
  const job = task.do === 'look' ? await findLost(protect, ctx) : step.job;
  if (job === null) throw new UsageError(`${step.id} has no job`);
  await finish(protect, job, null, { target, sent, known: run.journal.output }, task, ctx);
  return true;
}

function takeUp({ plan, environment }: ReleaseInput, { journal }: RunContext): void {
  journal.takeUp(releaseOf(plan), null, environment);
}

function releaseOf({ name, definition }: Release): Release {
  return { name, definition };
}

interface Fetched {
  readonly target: { readonly path: string; readonly force: boolean };
  readonly sent: SentArtifact | null;
  /** The output that the receipt tells of: then that is the one, and no other. */
  readonly known: OutputRecord | null;
}

async function finish(
  { backend, options, waiting }: ReleaseBackend,
  job: JobRef,
  artifact: Artifact | null,
  { target, sent, known }: Fetched,
  task: Task,
  ctx: ReturnType<typeof contextOf>,
): Promise<void> {
  const stage = backend.adapter.stageOf?.(options) ?? null;
  const uploaded = artifact === null ? null : { ...artifact, stage };
  if (task.do !== 'fetch') await wait({ ...waiting, backend, job, uploaded }, ctx);
  await fetchOutput({ backend, job, output: target, sent, isOwnCommand: false }, ctx);
  const { output } = ctx.journal;
  if (known !== null && output !== null && output.sha256 !== known.sha256) {
    ctx.journal.note({ output: { ...known, path: target.path } });
    throw new IntegrityError(`${target.path} is not the file in the receipt: that has the SHA-256 ${known.sha256}`, {
      hint: 'if you signed that file since, give it as the signed file',
      next: { do: 'set', setting: 'signed' },
    });
  }
  ctx.step.tell({ type: 'ended', error: null });
}

async function sendForProtection(
  input: ReleaseInput,
  protect: Protection,
  prepared: Prepared,
  task: Task,
  run: RunContext,
): Promise<boolean> {
  const { path, detach, plan, environment, platform, expected } = input;
  const { backend, options } = protect;
  if (path === undefined) throw new UsageError(`release ${plan.name} needs its input file`, { hint: 'name it' });
  checkInputName(backend, path);
  for (const target of targetsToSend(input, prepared)) checkInputName(target.backend, path);
  // A detached run writes none, and the one that goes on with it does.
  const target = detach ? null : await outputTarget(input, prepared, null, run);
  return await withArtifact({ backend, path, platform, options, expected }, run, async (artifact, _, signedBy) => {
    await checkReleaseInput(input, prepared, artifact, run);
    const record = run.journal.artifact ?? inputRecord(artifact, null, SIGNERS_NOT_KNOWN);
    const sha256 = await sha256ToKeep(artifact, input, run);
    run.journal.takeUp(releaseOf(plan), { ...record, sha256 }, environment);
    for (const one of [protect, ...targetsToSend(input, prepared)])
      await checkQuotas([one.backend], artifact, one.options.environment, run);
    await removePartsOf(`protect:${backend.id}`, protect, run);
    const step = run.journal.draft({ action: 'protect', backend, stage: protect.planned.stage, required: true }, false);
    step.tell({ type: 'sent', sha256 });
    run.journal.beginDrafts();
    const ctx = contextOf(step, run);
    const job = await uploadArtifact(artifact, { backend, path, platform, options, expected }, ctx);
    if (target === null) {
      acceptAsDone(ctx);
      step.tell({ type: 'ended', error: null });
      return false;
    }
    const sent = { ...artifact, sha256: step.sha256, signingKey: options.signingKey, signedBy };
    await finish(protect, job, artifact, { target, sent, known: null }, task, ctx);
    return true;
  });
}

/**
 * Known, and written down, before the first byte goes out: a run that goes on from the receipt of one that was killed has to know which file
 * was sent. `null` where no receipt is kept.
 */
export async function sha256ToKeep(
  artifact: Artifact,
  { resume }: Pick<ReleaseInput, 'resume'>,
  { signal }: RunContext,
): Promise<string | null> {
  return resume === null ? null : await artifact.sha256(signal);
}

/**
 * Checks of an input what would stop a later step: what each target takes, and that protection does not give back what a target refuses.
 * Throws `UsageError`; makes no request.
 */
export async function checkReleaseInput(
  input: ReleaseInput,
  prepared: Prepared,
  artifact: Artifact,
  run: RunContext,
): Promise<void> {
  const targets = targetsToSend(input, prepared);
  for (const { backend, options } of targets) {
    checkInputName(backend, artifact.path);
    checkLimit(backend, artifact.name, artifact.sizeBytes);
    // What is odd is told when it is sent.
    await backend.adapter.plan(artifact, options, { ...run, emit: () => {} });
  }
  if (input.protect === null || input.signed !== undefined) return;
  const planned = targets.map((target) => target.planned);
  const message = checkGivenBack(input.protect.planned, planned);
  if (message !== null) run.emit({ type: 'warning', code: 'may-be-unsigned', message });
}

/** The targets that get a file in this run. */
export function targetsToSend({ targets }: ReleaseInput, { steps }: Prepared): ReleaseInput['targets'] {
  return targets.filter(({ backend }) =>
    steps.some(
      ({ step, task }) => step.id === `publish:${backend.id}` && (task.do === 'send' || task.do === 'abort-then-send'),
    ),
  );
}

/** Frees what an earlier attempt of a step has left stored. */
export async function removePartsOf(id: string, backend: ReleaseBackend, run: RunContext): Promise<void> {
  const before: Step | undefined = run.journal.steps.find((step) => step.id === id);
  if (before === undefined || before.unfinished === null || before.mayHaveLanded) return;
  await removeParts(backend, { ...contextOf(before, run) });
}

/**
 * Where the output goes. What is there already stays, unless it is plainly what an earlier run of this release has put there, and was
 * killed before it could write that down.
 */
async function outputTarget(
  { force, path, asked }: ReleaseInput,
  { outputPath }: Prepared,
  sent: SentArtifact | null,
  { signal, journal }: RunContext,
): Promise<Fetched['target']> {
  const output = outputPath ?? '';
  const input = sent?.kind ?? (path === undefined ? null : checkArtifactName(path).kind);
  if (input !== null) assertKindOfOutput(output, input);
  const known = sent === null ? null : journal.output;
  if (known !== null && !force) await checkNothingElse(output, known, signal);
  const isOurs = asked.resume && sent !== null && (await isOutputOf(output, sent, signal));
  const target = { path: output, force: force || isOurs };
  await checkOutput(target, path ?? null);
  return target;
}

/** Throws `LocalIoError` where another file is in the place of an output that is known: somebody has put it there since. */
async function checkNothingElse(path: string, { sha256 }: OutputRecord, signal: AbortSignal): Promise<void> {
  const there = await sha256At(path, signal);
  if (there === null || there === sha256) return;
  throw new LocalIoError(`${path} is not the file in the receipt: that has the SHA-256 ${sha256}`, {
    hint: 'if you signed it since, give it as the signed file; otherwise move it away, and the output is downloaded again',
    next: { do: 'set', setting: 'signed' },
  });
}

async function isOutputOf(path: string, sent: SentArtifact, signal: AbortSignal): Promise<boolean> {
  const sha256 = await sha256At(path, signal);
  if (sha256 === null) return false;
  try {
    const facts = await withFileAt(path, async (file) => await readOutput(file, sha256));
    proveOutput(facts, sent);
    return facts.identity?.packageName != null && facts.identity.packageName === sent.identity?.packageName;
  } catch (error) {
    if (error instanceof AppToolError) return false;
    throw error;
  }
}

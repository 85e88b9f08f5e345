import { createHash } from 'node:crypto';
import { stageWord } from '../cli/settings/config/releases.ts';
import type { Platform } from '../contract/artifact.ts';
import { UsageError } from '../contract/errors.ts';
import type { Stage } from '../contract/job.ts';
import type { StepFacts } from '../contract/record/journal.ts';
import { stageOf } from '../run/backend.ts';
import type { Expectations } from '../run/checks/preflight.ts';
import type { Kept } from '../run/journal/same-release.ts';
import { type Plan, planOf } from '../run/release/plan.ts';
import { release as runRelease } from '../run/release/release.ts';
import type { ReleaseBackend, ReleaseInput } from '../run/release/release-input.ts';
import { allOf, concealedStep } from './concealed.ts';
import { inRun } from './in-run.ts';
import type { Backend } from './open/open-options.ts';
import { type Opened, openedOf } from './open/opened.ts';
import { artifactInput, waitingFor } from './run-input.ts';
import type { RecordOptions, SendOptions } from './run-options.ts';
import { type Written, writtenBy } from './written.ts';

/** One step of a release: a backend, and what holds for it alone. */
interface ReleaseStep
  extends Pick<
    SendOptions,
    | 'environment'
    | 'signingKey'
    | 'releaseNotes'
    | 'tags'
    | 'concurrency'
    | 'capacityWaitMs'
    | 'timeoutMs'
    | 'pollIntervalMs'
    | 'appearTimeoutMs'
  > {
  readonly backend: Backend;
}

export interface ReleaseProtection extends ReleaseStep {
  /** Where the output goes; `<name>-protected.<ext>` beside the file by default. */
  readonly output?: string;
}

export interface ReleaseTarget extends ReleaseStep {
  /** The milestone to wait for; the backend's first by default. */
  readonly until?: string;
  /** False where its failure is a warning. */
  readonly required?: boolean;
  /** Environments whose builds this target also accepts, besides production: dev, staging. */
  readonly environments?: readonly string[];
}

/** What `apptool release` does, with the steps given here in place of a config. */
export interface ReleaseOptions extends RecordOptions {
  /** Its name in the receipt; `release` by default. */
  readonly name?: string;
  /** Path of an APK, AAB or IPA; may be left out where the receipt says that it was protected. */
  readonly file?: string;
  /** Refuse a file that is for another platform. */
  readonly platform?: Platform;
  /** What the file has to be, or it is not sent. */
  readonly expected?: Partial<Expectations>;
  /** How to protect first; without this key the file is published as it is. */
  readonly protect?: ReleaseProtection;
  /** Where it goes, side by side. */
  readonly publish?: readonly (Backend | ReleaseTarget)[];
  /** Stop before publishing. */
  readonly until?: 'protected';
  /** Begin at publishing, by the receipt of the run that protected. */
  readonly from?: 'publish';
  /** Steps to send again although they may have landed, or are done: `publish:<backend>`. Goes with a receipt. */
  readonly again?: readonly string[];
  /** Publish this file: the protected file after signing it elsewhere in its place. */
  readonly signed?: string;
  /** Replace an existing output. */
  readonly force?: boolean;
  /** Stop once what is sent now is accepted; the same call with the receipt goes on. */
  readonly detach?: boolean;
  /** Stop the other targets when a required one has failed. */
  readonly failFast?: boolean;
}

export interface Released {
  /** How each step stands, in the order of the release; a detached run has only those that it came to. */
  readonly steps: readonly StepFacts[];
  /** The protected file, where this run has put it in place. */
  readonly output: Written | null;
}

/**
 * Protects, proves the output and publishes it side by side. With a `receipt`, the same call again does what is missing and nothing twice, on any
 * machine. Rejects with the class of the failure, and with `PartialError` where some targets have failed and others have not.
 */
export async function release(options: ReleaseOptions): Promise<Released> {
  const { receipt, from, again = [] } = options;
  if (receipt === undefined && (from !== undefined || again.length > 0))
    throw new UsageError('from and again go with a receipt: it says what was sent');
  const protection = options.protect === undefined ? null : opened(options.protect);
  const targets = (options.publish ?? []).map((one) => opened('backend' in one ? one : { backend: one }));
  if (protection === null && targets.length === 0) throw new UsageError('a release protects, publishes, or both');
  const redactors = [...(protection === null ? [] : [protection]), ...targets].map(({ at }) => at.redactor);
  return await inRun(redactors, options, { command: 'release', begins: true }, async (ctx, kept) => {
    const input = inputOf(options, protection, targets, kept);
    const failure = await runRelease(input, ctx);
    if (failure !== null) throw failure;
    const redactor = allOf(redactors);
    const steps = input.plan.steps.flatMap(({ id }) => ctx.journal.steps.find((step) => step.id === id) ?? []);
    return { steps: steps.map((step) => concealedStep(step, redactor)), output: writtenBy(ctx.journal) };
  });
}

interface OpenStep<T extends ReleaseStep> {
  readonly said: T;
  readonly at: Opened;
  readonly step: ReleaseBackend;
}

function opened<T extends ReleaseStep>(said: T): OpenStep<T> {
  const at = openedOf(said.backend);
  const { backend: _, ...settings }: ReleaseStep = said;
  const { options } = artifactInput({ ...settings, file: '' }, [at]);
  const { pollIntervalMs, timeoutMs, appearTimeoutMs } = waitingFor(settings, at);
  return { said, at, step: { backend: at.backend, options, waiting: { pollIntervalMs, timeoutMs, appearTimeoutMs } } };
}

function inputOf(
  options: ReleaseOptions,
  protection: OpenStep<ReleaseProtection> | null,
  targets: readonly OpenStep<ReleaseTarget>[],
  kept: Kept | null,
): ReleaseInput {
  const { file, platform, expected = {}, receipt, again = [] } = options;
  const planned = targets.map(({ said, step }) => ({
    ...step,
    planned: {
      backend: step.backend,
      required: said.required ?? true,
      until: said.until,
      environments: (said.environments ?? []).map(stageOfWord),
    },
  }));
  const protect =
    protection === null
      ? null
      : {
          ...protection.step,
          planned: {
            backend: protection.step.backend,
            stage: stageOf(protection.step.backend, protection.step.options),
            signingKey: protection.step.options.signingKey,
          },
        };
  return {
    plan: planFor(options, protect, planned),
    environment: protect?.options.environment ?? null,
    asked: { resume: receipt !== undefined, again, until: options.until ?? null, from: options.from ?? null },
    resume: receipt === undefined ? null : { do: 'resume', receipt },
    kept,
    path: file,
    platform,
    expected: { ...expected, allowDebuggable: expected.allowDebuggable === true },
    protect,
    targets: planned,
    output: protection?.said.output,
    force: options.force === true,
    signed: options.signed,
    detach: options.detach === true,
    failFast: options.failFast === true,
  };
}

function planFor(
  { name = 'release' }: ReleaseOptions,
  protect: ReleaseInput['protect'],
  targets: ReleaseInput['targets'],
): Plan {
  const written = {
    protect: protect === null ? null : [protect.backend.id, protect.planned.stage, protect.planned.signingKey],
    publish: targets.map(({ planned: { backend, ...others } }) => ({ ...others, backend: backend.id })),
  };
  return planOf({
    name,
    definition: createHash('sha256').update(JSON.stringify(written)).digest('hex'),
    protect: protect?.planned ?? null,
    targets: targets.map(({ planned }) => planned),
    until: undefined,
  });
}

function stageOfWord(word: string): Stage {
  const parsed = stageWord.safeParse(word);
  if (!parsed.success) throw new UsageError('environments takes dev, staging and prod');
  return parsed.data;
}

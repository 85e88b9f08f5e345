import { UsageError } from '../contract/errors.ts';
import type { JobRef } from '../contract/job.ts';
import type { JournalFacts, StepFacts } from '../contract/record/journal.ts';
import { type Links, NO_LINKS } from '../contract/record/links.ts';
import { protect as runProtect } from '../run/protect.ts';
import { publish as runPublish } from '../run/publish.ts';
import { upload as runUpload } from '../run/upload.ts';
import { allOf, concealedStep } from './concealed.ts';
import { inRun } from './in-run.ts';
import type { Backend } from './open/open-options.ts';
import { openedOf } from './open/opened.ts';
import { artifactInput, waitingFor } from './run-input.ts';
import type { SendOptions } from './run-options.ts';
import { type Written, writtenBy } from './written.ts';

export interface Uploaded {
  readonly job: JobRef;
  /** Hex SHA-256 of what was sent; `null` where the file changed after it was. */
  readonly sha256: string | null;
  /** Addresses for people. */
  readonly links: Links;
}

export interface ProtectOptions extends Omit<SendOptions, 'until'> {
  /** Where the output goes; `<name>-protected.<ext>` beside the file by default. */
  readonly output?: string;
  /** Replace an existing output. */
  readonly force?: boolean;
  /** Stop once the job is accepted. */
  readonly detach?: boolean;
}

export interface Protected extends Uploaded {
  /** `null` for a detached run. */
  readonly output: Written | null;
}

export interface PublishOptions extends SendOptions {
  /** Stop once every job is accepted. */
  readonly detach?: boolean;
  /** Stop the others when one has failed. */
  readonly failFast?: boolean;
}

export interface Published {
  /** One for each backend, in their order. */
  readonly steps: readonly StepFacts[];
}

/** Uploads a file. Resolves with its job when the backend has taken the whole file. */
export async function upload(to: Backend, options: SendOptions): Promise<Uploaded> {
  const opened = openedOf(to);
  return await inRun([opened.redactor], options, { command: 'upload', begins: true }, async (ctx) => {
    const job = await runUpload({ ...artifactInput(options, [opened]), backend: opened.backend }, ctx);
    return { job, ...sentBy(ctx.journal) };
  });
}

function sentBy({ current: [step] }: Pick<JournalFacts, 'current'>): Omit<Uploaded, 'job'> {
  return { sha256: step?.sha256 ?? null, links: step?.links ?? NO_LINKS };
}

/** Uploads a file, waits for its protection, fetches the output, judges it and puts it in place. */
export async function protect(by: Backend, options: ProtectOptions): Promise<Protected> {
  const opened = openedOf(by);
  const { output: path, force = false, detach = false } = options;
  return await inRun([opened.redactor], options, { command: 'protect', begins: true }, async (ctx) => {
    const artifact = artifactInput(options, [opened]);
    const waiting = waitingFor({ ...options }, opened);
    const { backend } = opened;
    const { job } = await runProtect({ ...artifact, backend, output: path, force, detach, waiting }, ctx);
    return { job, ...sentBy(ctx.journal), output: writtenBy(ctx.journal) };
  });
}

/**
 * Sends one file to several backends, side by side, and follows each to its milestone. Rejects with `PartialError` where some have failed; how
 * each of them ended is what `onJournal` was told last.
 */
export async function publish(to: readonly Backend[], options: PublishOptions): Promise<Published> {
  const all = to.map(openedOf);
  const redactors = all.map(({ redactor }) => redactor);
  const { until, detach = false, failFast = false } = options;
  return await inRun(redactors, options, { command: 'publish', begins: true }, async (ctx) => {
    const knows = ({ definition }: (typeof all)[number]): boolean =>
      definition.capabilities.milestones.some(({ name }) => name === until);
    if (until !== undefined && !all.some(knows)) throw new UsageError(`no target has a milestone "${until}"`);
    const { until: _, ...others } = options;
    const targets = all.map((one) => ({
      backend: one.backend,
      waiting: waitingFor(until !== undefined && knows(one) ? { ...others, until } : others, one),
    }));
    const failure = await runPublish({ ...artifactInput(options, all), targets, detach, failFast }, ctx);
    if (failure !== null) throw failure;
    const redactor = allOf(redactors);
    return { steps: ctx.journal.current.map((step) => concealedStep(step, redactor)) };
  });
}

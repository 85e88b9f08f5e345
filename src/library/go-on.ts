import { UsageError } from '../contract/errors.ts';
import { type JobRef, type JobState, jobRef } from '../contract/job.ts';
import { download as runDownload } from '../run/download.ts';
import { contextOf, type RunContext, type StepContext } from '../run/journal/journal.ts';
import { wait as runWait } from '../run/wait.ts';
import { inRun } from './in-run.ts';
import type { Backend } from './open/open-options.ts';
import { type Opened, openedOf } from './open/opened.ts';
import { waitingFor } from './run-input.ts';
import type { RecordOptions, WaitOptions } from './run-options.ts';
import { type Written, writtenBy } from './written.ts';

export interface DownloadOptions extends RecordOptions {
  /** Where the output goes; named after the job's file, in the working directory, by default. */
  readonly output?: string;
  /** Replace an existing output. */
  readonly force?: boolean;
}

/** Asks until a job has succeeded, or reached the milestone that is waited for; every other end is an error. */
export async function wait(at: Backend, job: string | JobRef, options: WaitOptions = {}): Promise<JobState> {
  const opened = openedOf(at);
  return await inRun([opened.redactor], options, { command: 'wait', begins: false }, async (run) => {
    const { ctx, ref } = goOnWith(opened, job, run);
    const waiting = waitingFor(options, opened);
    return await runWait({ ...waiting, backend: opened.backend, job: ref, uploaded: null }, ctx);
  });
}

/** Fetches the output of a job that is done. Rejects with `PendingError` for one that is not. */
export async function download(at: Backend, job: string | JobRef, options: DownloadOptions = {}): Promise<Written> {
  const opened = openedOf(at);
  const { output, force = false } = options;
  return await inRun([opened.redactor], options, { command: 'download', begins: false }, async (run) => {
    const { ctx, ref } = goOnWith(opened, job, run);
    const { backend } = opened;
    await runDownload({ backend, job: ref, output, force, sent: null, dryRun: false }, ctx);
    // It was put in place, or there was an error.
    return writtenBy(ctx.journal) as Written;
  });
}

function goOnWith(
  { definition: { id, jobId, jobIdForm }, backend }: Opened,
  job: string | JobRef,
  run: RunContext,
): { readonly ctx: StepContext; readonly ref: JobRef } {
  const text = typeof job === 'string' ? job : job.text;
  const own = text.startsWith(`${id}:`) ? text.slice(id.length + 1) : text;
  if (!jobId.test(own)) throw new UsageError(`${id} has no such job: a job of it is ${id}:${jobIdForm}`);
  const ref = jobRef(id, own);
  const step = run.journal.goOnWith(ref, backend.host);
  run.journal.choose([step]);
  return { ctx: contextOf(step, run), ref };
}

import type { LostUpload } from '../../contract/adapter.ts';
import { UnknownOutcomeError } from '../../contract/errors.ts';
import { type JobRef, jobRef } from '../../contract/job.ts';
import type { JournalFacts } from '../../contract/record/journal.ts';
import { askUntilSeen } from '../after-upload/ask-until-seen.ts';
import type { OpenBackend } from '../backend.ts';
import type { StepContext } from '../journal/journal.ts';
import type { ReleaseBackend } from './release-input.ts';

/**
 * Looks for what an earlier run has sent and never heard of again. Resolves with its job where exactly one can be it; rejects with
 * `UnknownOutcomeError` otherwise, and sends nothing.
 */
export async function findLost({ backend, options }: ReleaseBackend, ctx: StepContext): Promise<JobRef> {
  const { step } = ctx;
  const what = `${step.id} may have landed in an earlier run`;
  const next = { do: 'resend', step: step.id } as const;
  const listed = questionOfList({ backend, options }, ctx);
  if (step.job === null && listed === null)
    throw new UnknownOutcomeError(what, {
      hint: `${backend.id} has no list that apptool could search: look there yourself`,
      next,
    });
  const { known, found } = await askUntilSeen(
    async () => {
      const known = await recordOf(backend, ctx);
      return { known, found: known === null && listed !== null ? await listed() : [] };
    },
    ({ known, found }) => known !== null || found.length > 0,
    options.pollIntervalMs,
    ctx,
  );
  if (known !== null) return landed(known, ctx);
  const [id, ...others] = found;
  if (id === undefined) throw new UnknownOutcomeError(what, { hint: `${backend.id} has no such build now`, next });
  if (others.length > 0) {
    const all = found.map((one) => jobRef(backend.id, one).text).join(', ');
    throw new UnknownOutcomeError(what, { hint: `it may be one of these: ${all}`, next });
  }
  step.tell({ type: 'job', id });
  return landed(step.job ?? jobRef(backend.id, id), ctx);
}

/** Asks for the jobs that can be the lost one; `null` where the backend has no list to look in, or too little is known of the file. */
function questionOfList(
  { backend, options }: Pick<ReleaseBackend, 'backend' | 'options'>,
  ctx: StepContext,
): (() => Promise<readonly string[]>) | null {
  const { step, journal } = ctx;
  const { input, output } = journal;
  const file = step.action === 'publish' ? (output ?? input) : input;
  const { find } = backend.adapter;
  if (find === undefined || input === null || file === null) return null;
  const { packageName, versionName, versionCode } = file;
  const lost: LostUpload = {
    name: file.name,
    platform: input.platform,
    identity: { packageName, versionName, versionCode },
    environment: options.environment,
    job: step.job?.id ?? null,
    build: buildThatSent(journal),
  };
  return () => find(lost, new Date(step.startedAt ?? 0), ctx);
}

/** The build that the file was sent from, which is another than this one. Only of the first run is its number known for sure. */
function buildThatSent({ build, runs }: JournalFacts): LostUpload['build'] {
  if (build === null) return undefined;
  const { commit, branch, buildNumber } = build;
  return { commit, branch, buildNumber: runs.length === 1 ? buildNumber : null };
}

/** The job of the step, where the backend has a record of it: a question about one job is surer than a list of all. */
async function recordOf({ adapter }: OpenBackend, ctx: StepContext): Promise<JobRef | null> {
  const { job, until } = ctx.step;
  if (job === null) return null;
  const state = await adapter.poll(job.id, { patience: 'retried', until, details: job.details }, ctx);
  return state === 'absent' ? null : job;
}

function landed(job: JobRef, ctx: StepContext): JobRef {
  const { step } = ctx;
  step.tell({ type: 'accepted' });
  const message = `${step.id} landed in an earlier run: ${job.text}`;
  ctx.emit({ type: 'warning', code: 'lost-response', message });
  return job;
}

/** Removes the parts that an earlier run has left of a step; the step is then as if it had not begun. */
export async function removeParts({ backend }: ReleaseBackend, ctx: StepContext): Promise<void> {
  const { unfinished } = ctx.step;
  if (unfinished === null || backend.adapter.abort === undefined) return;
  await backend.adapter.abort(unfinished.session, ctx);
  ctx.step.tell({ type: 'multipart-closed' });
}

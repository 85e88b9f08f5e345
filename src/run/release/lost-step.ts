import { UnknownOutcomeError } from '../../contract/errors.ts';
import { type JobRef, jobRef } from '../../contract/job.ts';
import type { StepContext } from '../journal/journal.ts';
import type { ReleaseBackend } from './release-input.ts';

/**
 * Looks for what an earlier run has sent and never heard of again. Resolves with its job where exactly one can be it; rejects with
 * `UnknownOutcomeError` otherwise, and sends nothing.
 */
export async function findLost({ backend, options }: ReleaseBackend, ctx: StepContext): Promise<JobRef> {
  const { step, journal } = ctx;
  const { input, output } = journal;
  const file = step.action === 'publish' ? (output ?? input) : input;
  const { find } = backend.adapter;
  const what = `${step.id} may have landed in an earlier run`;
  const next = { do: 'resend', step: step.id } as const;
  if (find === undefined || input === null || file === null)
    throw new UnknownOutcomeError(what, { hint: `${backend.id} cannot be asked for it: look there`, next });
  const { packageName, versionName, versionCode } = file;
  const lost = {
    name: file.name,
    platform: input.platform,
    identity: { packageName, versionName, versionCode },
    environment: options.environment,
    job: step.job?.id ?? null,
  };
  const found = await find(lost, new Date(step.startedAt ?? 0), ctx);
  const [id, ...others] = found;
  if (id === undefined) throw new UnknownOutcomeError(what, { hint: `${backend.id} shows nothing like it now`, next });
  if (others.length > 0) {
    const all = found.map((one) => jobRef(backend.id, one).text).join(', ');
    throw new UnknownOutcomeError(what, { hint: `it can be any of ${all}`, next });
  }
  step.tell({ type: 'job', id });
  step.tell({ type: 'accepted' });
  const job = step.job ?? jobRef(backend.id, id);
  const message = `${step.id} had landed in an earlier run: ${job.text}`;
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

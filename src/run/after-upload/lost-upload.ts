import type { LostUpload, UploadOptions } from '../../contract/adapter.ts';
import type { Artifact } from '../../contract/artifact.ts';
import { UnknownOutcomeError } from '../../contract/errors.ts';
import { jobRef } from '../../contract/job.ts';
import { assertSentUnchanged } from '../../transfer/upload/signed-protocol.ts';
import type { OpenBackend } from '../backend.ts';
import type { StepContext } from '../journal/journal.ts';

/** How long a record may take to appear in a list, once it was made, before it is said not to be there (ms). */
const LOOK_MS = 30_000;
const STEP_MS = 5_000;

interface FailedUpload {
  /** How the upload failed. */
  readonly error: unknown;
  readonly artifact: Artifact;
  readonly backend: OpenBackend;
  readonly options: UploadOptions;
  /** When it began. */
  readonly since: Date;
}

/**
 * Looks at the backend for an upload whose answer was lost. Resolves with its job where exactly one can be it; rejects with the upload's own
 * error otherwise, which then says what was found.
 */
export async function settleLost(
  { error, artifact, backend, options, since }: FailedUpload,
  ctx: StepContext,
): Promise<string> {
  const { find } = backend.adapter;
  if (!(error instanceof UnknownOutcomeError && error.isAnswerLost) || find === undefined) throw error;
  const { name, platform, identity } = artifact;
  const job = ctx.step.job?.id ?? null;
  const lost: LostUpload = { name, platform, identity, environment: options.environment, job };
  const found = await look(() => find(lost, since, ctx), Math.min(STEP_MS, options.pollIntervalMs), ctx);
  const [id, ...others] = found ?? [];
  if (id === undefined || others.length > 0)
    throw unsettled(error, found?.map((one) => jobRef(backend.id, one).text) ?? null);
  ctx.record({ type: 'job', id });
  ctx.record({ type: 'may-have-landed' });
  const message = `the response to the upload was lost, but ${backend.id} has the job: ${jobRef(backend.id, id).text}`;
  ctx.emit({ type: 'warning', code: 'lost-response', message });
  await assertSentUnchanged(artifact, id);
  return id;
}

/** Asks until something is there or the time is over; `null` where the last question could not be asked. */
async function look(
  ask: () => Promise<readonly string[]>,
  stepMs: number,
  ctx: StepContext,
): Promise<readonly string[] | null> {
  const startedAt = ctx.clock.now();
  for (;;) {
    const found = await ask().catch((error: unknown) => {
      ctx.signal.throwIfAborted();
      ctx.emit({
        type: 'debug',
        message: `could not look for the upload: ${error instanceof Error ? error.message : ''}`,
      });
      return null;
    });
    const isOver = ctx.clock.now() - startedAt >= LOOK_MS;
    if (isOver || (found !== null && found.length > 0)) return found;
    await ctx.clock.sleep(stepMs, ctx.signal);
  }
}

function unsettled(error: UnknownOutcomeError, found: readonly string[] | null): UnknownOutcomeError {
  const seen =
    found === null
      ? 'it could not be looked for'
      : found.length === 0
        ? `it was looked for during ${LOOK_MS / 1000} s, and nothing like it was found`
        : `it can be any of ${found.join(', ')}`;
  return error.with({ hint: `${seen}; ${error.hint ?? 'look at the backend before you run it again'}` });
}

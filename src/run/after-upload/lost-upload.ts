import type { LostUpload, UploadOptions } from '../../contract/adapter.ts';
import type { Artifact } from '../../contract/artifact.ts';
import { UnknownOutcomeError } from '../../contract/errors.ts';
import { jobRef } from '../../contract/job.ts';
import { assertSentUnchanged } from '../../transfer/upload/signed-protocol.ts';
import type { OpenBackend } from '../backend.ts';
import type { StepContext } from '../journal/journal.ts';
import { askUntilSeen, LOOK_MS } from './ask-until-seen.ts';

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
  const found = await askUntilSeen(
    () => tried(() => find(lost, since, ctx), ctx),
    (ids) => ids !== null && ids.length > 0,
    options.pollIntervalMs,
    ctx,
  );
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

/** What was found, or `null` where the question could not be asked. */
async function tried(ask: () => Promise<readonly string[]>, ctx: StepContext): Promise<readonly string[] | null> {
  try {
    return await ask();
  } catch (error) {
    ctx.signal.throwIfAborted();
    const why = error instanceof Error ? error.message : '';
    ctx.emit({ type: 'debug', message: `could not look for the upload: ${why}` });
    return null;
  }
}

function unsettled(error: UnknownOutcomeError, found: readonly string[] | null): UnknownOutcomeError {
  const seen =
    found === null
      ? 'apptool could not look for it'
      : found.length === 0
        ? `apptool looked for it for ${LOOK_MS / 1000} s and did not find it`
        : `it may be one of these: ${found.join(', ')}`;
  return error.with({ hint: `${seen}; ${error.hint ?? 'look at the backend before you run it again'}` });
}

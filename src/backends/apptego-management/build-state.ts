import type { JobState } from '../../contract/job.ts';
import type { Build } from './wire.ts';

/**
 * How a build stands, by "Build Status Interpretation". The API has no status words of its own, so they are the ones of that table.
 *
 * `awaitsSigning`: the build was sent to be signed by the legacy call, which no field of its row tells.
 */
export function stateOf(build: Build, awaitsSigning: boolean): JobState {
  const { success, isSigned, stage } = build;
  if (build.isDeleted) return failed('deleted', build);
  if (success === true) return doneState(build, awaitsSigning);
  if (success === null) return { phase: 'running', status: 'processing', message: stage };
  if (success !== false)
    return { phase: 'running', status: JSON.stringify(success) ?? 'unknown', message: stage, unrecognized: true };
  // "Build failed or was reset for signing": who asked for a signature and is given no reason waits for it.
  const wantsSigning = hasKey(build) || awaitsSigning;
  if (reasonsOf(build) !== null || isSigned === true || !wantsSigning) return failed('failed', build);
  return { phase: 'running', status: 'reset for signing', message: stage };
}

/** "Use success, status_message, error_message, and signing_error_message from build history as release gates." */
function doneState(build: Build, awaitsSigning: boolean): JobState {
  const { isSigned, stage, signingError } = build;
  if (build.error !== null) return failed('completed with an error', build);
  if (hasKey(build) || awaitsSigning) {
    if (signingError !== null) return failed('completed, but not signed', build);
    if (isSigned === false && awaitsSigning)
      return { phase: 'running', status: 'waiting to be signed', message: stage };
    if (isSigned === false) return failed('completed, but not signed', build);
  }
  const done: JobState = { phase: 'succeeded', status: 'completed', message: signingError };
  if (signingError === null) return done;
  return { ...done, findings: [{ code: 'signing', severity: 'warning', message: signingError }] };
}

function hasKey({ signingKeyId }: Build): boolean {
  return signingKeyId !== null && signingKeyId !== '' && signingKeyId !== 'none';
}

function reasonsOf({ error, signingError }: Build): string | null {
  return [error, signingError].filter((words) => words !== null).join('; ') || null;
}

function failed(status: string, build: Build): JobState {
  return { phase: 'failed', status, message: reasonsOf(build) ?? build.stage };
}

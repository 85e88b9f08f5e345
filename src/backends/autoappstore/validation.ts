import type { Finding, JobState } from '../../contract/job.ts';
import type { Run } from './wire.ts';

/** How the answers are read. */
export interface Reading {
  readonly passedStatus: string | undefined;
  /** The validation run that the upload began, where that is known. */
  readonly ownRun: string | undefined;
}

/** Only `running` and `failed` are documented, so each list is of the likely words for the same [assumed]. */
const QUEUED: ReadonlySet<string> = new Set(['queued', 'pending']);
const RUNNING: ReadonlySet<string> = new Set(['running', 'in_progress']);
const FAILED: ReadonlySet<string> = new Set(['failed', 'error', 'errored', 'cancelled', 'rejected']);
const PASSED: ReadonlySet<string> = new Set([
  ...['passed', 'pass', 'success', 'successful', 'succeeded', 'completed', 'complete'],
  ...['ok', 'valid', 'validated', 'done', 'finished'],
]);

/**
 * How a validation stands. Of several runs the one that the upload began decides; where that is not known, any that has failed does, then any
 * that goes on: their order is not documented.
 */
export function stateOfRuns(runs: readonly Run[], { passedStatus, ownRun }: Reading): JobState {
  const own = runs.filter(({ id }) => id === ownRun);
  const states = (own.length > 0 ? own : runs).map((run) => stateOfRun(run, passedStatus));
  const last = states.at(-1);
  if (last === undefined) return { phase: 'queued', status: 'no validation run yet', message: null };
  return states.find(({ phase }) => phase === 'failed') ?? states.find(({ phase }) => phase !== 'succeeded') ?? last;
}

/** Any other word is still running; the setting says which one means that it has passed. */
function stateOfRun({ status, findings }: Run, passedStatus: string | undefined): JobState {
  const word = status.toLowerCase();
  if (isFailedRun(status)) return failed(status, findings);
  const hasPassed = passedStatus === undefined ? PASSED.has(word) : word === passedStatus.toLowerCase();
  if (hasPassed) {
    const isBlocked = findings.some(({ severity }) => severity === 'blocking');
    return isBlocked ? failed(status, findings) : { phase: 'succeeded', status, message: null, findings };
  }
  if (QUEUED.has(word)) return { phase: 'queued', status, message: null, findings };
  if (RUNNING.has(word)) return { phase: 'running', status, message: null, findings };
  return {
    phase: 'running',
    status,
    message: null,
    findings,
    unrecognized: true,
    setting: 'autoappstore.passedStatus',
  };
}

export function isFailedRun(status: string): boolean {
  return FAILED.has(status.toLowerCase());
}

/** A failure, with the words of all that blocks. */
export function failed(status: string, findings: readonly Finding[]): JobState {
  const blocking = findings.filter(({ severity }) => severity === 'blocking');
  const message = blocking.map(({ code, message: words }) => `${code}: ${words}`).join('; ');
  return { phase: 'failed', status, message: message === '' ? null : message, findings };
}

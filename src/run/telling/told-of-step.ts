import {
  AppToolError,
  CancelledError,
  detailsOf,
  isNotFound,
  LimitError,
  PendingError,
  UnavailableError,
  UnknownOutcomeError,
} from '../../contract/errors.ts';
import type { Next } from '../../contract/next.ts';
import type { Step } from '../../contract/record/journal.ts';
import { standingOf } from '../journal/standing.ts';

/**
 * How a failure is told once a step of the journal may be running: from the job's side. What kept us from asking is no verdict on the job, so it is
 * never "unavailable" (which says that nothing is running, and to run again); whatever else it is, it names the way on instead of "run again".
 * `until` is the milestone that was waited for. A run that has asked nothing yet is refused for what is wrong here: the way on is its own command.
 */
export function toldOfStep<T>(error: T, step: Step, told: Told = {}): T | AppToolError {
  if (!(error instanceof AppToolError) || error instanceof CancelledError || isNotFound(error)) return error;
  return isTold(error) ? error : toldFromJob(error, step, told);
}

function toldFromJob(error: AppToolError, step: Step, { until, hasAsked = true }: Told): AppToolError {
  const standing = standingOf(step);
  const isAskingTrouble =
    error instanceof UnavailableError || error instanceof LimitError || error.origin === 'response';
  if (standing === 'unknown') {
    const next: Next = { do: 'look', where: step.backend };
    if (!isAskingTrouble) return saysAgain(error) ? error.with({ next }) : error;
    return new UnknownOutcomeError(error.message, { ...detailsOf(error), next });
  }
  if (standing !== 'running' || step.job === null) return error;
  const next: Next = { do: 'wait', job: step.job.text, until };
  if (isAskingTrouble)
    return new PendingError(error.message, { ...detailsOf(error), hint: error.hint ?? 'the job keeps running', next });
  return hasAsked && saysAgain(error) ? error.with({ next }) : error;
}

interface Told {
  readonly until?: string | undefined;
  readonly hasAsked?: boolean;
}

/** Whether the release has told it already, which knows more. */
function isTold({ next }: AppToolError): boolean {
  return next?.do === 'resume' || next?.do === 'resend';
}

/** Whether an error leaves the way on open, or says to run the same command again. */
function saysAgain({ next }: AppToolError): boolean {
  return next === null || next.do === 'again';
}

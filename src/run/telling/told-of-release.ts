import {
  type AppToolError,
  CancelledError,
  JobFailedError,
  PartialError,
  UnavailableError,
  UnknownOutcomeError,
  UsageError,
} from '../../contract/errors.ts';
import type { Next } from '../../contract/next.ts';
import type { JournalFacts, Step } from '../../contract/record/journal.ts';
import { standingOf } from '../journal/standing.ts';
import { toldOfStep } from './told-of-step.ts';
import { wayOn } from './way-on.ts';

type Resume = Extract<Next, { do: 'resume' }>;

/**
 * The error of a release that keeps a receipt, with the line that goes on from there: where something was begun, so that the first line would
 * be refused or would do it twice. A job that has failed is not to be sent again as it is, and what may have landed is to be looked at first.
 */
export function toldOfRelease(error: AppToolError, resume: Resume | null, journal: JournalFacts): AppToolError {
  const { current } = journal;
  if (resume === null) return withoutReceipt(error, current);
  if (error.next?.do === 'resend') return error.with({ next: resend(error.next.step, resume) });
  if (current.every((step) => standingOf(step) === 'not-begun' && step.earlier.length === 0)) return error;
  if (error instanceof CancelledError) return error.with({ hint: whatRuns(journal), next: resume });
  const own = current.find(({ isTarget }) => !isTarget);
  const told = own === undefined ? error : toldOfStep(error, own);
  if (told instanceof UsageError || told instanceof JobFailedError || told.next?.do === 'set') return told;
  return told instanceof UnknownOutcomeError ? lookFirst(told, current, resume) : told.with({ next: resume });
}

/** The same line would protect a second time: so this is no error after which a script may run it again. */
function withoutReceipt(error: AppToolError, steps: readonly Step[]): AppToolError {
  const isProtected = steps.some((step) => !step.isTarget && standingOf(step) === 'done');
  if (!isProtected || !(error instanceof UnavailableError)) return error;
  const { message, httpStatus, backendCode, serverText } = error;
  const hint = 'publish the output; a release that keeps a receipt continues from there';
  return new PartialError(`protected, but not published: ${message}`, {
    cause: error,
    hint,
    httpStatus,
    backendCode,
    serverText,
  });
}

/** To send a step again, by the line that goes on with its release. */
export function resend(step: string, { command }: Resume): Extract<Next, { do: 'resend' }> {
  return { do: 'resend', step, ...(command === undefined ? {} : { command }) };
}

function lookFirst(error: UnknownOutcomeError, steps: readonly Step[], resume: Resume): AppToolError {
  const unknown = steps.filter((step) => standingOf(step) === 'unknown');
  const [step, ...others] = unknown;
  if (step === undefined) return error;
  const hint = (backend: string) => `look at ${backend} first`;
  if (others.length === 0) return error.with({ hint: error.hint ?? hint(step.backend), next: resend(step.id, resume) });
  const each = unknown.map(({ id, backend }) => ({ backend, hint: hint(backend), next: resend(id, resume) }));
  return error.with({ next: { do: 'each', steps: each } });
}

function whatRuns({ current, fetched }: JournalFacts): string | null {
  const told = current.map((step) => {
    const { hint } = wayOn(step, step.isTarget ? null : fetched);
    return { backend: step.backend, hint };
  });
  const [first] = told;
  if (told.length === 1 && first !== undefined) return first.hint;
  return told.map(({ backend, hint }) => `${backend}: ${hint}`).join('; ');
}

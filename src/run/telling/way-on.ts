import type { CancelledError, ErrorChange } from '../../contract/errors.ts';
import type { Next } from '../../contract/next.ts';
import type { JournalFacts, OutputRecord, Step } from '../../contract/record/journal.ts';

/** What is left of a run that was stopped, and how to go on. */
type WayOn = Required<Pick<ErrorChange, 'hint'>> & { readonly next: Next | null };

/** What to say when a run is stopped: what still runs, and how to go on. */
export function explainCancelled(error: CancelledError, journal: JournalFacts): CancelledError {
  return error.hint === null && error.next === null ? error.with(wayOnOfRun(journal)) : error;
}

function wayOnOfRun({ current, fetched, call }: JournalFacts): WayOn {
  const [step, ...others] = current;
  if (step === undefined) return { hint: call?.mayHaveLanded === true ? SENT_AND_UNKNOWN : NOTHING_LEFT, next: null };
  if (others.length === 0 && !step.isTarget) return wayOn(step, fetched);
  const steps = current.map((one) => ({ backend: one.backend, ...wayOn(one, null) }));
  return { hint: null, next: { do: 'each', steps } };
}

const SENT_AND_UNKNOWN = 'the whole file was sent, so a build may have been created: look at the backend';
const NOTHING_LEFT = 'nothing was left at the backend';

/** How to go on from where a run was stopped; `fetched` is the output that it has put in place. */
export function wayOn(step: Step, fetched: OutputRecord | null): WayOn {
  const { job, state, accepted, mayHaveLanded, unfinished } = step;
  if (job === null) return { hint: mayHaveLanded ? SENT_AND_UNKNOWN : NOTHING_LEFT, next: null };
  const wait = { do: 'wait', job: job.text } as const;
  if (fetched !== null && state?.phase === 'succeeded') return { hint: 'the output is in place', next: null };
  if (state?.phase === 'succeeded') return { hint: 'the output is ready', next: { do: 'download', job: job.text } };
  if (state !== null) return { hint: 'the job keeps running on the server', next: wait };
  if (accepted || mayHaveLanded) return { hint: 'the job may still be running on the server', next: wait };
  if (unfinished !== null)
    return { hint: 'no build was started, but the uploaded parts could not be removed', next: null };
  return { hint: 'no build was started; the uploaded data was removed', next: null };
}

/** Whether parts are left in a storage by the steps that the run worked on. */
export function leavesParts({ current }: JournalFacts): boolean {
  return current.some(({ unfinished }) => unfinished !== null);
}

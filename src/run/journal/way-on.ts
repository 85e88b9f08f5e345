import { CancelledError } from '../../contract/errors.ts';
import type { JournalFacts, OutputRecord, Step } from '../../contract/record/journal.ts';

/** What to say when a run is stopped: what still runs, and how to go on. */
export function explainCancelled(error: CancelledError, journal: JournalFacts): CancelledError {
  return new CancelledError(error.signal, { cause: error, hint: error.hint ?? wayOnOfRun(journal) });
}

function wayOnOfRun({ current, fetched, call }: JournalFacts): string {
  const [step, ...others] = current;
  if (step === undefined) return call?.mayHaveLanded === true ? SENT_AND_UNKNOWN : NOTHING_LEFT;
  if (others.length === 0 && !step.isTarget) return wayOn(step, fetched);
  return current.map((one) => `${one.backend}: ${wayOn(one, null)}`).join('; ');
}

const SENT_AND_UNKNOWN = 'the whole file was out, so a build may have been created: look at the backend';
const NOTHING_LEFT = 'nothing was left at the backend';

/** How to go on from where a run was stopped; `fetched` is the output that it has put in place. */
export function wayOn(step: Step, fetched: OutputRecord | null): string {
  const { job, state, accepted, mayHaveLanded, unfinished } = step;
  if (job === null && mayHaveLanded) return SENT_AND_UNKNOWN;
  if (job === null) return NOTHING_LEFT;
  if (fetched !== null && state?.phase === 'succeeded') return 'the output is in place';
  if (state?.phase === 'succeeded') return `the output waits to be fetched: apptool download ${job.text}`;
  if (state !== null) return `the job goes on without us; to go on waiting: apptool wait ${job.text}`;
  if (accepted || mayHaveLanded) return `the job may go on without us; to go on waiting: apptool wait ${job.text}`;
  if (unfinished !== null) return 'no build was started, but the parts that were sent could not be removed';
  return 'no build was started; what was sent is gone';
}

/** Whether parts are left in a storage by the steps that the run worked on. */
export function leavesParts({ current }: JournalFacts): boolean {
  return current.some(({ unfinished }) => unfinished !== null);
}

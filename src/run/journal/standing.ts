import type { Receipt, StepFacts } from '../../contract/record/journal.ts';

/**
 * How it stands with a step, whatever run brought it there:
 * `not-begun`: nothing of it is at the backend. `open`: parts of an unfinished upload are stored. `unknown`: the whole file was sent, and
 * nobody knows what became of it. `running`: its job was accepted, and has not ended as far as is known. `done`, `failed`: the backend has
 * said so. A protect step is `done` when its job is; whether its output was fetched says the journal's `output`.
 */
export type Standing = 'not-begun' | 'open' | 'unknown' | 'running' | 'done' | 'failed';

type Standable = Pick<StepFacts, 'state' | 'accepted' | 'mayHaveLanded' | 'unfinished'>;

export function standingOf({ state, accepted, mayHaveLanded, unfinished }: Standable): Standing {
  if (state?.phase === 'succeeded') return 'done';
  if (state?.phase === 'failed') return 'failed';
  if (state !== null || accepted) return 'running';
  if (mayHaveLanded) return 'unknown';
  return unfinished === null ? 'not-begun' : 'open';
}

/** Whether the receipt tells of nothing that is, or may be, anywhere: then nothing is lost with it. */
export function holdsNothing({ steps, output }: Pick<Receipt, 'steps' | 'output'>): boolean {
  return output === null && steps.every((step) => standingOf(step) === 'not-begun' && step.earlier.length === 0);
}

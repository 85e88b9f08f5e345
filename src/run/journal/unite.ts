import type { Receipt, StepRecord } from '../../contract/record/journal.ts';
import { anotherRelease, type Kept } from './same-release.ts';
import { type Standing, standingOf } from './standing.ts';

/**
 * What two receipts of one release say together, so that neither loses a step. Throws `LocalIoError` where they are of two releases: the
 * one that is there stays as it is.
 */
export function unite({ path, receipt: kept }: Kept, other: Receipt): Receipt {
  const [is, was] = [other.input?.sha256 ?? null, kept.input?.sha256 ?? null];
  const what = other.input?.name ?? 'the one that was named';
  if (is !== null && was !== null && is !== was) throw anotherRelease(path, what);
  const shared = kept.steps.flatMap((step) => {
    const same = other.steps.find(({ id }) => id === step.id);
    if (same === undefined) return [];
    if (areOfTwo(step, same)) throw anotherRelease(path, what);
    return later(step, same);
  });
  const isShared = ({ id }: StepRecord): boolean => shared.some((step) => step.id === id);
  const isKnown = ({ id }: StepRecord): boolean => kept.steps.some((step) => step.id === id);
  if (is === null && was === null && shared.length === 0) throw anotherRelease(path, what);
  return {
    ...kept,
    environment: kept.environment ?? other.environment,
    build: other.build ?? kept.build,
    release: kept.release ?? other.release,
    input: kept.input?.sha256 == null ? (other.input ?? kept.input) : kept.input,
    output: kept.output ?? other.output,
    steps: [
      ...kept.steps.map((step) => (isShared(step) ? (shared.find(({ id }) => id === step.id) ?? step) : step)),
      ...other.steps.filter((step) => !isKnown(step)),
    ],
    runs: [...other.runs, ...kept.runs].filter(
      (run, index, all) =>
        all.findIndex(({ startedAt, command }) => startedAt === run.startedAt && command === run.command) === index,
    ),
  };
}

/** Whether each tells of a job that the other knows nothing of: then two runs have sent the same step. */
function areOfTwo(step: StepRecord, other: StepRecord): boolean {
  const knows = ({ job, earlier }: StepRecord, ref: string) =>
    [job, ...earlier.map((one) => one.job)].some((one) => one?.ref === ref);
  if (step.job === null || other.job === null) return false;
  return !knows(other, step.job.ref) && !knows(step, other.job.ref);
}

/** How far an attempt has come. */
const RANKS: Readonly<Record<Standing, number>> = {
  'not-begun': 0,
  open: 1,
  unknown: 2,
  running: 3,
  done: 3,
  failed: 3,
};

/** The record that knows more of a step: of a later attempt, or of more of the same. The clocks of two machines decide last. */
function later(step: StepRecord, other: StepRecord): StepRecord {
  const further = other.earlier.length - step.earlier.length || RANKS[standingOf(other)] - RANKS[standingOf(step)];
  if (further !== 0) return further > 0 ? other : step;
  return (other.updatedAt ?? '') > (step.updatedAt ?? '') ? other : step;
}

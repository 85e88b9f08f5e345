import type { Receipt, StepRecord } from '../../contract/record/journal.ts';
import { anotherRelease, type Kept } from './same-release.ts';

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
    if (step.job !== null && same.job !== null && step.job.ref !== same.job.ref) throw anotherRelease(path, what);
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

function later(step: StepRecord, other: StepRecord): StepRecord {
  return (other.updatedAt ?? '') > (step.updatedAt ?? '') ? other : step;
}

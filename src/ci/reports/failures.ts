import type { Finding } from '../../contract/job.ts';
import type { ErrorRecord, ResultDocument, TargetRecord } from '../../contract/result-document.ts';

export interface Failure {
  /** `null` where it is the run's. */
  readonly target: string | null;
  readonly job: string | null;
  readonly error: ErrorRecord;
  /** False where it fails nothing. */
  readonly required: boolean;
}

/** What went wrong, once each: the targets' own errors, and that of the run where it does not only sum them up. */
export function failuresOf({ error, job, targets, steps }: ResultDocument): readonly Failure[] {
  const isRequired = (target: TargetRecord) => steps.find(({ id }) => id === target.step)?.required !== false;
  const own = targets.flatMap((target) =>
    target.error === null || target.error.class === 'cancelled'
      ? []
      : [{ target: target.backend, job: target.job?.ref ?? null, error: target.error, required: isRequired(target) }],
  );
  const ofRun = error === null ? [] : [{ target: null, job: job?.ref ?? null, error, required: true }];
  const isSummedUp = error?.class !== 'cancelled' && own.some(({ required }) => required);
  return isSummedUp ? own : [...own, ...ofRun];
}

/** What every backend found. */
export function findingsOf({ backend, findings, targets }: ResultDocument): readonly (Finding & {
  readonly target: string | null;
})[] {
  return [{ backend, findings }, ...targets].flatMap((one) =>
    one.findings.map((finding) => ({ ...finding, target: one.backend })),
  );
}

/** The warnings of the run; those that repeat a finding are left to the findings. */
export function warningsOf({ warnings }: ResultDocument): ResultDocument['warnings'] {
  return warnings.filter(({ code }) => code !== 'finding');
}

import type { Finding } from '../../../contract/job.ts';
import type { ErrorRecord, ResultDocument, StepResult } from '../../../contract/result-document.ts';
import type { ExpectedParts, Part, RunParts } from '../run-parts.ts';

/** What a suite is about: the run, or a step of it. */
export interface Subject {
  /** What the name of the suite ends with. */
  readonly names: readonly string[];
  readonly job: string | null;
  readonly parts: readonly Part[];
  readonly expected: readonly string[];
  /** How long a part took in an earlier run (ms); `null` where none has done it. */
  readonly doneBefore: (part: string) => number | null;
  readonly error: ErrorRecord | null;
  /** Not to be a failure of the run. */
  readonly isOptional: boolean;
  /** False where parts of it are still to be done. */
  readonly isOver: boolean;
  readonly findings: readonly Finding[];
}

/** The run, where it has one step or none; else what is done once for all, then each step, also those that it did not touch. */
export function subjectsOf(
  document: ResultDocument,
  parts: RunParts,
  { first, ofStep }: ExpectedParts,
): readonly Subject[] {
  const { backend, job, steps, targets, error, findings } = document;
  const run = { parts: parts.of(''), expected: first, doneBefore: () => null, isOptional: false, isOver: true };
  const [only, ...others] = steps;
  if (only === undefined) return [{ ...run, names: namesOf(backend), job: job?.ref ?? null, error, findings }];
  // A step that may fail does not tell why the run did.
  const isTold = steps.some((step) => step.required && errorOf(step, document) !== null);
  const targetOf = ({ id }: StepResult) => targets.find((target) => target.step === id);
  const ofRun = steps.find((step) => job !== null && step.job?.ref === job.ref && targetOf(step) === undefined);
  const findingsOf = (step: StepResult) => targetOf(step)?.findings ?? (step === ofRun ? findings : []);
  const all = steps.map((step) => ({
    job: step.job?.ref ?? null,
    parts: parts.of(step.id),
    expected: ofStep(step.action),
    doneBefore: (part: string) => doneBefore(step, part),
    error: errorOf(step, document),
    isOptional: !step.required,
    isOver: step.result === 'done',
    findings: findingsOf(step),
    names: namesOf(step.action === document.command ? null : step.action, step.backend),
  }));
  if (others.length > 0) return [{ ...run, names: [], job: null, error: isTold ? null : error, findings: [] }, ...all];
  return all.map((step) => ({
    ...step,
    names: namesOf(only.backend),
    parts: [...run.parts, ...step.parts],
    expected: [...first, ...step.expected],
    error: step.isOptional ? (error ?? step.error) : (step.error ?? error),
    isOptional: step.isOptional && error === null,
    isOver: true,
    findings: [...findings, ...targets.flatMap((target) => target.findings)],
  }));
}

function namesOf(...names: readonly (string | null)[]): readonly string[] {
  return names.flatMap((name) => name ?? []);
}

/** What a step failed with in this run: what ended the run, where that stopped it on its way. */
function errorOf(step: StepResult, { error, targets }: ResultDocument): ErrorRecord | null {
  const isStopped = targets.some((target) => target.step === step.id && target.exitCode === null);
  return step.error ?? (isStopped && step.result !== 'done' ? error : null);
}

function doneBefore({ acceptedAt, state, fetchedAt, result, took }: StepResult, part: string): number | null {
  if (part === 'upload') return acceptedAt === null ? null : (took.uploadMs ?? 0);
  if (part === 'download') return fetchedAt === null ? null : (took.downloadMs ?? 0);
  const isDone = part === 'wait' ? state?.phase === 'succeeded' : result === 'done';
  return isDone ? (took.queueMs ?? 0) + (took.jobMs ?? 0) : null;
}

import type { AppToolError } from '../../../contract/errors.ts';
import type { Next } from '../../../contract/next.ts';
import type { JournalFacts, PlannedRecord, Step, StepFacts } from '../../../contract/record/journal.ts';
import type { NextRecord, StepResult } from '../../../contract/result-document.ts';
import { standingOf } from '../../../run/journal/standing.ts';
import { commandFor, nextOfError } from '../next-words.ts';
import { errorRecord } from './error-record.ts';

/** What decides what to do next, besides the journal. */
export interface Surroundings {
  /** Whether the output of a job at this backend is the protected app, which has to be downloaded. */
  readonly givesBack: (backend: string) => boolean;
  /** True where the backends end with the run: then nothing can be asked of them later. */
  readonly isEmbedded: boolean;
  /** What goes on with the whole run, in place of a wait for each of its jobs. */
  readonly next?: Next | undefined;
}

/** How each step of the run ended, in order: those that it worked on, and those that it was to do. */
export function stepResults(journal: JournalFacts, around: Surroundings): StepResult[] {
  const { planned, current, steps } = journal;
  const known = (id: string): Step | undefined =>
    current.find((step) => step.id === id) ?? steps.find((step) => step.id === id);
  return idsOfSteps(journal).flatMap((id) => {
    const step = known(id);
    if (step !== undefined) return [resultOfStep(step, journal, around)];
    const plan = planned.find((one) => one.id === id);
    return plan === undefined ? [] : [notBegun(plan)];
  });
}

/** The steps that the run works on, and those that it is to do, in order. */
export function idsOfSteps({ planned, current }: JournalFacts): readonly string[] {
  return [...new Set([...planned.map(({ id }) => id), ...current.map(({ id }) => id)])];
}

function resultOfStep(step: Step, journal: JournalFacts, around: Surroundings): StepResult {
  const { id, action, backend, host, required, error, job, state, findings, links } = step;
  const { startedAt, acceptedAt, runningAt, settledAt, fetchedAt, endedAt } = step;
  const result = resultWord(step);
  return {
    id,
    action,
    backend,
    host,
    required,
    result,
    reached: result === 'done' ? (step.remains?.reached ?? null) : null,
    exitCode: error === undefined ? null : (error?.exitCode ?? 0),
    error: error == null ? null : errorRecord(error),
    job: job === null ? null : { ref: job.text, id: job.id, details: { ...job.details } },
    state,
    findings: findings.length,
    links: { ...links },
    startedAt,
    acceptedAt,
    runningAt,
    settledAt,
    fetchedAt,
    endedAt,
    took: tookOf(step),
    next: nextOfStep(step, result, journal, around),
  };
}

function notBegun({ id, action, backend, required }: PlannedRecord): StepResult {
  return {
    id,
    action,
    backend,
    host: null,
    required,
    result: 'not-begun',
    reached: null,
    exitCode: null,
    error: null,
    job: null,
    state: null,
    findings: 0,
    links: { page: null, install: null },
    startedAt: null,
    acceptedAt: null,
    runningAt: null,
    settledAt: null,
    fetchedAt: null,
    endedAt: null,
    took: { uploadMs: null, queueMs: null, jobMs: null, downloadMs: null, allMs: null },
    next: null,
  };
}

const BY_CLASS: Readonly<Partial<Record<AppToolError['class'], StepResult['result']>>> = {
  pending: 'running',
  unknown: 'unknown',
  cancelled: 'stopped',
  partial: 'stopped',
};

/** In one word. Only what was waited for and has succeeded is done. */
export function resultWord(step: Step): StepResult['result'] {
  const { error } = step;
  const standing = standingOf(step);
  if (error != null) return BY_CLASS[error.class] ?? 'failed';
  if (standing === 'running') return step.state === null ? 'uploaded' : 'running';
  return standing === 'open' ? 'not-begun' : standing;
}

/** Times are of the wall clock, which may have been set back between two of them. */
export function tookOf(step: StepFacts): StepResult['took'] {
  const { startedAt, acceptedAt, runningAt, settledAt, fetchingAt, fetchedAt, endedAt } = step;
  const last = fetchedAt ?? (standingOf(step) === 'done' ? settledAt : null) ?? endedAt;
  return {
    uploadMs: between(startedAt, acceptedAt),
    queueMs: between(acceptedAt, runningAt),
    jobMs: between(runningAt ?? acceptedAt, settledAt),
    downloadMs: between(fetchingAt, fetchedAt),
    allMs: between(startedAt, last),
  };
}

function between(from: string | null, to: string | null): number | null {
  if (from === null || to === null) return null;
  const ms = Date.parse(to) - Date.parse(from);
  return ms >= 0 ? ms : null;
}

/** What to do next of a step; `null` where nothing is. */
function nextOfStep(
  step: Step,
  result: StepResult['result'],
  { fetched, output }: JournalFacts,
  { givesBack, isEmbedded, next }: Surroundings,
): NextRecord | null {
  const { error, job, remains, backend, action } = step;
  if (error != null) return nextOfError(error);
  // What is at a backend that ends now cannot be asked after.
  if (job === null || isEmbedded) return null;
  const isGoingOn = result === 'uploaded' || result === 'running';
  if (isGoingOn && next !== undefined) return { do: next.do, words: null, command: commandFor(next) };
  if (isGoingOn) return { do: 'wait', words: null, command: commandFor({ do: 'wait', job: job.text }) };
  if (result !== 'done') return null;
  if (remains !== null) {
    const command = commandFor({ do: 'wait', job: job.text, until: remains.until });
    return { do: 'wait', words: remains.message, command };
  }
  const isHere = action === 'protect' ? (fetched ?? output) !== null : fetched !== null;
  if (!givesBack(backend) || isHere) return null;
  return { do: 'download', words: 'the output is ready', command: commandFor({ do: 'download', job: job.text }) };
}

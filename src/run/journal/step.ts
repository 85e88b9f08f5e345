import type { UploadOptions } from '../../contract/adapter.ts';
import { jobRef, type Stage } from '../../contract/job.ts';
import { type Step, type StepAction, type StepFacts, type StepJob, StepRecord } from '../../contract/record/journal.ts';
import { NO_LINKS } from '../../contract/record/links.ts';
import { type OpenBackend, stageOf } from '../backend.ts';
import { changedStep } from './changed-step.ts';

/** What a step is begun with. */
export interface NewStep {
  readonly action: StepAction;
  readonly backend: Pick<OpenBackend, 'id' | 'host'>;
  /** What it is meant for, where the backend knows such a thing. */
  readonly stage?: Stage | null;
  /** False where its failure is only a warning. */
  readonly required?: boolean;
}

/** A step that changes as it is told what happens, and tells `changed` of it. */
export function createStep(facts: StepFacts, isTarget: boolean, now: () => string, changed: () => void): Step {
  const step: Step = {
    ...facts,
    error: undefined,
    isTarget,
    tell(event) {
      Object.assign(step, changedStep(step, event, now()));
      if (event.type === 'ended') Object.assign(step, { error: event.error });
      changed();
    },
  };
  return step;
}

/** A step that sends a file to a backend. */
export function newStep(action: StepAction, backend: OpenBackend, options: UploadOptions): NewStep {
  return { action, backend, stage: stageOf(backend, options) };
}

export function newFacts({ action, backend, stage = null, required = true }: NewStep, now: string): StepFacts {
  return {
    id: `${action}:${backend.id}`,
    action,
    backend: backend.id,
    host: backend.host,
    required,
    stage,
    until: null,
    sha256: null,
    job: null,
    state: null,
    mayHaveLanded: false,
    unfinished: null,
    ended: null,
    links: NO_LINKS,
    accepted: false,
    findings: [],
    remains: null,
    startedAt: now,
    acceptedAt: null,
    runningAt: null,
    settledAt: null,
    fetchingAt: null,
    fetchedAt: null,
    endedAt: null,
    updatedAt: now,
    earlier: [],
  };
}

/** A step as it was written down. */
export function stepFacts({ job, ...record }: StepRecord): StepFacts {
  return { ...record, job: job === null ? null : { ...jobRef(record.backend, job.id), details: job.details } };
}

/** A step to be written down. */
export function stepRecord({ job, ...step }: StepFacts): StepRecord {
  return StepRecord.parse({ ...step, job: asWritten(job) });
}

export function asWritten(job: StepJob | null): StepRecord['job'] {
  return job === null ? null : { ref: job.text, id: job.id, details: { ...job.details } };
}

import type { AppToolError } from '../../contract/errors.ts';
import { type JobState, jobRef } from '../../contract/job.ts';
import type { StepEvent, StepFacts } from '../../contract/record/journal.ts';

/** The facts of a step after something happened to it. Pure; `now` is ISO 8601. */
export function changedStep(step: StepFacts, event: StepEvent, now: string): StepFacts {
  return { ...step, ...changeBy(step, event, now), updatedAt: now };
}

function changeBy(step: StepFacts, event: StepEvent, now: string): Partial<StepFacts> {
  switch (event.type) {
    case 'job':
      // Of a job that the response names, the file has been sent; it says so until it is accepted, at whichever write the power goes.
      return { job: jobOf(step, event) };
    case 'multipart-open':
      return { unfinished: { session: { ...event.session } } };
    case 'multipart-closed':
      return { unfinished: null };
    case 'may-have-landed':
      return { mayHaveLanded: true };
    case 'not-landed':
      return { mayHaveLanded: false };
    case 'sent':
      return { sha256: event.sha256 };
    case 'until':
      return untilOf(step, event.until);
    case 'accepted':
      return { accepted: true, acceptedAt: now, mayHaveLanded: false };
    case 'state':
      return seen(step, event.state, now);
    case 'fetching':
      return { fetchingAt: now, fetchedAt: null };
    case 'fetched':
      return { fetchedAt: now };
    case 'links':
      return { links: { ...step.links, ...event.links } };
    case 'ended': {
      const { error } = event;
      return { ended: endingOf(error), endedAt: now };
    }
  }
}

/** What has reached one milestone has not reached another: until the backend has said so, it is on its way there. */
function untilOf({ until: before, state }: StepFacts, until: string | null): Partial<StepFacts> {
  if (until === before || state?.phase !== 'succeeded') return { until };
  return { until, state: { ...state, phase: 'running' }, settledAt: null };
}

function jobOf({ backend, job }: StepFacts, { id, details }: Extract<StepEvent, { type: 'job' }>): StepFacts['job'] {
  return { ...jobRef(backend, id), details: details ?? (job?.id === id ? job.details : {}) };
}

/** How something ended; `null` for a good end. */
function endingOf(error: AppToolError | null): StepFacts['ended'] {
  const { exitCode = 0, class: errorClass = null, message = null, limit = null } = error ?? {};
  return { exitCode, errorClass, message, limit };
}

/** The job has a record, so its upload was completed, whatever the answer to that call was. */
function seen(step: StepFacts, state: JobState, now: string): Partial<StepFacts> {
  const { phase, status, message, startedAt = null, endedAt = null, findings, remains = null } = state;
  const isSettled = phase === 'succeeded' || phase === 'failed';
  return {
    state: { phase, status, message, startedAt, endedAt },
    findings: findings === undefined ? step.findings : [...findings],
    accepted: true,
    remains,
    acceptedAt: step.acceptedAt ?? (step.accepted ? null : now),
    runningAt: step.runningAt ?? (phase === 'running' ? now : null),
    settledAt: isSettled ? (step.settledAt ?? now) : null,
    mayHaveLanded: false,
    unfinished: null,
  };
}

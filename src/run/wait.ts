import { IntegrityError } from '../errors.ts';
import { noSuchJob, waitForJob } from '../transfer/poll.ts';
import type { Artifact, JobState } from '../types.ts';
import { jobRef, type OpenBackend } from './backend.ts';
import type { RunContext } from './trace.ts';

export interface WaitInput {
  readonly backend: OpenBackend;
  readonly id: string;
  readonly pollIntervalMs: number;
  readonly timeoutMs: number;
  readonly appearTimeoutMs: number;
  /** What this run has just uploaded as this job; `null` for a job of another run. */
  readonly uploaded: Pick<Artifact, 'name' | 'platform'> | null;
}

/** `apptool wait`: asks until the job has ended well; every other end is an error. */
export async function wait(input: WaitInput, ctx: RunContext): Promise<JobState> {
  const { backend, id, uploaded } = input;
  const job = jobRef(backend, id);
  ctx.trace.note({ backend: backend.id, job: { ref: job, id } });
  const poll = async () => {
    const state = await backend.adapter.poll(id, 'once', ctx);
    if (state === 'absent') return state;
    // The job has a record, so its upload was completed, whatever the answer to that call was.
    if (ctx.trace.leftovers.session !== null) ctx.record({ type: 'multipart-closed' });
    ctx.trace.note({ state });
    if (uploaded !== null) checkSubject(job, state, uploaded);
    return state;
  };
  return await waitForJob({ ...input, job, poll, uploaded: uploaded !== null }, ctx);
}

/** `apptool status`: one question, tried again only while the network fails. */
export async function status(backend: OpenBackend, id: string, ctx: RunContext): Promise<JobState> {
  const job = jobRef(backend, id);
  ctx.trace.note({ backend: backend.id, job: { ref: job, id } });
  const state = await backend.adapter.poll(id, 'retried', ctx);
  if (state === 'absent') throw noSuchJob(job);
  ctx.trace.note({ state });
  return state;
}

/** Two uploads in one second can share a job id: then this job is about another file, and its output must not be taken for ours. */
function checkSubject(job: string, state: JobState, sent: Pick<Artifact, 'name' | 'platform'>): void {
  const { fileName, platform } = state.subject ?? {};
  if (fileName !== undefined && fileName !== sent.name) {
    throw new IntegrityError(`${job} is about "${fileName}", not about "${sent.name}"`, {
      hint: 'look for your build in the portal',
    });
  }
  if (platform !== undefined && platform !== sent.platform) {
    throw new IntegrityError(`${job} is about an app for ${platform}, not for ${sent.platform}`, {
      hint: 'look for your build in the portal',
    });
  }
}

import type { CancelledError } from '../errors.ts';
import { CancelledError as Cancelled } from '../errors.ts';
import type { Artifact, Context, JobState, Platform } from '../types.ts';
import type { OpenBackend } from './backend.ts';
import { jobRef } from './backend.ts';

/** What is known of a run, filled in as it becomes known, so that a failed run can still say all of it. */
export interface Report {
  readonly backend: string | null;
  readonly job: { readonly ref: string; readonly id: string } | null;
  readonly state: Pick<JobState, 'phase' | 'status' | 'message'> | null;
  readonly artifact: ArtifactFacts | null;
  readonly output: {
    readonly path: string;
    readonly name: string;
    readonly size: number;
    readonly sha256: string;
  } | null;
}

export interface ArtifactFacts {
  readonly path: string;
  readonly name: string;
  readonly size: number;
  readonly sha256: string | null;
  readonly platform: Platform;
  readonly packageName: string | null;
  readonly versionName: string | null;
  readonly versionCode: number | null;
}

export interface RunContext extends Omit<Context, 'record'> {
  /** Adds to the run's report. */
  note(part: Partial<Report>): void;
}

export const EMPTY_REPORT: Report = { backend: null, job: null, state: null, artifact: null, output: null };

export function factsOf(artifact: Artifact, sha256: string | null): ArtifactFacts {
  const { path, name, sizeBytes: size, platform } = artifact;
  return { path, name, size, sha256, platform, packageName: null, versionName: null, versionCode: null };
}

/** What this run has left at the backend so far. */
interface Remote {
  jobId: string | null;
  mayHaveLanded: boolean;
  multipartOpen: boolean;
}

/**
 * Runs what may leave something at a backend. What it records goes into the report at once; when it is cancelled, the error that comes
 * out says what still runs there and how to go on.
 */
export async function trackRemote<T>(
  backend: OpenBackend,
  ctx: RunContext,
  work: (ctx: Context) => Promise<T>,
): Promise<T> {
  const remote: Remote = { jobId: null, mayHaveLanded: false, multipartOpen: false };
  const record: Context['record'] = (fact) => {
    if (fact.type === 'job') {
      remote.jobId = fact.id;
      remote.mayHaveLanded = false;
      ctx.note({ job: { ref: jobRef(backend, fact.id), id: fact.id } });
    } else if (fact.type === 'may-have-landed') remote.mayHaveLanded = true;
    else remote.multipartOpen = fact.type === 'multipart-open';
  };
  try {
    return await work({ ...ctx, record });
  } catch (error) {
    throw error instanceof Cancelled ? explainCancelled(error, backend, remote) : error;
  }
}

function explainCancelled(error: CancelledError, backend: OpenBackend, remote: Remote): CancelledError {
  if (remote.jobId === null)
    return new Cancelled(error.signal, { cause: error, hint: 'nothing was left at the backend' });
  const ref = jobRef(backend, remote.jobId);
  if (remote.mayHaveLanded) {
    return new Cancelled(error.signal, {
      cause: error,
      hint: `the job may go on without us; to go on waiting: apptool wait ${ref}`,
    });
  }
  if (remote.multipartOpen) {
    return new Cancelled(error.signal, {
      cause: error,
      hint: 'no build was started, but the parts that were sent could not be removed',
    });
  }
  return new Cancelled(error.signal, { cause: error, hint: 'no build was started; what was sent is gone' });
}

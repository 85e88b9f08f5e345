/** What a build is meant for; a backend has words of its own for it. */
export type Stage = 'development' | 'staging' | 'production';

/** Where a job stands. The backend's own word travels beside it, as `JobState.status`. */
export type Phase = 'queued' | 'running' | 'action-required' | 'succeeded' | 'failed';

/** A job as a user passes it around; `text` is `<backend>:<id>`. */
export interface JobRef {
  readonly backend: string;
  readonly id: string;
  readonly text: string;
}

export function jobRef(backend: string, id: string): JobRef {
  return { backend, id, text: `${backend}:${id}` };
}

/** What a backend found in a file, or says of a version beside its state. */
export interface Finding {
  /** The backend's own code. */
  readonly code: string;
  /** `blocking` is what keeps it from being released. */
  readonly severity: 'info' | 'warning' | 'blocking';
  readonly message: string;
}

/**
 * What the backend told of a job when it was made and a later question needs, by name: the id of a validation run, say. A receipt keeps it, so
 * it holds no secret. Empty where a job is known by its reference alone.
 */
export type JobDetails = Readonly<Record<string, string>>;

/** How a job is asked after. */
export interface Question {
  /** `once` fails at the first trouble, for loops that ask again anyway; `retried` is for a caller who asks a single time. */
  readonly patience: 'once' | 'retried';
  /** The milestone that the caller waits for, one of `Capabilities.milestones`; `null` where there are none. */
  readonly until: string | null;
  /** What was recorded of the job when it was made, where that is known. */
  readonly details?: JobDetails;
}

export interface JobState {
  readonly phase: Phase;
  /** The backend's own word. */
  readonly status: string;
  /** Where it has failed by blocking findings, it names them. */
  readonly message: string | null;
  /** The backend's own code of a failure, where it has one. */
  readonly code?: string;
  /** Absent where this answer says nothing of any. */
  readonly findings?: readonly Finding[];
  /** True when the backend's word is not one that its documentation lists: keep waiting, and say so once. */
  readonly unrecognized?: boolean;
  /** The setting that decides how this answer is read, as `<backend>.<key>`, where that is an assumption. */
  readonly setting?: string;
  /** What was reached, what a person has to do before the next milestone can be, and which that is. */
  readonly remains?: { readonly reached: string; readonly message: string; readonly until: string };
  /** When the backend began and ended it, where it says so (ISO 8601). */
  readonly startedAt?: string;
  readonly endedAt?: string;
  /** What the backend says that the job is about; compared with what was sent. */
  readonly subject?: JobSubject;
}

/** Each member is absent where the backend does not say it. */
interface JobSubject {
  readonly fileName?: string;
  readonly platform?: string;
  readonly stage?: Stage;
  readonly versionCode?: number;
  readonly versionName?: string;
}

/** Where a finished job's output can be fetched from now. `url` is a bearer secret. */
export interface DownloadLink {
  readonly url: string;
  readonly fileName: string;
  /** How much it is, where the backend says so: then exactly that has to come. */
  readonly sizeBytes?: number;
  /** True where the link works for one request alone: then every request gets one of its own. */
  readonly isSingleUse?: boolean;
}

import type { AppIdentity, Artifact, Platform } from './artifact.ts';
import type { BuildMetadata } from './build-metadata.ts';
import type { Context } from './context.ts';
import type { RejectedError } from './errors.ts';
import type { DownloadLink, JobState, Question, Stage } from './job.ts';
import type { PlannedRequest } from './planned-request.ts';

/** The settings of one upload that are the same idea at every backend. A backend names those it uses in `Capabilities.accepts`. */
export interface UploadOptions {
  readonly environment?: string | undefined;
  readonly signingKey?: string | undefined;
  /** How long a freshly uploaded job may answer "not found" (ms). */
  readonly appearTimeoutMs: number;
  /** How long to wait for a build slot after a 429 (ms); 0 fails at once. */
  readonly capacityWaitMs: number;
  readonly pollIntervalMs: number;
  /** Parts in flight: a ceiling, or as many as the link rewards. */
  readonly concurrency: number | 'auto';
  /** What is new, in words for people. */
  readonly releaseNotes?: string | undefined;
  readonly tags?: readonly string[] | undefined;
  /** Name of the link at which people shall get the build. */
  readonly publishLink?: string | undefined;
}

/** A finished job's output cannot be fetched yet, as this answer says: it is asked for again, a few times. */
export interface NotReady {
  readonly notReady: RejectedError;
}

/** What is known of an upload whose answer was lost: in the run that made it, or in a receipt of that run. */
export interface LostUpload extends Pick<Artifact, 'name' | 'platform'> {
  readonly identity: Pick<AppIdentity, 'packageName' | 'versionName' | 'versionCode'> | null;
  readonly environment?: string | undefined;
  /** The id of its job, where the backend gave it before the answer was lost. */
  readonly job: string | null;
  /** The build that sent it, where that is not the one that looks; `null` in it is not known. */
  readonly build?: Pick<BuildMetadata, 'commit' | 'branch' | 'buildNumber'> | undefined;
}

/** How many builds of the last 7 days are used, of those that a plan allows for one platform and environment. */
export interface BuildQuota {
  /** `null` where the backend does not say. */
  readonly used: number | null;
  /** `null` where no limit is known. */
  readonly limit: number | null;
  /** When the next build is possible, where none is left and that is known. */
  readonly freeAt: Date | null;
  /** The setting that gives the limit where the default is not right, as `<backend>.<key>`. */
  readonly setting: string;
}

/**
 * One backend's protocol: a plain object of functions that close over their settings.
 * It prints nothing, waits for nothing but answers, and retries nothing: the HTTP layer does, by each call's declared policy.
 */
export interface Adapter {
  /**
   * What `upload` sends first. Throws or rejects with `UsageError` for what this backend is known to refuse, and warns of what is odd; makes no
   * request. Called before every upload, and for a rehearsal.
   */
  plan(artifact: Artifact, options: UploadOptions, ctx: Context): PlannedRequest | Promise<PlannedRequest>;
  /** Resolves with the job id when the backend has accepted the bytes. Records what exists remotely in `ctx` as it learns it. */
  upload(artifact: Artifact, options: UploadOptions, ctx: Context): Promise<string>;
  /**
   * One question, one answer; `'absent'` when the backend has no record of the job. The phase is that of the milestone which the
   * question names: `succeeded` once it is reached.
   */
  poll(id: string, question: Question, ctx: Context): Promise<JobState | 'absent'>;
  /**
   * Looks for the job of an upload whose answer was lost, among the jobs that began at `since` or later: by this machine's clock, so the
   * adapter allows for one that is wrong. Resolves with the ids of all that it can be; with none, the backend shows no such job now. Changes
   * nothing. Absent where the API has no call that tells.
   */
  find?(lost: LostUpload, since: Date, ctx: Context): Promise<readonly string[]>;
  /** How many builds are left for such an upload; uses none of them. Absent where the API does not tell. */
  quota?(
    upload: { readonly platform: Platform; readonly environment: string | undefined },
    ctx: Context,
  ): Promise<BuildQuota>;
  /**
   * Removes what an unfinished multipart upload left, by the session that `record` was told of. Resolves when it is gone, also when it
   * was gone before. Absent where uploads leave nothing behind.
   */
  abort?(session: Readonly<Record<string, string>>, ctx: Context): Promise<void>;
  /** Throws `UsageError` where it is known without a request that this job's output cannot be had. Absent where it never is. */
  assertDownloadable?(id: string): void;
  /**
   * What the file of a finished job's output is called, where a link is for one use and the name is known without one. Absent where the link tells it.
   */
  outputName?(id: string, wanted: string | null, ctx: Context): Promise<string>;
  /**
   * A fresh link to the output, as the file that is wanted where the backend has several: `wanted` is one of `Capabilities.files` or `otherFiles`;
   * `null` leaves it to the backend.
   * `NotReady` for what the backend's own documentation says of an output that is not there yet, and for nothing else. Absent when the
   * backend gives nothing back.
   */
  download?(id: string, wanted: string | null, ctx: Context): Promise<DownloadLink | NotReady>;
  /**
   * Makes the link at which people get what was uploaded as this job with these options, or finds the one that is there: doing it again changes
   * nothing. Resolves with its address; `upload` has found out before whether the name can be used. Absent where a backend hands out no builds.
   */
  publishLink?(id: string, options: UploadOptions & { readonly publishLink: string }, ctx: Context): Promise<string>;
  /** What an upload with these options is meant for; `null` where they do not say. Absent where a backend knows no such thing. */
  stageOf?(options: UploadOptions): Stage | null;
  /**
   * Asks something harmless that only right credentials have answered, once, and creates nothing. Resolves with what that showed, in words;
   * rejects with `AuthError` where the credentials are refused. Absent where the API has no such call.
   */
  proveCredentials?(ctx: Context): Promise<string>;
}

import type { Emit } from './events.ts';
import type { PlannedRequest } from './planned-request.ts';

/** What an artifact is: an Android package, an Android App Bundle, or an iOS app archive. */
export type ArtifactKind = 'apk' | 'aab' | 'ipa';
export type Platform = 'android' | 'ios';

/** Where a job stands. The backend's own word travels beside it, as `JobState.status`. */
export type Phase = 'queued' | 'running' | 'action-required' | 'succeeded' | 'failed';

/**
 * Time, as everything below `cli` sees it.
 *
 * `now` is monotonic (ms) and is what ages and expiries are measured with, so that a wall clock that jumps changes nothing.
 * `sleep` is for waits that we choose (backoff, poll interval); it rejects with the signal's reason.
 * `after` is for watchdogs: it calls back once after `delayMs` and returns the function that disarms it.
 */
export interface Clock {
  now(): number;
  date(): Date;
  random(): number;
  sleep(delayMs: number, signal: AbortSignal): Promise<void>;
  after(delayMs: number, callback: () => void): () => void;
}

/** What now exists because of this run, at the backend or here: recorded as soon as it is known, so that no ending can forget it. */
export type RemoteFact =
  | { readonly type: 'job'; readonly id: string }
  | { readonly type: 'multipart-open'; readonly session: Readonly<Record<string, string>> }
  | { readonly type: 'multipart-closed' }
  /** The last byte was handed over: from here on the job may be running, whatever we hear. */
  | { readonly type: 'may-have-landed' }
  /** The server has refused what was sent, so nothing was started by it after all. */
  | { readonly type: 'not-landed' }
  /** A file of ours that must not outlive the run. */
  | { readonly type: 'temporary'; readonly path: string }
  | { readonly type: 'temporary-gone'; readonly path: string };

/** Handed down from the CLI to everything that waits or sends; always the last argument, never stored. */
export interface Context {
  readonly signal: AbortSignal;
  readonly emit: Emit;
  readonly clock: Clock;
  record(fact: RemoteFact): void;
}

/**
 * A request body that can be opened again: that is what a retry does, so nothing is buffered for it.
 * Each `open` yields exactly `sizeBytes` bytes or throws. A yielded chunk is valid until the next one is pulled.
 */
export interface Body {
  readonly sizeBytes: number;
  open(): AsyncIterable<Uint8Array>;
}

/** A permission that an Android app asks for; `maxSdk` is the last Android version (API level) that it is asked on. */
export interface Permission {
  readonly name: string;
  readonly maxSdk: number | null;
}

/** Who an app says it is: its Android manifest, or its Info.plist. What the file does not say is `null`. */
export interface AppIdentity {
  /** Package name of an Android app, bundle id of an iOS app. */
  readonly packageName: string | null;
  readonly versionName: string | null;
  /** The whole number by which stores order versions; `null` for an iOS build number that is none. */
  readonly versionCode: number | null;
  /** API level, or the name of one that is not final; `null` for an iOS app. */
  readonly minSdk: number | string | null;
  readonly targetSdk: number | string | null;
  /** Those of an Android app; empty for an iOS app. */
  readonly permissions: readonly Permission[];
  readonly debuggable: boolean;
  /** When the provisioning profile of an iOS app expires (ISO 8601); `null` where it has none. */
  readonly profileExpires: string | null;
}

/** A local APK, AAB or IPA, open on one descriptor whose identity was fixed when it was opened. */
export interface Artifact {
  readonly path: string;
  /** Base name, as the backend sees it. */
  readonly name: string;
  readonly kind: ArtifactKind;
  readonly platform: Platform;
  /** `null` where the file does not tell, which is no reason not to send it. */
  readonly identity: AppIdentity | null;
  readonly sizeBytes: number;
  /** Hex SHA-256 of the whole file; computed once. Rejects with the signal's reason when cancelled. */
  sha256(signal: AbortSignal): Promise<string>;
  /** The bytes from `start` up to, not including, `end`. */
  slice(start: number, end: number): Body;
  /** Throws `LocalIoError` when the file is no longer the one that was opened. */
  assertUnchanged(): Promise<void>;
  close(): Promise<void>;
}

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
}

/** What a backend found in a file, or says of a version beside its state. */
export interface Finding {
  /** The backend's own code. */
  readonly code: string;
  /** `blocking` is what keeps it from being released. */
  readonly severity: 'info' | 'warning' | 'blocking';
  readonly message: string;
}

/** How a job is asked after. */
export interface Question {
  /** `once` fails at the first trouble, for loops that ask again anyway; `retried` is for a caller who asks a single time. */
  readonly patience: 'once' | 'retried';
  /** The milestone that the caller waits for, one of `Capabilities.milestones`; `null` where there are none. */
  readonly until: string | null;
}

export interface JobState {
  readonly phase: Phase;
  /** The backend's own word. */
  readonly status: string;
  /** Where it has failed by blocking findings, it names them. */
  readonly message: string | null;
  /** Absent where this answer says nothing of any. */
  readonly findings?: readonly Finding[];
  /** True when the backend's word is not one that its documentation lists: keep waiting, and say so once. */
  readonly unrecognized?: boolean;
  /** What the backend says that the job is about; compared with what was sent. */
  readonly subject?: { readonly fileName?: string; readonly platform?: string; readonly environment?: string };
}

/** Where a finished job's output can be fetched from now. `url` is a bearer secret. */
export interface DownloadLink {
  readonly url: string;
  readonly fileName: string;
  /** True where the link works for one request alone: then every request gets one of its own. */
  readonly isSingleUse?: boolean;
}

/**
 * One backend's protocol: a plain object of functions that close over their settings.
 * It prints nothing, waits for nothing but answers, and retries nothing: the HTTP layer does, by each call's declared policy.
 */
export interface Adapter {
  /** What `upload` sends first. Throws or rejects with `UsageError` for what this backend is known to refuse; makes no request. */
  plan(artifact: Artifact, options: UploadOptions): PlannedRequest | Promise<PlannedRequest>;
  /** Resolves with the job id when the backend has accepted the bytes. Records what exists remotely in `ctx` as it learns it. */
  upload(artifact: Artifact, options: UploadOptions, ctx: Context): Promise<string>;
  /**
   * One question, one answer; `'absent'` when the backend has no record of the job. The phase is that of the milestone which the
   * question names: `succeeded` once it is reached.
   */
  poll(id: string, question: Question, ctx: Context): Promise<JobState | 'absent'>;
  /**
   * Removes what an unfinished multipart upload left, by the session that `record` was told of. Resolves when it is gone, also when it
   * was gone before. Absent where uploads leave nothing behind.
   */
  abort?(session: Readonly<Record<string, string>>, ctx: Context): Promise<void>;
  /** Throws `UsageError` where it is known without a request that this job's output cannot be had. Absent where it never is. */
  assertDownloadable?(id: string): void;
  /**
   * A fresh link to the output, as the kind of file that is wanted where the backend has several; `null` leaves it to the backend.
   * Absent when the backend gives nothing back.
   */
  download?(id: string, wanted: ArtifactKind | null, ctx: Context): Promise<DownloadLink>;
  /**
   * Asks something harmless that only right credentials have answered, once, and creates nothing. Resolves with what that showed, in words;
   * rejects with `AuthError` where the credentials are refused. Absent where the API has no such call.
   */
  proveCredentials?(ctx: Context): Promise<string>;
}

import type { Finding } from './job.ts';

/** The classes of `docs/exit-codes.md`, one error class each: they say what the user should do next. */
export type ErrorClass =
  | 'internal'
  | 'usage'
  | 'local-io'
  | 'auth'
  | 'rejected'
  | 'unavailable'
  | 'pending'
  | 'job-failed'
  | 'unknown'
  | 'limit'
  | 'integrity'
  | 'partial'
  | 'policy'
  | 'cancelled';

export interface ErrorDetails {
  /** What to do next, in one sentence. */
  readonly hint?: string | undefined;
  readonly cause?: unknown;
  readonly httpStatus?: number | undefined;
  /** The backend's own error code, where it has one. */
  readonly backendCode?: string | undefined;
  /** The server's own words: untrusted, so they are kept apart from ours and shown behind a prefix. */
  readonly serverText?: string | undefined;
}

/** The base of everything that ends a run on purpose. `message` says what failed and on what; `hint` what to do next. */
export abstract class AppToolError extends Error {
  abstract readonly class: ErrorClass;
  abstract readonly exitCode: number;
  /** Whether running the same command again is a sensible next step. */
  readonly retryable: boolean = false;
  /** Which limit of builds was met; `null` for any other failure. */
  readonly limit: BuildLimit | null = null;
  /** May be given later, by whoever knows the way on. */
  hint: string | null;
  readonly httpStatus: number | null;
  readonly backendCode: string | null;
  readonly serverText: string | null;

  constructor(message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = new.target.name;
    this.hint = details.hint ?? null;
    this.httpStatus = details.httpStatus ?? null;
    this.backendCode = details.backendCode ?? null;
    this.serverText = details.serverText ?? null;
  }
}

/** A bug in apptool. */
class InternalError extends AppToolError {
  readonly class = 'internal';
  readonly exitCode = 1;
}

/** A bad flag, variable or config, or the wrong kind of file for the backend; nothing was sent. */
export class UsageError extends AppToolError {
  readonly class = 'usage';
  readonly exitCode = 2;
}

/** The input is missing, damaged or changed; the output exists or cannot be written; the disk is full. */
export class LocalIoError extends AppToolError {
  readonly class = 'local-io';
  readonly exitCode = 3;
}

/** Credentials are missing, malformed or refused. */
export class AuthError extends AppToolError {
  readonly class = 'auth';
  readonly exitCode = 4;
}

/** The backend refused the request for what it says. */
export class RejectedError extends AppToolError {
  readonly class = 'rejected';
  readonly exitCode = 5;
  /** True when an earlier try of the same call had no answer: what is refused now may have been done by it. */
  readonly afterLostAnswer: boolean;

  constructor(message: string, details: ErrorDetails & { readonly afterLostAnswer?: boolean } = {}) {
    super(message, details);
    this.afterLostAnswer = details.afterLostAnswer ?? false;
  }
}

/** One of several targets failed, another did not. */
export class PartialError extends AppToolError {
  readonly class = 'partial';
  readonly exitCode = 12;
}

/** Network or server trouble after all retries, with nothing of ours left running: safe to run again. */
export class UnavailableError extends AppToolError {
  readonly class = 'unavailable';
  readonly exitCode = 6;
  override readonly retryable: boolean;

  /** `retryable` is false where the same command would do again what has been done: then the hint names another. */
  constructor(message: string, details: ErrorDetails & { readonly retryable?: boolean } = {}) {
    super(message, details);
    this.retryable = details.retryable ?? true;
  }
}

/** The job was still running when we stopped waiting. */
export class PendingError extends AppToolError {
  readonly class = 'pending';
  readonly exitCode = 7;
}

/** The backend says that the job failed or was rejected. */
export class JobFailedError extends AppToolError {
  readonly class = 'job-failed';
  readonly exitCode = 8;
  /** What has to be mended first; `serverText` then says the same in one text. */
  readonly findings: readonly Finding[];

  constructor(message: string, details: ErrorDetails & { readonly findings?: readonly Finding[] } = {}) {
    super(message, details);
    this.findings = details.findings ?? [];
  }
}

/** The answer to a call that creates something was lost: something may have landed, so look before running again. */
export class UnknownOutcomeError extends AppToolError {
  readonly class = 'unknown';
  readonly exitCode = 9;
  /** True where nothing is wrong but that the answer was lost: then a job that is found settles it. */
  readonly isAnswerLost: boolean;

  constructor(message: string, details: ErrorDetails & { readonly isAnswerLost?: boolean } = {}) {
    super(message, details);
    this.isAnswerLost = details.isAnswerLost ?? false;
  }
}

/** Which limit of builds was met: builds at a time, which waiting helps, or builds in a week, which it does not. */
export type BuildLimit = 'slot' | 'week';

/** The backend's limit (429) outlasted the waiting that was allowed. */
export class LimitError extends AppToolError {
  readonly class = 'limit';
  readonly exitCode = 10;
  /** `null` for a limit that is not of builds, such as one of requests. */
  override readonly limit: BuildLimit | null;
  /** How long the server asks to wait (ms); `null` where it does not say. */
  readonly retryAfterMs: number | null;

  constructor(
    message: string,
    details: ErrorDetails & { readonly limit?: BuildLimit | null; readonly retryAfterMs?: number | null } = {},
  ) {
    super(message, details);
    this.limit = details.limit ?? null;
    this.retryAfterMs = details.retryAfterMs ?? null;
  }
}

/** What came back is not what it should be. */
export class IntegrityError extends AppToolError {
  readonly class = 'integrity';
  readonly exitCode = 11;
  override readonly retryable = true;
  /** True when the bytes may have been damaged on their way, so that fetching them again can mend it. */
  readonly mayBeTransit: boolean;

  constructor(message: string, details: ErrorDetails & { readonly mayBeTransit?: boolean } = {}) {
    super(message, details);
    this.mayBeTransit = details.mayBeTransit ?? false;
  }
}

/** Refused for safety: plain http, an untrusted certificate, a redirect, an unsafe address. */
export class PolicyError extends AppToolError {
  readonly class = 'policy';
  readonly exitCode = 13;
}

export type CancelSignal = 'SIGINT' | 'SIGTERM' | 'SIGHUP';
/** 128 + the signal's number, as every shell reports it. */
const SIGNAL_EXIT_CODES: Record<CancelSignal, number> = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 };

/** The user or the CI asked us to stop. */
export class CancelledError extends AppToolError {
  readonly class = 'cancelled';
  readonly exitCode: number;
  readonly signal: CancelSignal;

  constructor(signal: CancelSignal, details: ErrorDetails = {}) {
    super(`stopped by ${signal}`, details);
    this.signal = signal;
    this.exitCode = SIGNAL_EXIT_CODES[signal];
  }
}

/** The `code` of a system or library error, such as `ENOENT`; `undefined` for anything else. */
export function errorCode(error: unknown): string | undefined {
  const code = typeof error === 'object' && error !== null ? (error as { code?: unknown }).code : undefined;
  return typeof code === 'string' ? code : undefined;
}

/** Any thrown value as one of ours: what is not is a bug of ours. */
export function asAppToolError(error: unknown): AppToolError {
  if (error instanceof AppToolError) return error;
  const what = error instanceof Error ? `${error.name}: ${error.message}` : typeof error;
  return new InternalError(`unexpected ${what}`, {
    cause: error,
    hint: 'this is a bug in apptool: run again with --verbose and report what it prints',
  });
}

import type { Finding } from './job.ts';
import type { Next } from './next.ts';

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

/**
 * Whose word an error is: `api`, the backend's own, in the form that it documents; `response`, some other HTTP response, such as a gateway's page
 * or a redirect, which says nothing about what was asked; `way`, the way there (TLS, proxy); `null`, ours.
 */
export type ErrorOrigin = 'api' | 'response' | 'way' | null;

export interface ErrorDetails {
  /** Why it failed and what helps, in one sentence that holds wherever it is shown; no words of a command line. */
  readonly hint?: string | null | undefined;
  /** What to do next, as data. */
  readonly next?: Next | null | undefined;
  readonly cause?: unknown;
  readonly origin?: ErrorOrigin | undefined;
  readonly httpStatus?: number | null | undefined;
  /** The backend's own error code, where it has one. */
  readonly backendCode?: string | null | undefined;
  /** The server's own words: untrusted, so they are kept apart from ours and shown behind a prefix. */
  readonly serverText?: string | null | undefined;
  /** What has to be fixed first; `serverText` then says the same in one text. */
  readonly findings?: readonly Finding[] | undefined;
}

/** What another error of the same class may say differently. */
export type ErrorChange = Partial<
  Pick<
    AppToolError,
    'message' | 'hint' | 'next' | 'httpStatus' | 'backendCode' | 'serverText' | 'findings' | 'retryable' | 'cause'
  >
>;

/** The mark of an error of apptool's, the same in every copy of this code: its value is the error's class. */
const MARK = Symbol.for('apptool.error');

/**
 * The base of everything that ends a run on purpose. `message` says what failed and on what, `hint` what helps, `next` what to do.
 * Never changed once it was made. `instanceof` goes by a mark, so that it holds between two copies of this package too.
 */
export abstract class AppToolError extends Error {
  /** The `class` of the instances; absent on the base and on classes of somebody else's. */
  declare static readonly kind?: ErrorClass;
  abstract readonly class: ErrorClass;
  abstract readonly exitCode: number;
  /** Whether running the same command again is a sensible next step. */
  readonly retryable: boolean = false;
  /** Which limit of builds was met; `null` for any other failure. */
  readonly limit: BuildLimit | null = null;
  readonly hint: string | null;
  readonly next: Next | null;
  readonly origin: ErrorOrigin;
  readonly httpStatus: number | null;
  readonly backendCode: string | null;
  readonly serverText: string | null;
  readonly findings: readonly Finding[];

  constructor(message: string, details: ErrorDetails = {}) {
    super(message, details.cause == null ? undefined : { cause: details.cause });
    this.name = new.target.name;
    this.hint = details.hint ?? null;
    this.next = details.next ?? null;
    this.origin = details.origin ?? null;
    this.httpStatus = details.httpStatus ?? null;
    this.backendCode = details.backendCode ?? null;
    this.serverText = details.serverText ?? null;
    this.findings = details.findings ?? [];
  }

  get [MARK](): ErrorClass {
    return this.class;
  }

  /** Another error like this one that says some things differently. It keeps all else: class, cause, stack and what the server said. */
  with(change: ErrorChange): this {
    const { cause = this.cause, ...others } = change;
    const copy = new Error(change.message ?? this.message, cause === undefined ? {} : { cause });
    Object.assign(Object.setPrototypeOf(copy, Object.getPrototypeOf(this)), this, others);
    Object.defineProperty(copy, 'stack', { value: this.stack, configurable: true, writable: true, enumerable: false });
    return copy as this;
  }
}

Object.defineProperty(AppToolError, Symbol.hasInstance, {
  value(this: typeof AppToolError, value: unknown): boolean {
    const mark = typeof value === 'object' && value !== null ? (value as { [MARK]?: unknown })[MARK] : undefined;
    if (mark === undefined) return false;
    if (Object.hasOwn(this, 'kind')) return mark === this.kind;
    return this === AppToolError || Function.prototype[Symbol.hasInstance].call(this, value);
  },
});

/** What an error knows, for one of another class that is made of it: nothing is lost but the class. */
export function detailsOf(error: AppToolError): ErrorDetails {
  const { hint, next, origin, httpStatus, backendCode, serverText, findings } = error;
  return { cause: error, hint, next, origin, httpStatus, backendCode, serverText, findings };
}

/** A bug in apptool. */
class InternalError extends AppToolError {
  static override readonly kind = 'internal';
  readonly class = 'internal';
  readonly exitCode = 1;
}

/** A bad flag, variable or config, or the wrong kind of file for the backend; nothing was sent. */
export class UsageError extends AppToolError {
  static override readonly kind = 'usage';
  readonly class = 'usage';
  readonly exitCode = 2;
}

/** The input is missing, damaged or changed; the output exists or cannot be written; the disk is full. */
export class LocalIoError extends AppToolError {
  static override readonly kind = 'local-io';
  readonly class = 'local-io';
  readonly exitCode = 3;
}

/** Credentials are missing, malformed or refused. */
export class AuthError extends AppToolError {
  static override readonly kind = 'auth';
  readonly class = 'auth';
  readonly exitCode = 4;
}

/** The backend refused the request for what it says. */
export class RejectedError extends AppToolError {
  static override readonly kind = 'rejected';
  readonly class = 'rejected';
  readonly exitCode = 5;
  /** True when an earlier try of the same call had no answer: what is refused now may have been done by it. */
  readonly afterLostAnswer: boolean;

  constructor(message: string, details: ErrorDetails & { readonly afterLostAnswer?: boolean } = {}) {
    super(message, details);
    this.afterLostAnswer = details.afterLostAnswer ?? false;
  }
}

/** Whether the backend itself says that there is no such thing. A 404 of anything else on the way says nothing about it. */
export function isNotFound(error: unknown): error is RejectedError {
  return error instanceof RejectedError && error.httpStatus === 404 && error.origin !== 'response';
}

/** One of several targets failed, another did not. */
export class PartialError extends AppToolError {
  static override readonly kind = 'partial';
  readonly class = 'partial';
  readonly exitCode = 12;
}

/** Network or server trouble after all retries, with nothing of ours left running: safe to run again. */
export class UnavailableError extends AppToolError {
  static override readonly kind = 'unavailable';
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
  static override readonly kind = 'pending';
  readonly class = 'pending';
  readonly exitCode = 7;
}

/** The backend says that the job failed or was rejected. */
export class JobFailedError extends AppToolError {
  static override readonly kind = 'job-failed';
  readonly class = 'job-failed';
  readonly exitCode = 8;
}

/** The answer to a call that creates something was lost: something may have landed, so look before running again. */
export class UnknownOutcomeError extends AppToolError {
  static override readonly kind = 'unknown';
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
  static override readonly kind = 'limit';
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
  static override readonly kind = 'integrity';
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
  static override readonly kind = 'policy';
  readonly class = 'policy';
  readonly exitCode = 13;
}

export type CancelSignal = 'SIGINT' | 'SIGTERM' | 'SIGHUP';
/** 128 + the signal's number, as every shell reports it. */
const SIGNAL_EXIT_CODES: Record<CancelSignal, number> = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 };

/** The user or the CI asked us to stop. */
export class CancelledError extends AppToolError {
  static override readonly kind = 'cancelled';
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
    hint: 'this is a bug in apptool: run again with all details, and report what it prints',
    next: { do: 'set', setting: 'verbose' },
  });
}

import type { CallPolicy, FailureClass } from '../../contract/backend/http.ts';
import {
  type AppToolError,
  AuthError,
  type BuildLimit,
  type ErrorDetails,
  type ErrorOrigin,
  PolicyError,
  RejectedError,
  UnavailableError,
  UnknownOutcomeError,
} from '../../contract/errors.ts';
import { LONGEST_RETRY_AFTER_MS } from '../call-policy.ts';
import type { Fault } from './connection/fault.ts';
import { limitError } from './limit.ts';

/** One failed try of one call. Stays inside `transfer`: what leaves is an `AppToolError`. */
export class CallFailure extends Error {
  override readonly name = 'CallFailure';
  readonly failureClass: FailureClass;
  readonly fault: Fault;
  readonly host: string;
  readonly status: number | null;
  readonly retryAfterMs: number | null;
  readonly serverText: string | null;
  readonly backendCode: string | null;
  /** Overrides what the status would mean, where the backend documents it so. */
  readonly meaning: 'auth' | 'limit' | 'refused' | null;
  /** What to do, where the backend documents what its answer means. */
  readonly hint: string | null;
  /** Which limit of builds a 429 tells of, where the backend says so. */
  readonly limit: BuildLimit | null;
  /** Whether the backend itself said it, in the form that it documents. */
  readonly isOfApi: boolean;
  readonly sentBytes: number;
  readonly totalBytes: number;

  constructor(
    failureClass: FailureClass,
    fault: Fault,
    why: string,
    details: {
      readonly host: string;
      readonly status?: number;
      readonly retryAfterMs?: number | null;
      readonly serverText?: string | null;
      readonly backendCode?: string | null;
      readonly meaning?: 'auth' | 'limit' | 'refused' | null;
      readonly hint?: string | null;
      readonly limit?: BuildLimit | null | undefined;
      readonly isOfApi?: boolean;
      readonly sentBytes?: number;
      readonly totalBytes?: number;
      readonly cause?: unknown;
    },
  ) {
    super(why, details.cause === undefined ? undefined : { cause: details.cause });
    this.failureClass = failureClass;
    this.fault = fault;
    this.host = details.host;
    this.status = details.status ?? null;
    this.retryAfterMs = details.retryAfterMs ?? null;
    this.serverText = details.serverText ?? null;
    this.backendCode = details.backendCode ?? null;
    this.meaning = details.meaning ?? null;
    this.hint = details.hint ?? null;
    this.limit = details.limit ?? null;
    this.isOfApi = details.isOfApi ?? false;
    this.sentBytes = details.sentBytes ?? 0;
    this.totalBytes = details.totalBytes ?? 0;
  }
}

/** Faults that no repeat can mend. */
const HOPELESS: ReadonlySet<Fault> = new Set([
  'tls-untrusted',
  'tls-time',
  'tls-name',
  'tls',
  'proxy-refused',
  'proxy-auth',
  'headers-too-large',
  'two-lengths',
  'redirect',
  'wrong-shape',
  'unsafe-address',
]);

export function isHopeless(failure: CallFailure): boolean {
  return HOPELESS.has(failure.fault);
}

/** Whether a call ended with what no repeat can mend. */
export function isFutile({ cause }: AppToolError): boolean {
  return cause instanceof CallFailure && isHopeless(cause);
}

/** How long the server asked to wait before another try (ms): 0 where it did not, `null` where that is longer than anybody waits. */
export function askedPauseMs(failure: unknown): number | null {
  const asked = failure instanceof CallFailure ? (failure.retryAfterMs ?? 0) : 0;
  return asked > LONGEST_RETRY_AFTER_MS ? null : asked;
}

const UNSAFE: ReadonlySet<Fault> = new Set([
  'tls-untrusted',
  'tls-time',
  'tls-name',
  'tls',
  'redirect',
  'unsafe-address',
]);

/** What the user can do about a fault; `null` where the class of the error already says it. */
function hintFor(failure: CallFailure, now: Date): string | undefined {
  switch (failure.fault) {
    case 'dns-unknown':
      return 'check the address; behind a proxy, set HTTPS_PROXY';
    case 'dns-failing':
    case 'refused':
    case 'connect-timeout':
      return 'check the address and the network (firewall, VPN, HTTPS_PROXY)';
    case 'tls-untrusted':
      return 'if your company inspects TLS, set NODE_EXTRA_CA_CERTS to a file with its CA certificate';
    case 'tls-time':
      return `check this machine's clock: it says ${now.toISOString()}; if the clock is right, the certificate of the server (or of a proxy before it) has to be renewed`;
    case 'tls':
    case 'not-http':
      return 'check the scheme and the port of the address: it may not be an HTTPS server';
    case 'foreign-page':
      return 'a proxy, a firewall or a login page answered instead of the server: check the network between here and this host';
    case 'tls-name':
      return 'check the address: another server answers there';
    case 'two-lengths':
      return 'a proxy or gateway in between damages the responses: ask its administrator';
    case 'redirect':
      return 'check the address: API calls and uploads are never redirected';
    case 'proxy-refused':
      return 'ask the administrator of the proxy to allow this host';
    case 'proxy-failing':
      return 'check the proxy that HTTPS_PROXY or HTTP_PROXY names';
    case 'proxy-auth':
      return 'put valid proxy credentials in HTTPS_PROXY';
    default:
      return undefined;
  }
}

const RUN_AGAIN: ReadonlySet<Fault> = new Set([
  'dns-failing',
  'refused',
  'connect-timeout',
  'proxy-failing',
  'foreign-page',
]);

/** Whose word a failed call is. A status is the word of whoever answered; what has no response comes from the way there. */
function originOf({ fault, status, isOfApi }: CallFailure): ErrorOrigin {
  if (isOfApi) return 'api';
  return status === null || fault.startsWith('proxy') ? 'way' : 'response';
}

/**
 * The error that a user sees when a call has finally failed. `what` reads "request the upload"; `wasLost` when an earlier try had no
 * answer.
 */
export function toAppToolError(
  failure: CallFailure,
  { what, policy }: { readonly what: string; readonly policy: CallPolicy },
  wasLost: boolean,
  now: Date,
): AppToolError {
  const why = isErrorAfterReceipt(failure, policy)
    ? `${failure.message}: server error after the request was received`
    : failure.message;
  const message = `could not ${what} (${failure.host}): ${why}`;
  const details: ErrorDetails = {
    cause: failure,
    hint: failure.hint ?? hintFor(failure, now),
    next: failure.hint === null && RUN_AGAIN.has(failure.fault) ? { do: 'again' } : null,
    origin: originOf(failure),
    httpStatus: failure.status,
    backendCode: failure.backendCode,
    serverText: failure.serverText,
  };
  if (UNSAFE.has(failure.fault)) return new PolicyError(message, details);
  if (failure.fault === 'proxy-auth' || failure.meaning === 'auth') return new AuthError(message, details);
  if (failure.failureClass === 'rejected' && !isConflictWithLost(failure, policy, wasLost))
    return rejection(failure, message, policy, wasLost, now, details);
  if (mayHaveBeenDone(failure, policy, wasLost)) {
    const look = 'it may have succeeded: look at the backend before you run it again';
    const hint = failure.fault === 'foreign-page' ? `${details.hint}; ${look}` : (details.hint ?? look);
    return new UnknownOutcomeError(message, { ...details, hint, next: null, isAnswerLost: true });
  }
  const next = details.hint == null ? ({ do: 'again', isLater: true } as const) : details.next;
  return new UnavailableError(message, { ...details, next });
}

function isErrorAfterReceipt({ failureClass, status }: CallFailure, policy: CallPolicy): boolean {
  return policy.lostAnswer === 'unknown' && failureClass === 'ambiguous' && (status ?? 0) >= 500;
}

/** What is refused as being there already is what the lost try made; it cannot be proven. */
function isConflictWithLost(failure: CallFailure, policy: CallPolicy, wasLost: boolean): boolean {
  return wasLost && policy.creates && failure.status === 409;
}

/** By this try, or by one before it whose answer was lost, whatever became of its repeat. */
function mayHaveBeenDone({ fault, failureClass }: CallFailure, policy: CallPolicy, wasLost: boolean): boolean {
  if (wasLost && policy.lostAnswer === 'unknown') return true;
  if (fault === 'wrong-shape' && policy.creates) return true;
  if (failureClass === 'rejected') return true;
  return (failureClass === 'ambiguous' || failureClass === 'false-ok') && policy.lostAnswer === 'unknown';
}

function rejection(
  failure: CallFailure,
  message: string,
  policy: CallPolicy,
  wasLost: boolean,
  now: Date,
  details: ErrorDetails,
): AppToolError {
  const status = failure.status;
  if (status === 429 || failure.meaning === 'limit') return limitError(message, policy, failure, now, details);
  const isOfKey =
    (status === 401 && policy.refusedAccess !== 'url') || (status === 403 && policy.refusedAccess === 'key');
  if (isOfKey && failure.meaning !== 'refused') return new AuthError(message, details);
  if (details.hint != null) return new RejectedError(message, { ...details, afterLostAnswer: wasLost });
  const advice =
    status === 404 || status === 405
      ? ({ hint: 'check the base address' } as const)
      : ({ hint: 'fix what the server names', next: { do: 'again' } } as const);
  return new RejectedError(message, { ...details, ...advice, afterLostAnswer: wasLost });
}

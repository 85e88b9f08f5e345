import {
  type AppToolError,
  AuthError,
  type BuildLimit,
  type ErrorDetails,
  errorCode,
  PolicyError,
  RejectedError,
  UnavailableError,
  UnknownOutcomeError,
} from '../../contract/errors.ts';
import type { CallPolicy, FailureClass } from '../call-policy.ts';
import { CONNECT_TIMEOUT_MS } from '../call-policy.ts';
import { limitError } from './limit.ts';

/** What went wrong with one try, whatever was handed over before. */
export type Fault =
  | 'status'
  | 'dns-unknown'
  | 'dns-failing'
  | 'refused'
  | 'connect-timeout'
  | 'closed'
  | 'stalled'
  | 'no-answer'
  | 'cut-short'
  | 'too-large'
  | 'tls-untrusted'
  | 'tls-time'
  | 'tls-name'
  | 'tls'
  | 'proxy-refused'
  | 'proxy-auth'
  | 'proxy-failing'
  | 'not-http'
  | 'headers-too-large'
  | 'redirect'
  | 'early-success'
  | 'unexpected-answer'
  | 'wrong-shape'
  | 'unsafe-address';

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
  readonly meaning: 'auth' | 'limit' | null;
  /** What to do, where the backend documents what its answer means. */
  readonly hint: string | null;
  /** Which limit of builds a 429 tells of, where the backend says so. */
  readonly limit: BuildLimit | null;
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
      readonly meaning?: 'auth' | 'limit' | null;
      readonly hint?: string | null;
      readonly limit?: BuildLimit | null | undefined;
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
  'redirect',
  'wrong-shape',
  'unsafe-address',
]);

export function isHopeless(failure: CallFailure): boolean {
  return HOPELESS.has(failure.fault);
}

const UNSAFE: ReadonlySet<Fault> = new Set([
  'tls-untrusted',
  'tls-time',
  'tls-name',
  'tls',
  'redirect',
  'unsafe-address',
]);

/** What a system or undici error code says; the text of an error is never looked at. */
const FAULT_BY_CODE: Readonly<Record<string, Fault>> = {
  ENOTFOUND: 'dns-unknown',
  EAI_AGAIN: 'dns-failing',
  ECONNREFUSED: 'refused',
  EHOSTUNREACH: 'refused',
  ENETUNREACH: 'refused',
  ETIMEDOUT: 'connect-timeout',
  UND_ERR_CONNECT_TIMEOUT: 'connect-timeout',
  UND_ERR_HEADERS_OVERFLOW: 'headers-too-large',
  HPE_HEADER_OVERFLOW: 'headers-too-large',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'tls-untrusted',
  SELF_SIGNED_CERT_IN_CHAIN: 'tls-untrusted',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'tls-untrusted',
  UNABLE_TO_GET_ISSUER_CERT: 'tls-untrusted',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'tls-untrusted',
  CERT_UNTRUSTED: 'tls-untrusted',
  CERT_REVOKED: 'tls-untrusted',
  CERT_REJECTED: 'tls-untrusted',
  CERT_SIGNATURE_FAILURE: 'tls-untrusted',
  CERT_CHAIN_TOO_LONG: 'tls-untrusted',
  INVALID_CA: 'tls-untrusted',
  INVALID_PURPOSE: 'tls-untrusted',
  PATH_LENGTH_EXCEEDED: 'tls-untrusted',
  UNABLE_TO_DECRYPT_CERT_SIGNATURE: 'tls-untrusted',
  UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY: 'tls-untrusted',
  ERROR_IN_CERT_NOT_BEFORE_FIELD: 'tls-time',
  ERROR_IN_CERT_NOT_AFTER_FIELD: 'tls-time',
  HOSTNAME_MISMATCH: 'tls-name',
  CERT_HAS_EXPIRED: 'tls-time',
  CERT_NOT_YET_VALID: 'tls-time',
  ERR_TLS_CERT_ALTNAME_INVALID: 'tls-name',
  EPROTO: 'tls',
};

export function faultOf(error: unknown): Fault {
  const code = errorCode(error) ?? '';
  const known = FAULT_BY_CODE[code];
  if (known !== undefined) return known;
  // undici's parser error has a code only where llhttp gave one.
  const isParserError = error instanceof Error && error.name === 'HTTPParserError';
  if (code.startsWith('HPE_') || isParserError) return 'not-http';
  if (code.startsWith('ERR_SSL_')) return 'tls';
  return 'closed';
}

/** Plain words for a fault: why it failed. */
export function describeFault(fault: Fault, host: string): string {
  const words: Partial<Record<Fault, string>> = {
    'dns-unknown': `DNS has no address for ${host}`,
    'dns-failing': `DNS temporarily failing for ${host}`,
    refused: `${host} refused the connection`,
    'connect-timeout': `no connection in ${CONNECT_TIMEOUT_MS / 1000} s`,
    closed: 'connection closed',
    'cut-short': 'response cut short',
    'tls-untrusted': 'its certificate is not signed by a CA that this machine trusts',
    'tls-time': 'its certificate is expired or not yet valid',
    tls: 'the TLS handshake failed',
    'not-http': 'not an HTTP response',
    'headers-too-large': 'its response headers are too large',
  };
  return words[fault] ?? fault;
}

/** What the user can do about a fault; `null` where the class of the error already says it. */
function hintFor(failure: CallFailure, now: Date): string | undefined {
  switch (failure.fault) {
    case 'dns-unknown':
      return 'check the address; behind a proxy, set HTTPS_PROXY';
    case 'dns-failing':
    case 'refused':
    case 'connect-timeout':
      return 'check the address and the way to it (firewall, VPN, HTTPS_PROXY), then run again';
    case 'tls-untrusted':
      return 'if your company inspects TLS, its CA has to be in the file that NODE_EXTRA_CA_CERTS names';
    case 'tls-time':
      return `check this machine's clock: it says ${now.toISOString()}`;
    case 'tls-name':
      return 'check the address: something else answers there';
    case 'redirect':
      return 'check the address: API calls and uploads are never redirected';
    case 'proxy-refused':
      return 'ask whoever runs the proxy to allow this host';
    case 'proxy-failing':
      return 'check the proxy that HTTPS_PROXY or HTTP_PROXY names, then run again';
    case 'proxy-auth':
      return 'put valid proxy credentials in HTTPS_PROXY';
    default:
      return undefined;
  }
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
    httpStatus: failure.status ?? undefined,
    backendCode: failure.backendCode ?? undefined,
    serverText: failure.serverText ?? undefined,
  };
  if (UNSAFE.has(failure.fault)) return new PolicyError(message, details);
  if (failure.fault === 'proxy-auth' || failure.meaning === 'auth') return new AuthError(message, details);
  if (failure.failureClass === 'rejected' && !isConflictWithLost(failure, policy, wasLost))
    return rejection(failure, message, policy, wasLost, now, details);
  if (mayHaveBeenDone(failure, policy, wasLost)) {
    const hint = details.hint ?? 'it may have been done all the same: look at the backend before you run it again';
    return new UnknownOutcomeError(message, { ...details, hint, isAnswerLost: true });
  }
  return new UnavailableError(message, {
    ...details,
    hint: details.hint ?? 'run again later; nothing was left running',
  });
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
  if (isOfKey) return new AuthError(message, details);
  const hint =
    status === 404 || status === 405 ? 'check the base address' : 'correct what the server names, then run again';
  return new RejectedError(message, { ...details, hint: details.hint ?? hint, afterLostAnswer: wasLost });
}

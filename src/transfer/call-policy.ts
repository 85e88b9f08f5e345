import type { CallPolicy } from '../contract/backend/http.ts';

/**
 * The call safety table: for every kind of call, what may be done again after which kind of failure.
 *
 * A failure has one of these classes, decided once, in `http/attempt.ts`, from what was really handed over:
 *
 * - `unsent`: no connection, or nothing of the request went out;
 * - `incomplete`: the body was not fully handed over, so with an exact Content-Length the server cannot have accepted it
 *   (RFC 9112, section 6.3);
 * - `rejected`: a well-formed 4xx;
 * - `ambiguous`: everything else once the whole body was out: reset, timeout, 5xx, 408, an answer that cannot be read;
 * - `false-ok`: a 2xx that came before the body was out, so it cannot speak of the whole body.
 *
 * No backend documents an idempotency key, so a call that creates something is repeated only where the row says why it is safe.
 */

const READ = {
  kind: 'read',
  unsentRetries: 5,
  ambiguousRetries: 5,
  spacingMs: 0,
  answerTimeoutMs: 30_000,
  budgetMs: null,
  lostAnswer: 'unavailable',
  creates: false,
  refusedAccess: 'key',
  freshConnection: false,
  tooMany: 'retry',
} as const satisfies CallPolicy;

export const CALL_POLICIES = {
  /** A question. Repeating it changes nothing. */
  read: READ,
  /** One question of a poll loop, which goes on to its own deadline: so no retries of its own. */
  poll: { ...READ, kind: 'poll', unsentRetries: 0, ambiguousRetries: 0, tooMany: 'caller' },
  /**
   * Hands out a job id and signed URLs. "The protected build is queued after the uploaded object is received" (AppTego Management
   * API, "Request An Upload URL"), so a lost answer leaves only an unused URL.
   */
  mint: {
    ...READ,
    kind: 'mint',
    creates: true,
    ambiguousRetries: 3,
    answerTimeoutMs: 60_000,
    freshConnection: true,
    tooMany: 'builds',
  },
  /**
   * PUT of one part: the last write wins, so it may be sent again (Amazon S3 user guide, "presigned URLs"). A proxy that takes the whole part before
   * it passes it on is silent meanwhile, and would be each time.
   */
  part: {
    ...READ,
    kind: 'part',
    unsentRetries: 6,
    ambiguousRetries: 6,
    answerTimeoutMs: 300_000,
    refusedAccess: 'url',
  },
  /** PUT of the whole object, which starts the build: after a lost answer the job's status decides, never a blind repeat. */
  object: {
    ...READ,
    kind: 'object',
    creates: true,
    unsentRetries: 3,
    ambiguousRetries: 0,
    answerTimeoutMs: 300_000,
    lostAnswer: 'unknown',
    refusedAccess: 'url',
    freshConnection: true,
  },
  /** Assembles the parts and starts the build. S3 "may take several minutes". After a lost answer the job's status decides. */
  complete: {
    ...READ,
    kind: 'complete',
    creates: true,
    ambiguousRetries: 0,
    answerTimeoutMs: 300_000,
    lostAnswer: 'unknown',
    refusedAccess: 'path',
    freshConnection: true,
  },
  /** A form that carries the file and creates its record. No vendor has an idempotency key, so a lost answer stays lost. */
  create: {
    ...READ,
    kind: 'create',
    creates: true,
    unsentRetries: 3,
    ambiguousRetries: 0,
    answerTimeoutMs: 300_000,
    lostAnswer: 'unknown',
    freshConnection: true,
  },
  /** The same where the backend takes each version once: one repeat cannot make a second record, and a 409 to it tells of the first. */
  createUnique: {
    ...READ,
    kind: 'createUnique',
    creates: true,
    unsentRetries: 3,
    ambiguousRetries: 1,
    answerTimeoutMs: 300_000,
    lostAnswer: 'unknown',
    freshConnection: true,
  },
  /** Makes or starts something small: a key, a token, a signing. */
  make: {
    ...READ,
    kind: 'make',
    creates: true,
    ambiguousRetries: 0,
    answerTimeoutMs: 60_000,
    lostAnswer: 'unknown',
    freshConnection: true,
  },
  /** Removes something. A second try after a lost answer finds it gone (`RejectedError.afterLostAnswer`). */
  destroy: { ...READ, kind: 'destroy', unsentRetries: 3, ambiguousRetries: 2 },
  /** Sets a state; doing it again changes nothing. */
  set: { ...READ, kind: 'set' },
  /** Gives a token for credentials. */
  token: { ...READ, kind: 'token', unsentRetries: 3, ambiguousRetries: 3 },
  /** A question that only finds something out about the way there or the credentials: what it is answered now is what is wanted. */
  proof: {
    ...READ,
    kind: 'proof',
    unsentRetries: 0,
    ambiguousRetries: 0,
    answerTimeoutMs: 10_000,
    freshConnection: true,
    tooMany: 'caller',
  },
  /** Frees the parts. Idempotent, and part of the cleanup, so it is short. */
  abort: {
    ...READ,
    kind: 'abort',
    unsentRetries: 3,
    ambiguousRetries: 3,
    answerTimeoutMs: 3_000,
    budgetMs: 3_000,
    refusedAccess: 'path',
  },
  /**
   * GET of a signed download URL; the download loop resumes it itself. A proxy that scans what passes is silent until it has all of it, so the
   * first byte is waited for as long as the answer to complete.
   */
  fetch: {
    ...READ,
    kind: 'fetch',
    unsentRetries: 0,
    ambiguousRetries: 0,
    answerTimeoutMs: 300_000,
    refusedAccess: 'url',
    tooMany: 'caller',
  },
} as const satisfies Record<string, CallPolicy>;

/** Full-jitter exponential backoff: a random time up to `base * 2^n`, capped (AWS Architecture Blog, "Exponential Backoff And Jitter"). */
export const BACKOFF = { baseMs: 500, capMs: 20_000 } as const;
export const CONNECT_TIMEOUT_MS = 10_000;
/** A longer Retry-After than this ends the run instead of stalling it. */
export const LONGEST_RETRY_AFTER_MS = 120_000;

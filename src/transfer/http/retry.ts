import pRetry from 'p-retry';
import type { CallPolicy } from '../../contract/backend/http.ts';
import type { Context } from '../../contract/context.ts';
import type { AppToolError } from '../../contract/errors.ts';
import { backoff, waitToRetry } from '../backoff.ts';
import { askedPauseMs, CallFailure, isHopeless, toAppToolError } from './failure.ts';

export interface Call {
  /** What the call does, as a verb phrase: "request the upload". */
  readonly what: string;
  readonly policy: CallPolicy;
}

/**
 * Runs one call to its end: tries, waits and tries again as its policy allows. Two levels above it try again what a call cannot know: a
 * connection of a download goes on where it broke (`fetch-file.ts`), and a download begins anew when its bytes were damaged (`download.ts`).
 * `once` is told which try it is. Rejects with an `AppToolError`, or with the signal's reason as soon as the run is cancelled.
 */
export async function callWithRetries<T>(call: Call, ctx: Context, once: (attempt: number) => Promise<T>): Promise<T> {
  const startedAt = ctx.clock.now();
  const spent = { unsent: 0, ambiguous: 0 };
  try {
    return await pRetry(once, {
      // `delayBeforeNext` ends it: each try that it grants is counted against the policy's numbers.
      retries: Number.POSITIVE_INFINITY,
      minTimeout: 0,
      // p-retry knows no per-error delay, so the wait happens here: it is asked only when another try may follow.
      shouldRetry: async ({ error, attemptNumber }) => {
        if (ctx.signal.aborted || !(error instanceof CallFailure)) return false;
        const delayMs = delayBeforeNext(error, call.policy, spent, ctx);
        if (delayMs === null) return false;
        const spentMs = ctx.clock.now() - startedAt;
        if (call.policy.budgetMs !== null && spentMs + delayMs > call.policy.budgetMs) return false;
        const { host, message: reason } = error;
        const trouble = troubleOf(error);
        await waitToRetry({ call: call.what, host, attempt: attemptNumber, reason, trouble, delayMs }, ctx);
        return true;
      },
    });
  } catch (error) {
    throw finalError(error, call, spent.ambiguous > 0, ctx);
  }
}

function troubleOf({ fault, status }: CallFailure): 'overload' | 'stall' | null {
  if (status === 429 || status === 503) return 'overload';
  return fault === 'stalled' || fault === 'no-answer' ? 'stall' : null;
}

function finalError(error: unknown, call: Call, wasLost: boolean, ctx: Context): unknown | AppToolError {
  if (ctx.signal.aborted) return ctx.signal.reason;
  if (!(error instanceof CallFailure)) return error;
  return toAppToolError(error, call, wasLost, ctx.clock.date());
}

/** The wait before the next try (ms), or `null` when there must be none. Counts what it grants in `spent`. */
function delayBeforeNext(
  failure: CallFailure,
  policy: CallPolicy,
  spent: { unsent: number; ambiguous: number },
  ctx: Context,
): number | null {
  if (isHopeless(failure) || !isRetryable(failure, policy)) return null;
  const ledger = failure.failureClass === 'ambiguous' || failure.failureClass === 'false-ok' ? 'ambiguous' : 'unsent';
  const allowed = ledger === 'ambiguous' ? policy.ambiguousRetries : policy.unsentRetries;
  if (spent[ledger] >= allowed) return null;
  const asked = askedPauseMs(failure);
  if (asked === null) return null;
  const nth = spent.unsent + spent.ambiguous;
  spent[ledger] += 1;
  return Math.max(policy.spacingMs, asked + backoff(nth, ctx));
}

/** A 4xx is the server's last word, except one that says "not now". */
function isRetryable(failure: CallFailure, policy: CallPolicy): boolean {
  if (failure.failureClass !== 'rejected') return true;
  return failure.status === 429 && policy.tooMany === 'retry';
}

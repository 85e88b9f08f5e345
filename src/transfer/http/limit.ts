import type { CallPolicy } from '../../contract/backend/http.ts';
import { type BuildLimit, type ErrorDetails, LimitError } from '../../contract/errors.ts';

/** The error of a 429: which limit was met, and what helps against it. */
export function limitError(
  message: string,
  { tooMany }: Pick<CallPolicy, 'tooMany'>,
  { limit: told, retryAfterMs }: { readonly limit: BuildLimit | null; readonly retryAfterMs: number | null },
  now: Date,
  details: ErrorDetails,
): LimitError {
  const limit = tooMany === 'builds' ? (told ?? 'slot') : null;
  const at = retryAfterMs === null ? null : new Date(now.getTime() + retryAfterMs).toISOString();
  const usual = details.hint ?? HINTS[limit ?? 'requests'];
  return new LimitError(message, {
    ...details,
    limit,
    retryAfterMs,
    // Waiting helps for a slot alone.
    next: limit === 'slot' ? { do: 'set', setting: 'capacityWait' } : null,
    hint: at === null ? usual : `${usual}; not before ${at}`,
  });
}

const HINTS = {
  slot: 'wait until other builds have finished, then run again, or allow a longer wait for one',
  week: 'the builds for this week are used up: run again later, or ask for a higher limit; waiting for other builds to finish does not help',
  requests: 'too many requests were made in a short time: run again later',
} as const;

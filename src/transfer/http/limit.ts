import { type BuildLimit, type ErrorDetails, LimitError } from '../../contract/errors.ts';
import type { CallPolicy } from '../call-policy.ts';

/**
 * What the words of a 429 say of a limit in a week. AppTego documents one status for both limits, and these words for the second: "weekly
 * build limit exceeded", "over 7 days" (Automation API, "Error Responses", "Rate Limits And Concurrency"), "rolling 7-day build quota"
 * (portal documentation, "Troubleshooting").
 */
const WEEK = /week|\b7[- ]?days?\b|\bseven[- ]days?\b|quota/i;

/** The error of a 429: which limit was met, and what helps against it. */
export function limitError(
  message: string,
  { tooMany }: Pick<CallPolicy, 'tooMany'>,
  retryAfterMs: number | null,
  now: Date,
  details: ErrorDetails,
): LimitError {
  const limit = tooMany === 'builds' ? limitIn(details.serverText ?? '') : null;
  const at = retryAfterMs === null ? null : new Date(now.getTime() + retryAfterMs).toISOString();
  const usual = details.hint ?? HINTS[limit ?? 'requests'];
  return new LimitError(message, { ...details, limit, hint: at === null ? usual : `${usual}; not before ${at}` });
}

function limitIn(text: string): BuildLimit {
  return WEEK.test(text) ? 'week' : 'slot';
}

const HINTS = {
  slot: 'wait until other builds have finished, then run again; --capacity-wait lets apptool wait for you',
  week: "the builds of the last 7 days have used up the plan's limit: run again when the oldest of them is 7 days old, or have the limit raised; that other builds finish does not help",
  requests: 'too many requests were made in a short time: run again later',
} as const;

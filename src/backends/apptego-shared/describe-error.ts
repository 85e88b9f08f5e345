import type { DescribeError } from '../../contract/backend/http.ts';
import { describeUnknownError } from '../../transfer/http/error-text.ts';

/**
 * What the words of a 429 say of a limit in a week. AppTego documents one status for both limits, and these words for the second: "weekly
 * build limit exceeded", "over 7 days" (Automation API, "Error Responses", "Rate Limits And Concurrency"), "rolling 7-day build quota"
 * (portal documentation, "Troubleshooting").
 */
const WEEK = /week|\b7[- ]?days?\b|\bseven[- ]days?\b|quota/i;
const WEEK_HINT =
  "the plan's builds for 7 days are used up: run again when the oldest of these builds is 7 days old, or ask for a higher limit; waiting for other builds to finish does not help";

/** What an error of either AppTego API says, and which limit was met. */
export const describeError: DescribeError = (body, status) => {
  const description = describeUnknownError(body);
  const isWeek = status === 429 && WEEK.test(description.text ?? '');
  return isWeek ? { ...description, limit: 'week', hint: WEEK_HINT } : description;
};

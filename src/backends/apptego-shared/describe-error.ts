import { type DescribeError, describeUnknownError } from '../../transfer/http/error-text.ts';

/**
 * What an error of either AppTego API says. "429: Concurrent or weekly build limit": both limits have one status, and only the words
 * tell them apart. A slot becomes free when a build ends; the week's limit no wait outlasts.
 */
export const describeError: DescribeError = (body) => {
  const description = describeUnknownError(body);
  return { ...description, limit: /week/i.test(description.text ?? '') ? 'final' : 'wait' };
};

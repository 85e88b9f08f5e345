import type { BuildLimit } from '../../contract/errors.ts';

/** What one backend's error bodies say. `text` is the server's own words. */
export interface ErrorDescription {
  readonly text: string | null;
  readonly backendCode?: string | null;
  /** Where the backend documents that this answer is about the credentials, or about a limit, whatever its status. */
  readonly meaning?: 'auth' | 'limit';
  /** What to do, where the backend documents what this answer means. */
  readonly hint?: string;
  /** Which limit of builds a 429 tells of; `slot` where nothing says otherwise. */
  readonly limit?: BuildLimit;
  /** True for a body in another form than the API documents for its errors: something else on the way may have answered. */
  readonly isForeign?: boolean;
}

/** What the body of an answer with this status says. */
export type DescribeError = (body: unknown, status: number) => ErrorDescription;

/** A refusal inside a success: `status` is what it stands for, and what everything goes by from then on. */
export interface RefusalInside extends ErrorDescription {
  readonly status: number;
}

/** The words of an error body whose shape is not known: JSON's usual fields, an S3-style XML error, or the text. */
export function describeUnknownError(body: unknown): ErrorDescription {
  if (typeof body === 'string') return describeErrorText(body);
  if (typeof body !== 'object' || body === null) return { text: null };
  for (const field of ['error', 'message', 'detail', 'error_description', 'title']) {
    const value = (body as Record<string, unknown>)[field];
    if (typeof value === 'string' && value !== '') return { text: value };
    if (typeof value === 'object' && value !== null) return { text: JSON.stringify(value) };
  }
  return { text: JSON.stringify(body) };
}

/**
 * An S3-style error is XML with Code and Message (Amazon S3 API reference, "Error responses"). Only these two are kept:
 * `SignatureDoesNotMatch` echoes the string to sign. HTML says nothing to a user but what its title says.
 */
function describeErrorText(text: string): ErrorDescription {
  const code = /<Code>([^<]{1,80})<\/Code>/.exec(text)?.[1];
  const message = /<Message>([^<]{1,300})<\/Message>/.exec(text)?.[1];
  if (code !== undefined) return { text: message === undefined ? code : `${code}: ${message}`, backendCode: code };
  if (/<html|<!doctype/i.test(text))
    return { text: /<title>([^<]{1,120})<\/title>/i.exec(text)?.[1] ?? 'an HTML page' };
  return { text };
}

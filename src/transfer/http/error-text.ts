import type { ErrorDescription } from '../../contract/backend/http.ts';

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

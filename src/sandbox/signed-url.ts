import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

type SignedVerdict =
  | { readonly ok: true }
  | { readonly ok: false; readonly code: string; readonly message: string; readonly extra?: string };

/**
 * Makes and checks the signed URLs of one store, in the shape of AWS Signature Version 4 query parameters (Amazon S3 API reference,
 * "Authenticating Requests: Using Query Parameters"). The signature itself is the store's own.
 */
export interface UrlSigner {
  sign(method: string, path: string, lifetimeMs: number, signedHeaders: Readonly<Record<string, string>>): string;
  check(method: string, url: URL, headers: Readonly<Record<string, string | string[] | undefined>>): SignedVerdict;
}

export function createUrlSigner(origin: string, now: () => number): UrlSigner {
  const key = randomBytes(32);
  /** By signature, when it ends (ms): a lifetime is exact, though its parameter has whole seconds. */
  const ends = new Map<string, number>();
  const signatureOf = (method: string, path: string, query: string, headers: string) =>
    createHmac('sha256', key).update([method, path, query, headers].join('\n')).digest('hex');
  const denied = (code: string, message: string, extra?: string): SignedVerdict =>
    extra === undefined ? { ok: false, code, message } : { ok: false, code, message, extra };
  return {
    sign(method, path, lifetimeMs, signedHeaders) {
      const names = Object.keys(signedHeaders).sort();
      const date = iso(now()).replace(/[-:]|\.\d+/g, '');
      const query = new URLSearchParams({
        'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
        'X-Amz-Credential': `sandbox/${date.slice(0, 8)}/us-east-1/s3/aws4_request`,
        'X-Amz-Date': date,
        'X-Amz-Expires': String(Math.max(1, Math.ceil(lifetimeMs / 1000))),
        'X-Amz-SignedHeaders': [...names, 'host'].join(';'),
      }).toString();
      const values = names.map((name) => `${name}:${signedHeaders[name]}`).join('\n');
      const signature = signatureOf(method, path, query, values);
      ends.set(signature, now() + lifetimeMs);
      return `${origin}${path}?${query}&X-Amz-Signature=${signature}`;
    },
    check(method, url, headers) {
      // The query as it was sent: a signature covers the bytes, not what they decode to.
      const [query = '', signature = ''] = url.search.slice(1).split('&X-Amz-Signature=');
      const names = (url.searchParams.get('X-Amz-SignedHeaders') ?? '')
        .split(';')
        .filter((name) => name !== '' && name !== 'host');
      const values = names.map((name) => `${name}:${headers[name] ?? ''}`).join('\n');
      const expected = Buffer.from(signatureOf(method, url.pathname, query, values));
      const given = Buffer.from(signature);
      if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
        return denied(
          'SignatureDoesNotMatch',
          'The request signature we calculated does not match the signature you provided.',
        );
      }
      const expires = ends.get(signature) ?? 0;
      if (now() < expires) return { ok: true };
      const times = `<Expires>${iso(expires)}</Expires><ServerTime>${iso(now())}</ServerTime>`;
      return denied('AccessDenied', 'Request has expired', times);
    },
  };
}

function iso(timeMs: number): string {
  return new Date(timeMs).toISOString();
}

import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

type SignedVerdict =
  | { readonly ok: true }
  | { readonly ok: false; readonly code: string; readonly message: string; readonly extra?: string };

/** Makes and checks the signed URLs of one store, in the manner of AWS Signature Version 4 query parameters. */
export interface UrlSigner {
  sign(method: string, path: string, lifetimeMs: number, signedHeaders: Readonly<Record<string, string>>): string;
  check(method: string, url: URL, headers: Readonly<Record<string, string | string[] | undefined>>): SignedVerdict;
}

export function createUrlSigner(origin: string, now: () => number): UrlSigner {
  const key = randomBytes(32);
  const signatureOf = (method: string, path: string, query: string, headers: string) =>
    createHmac('sha256', key).update([method, path, query, headers].join('\n')).digest('hex');
  const denied = (code: string, message: string, extra?: string): SignedVerdict =>
    extra === undefined ? { ok: false, code, message } : { ok: false, code, message, extra };
  return {
    sign(method, path, lifetimeMs, signedHeaders) {
      const names = Object.keys(signedHeaders).sort();
      const query = new URLSearchParams({
        'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
        'X-Amz-Date': String(now()),
        'X-Amz-Expires': String(lifetimeMs),
        'X-Amz-SignedHeaders': [...names, 'host'].join(';'),
      }).toString();
      const values = names.map((name) => `${name}:${signedHeaders[name]}`).join('\n');
      return `${origin}${path}?${query}&X-Amz-Signature=${signatureOf(method, path, query, values)}`;
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
      const expires = Number(url.searchParams.get('X-Amz-Date')) + Number(url.searchParams.get('X-Amz-Expires'));
      if (now() < expires) return { ok: true };
      const times = `<Expires>${iso(expires)}</Expires><ServerTime>${iso(now())}</ServerTime>`;
      return denied('AccessDenied', 'Request has expired', times);
    },
  };
}

function iso(timeMs: number): string {
  return new Date(timeMs).toISOString();
}

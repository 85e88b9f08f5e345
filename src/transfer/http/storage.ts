import type { HttpAnswer, SignedPut, Storage } from '../../contract/backend/http.ts';
import type { Context } from '../../contract/context.ts';
import { checkServerAddress } from './address.ts';
import { failed, header, locationOf, readBody, refusal } from './answer.ts';
import { attempt, type HttpRequest } from './attempt.ts';
import type { Connections } from './connection/dispatcher.ts';
import { describeUnknownError } from './error-text.ts';
import { CallFailure } from './failure.ts';
import { callWithRetries } from './retry.ts';

const LARGEST_STORAGE_ANSWER = 64 * 1024;
const LONGEST_ETAG = 256;
/** A download link may lead on a few times (a CDN before the store); it never carries a credential of ours. */
const MOST_REDIRECTS = 3;

/** `trustedBase` is the backend's own base address: what it may name is judged by it. */
export function createStorage(options: {
  readonly connections: Connections;
  readonly trustedBase: string;
  readonly stallTimeoutMs: number;
  readonly conceal: (url: string) => void;
}): Storage {
  const { connections, trustedBase, stallTimeoutMs, conceal } = options;
  return {
    conceal,
    put: async (put, ctx) => {
      conceal(put.url);
      checkServerAddress(put.url, 'upload', trustedBase, connections.isPrivate());
      const request: Omit<HttpRequest, 'tryNumber'> = {
        method: 'PUT',
        url: put.url,
        headers: contentTypeHeader(put),
        body: put.body,
        policy: put.policy,
        stallTimeoutMs,
        isLarge: false,
        ...(put.onSent === undefined ? {} : { onSent: put.onSent }),
      };
      return await callWithRetries(put, ctx, (tryNumber) => {
        put.onSent?.(0);
        const own = { ...request, tryNumber };
        return attempt(connections, own, ctx, (answer) => readStored(answer, own, put.needsEtag, ctx));
      });
    },
    get: async (get, ctx, use) => {
      const follow = async (url: string, hops: number, tryNumber: number): Promise<Awaited<ReturnType<typeof use>>> => {
        conceal(url);
        checkServerAddress(url, 'download', trustedBase, connections.isPrivate());
        const request: HttpRequest = {
          ...get,
          url,
          method: 'GET',
          body: null,
          stallTimeoutMs,
          isLarge: true,
          tryNumber,
        };
        const next = await attempt(connections, request, ctx, async (answer) => {
          const location = redirectOf(answer, request);
          if (location !== null && hops < MOST_REDIRECTS) return { location };
          if (answer.status >= 300) throw await refusal(answer, request, describeUnknownError, ctx.clock.date());
          return { result: await use(answer) };
        });
        return 'location' in next ? await follow(next.location, hops + 1, tryNumber) : next.result;
      };
      return await callWithRetries(get, ctx, (tryNumber) => follow(get.url, 0, tryNumber));
    },
  };
}

/** Where a redirect leads; `null` for an answer that is none, or one without a usable address, which is then refused as it stands. */
function redirectOf(answer: HttpAnswer, request: HttpRequest): string | null {
  if (![301, 302, 303, 307, 308].includes(answer.status)) return null;
  const location = locationOf(answer);
  if (location === undefined || !URL.canParse(location, request.url)) return null;
  return URL.canParse(location) ? location : new URL(location, request.url).href;
}

/**
 * A header that is signed must be sent, and one that is not had better not be: S3 answers 403 SignatureDoesNotMatch to a Content-Type
 * that differs from a signed one, and lists the signed headers in the URL (Amazon S3 user guide, "Signature Version 4").
 */
function contentTypeHeader(put: SignedPut): Record<string, string> {
  const signed = new URL(put.url).searchParams.get('X-Amz-SignedHeaders')?.split(';');
  if (signed?.includes('content-type')) return { 'content-type': put.contentType ?? 'application/octet-stream' };
  return put.contentType === null ? {} : { 'content-type': put.contentType };
}

async function readStored(
  answer: HttpAnswer,
  request: HttpRequest,
  needsEtag: boolean,
  ctx: Context,
): Promise<string | null> {
  if (answer.status >= 300) throw asStorageSays(await refusal(answer, request, describeUnknownError, ctx.clock.date()));
  if (!answer.bodySent) {
    throw failed(answer, request, 'early-success', 'the server answered before the upload finished', 'false-ok');
  }
  const body = await readBody(answer, LARGEST_STORAGE_ANSWER, request);
  if (/<Error>/.test(body.toString('latin1'))) {
    throw failed(answer, request, 'unexpected-answer', 'the storage reported an error inside a success');
  }
  const etag = header(answer, 'etag');
  if (etag === undefined) {
    if (!needsEtag) return null;
    throw failed(answer, request, 'unexpected-answer', 'storage returned no ETag');
  }
  if (etag.length > LONGEST_ETAG || !/^[\x21-\x7e]+$/.test(etag)) {
    throw failed(answer, request, 'unexpected-answer', 'storage returned an unusable ETag');
  }
  return etag;
}

/** S3's 400 RequestTimeout means "your bytes came too slowly", not that they were wrong (Amazon S3, "Error best practices"). */
function asStorageSays(failure: CallFailure): CallFailure {
  if (failure.status !== 400 || failure.backendCode !== 'RequestTimeout') return failure;
  return new CallFailure('incomplete', failure.fault, failure.message, { ...failure, status: failure.status });
}

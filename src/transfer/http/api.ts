import type { Body } from '../../contract/artifact.ts';
import type { ApiClient, ApiOptions } from '../../contract/backend/http.ts';
import { LARGEST_JSON_BYTES, readJson } from './answer.ts';
import { attempt, type HttpRequest } from './attempt.ts';
import type { Connections } from './connection/dispatcher.ts';
import { describeUnknownError } from './error-text.ts';
import { callWithRetries } from './retry.ts';

export function createApiClient(
  options: ApiOptions & { readonly connections: Connections; readonly stallTimeoutMs: number },
): ApiClient {
  const { baseUrl, connections, stallTimeoutMs, describeError = describeUnknownError } = options;
  return {
    baseUrl,
    call: (call, ctx) =>
      callWithRetries(call, ctx, async (tryNumber) => {
        const { json, form } = call;
        form?.onSent?.(0);
        const request: HttpRequest = {
          method: call.method,
          url: `${baseUrl}${call.path}`,
          headers: {
            accept: 'application/json',
            ...(json === undefined ? {} : { 'content-type': 'application/json' }),
            ...(form === undefined ? {} : { 'content-type': form.contentType }),
            ...(await options.headers(ctx)),
          },
          body: form?.body ?? (json === undefined ? null : jsonBody(json)),
          policy: call.policy,
          stallTimeoutMs,
          isLarge: false,
          tryNumber,
          ...(form?.onSent === undefined ? {} : { onSent: form.onSent }),
        };
        return await attempt(connections, request, ctx, (answer) =>
          readJson(answer, request, {
            shape: call.answer,
            describeError,
            ...(options.refusalIn === undefined ? {} : { refusalIn: options.refusalIn }),
            now: ctx.clock.date(),
            mayBeEmpty: call.mayBeEmpty ?? false,
            isSecret: call.isSecret ?? false,
            maxBytes: call.maxAnswerBytes ?? LARGEST_JSON_BYTES,
          }),
        );
      }),
  };
}

function jsonBody(value: unknown): Body {
  return bytesBody(Buffer.from(JSON.stringify(value), 'utf8'));
}

/** A small body that is in memory already. */
export function bytesBody(bytes: Uint8Array): Body {
  return {
    sizeBytes: bytes.byteLength,
    async *open() {
      yield bytes;
    },
  };
}

import type { Body } from '../../contract/artifact.ts';
import type { Context } from '../../contract/context.ts';
import type { CallPolicy } from '../call-policy.ts';
import { type AnswerShape, LARGEST_JSON_BYTES, readJson } from './answer.ts';
import { attempt, type HttpRequest } from './attempt.ts';
import type { Connections } from './connection/dispatcher.ts';
import { type DescribeError, describeUnknownError, type RefusalInside } from './error-text.ts';
import { callWithRetries } from './retry.ts';

interface ApiCall<T> {
  /** A verb phrase for messages: "request the upload". */
  readonly what: string;
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Path below the base address, each variable segment encoded. */
  readonly path: string;
  readonly json?: unknown;
  /** A body of another type, such as a form as `encodeForm` makes it; `onSent` is told of the bytes of this try that the system has taken. */
  readonly form?: {
    readonly contentType: string;
    readonly body: Body;
    readonly onSent?: (sentBytes: number) => void;
  };
  readonly policy: CallPolicy;
  readonly answer: AnswerShape<T>;
  /** True where the documentation does not say what the body holds: then an empty one is `undefined` to `answer`. */
  readonly mayBeEmpty?: boolean;
  /** True where the answer holds a secret: then nothing of one that cannot be read is shown. */
  readonly isSecret?: boolean;
  /** Cap of the answer's body after decoding; 1 MiB unless the endpoint is known to answer more. */
  readonly maxAnswerBytes?: number;
}

/** One backend's control plane. Credentials are added here and travel to the base address only. */
export interface ApiClient {
  readonly baseUrl: string;
  /** Resolves with the answer in its shape; rejects with an `AppToolError` once the call's policy is used up. */
  call<T>(call: ApiCall<T>, ctx: Context): Promise<T>;
}

export function createApiClient(options: {
  readonly baseUrl: string;
  /** Asked anew for each try, so that a renewed token is used at once. */
  readonly headers: (ctx: Context) => Readonly<Record<string, string>> | Promise<Readonly<Record<string, string>>>;
  readonly describeError?: DescribeError;
  /** Finds the refusal in the JSON of a 2xx, where a backend has them there; `null` for a real success. */
  readonly refusalIn?: (body: unknown) => RefusalInside | null;
  readonly connections: Connections;
  readonly stallTimeoutMs: number;
}): ApiClient {
  const { baseUrl, connections, stallTimeoutMs, describeError = describeUnknownError } = options;
  return {
    baseUrl,
    call: (call, ctx) =>
      callWithRetries(call, ctx, async () => {
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

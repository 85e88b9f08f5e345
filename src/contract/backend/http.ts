import type { Body } from '../artifact.ts';
import type { Context } from '../context.ts';
import type { BuildLimit } from '../errors.ts';

/** What may be said of a failed try of a call; `call-policy.ts` has the table that goes by it. */
export type FailureClass = 'unsent' | 'incomplete' | 'rejected' | 'ambiguous' | 'false-ok';

export interface CallPolicy {
  readonly kind: string;
  /** Tries after the first for `unsent`, `incomplete` and for answers that say "not now" (429, 503 with Retry-After). */
  readonly unsentRetries: number;
  /** Tries after the first for `ambiguous` and `false-ok`; 0 where a repeat could create something twice. */
  readonly ambiguousRetries: number;
  /** No try starts sooner than this after the one before (ms). */
  readonly spacingMs: number;
  /** Longest wait for the answer after the last byte went out (ms). */
  readonly answerTimeoutMs: number;
  /** Longest that all tries together may take (ms); `null` leaves it to the caller's signal. */
  readonly budgetMs: number | null;
  /** What it means when the answer stays lost: nothing is left running, or something may have landed. */
  readonly lostAnswer: 'unavailable' | 'unknown';
  /** Whether an accepted call leaves something behind: then an answer in the wrong shape is never "nothing happened". */
  readonly creates: boolean;
  /** What it means when access is refused: about our key (401, 403), about this path (403), or about a signed URL (401, 403). */
  readonly refusedAccess: 'key' | 'path' | 'url';
  /** A stale pooled socket gives a reset that cannot be told from a processed request, so creating calls open their own. */
  readonly freshConnection: boolean;
  /** What a 429 means: ask again; hand it up at once, because the caller asks again itself; or a limit of builds, which the caller waits for. */
  readonly tooMany: 'retry' | 'caller' | 'builds';
}

/** The part of a zod schema that the HTTP layer needs. */
export interface AnswerShape<T> {
  safeParse(value: unknown):
    | { readonly success: true; readonly data: T }
    | {
        readonly success: false;
        readonly error: { readonly issues: readonly { readonly path: readonly PropertyKey[] }[] };
      };
}

/** What one backend's error bodies say. `text` is the server's own words. */
export interface ErrorDescription {
  readonly text: string | null;
  readonly backendCode?: string | null;
  /** Where the backend documents that this answer is about the credentials, or about a limit, whatever its status. */
  readonly meaning?: 'auth' | 'limit' | 'refused';
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

interface ApiCall<T> {
  /** A verb phrase for messages: "request the upload". */
  readonly what: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
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

/** How a backend's control plane is opened. */
export interface ApiOptions {
  readonly baseUrl: string;
  /** Asked anew for each try, so that a renewed token is used at once. */
  readonly headers: (ctx: Context) => Readonly<Record<string, string>> | Promise<Readonly<Record<string, string>>>;
  readonly describeError?: DescribeError;
  /** Finds the refusal in the JSON of a 2xx, where a backend has them there; `null` for a real success. */
  readonly refusalIn?: (body: unknown) => RefusalInside | null;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** False when this came before the whole request body was handed over. */
  readonly bodySent: boolean;
  /** The body's bytes as they come; throws `CallFailure` when it is cut short. To be read or left, once. */
  chunks(): AsyncIterable<Buffer>;
}

export interface SignedPut {
  readonly what: string;
  /** A bearer secret: sent byte for byte, never shown. */
  readonly url: string;
  readonly body: Body;
  readonly contentType: string | null;
  readonly policy: CallPolicy;
  /** Without an ETag a part cannot be completed; the whole object can. */
  readonly needsEtag: boolean;
  readonly onSent?: (sentBytes: number) => void;
}

/** The object store behind signed URLs. No credential of ours ever goes there: the URL is the credential. */
export interface Storage {
  /** To be told of every signed address as soon as a server has given it: from then on no output shows it. */
  conceal(url: string): void;
  /** Resolves with the ETag exactly as it was sent, quotes included. */
  put(put: SignedPut, ctx: Context): Promise<string | null>;
  /** Opens a signed download; `use` reads it. Resolves with what `use` gives. */
  get<T>(request: SignedGet, ctx: Context, use: (answer: HttpAnswer) => Promise<T>): Promise<T>;
}

interface SignedGet {
  readonly what: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly policy: CallPolicy;
}

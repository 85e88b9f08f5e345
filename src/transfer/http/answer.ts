import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib';
import type {
  AnswerShape,
  DescribeError,
  FailureClass,
  HttpAnswer,
  RefusalInside,
} from '../../contract/backend/http.ts';
import { cutText } from '../../contract/text/safe-text.ts';
import type { HttpRequest } from './attempt.ts';
import type { Fault } from './connection/fault.ts';
import { CallFailure } from './failure.ts';
import { retryAfterMs } from './retry-after.ts';

/** Nothing that a backend answers in JSON comes near this. */
export const LARGEST_JSON_BYTES = 1024 * 1024;
const LARGEST_ERROR_BYTES = 64 * 1024;
const DEEPEST_JSON = 64;
const LONGEST_SERVER_TEXT = 500;
/** Of a text that should have been JSON. */
const LONGEST_QUOTE = 120;

/** Reads at most `limit` bytes of the answer's body, decoded. Throws `CallFailure` when there are more. */
export async function readBody(answer: HttpAnswer, limit: number, request: HttpRequest): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of answer.chunks()) {
    size += chunk.length;
    if (size > limit) throw failed(answer, request, 'too-large', 'response too large');
    chunks.push(chunk);
  }
  return decode(Buffer.concat(chunks), answer, limit, request);
}

/** Servers compress even what was asked for as `identity`. Never inflates beyond `limit`. */
function decode(body: Buffer, answer: HttpAnswer, limit: number, request: HttpRequest): Buffer {
  const [encoding, ...more] = codingsOf(answer);
  const options = { maxOutputLength: limit };
  try {
    if (encoding === undefined) return body;
    if (more.length > 0) throw failed(answer, request, 'unexpected-answer', 'response encoded more than once');
    if (encoding === 'gzip' || encoding === 'x-gzip') return gunzipSync(body, options);
    if (encoding === 'deflate') return inflateSync(body, options);
    if (encoding === 'br') return brotliDecompressSync(body, options);
  } catch (error) {
    if (error instanceof CallFailure) throw error;
    // Whether it is damaged or too large when inflated: either way it cannot be read.
    throw failed(answer, request, 'too-large', 'response too large or damaged after decoding');
  }
  throw failed(answer, request, 'unexpected-answer', `response in an unknown encoding`);
}

/**
 * What encodes nothing. An empty list is one (RFC 9110, section 8.4); `aws-chunked` is the framing of an upload, which Amazon S3 takes off, but
 * some storages keep in the object's metadata (Amazon S3 API reference, "Signature calculations: transferring payload in multiple chunks"); the
 * others are mistakes that change no byte either.
 */
const NO_CODINGS: ReadonlySet<string> = new Set(['', 'identity', 'aws-chunked', 'none', 'utf-8', 'utf8']);

/** The codings of an answer's body that change its bytes, in lower case and in the order in which they were applied. */
export function codingsOf({ headers }: HttpAnswer): string[] {
  const named = [headers['content-encoding'] ?? []].flat().join(',').toLowerCase();
  return named.split(',').flatMap((name) => (NO_CODINGS.has(name.trim()) ? [] : [name.trim()]));
}

export function header(answer: HttpAnswer, name: string): string | undefined {
  const value = answer.headers[name];
  return typeof value === 'string' ? value : value?.[0];
}

/**
 * Where a redirect leads. Servers write letters beyond ASCII as they are, in UTF-8 mostly (undici gives each byte as a character): encoded byte by byte,
 * they lead where the server means.
 */
export function locationOf(answer: HttpAnswer): string | undefined {
  return header(answer, 'location')?.replace(
    /[\x80-\xff]/g,
    (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** The answer's JSON in the shape that was asked for. Everything else is a `CallFailure` of the right class. */
export async function readJson<T>(
  answer: HttpAnswer,
  request: HttpRequest,
  options: {
    readonly shape: AnswerShape<T>;
    readonly describeError: DescribeError;
    readonly refusalIn?: (body: unknown) => RefusalInside | null;
    readonly now: Date;
    readonly maxBytes: number;
    readonly mayBeEmpty: boolean;
    readonly isSecret: boolean;
  },
): Promise<T> {
  if (answer.status >= 300) throw await refusal(answer, request, options.describeError, options.now);
  if (!answer.bodySent) {
    const early = options.refusalIn?.(await errorBody(answer, request)) ?? null;
    if (early !== null) throw refusedInside(early, answer, request);
    throw failed(answer, request, 'early-success', 'the server answered before the upload finished', 'false-ok');
  }
  const body = await readBody(answer, options.maxBytes, request);
  const value =
    options.mayBeEmpty && body.length === 0 ? undefined : parseJson(body, answer, request, options.isSecret);
  const refused = options.refusalIn?.(value) ?? null;
  if (refused !== null) throw refusedInside(refused, answer, request);
  const parsed = options.shape.safeParse(value);
  if (parsed.success) return parsed.data;
  // Field names only: values may be secrets.
  const fields = new Set(parsed.error.issues.map((issue) => issue.path.join('.')).filter((path) => path !== ''));
  const problem = fields.size === 0 ? 'is malformed' : `has no usable ${[...fields].slice(0, 4).join(', ')}`;
  throw failed(answer, request, 'wrong-shape', `the server accepted the request but its response ${problem}`);
}

function parseJson(body: Buffer, answer: HttpAnswer, request: HttpRequest, isSecret: boolean): unknown {
  if (body.length === 0) throw failed(answer, request, 'unexpected-answer', 'empty response');
  const text = textOf(body);
  if (nesting(text) > DEEPEST_JSON) throw failed(answer, request, 'unexpected-answer', 'response nested too deeply');
  try {
    return JSON.parse(text);
  } catch {
    // The parser's message quotes the text, so it is not kept; the start of the text is shown as the server's words.
    const [type = 'unknown content'] = /^[\w.+-]{1,40}\/[\w.+-]{1,80}/.exec(header(answer, 'content-type') ?? '') ?? [];
    const why = /\bjson\b/i.test(type) ? 'the response is not valid JSON' : `expected JSON, got ${type}`;
    const shown = isSecret ? null : cutText(text, LONGEST_QUOTE);
    const fault = /^text\/html$|^application\/xhtml\+xml$/i.test(type) ? 'foreign-page' : 'unexpected-answer';
    throw failed(answer, request, fault, why, 'ambiguous', shown);
  }
}

/** UTF-8, without the byte order mark that some servers put before it: a parser may pass over it (RFC 8259, section 8.1). */
function textOf(body: Buffer): string {
  return body.toString('utf8').replace(/^\ufeff/, '');
}

/** An upper bound of how deep a JSON text nests; brackets inside strings count too, which real answers never have by the dozen. */
function nesting(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (const character of text) {
    if (character === '{' || character === '[') deepest = Math.max(deepest, ++depth);
    else if (character === '}' || character === ']') depth -= 1;
  }
  return deepest;
}

/** What an answer that is not a 2xx means. */
export async function refusal(
  answer: HttpAnswer,
  request: HttpRequest,
  describeError: DescribeError,
  now: Date,
): Promise<CallFailure> {
  const { status } = answer;
  if (status < 400) return redirect(answer, request);
  const body = await errorBody(answer, request);
  const description = describeError(body, status);
  const failureClass = classOfStatus(status, answer, request);
  return new CallFailure(failureClass, 'status', `HTTP ${status}`, {
    ...details(answer, request),
    status,
    retryAfterMs: retryAfterMs(answer.headers['retry-after'], now),
    serverText: cut(description.text),
    backendCode: description.backendCode ?? null,
    meaning: description.meaning ?? null,
    limit: description.limit,
    hint: description.hint ?? null,
    // A page or a plain text is a gateway's; APIs that answer JSON say their refusals in it, or say nothing.
    isOfApi: body !== null && (typeof body === 'object' || body === '') && description.isForeign !== true,
  });
}

function refusedInside(inside: RefusalInside, answer: HttpAnswer, request: HttpRequest): CallFailure {
  return new CallFailure('rejected', 'status', `a refusal inside HTTP ${answer.status}`, {
    ...details(answer, request),
    status: inside.status,
    serverText: cut(inside.text),
    backendCode: inside.backendCode ?? null,
    meaning: inside.meaning ?? null,
    limit: inside.limit,
    hint: inside.hint ?? null,
    isOfApi: true,
  });
}

/** What a server says of a request that it will never carry out: RFC 9110, sections 15.6.2 and 15.6.6. */
const NEVER = [501, 505];

/** 408, 425 and 5xx are no verdict on the request, but for two. One that came before the body was out proves that it was not accepted. */
function classOfStatus(status: number, answer: HttpAnswer, request: HttpRequest): FailureClass {
  const isVerdict = (status < 500 && status !== 408 && status !== 425) || NEVER.includes(status);
  if (isVerdict) return 'rejected';
  return request.body !== null && !answer.bodySent ? 'incomplete' : 'ambiguous';
}

function redirect(answer: HttpAnswer, request: HttpRequest): CallFailure {
  const location = locationOf(answer) ?? '';
  const to = URL.canParse(location, request.url) ? new URL(location, request.url).host : 'an unreadable address';
  return failed(answer, request, 'redirect', `refusing redirect to host ${to}`);
}

async function errorBody(answer: HttpAnswer, request: HttpRequest): Promise<unknown> {
  let text: string;
  try {
    text = textOf(await readBody(answer, LARGEST_ERROR_BYTES, request));
  } catch {
    // The status has decided; the words are a courtesy.
    return null;
  }
  try {
    return nesting(text) > DEEPEST_JSON ? null : JSON.parse(text);
  } catch {
    // Not JSON: the text itself is what the server said.
    return text;
  }
}

function cut(text: string | null): string | null {
  if (text === null) return null;
  const compact = text.replace(/\s+/g, ' ').trim();
  if (compact === '') return null;
  return cutText(compact, LONGEST_SERVER_TEXT);
}

function details(answer: HttpAnswer, request: HttpRequest) {
  return { host: new URL(request.url).host, status: answer.status, totalBytes: request.body?.sizeBytes ?? 0 };
}

/** A failure of an answer whose head came; its class is what a whole body makes of it. */
export function failed(
  answer: HttpAnswer,
  request: HttpRequest,
  fault: Fault,
  why: string,
  failureClass: FailureClass = 'ambiguous',
  serverText: string | null = null,
): CallFailure {
  return new CallFailure(failureClass, fault, why, { ...details(answer, request), serverText: cut(serverText) });
}

import type { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import type { Body } from '../../contract/artifact.ts';
import type { CallPolicy, FailureClass, HttpAnswer } from '../../contract/backend/http.ts';
import type { Context } from '../../contract/context.ts';
import { AppToolError, errorCode, LocalIoError } from '../../contract/errors.ts';
import { CONNECT_TIMEOUT_MS } from '../call-policy.ts';
import { untilAborted } from '../deadline.ts';
import { requestTarget } from './address.ts';
import { certificateNames } from './connection/certificate.ts';
import { type ConnectedOption, type Connections, ProxyBroken, ProxyRefusal } from './connection/dispatcher.ts';
import { describeFault, type Fault, faultOf } from './connection/fault.ts';
import { PrivateAddressRefusal } from './connection/resolver.ts';
import { unacknowledgedBytes } from './connection/socket-progress.ts';
import { type Watchdog, watchSilence } from './connection/watchdog.ts';
import { addressSpaceProblem } from './connection/web-assembly.ts';
import { CallFailure } from './failure.ts';
import { told } from './told-request.ts';

/** What is left in the kernel after our last write: up to 4 MB on Linux, which a slow link still has to carry. */
const KERNEL_BUFFER_BYTES = 4 * 1024 * 1024;
/** What this machine has run out of: open files, memory, socket buffers. No server is at fault, and no repeat mends it. */
const USED_UP: ReadonlySet<string> = new Set(['EMFILE', 'ENFILE', 'ENOMEM', 'ENOBUFS']);
/** undici sends no such request: a method, path or header that HTTP does not allow. */
const REFUSED_BY_US: ReadonlySet<string> = new Set([
  'UND_ERR_INVALID_ARG',
  'UND_ERR_NOT_SUPPORTED',
  'ERR_INVALID_ARG_TYPE',
]);
/** undici's own connect timeout says more precisely what failed, so it gets this long to do so first. */
const CONNECT_GRACE_MS = 2_000;

export interface HttpRequest {
  readonly method: 'HEAD' | 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Sent byte for byte: a signature may cover it. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Body | null;
  readonly policy: CallPolicy;
  /** Longest silence while bytes should move (ms). */
  readonly stallTimeoutMs: number;
  /** True for an answer that is fetched, and may take as long as it moves; any other must come within the stall timeout. */
  readonly isLarge: boolean;
  /** Which try of its call this is, from 1. */
  readonly tryNumber: number;
  /** Called with the bytes of this try that the system has taken. */
  readonly onSent?: (sentBytes: number) => void;
}

interface Try {
  readonly request: HttpRequest;
  readonly host: string;
  readonly totalBytes: number;
  handedBytes: number;
  phase: 'connecting' | 'sending' | 'waiting' | 'answered' | 'receiving';
  /** Why we cut the connection ourselves; `null` while we did not. */
  cut: CallFailure | null;
}

/**
 * One try of one request, told as an event once it is over. Resolves with the answer's head, whatever its status; `use` reads the rest, and
 * the connection is done with when `use` is. Rejects with `CallFailure`, or with the signal's reason when the run is cancelled.
 */
export async function attempt<T>(
  connections: Connections,
  request: HttpRequest,
  ctx: Context,
  use: (answer: HttpAnswer) => Promise<T>,
): Promise<T> {
  return await told(request, ctx, (heard) =>
    attemptOnce(connections, request, ctx, async (answer) => {
      heard(answer.status);
      return await use(answer);
    }),
  );
}

async function attemptOnce<T>(
  connections: Connections,
  request: HttpRequest,
  ctx: Context,
  use: (answer: HttpAnswer) => Promise<T>,
): Promise<T> {
  ctx.signal.throwIfAborted();
  const state: Try = {
    request,
    host: new URL(request.url).host,
    totalBytes: request.body?.sizeBytes ?? 0,
    handedBytes: 0,
    phase: 'connecting',
    cut: null,
  };
  const stop = new AbortController();
  const done = new AbortController();
  const queue = { body: null as object | null, bytes: null as number | null };
  const hasMoved = (): boolean => {
    const before = queue.bytes;
    queue.bytes = queue.body === null ? null : unacknowledgedBytes(connections.socketOf(queue.body));
    return before !== null && queue.bytes !== null && queue.bytes !== before;
  };
  const watchdog = watchSilence(ctx.clock, CONNECT_TIMEOUT_MS + CONNECT_GRACE_MS, hasMoved, () => {
    state.cut = silence(state);
    stop.abort(state.cut);
  });
  const body = request.body && handOver(request.body, state, watchdog, done.signal, ctx);
  queue.body = body;
  const signal = AbortSignal.any([ctx.signal, stop.signal]);
  const dispatcher = request.policy.freshConnection ? connections.fresh() : connections.pooled;
  try {
    const asked = dispatcher.request({
      ...requestTarget(request.url),
      method: request.method,
      headers: headersOf(request),
      // undici takes any async iterable; its types know only Readable.
      body: body as unknown as Readable | null,
      signal,
      onConnected: () => {
        state.phase = body === null ? 'waiting' : 'sending';
        watchdog.limit(body === null ? request.policy.answerTimeoutMs : request.stallTimeoutMs);
      },
    } as Dispatcher.RequestOptions & ConnectedOption);
    // A request that has no connection yet does not hear its signal.
    const answer = await Promise.race([asked, untilAborted(signal).then(() => Promise.reject(signal.reason))]);
    // An answer that is only read must come in one limit's time; one that is fetched may take as long as it moves, once it does.
    // Only a proxy wants credentials of its own (RFC 9110, section 15.5.8): this one forwards plain http.
    if (answer.statusCode === 407) throw proxyFailure(new ProxyRefusal(407, 'for http'), state);
    if (hasTwoLengths(answer.headers, request)) throw twoLengths(state);
    state.phase = request.isLarge ? 'answered' : 'receiving';
    watchdog.limit(request.isLarge ? request.policy.answerTimeoutMs : request.stallTimeoutMs);
    return await use({
      status: answer.statusCode,
      headers: answer.headers,
      bodySent: state.handedBytes === state.totalBytes,
      chunks: () =>
        receive(answer.body, state, () => {
          if (state.phase === 'answered') watchdog.limit(request.stallTimeoutMs);
          state.phase = 'receiving';
          if (request.isLarge) watchdog.moved();
        }),
    });
  } catch (error) {
    ctx.signal.throwIfAborted();
    throw state.cut ?? failureOf(error, state);
  } finally {
    watchdog.stop();
    done.abort();
    stop.abort();
    if (dispatcher !== connections.pooled) void dispatcher.destroy();
  }
}

function headersOf(request: HttpRequest): Record<string, string> {
  const headers: Record<string, string> = { 'accept-encoding': 'identity', ...request.headers };
  if (request.body !== null) headers['content-length'] = String(request.body.sizeBytes);
  return headers;
}

/**
 * The body on its way out. undici pulls a chunk only when the socket has taken the one before, so what was pulled is what was handed
 * over. Once the server has answered, nothing more is sent; the pull then waits until the answer is read, because ending early
 * would cut the connection under it.
 */
async function* handOver(
  body: Body,
  state: Try,
  watchdog: Watchdog,
  done: AbortSignal,
  ctx: Context,
): AsyncGenerator<Uint8Array> {
  const startedAt = ctx.clock.now();
  watchdog.limit(state.request.stallTimeoutMs);
  for await (const chunk of body.open()) {
    if (state.phase === 'answered' || state.phase === 'receiving') await untilAborted(done);
    done.throwIfAborted();
    state.handedBytes += chunk.byteLength;
    yield chunk;
    watchdog.moved();
    state.request.onSent?.(state.handedBytes);
  }
  if (state.phase === 'sending') state.phase = 'waiting';
  const elapsedMs = Math.max(1, ctx.clock.now() - startedAt);
  const leftBytes = Math.min(state.totalBytes, KERNEL_BUFFER_BYTES);
  const drainMs = (leftBytes * elapsedMs) / Math.max(1, state.handedBytes);
  watchdog.limit(state.request.policy.answerTimeoutMs + drainMs);
}

async function* receive(body: Dispatcher.ResponseData['body'], state: Try, moved: () => void): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of body) {
      moved();
      yield chunk as Buffer;
    }
  } catch (error) {
    throw state.cut ?? brokenBody(error, state);
  }
}

/**
 * RFC 9112, section 6.3: a length beside chunks, or two of them, may be an attempt to smuggle; undici fails for it when the body has come. Two
 * that are equal are no better to undici.
 */
function hasTwoLengths(headers: HttpAnswer['headers'], { method }: HttpRequest): boolean {
  const lengths = [headers['content-length'] ?? []].flat().join(',').split(',');
  const isChunked = headers['transfer-encoding'] !== undefined && headers['content-length'] !== undefined;
  return method !== 'HEAD' && (lengths.length > 1 || isChunked);
}

function twoLengths(state: Try): CallFailure {
  return failure(classOf(state), 'two-lengths', describeFault('two-lengths', state.host), state);
}

function brokenBody(error: unknown, state: Try): CallFailure {
  const fault = faultOf(error);
  const told = fault === 'not-http' || fault === 'two-lengths' ? fault : 'cut-short';
  return failure(classOf(state), told, describeFault(told, state.host), state, error);
}

/** What this try's failure may mean for the server, from what was handed over. */
function classOf(state: Try): FailureClass {
  if (state.totalBytes === 0) return 'ambiguous';
  if (state.handedBytes === 0) return 'unsent';
  return state.handedBytes < state.totalBytes ? 'incomplete' : 'ambiguous';
}

function failure(failureClass: FailureClass, fault: Fault, why: string, state: Try, cause?: unknown): CallFailure {
  const { host, handedBytes: sentBytes, totalBytes } = state;
  return new CallFailure(failureClass, fault, why, { host, sentBytes, totalBytes, cause });
}

function silence(state: Try): CallFailure {
  const { request } = state;
  if (state.phase === 'connecting') {
    return failure('unsent', 'connect-timeout', describeFault('connect-timeout', state.host), state);
  }
  if (state.phase === 'waiting' || state.phase === 'answered') {
    const what = state.phase === 'waiting' ? 'answer' : 'first byte';
    return failure(classOf(state), 'no-answer', `no ${what} in ${request.policy.answerTimeoutMs / 1000} s`, state);
  }
  return failure(classOf(state), 'stalled', `no progress for ${request.stallTimeoutMs / 1000} s`, state);
}

function failureOf(error: unknown, state: Try): unknown {
  // An error of ours from the body (the file changed, say) comes back through undici as it was thrown.
  if (error instanceof CallFailure || error instanceof AppToolError) return error;
  if (error instanceof ProxyRefusal) return proxyFailure(error, state);
  if (error instanceof ProxyBroken) return failure('unsent', 'proxy-failing', proxyProblem(error), state, error);
  const code = errorCode(error) ?? '';
  if (USED_UP.has(code)) return usedUp(code, state, error);
  const machine = addressSpaceProblem(error, state.host);
  if (machine !== null) return machine;
  const fault = faultOf(error);
  // What has neither a code nor a known name is a bug of ours in the body, not the network.
  if (code === '' && fault === 'unknown') return error;
  // Nor can what undici refuses to send be mended by sending it again.
  if (REFUSED_BY_US.has(code)) return error;
  if (error instanceof PrivateAddressRefusal) {
    return failure('unsent', 'unsafe-address', 'the server named a host with a private address', state, error);
  }
  const neverConnected = new Set<Fault>(['dns-unknown', 'dns-failing', 'refused', 'local', 'connect-timeout']).has(
    fault,
  );
  const isTls = fault.startsWith('tls');
  const failureClass = neverConnected || isTls ? 'unsent' : classOf(state);
  return failure(failureClass, fault, explain(fault, failureClass, state, error), state, error);
}

function usedUp(code: string, { host }: Try, cause: unknown): LocalIoError {
  return new LocalIoError(`cannot open a connection to ${host}: ${code}`, {
    cause,
    hint: 'allow more open files (ulimit -n) or more memory, or fewer connections at once',
    next: { do: 'set', setting: 'concurrency' },
  });
}

function explain(fault: Fault, failureClass: FailureClass, state: Try, error: unknown): string {
  if (fault === 'tls-name') return `its certificate is for ${certificateNames(error)}, not for ${state.host}`;
  const words = describeFault(fault, state.host, error);
  if (fault !== 'closed' || failureClass !== 'incomplete') return words;
  return `${words} after ${state.handedBytes} of ${state.totalBytes} bytes: the server cannot have accepted the file; it may have refused it`;
}

/** Names the proxy, and what kept it from being reached. */
function proxyProblem({ host, cause }: ProxyBroken): string {
  const fault = faultOf(cause);
  return fault === 'closed'
    ? `the proxy ${host} closed the connection`
    : `cannot reach the proxy: ${describeFault(fault, host, cause)}`;
}

function proxyFailure(refusal: ProxyRefusal, state: Try): CallFailure {
  // 407 is what RFC 9110 has for it; tinyproxy answers 401 to credentials that are wrong.
  const isAuth = refusal.status === 407 || refusal.status === 401;
  const fault: Fault = isAuth ? 'proxy-auth' : refusal.status >= 500 ? 'proxy-failing' : 'proxy-refused';
  return failure('unsent', fault, `the proxy ${refusal.host} answered ${refusal.status} to CONNECT`, state, refusal);
}

import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { lookup } from 'node:dns/promises';
import { isIP, type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { HttpAnswer } from '../../../contract/backend/http.ts';
import type { Context } from '../../../contract/context.ts';
import { type AppToolError, asAppToolError } from '../../../contract/errors.ts';
import { bareHost } from '../../../contract/text/host.ts';
import { CALL_POLICIES } from '../../call-policy.ts';
import { untilAborted } from '../../deadline.ts';
import { header } from '../answer.ts';
import { attempt } from '../attempt.ts';
import { CallFailure, toAppToolError } from '../failure.ts';
import { lookAtCertificate, type TlsFacts, tlsFactsOf } from './certificate.ts';
import type { Connections } from './dispatcher.ts';
import type { Fault } from './fault.ts';
import { chooseProxy, type ProxyChoice, type ProxySettings } from './proxy-choice.ts';
import { SEND_HEADERS } from './socket-progress.ts';

/** The stage of the way to a host at which a request ended. */
type Stage = 'proxy' | 'dns' | 'tls' | 'answer';

/** The way to one host, as far as a request went. */
export interface HostReport {
  /** Host and port, as the address has them. */
  readonly host: string;
  readonly isTls: boolean;
  readonly route: ProxyChoice;
  /** What the system's resolver says; `null` where nobody asks it here: for an address, or behind a proxy. */
  readonly addresses: readonly string[] | null;
  /** Of the connection that the request went over, or of the certificate that was refused. */
  readonly tls: TlsFacts | null;
  readonly status: number | null;
  /** How much this machine's clock is ahead of the server's (ms, to a second or so); `null` where the server gives no date. */
  readonly clockAheadMs: number | null;
  readonly failure: { readonly stage: Stage; readonly why: string; readonly error: AppToolError } | null;
}

export interface HostCheck {
  /** A base address; its path goes with the request. */
  readonly url: string;
  readonly connections: Connections;
  readonly proxies: ProxySettings;
  readonly stallTimeoutMs: number;
}

/**
 * Goes the way that every request goes, with one `HEAD` that carries no credential; any answer will do. Never rejects: what it meets is in
 * the report, and so is the reason of the context's signal where that ends it.
 */
export async function checkHost(check: HostCheck, ctx: Context): Promise<HostReport> {
  const url = new URL(check.url);
  const hostname = bareHost(url.hostname);
  const route = chooseProxy(url, check.proxies);
  const isResolvedHere = route.proxy === null && isIP(hostname) === 0;
  const [addresses, met] = await Promise.all([isResolvedHere ? addressesOf(hostname, ctx) : null, request(check, ctx)]);
  const { failure } = met;
  const tls = failure?.stage === 'tls' ? await lookAtCertificate(url, route.proxy, ctx.signal) : met.tls;
  return { host: url.host, isTls: url.protocol === 'https:', route, addresses, ...met, tls };
}

type Met = Pick<HostReport, 'tls' | 'status' | 'clockAheadMs' | 'failure'>;

async function request({ url, connections, stallTimeoutMs }: HostCheck, ctx: Context): Promise<Met> {
  const sent = watchProbe(new URL(url).origin);
  const head = { method: 'HEAD', url, headers: {}, body: null, isLarge: false, stallTimeoutMs, tryNumber: 1 } as const;
  try {
    return await attempt(connections, { ...head, policy: CALL_POLICIES.proof }, ctx, async (answer) => ({
      tls: sent.tls(),
      status: answer.status,
      clockAheadMs: clockAhead(answer, ctx.clock.date()),
      failure: null,
    }));
  } catch (error) {
    return { tls: null, status: null, clockAheadMs: null, failure: failureOf(error, ctx.clock.date()) };
  } finally {
    sent.close();
  }
}

/** The connection of the `HEAD` to this origin, which nothing else sends. */
function watchProbe(origin: string): { tls(): TlsFacts | null; close(): void } {
  let facts: TlsFacts | null = null;
  const onHeaders = (message: unknown): void => {
    const { request, socket } = message as {
      readonly request: { readonly method: string; readonly origin: unknown };
      readonly socket: Socket;
    };
    if (request.method === 'HEAD' && request.origin === origin && socket instanceof TLSSocket)
      facts = tlsFactsOf(socket);
  };
  subscribe(SEND_HEADERS, onHeaders);
  return { tls: () => facts, close: () => void unsubscribe(SEND_HEADERS, onHeaders) };
}

/** Empty where there are none; the request itself finds out why. */
async function addressesOf(hostname: string, { signal }: Context): Promise<readonly string[]> {
  const stopped = untilAborted(signal).then(() => []);
  const found = await Promise.race([lookup(hostname, { all: true }).catch(() => []), stopped]);
  return [...new Set(found.map(({ address }) => address))];
}

/** A cached answer keeps its date, and says how old it is: RFC 9110, section 6.6.1, and RFC 9111, section 5.1. */
function clockAhead(answer: HttpAnswer, now: Date): number | null {
  const sentAt = Date.parse(header(answer, 'date') ?? '');
  const ageS = Number(header(answer, 'age') ?? 0);
  return Number.isNaN(sentAt) || !(ageS >= 0) ? null : now.getTime() - sentAt - 1000 * ageS;
}

const STAGES: Readonly<Partial<Record<Fault, Stage>>> = {
  'proxy-refused': 'proxy',
  'proxy-auth': 'proxy',
  'proxy-failing': 'proxy',
  'dns-unknown': 'dns',
  'dns-failing': 'dns',
  'tls-untrusted': 'tls',
  'tls-time': 'tls',
  'tls-name': 'tls',
  tls: 'tls',
};

function failureOf(thrown: unknown, now: Date): NonNullable<HostReport['failure']> {
  if (!(thrown instanceof CallFailure)) {
    const error = asAppToolError(thrown);
    return { stage: 'answer', why: error.message, error };
  }
  const error = toAppToolError(thrown, { what: 'get an answer', policy: CALL_POLICIES.proof }, false, now);
  return { stage: STAGES[thrown.fault] ?? 'answer', why: thrown.message, error };
}

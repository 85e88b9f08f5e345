import {
  Agent,
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Sandbox } from '../sandbox/server.ts';
import { atEnd } from './cleanup.ts';

/** One request that came to the proxy. */
interface Exchange {
  readonly origin: 'api' | 'storage';
  readonly method: string;
  readonly path: string;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Reads the whole request body, as a server that has accepted it. */
  readBody(): Promise<Buffer>;
  /** Sends the request on and gives the answer, without passing it back. */
  forward(body: Buffer): Promise<Answer>;
  /** Passes an answer back. */
  reply(answer: Answer): void;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

/** What goes wrong with one request. */
export type Fault = (exchange: Exchange) => Promise<void> | void;

export interface PlannedFault {
  readonly origin?: 'api' | 'storage';
  readonly method?: string;
  readonly path?: RegExp;
  /** How many of the matching requests are let through first. */
  readonly after?: number;
  /** How many are hit; all the rest by default is one. */
  readonly times?: number;
  readonly fault: Fault;
}

interface Seen {
  readonly origin: 'api' | 'storage';
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
}

export interface FaultProxy {
  readonly variables: Readonly<Record<string, string>>;
  readonly apiUrl: string;
  /** Every request, in order of arrival. */
  readonly seen: readonly Seen[];
  /** How often each planned fault struck. */
  readonly struck: readonly number[];
  /** The bodies of the API's answers that went back. */
  readonly replied: readonly string[];
  /** Most requests to the storage at one time. */
  readonly mostAtOnce: number;
}

/**
 * Stands in front of a sandbox, its storage included, and does to chosen requests what was planned; all else passes. The signed URLs in
 * answers, redirects included, are turned to the proxy's own storage port; their signatures cover path and query, so they stay true.
 */
export async function faultProxy(sandbox: Sandbox, planned: readonly PlannedFault[]): Promise<FaultProxy> {
  const seen: Seen[] = [];
  const replied: string[] = [];
  const planner = createPlanner(planned);
  const agent = new Agent({ keepAlive: true });
  atEnd(() => agent.destroy());
  let inFlight = 0;
  let mostAtOnce = 0;
  const count = (response: ServerResponse): void => {
    inFlight += 1;
    mostAtOnce = Math.max(mostAtOnce, inFlight);
    response.once('close', () => {
      inFlight -= 1;
    });
  };
  const serve = async (origin: Seen['origin'], upstream: Upstream): Promise<string> =>
    await listen((request, response) => {
      const { url: path = '/', method = '', headers } = request;
      seen.push({ origin, method, path, headers });
      if (origin === 'storage') count(response);
      const exchange = makeExchange(origin, upstream, request, response, (body) => {
        if (origin === 'api') replied.push(body.toString('utf8'));
      });
      const fault = planner.pick(exchange) ?? passThrough(upstream);
      Promise.resolve(fault(exchange)).catch(() => request.socket.destroy());
    });
  const storageOrigin = await serve('storage', { origin: sandbox.storageOrigin, agent, rewrite: (text) => text });
  const rewrite = (text: string) => text.replaceAll(sandbox.storageOrigin, storageOrigin);
  const apiOrigin = await serve('api', { origin: sandbox.apiOrigin, agent, rewrite });
  const variables = Object.fromEntries(
    Object.entries(sandbox.variables).map(([name, value]) => [name, value.replaceAll(sandbox.apiOrigin, apiOrigin)]),
  );
  return {
    variables,
    apiUrl: apiOrigin,
    seen,
    replied,
    get struck() {
      return planner.struck;
    },
    get mostAtOnce() {
      return mostAtOnce;
    },
  };
}

interface Upstream {
  readonly origin: string;
  readonly agent: Agent;
  readonly rewrite: (text: string) => string;
}

function createPlanner(planned: readonly PlannedFault[]) {
  const counts = planned.map(() => ({ passed: 0, struck: 0 }));
  const matches = ({ origin, method, path }: PlannedFault, exchange: Exchange): boolean =>
    (origin ?? exchange.origin) === exchange.origin &&
    (method ?? exchange.method) === exchange.method &&
    (path?.test(exchange.path) ?? true);
  const strikes = ({ after = 0, times = 1 }: PlannedFault, count: { passed: number; struck: number }): boolean => {
    count.passed += 1;
    if (count.passed <= after || count.struck >= times) return false;
    count.struck += 1;
    return true;
  };
  return {
    get struck() {
      return counts.map((count) => count.struck);
    },
    pick(exchange: Exchange): Fault | null {
      for (const [index, plan] of planned.entries()) {
        const count = counts[index];
        if (count !== undefined && matches(plan, exchange) && strikes(plan, count)) return plan.fault;
      }
      return null;
    },
  };
}

async function listen(listener: RequestListener): Promise<string> {
  const server = createServer({ requestTimeout: 0, keepAliveTimeout: 60_000 }, listener);
  server.on('clientError', (_, socket) => socket.destroy());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** What needs no fault is streamed where it is large, so that a part's bytes reach the storage as they come. */
function passThrough(upstream: Upstream): Fault {
  return async (exchange) => {
    if (exchange.origin === 'api') return exchange.reply(await exchange.forward(await exchange.readBody()));
    const { request, response, method, path } = exchange;
    await new Promise<void>((resolve, reject) => {
      const options = { method, headers: request.headers, agent: upstream.agent };
      const onward = httpRequest(`${upstream.origin}${path}`, options, (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
        answer.on('end', resolve).on('error', reject);
      });
      onward.on('error', reject);
      request.on('error', reject).on('aborted', () => onward.destroy());
      request.pipe(onward);
    });
  };
}

function makeExchange(
  origin: Seen['origin'],
  upstream: Upstream,
  request: IncomingMessage,
  response: ServerResponse,
  onReply: (body: Buffer) => void,
): Exchange {
  const { url: path = '/', method = '' } = request;
  return {
    origin,
    method,
    path,
    request,
    response,
    readBody: () => readAll(request),
    forward: async (body) => {
      const answer = await send(upstream, path, method, request.headers, body);
      const bytes = await readAll(answer);
      const text = origin === 'api' ? Buffer.from(upstream.rewrite(bytes.toString('utf8'))) : bytes;
      const length = { 'content-length': String(text.length) };
      const { location } = answer.headers;
      const turned = location === undefined ? {} : { location: upstream.rewrite(location) };
      return { status: answer.statusCode ?? 502, headers: { ...answer.headers, ...turned, ...length }, body: text };
    },
    reply: ({ status, headers, body }) => {
      onReply(body);
      response.writeHead(status, headers);
      response.end(body);
    },
  };
}

function send(
  { origin, agent }: Upstream,
  path: string,
  method: string,
  headers: IncomingMessage['headers'],
  body: Buffer,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const onward = httpRequest(`${origin}${path}`, { method, headers, agent }, resolve);
    onward.on('error', reject);
    onward.end(body);
  });
}

async function readAll(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

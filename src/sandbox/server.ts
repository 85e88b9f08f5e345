import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type {
  ObjectStore,
  SandboxAnswer,
  SandboxOptions,
  SandboxPart,
  SandboxTools,
} from '../contract/backend/sandbox.ts';
import type { Context } from '../contract/context.ts';
import { errorCode, LocalIoError } from '../contract/errors.ts';
import { receiveForm } from './form.ts';
import { createObjectStore } from './object-store.ts';

const LARGEST_CONTROL_BODY = 1024 * 1024;

export interface Sandbox {
  /** Where the backends' parts are, each below its id. */
  readonly apiOrigin: string;
  /** Where the signed URLs lead: another origin, as it is in the real services. */
  readonly storageOrigin: string;
  /** The variables that point apptool at this sandbox, credentials included. */
  readonly variables: Readonly<Record<string, string>>;
  readonly store: ObjectStore;
  /** Stops serving and removes what was stored. */
  close(): Promise<void>;
}

/** What a backend's folder offers: its id, and its part where it has one. */
export interface SandboxPartSource {
  readonly id: string;
  sandbox?(tools: SandboxTools): Promise<SandboxPart>;
}

/**
 * Serves the parts on loopback, each below `/<id>`, and their storage on a port of its own. `port` 0 takes a free one;
 * `record` is told of the folder. Rejects with `LocalIoError` when there is no folder or no port to be had.
 */
export async function startSandbox(
  sources: readonly SandboxPartSource[],
  options: SandboxOptions,
  { port = 0, record = () => {} }: { readonly port?: number; readonly record?: Context['record'] } = {},
): Promise<Sandbox> {
  const folder = await mkdtemp(join(tmpdir(), 'apptool-sandbox-')).catch((cause: unknown) => {
    throw new LocalIoError(`cannot make a folder in ${tmpdir()}: ${errorCode(cause)}`, {
      cause,
      hint: 'set TMPDIR to a folder that can be written',
    });
  });
  record({ type: 'temporary', path: folder });
  const servers: Server[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(servers.map(stop));
    // A job at work may just be writing its output there.
    await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 20 });
    record({ type: 'temporary-gone', path: folder });
  };
  try {
    const parts = new Map<string, SandboxPart>();
    let store: ObjectStore | null = null;
    const storageOrigin = await listen(servers, 0, (request, response) => {
      void store?.handle(request, response).catch(() => response.destroy());
    });
    store = createObjectStore(folder, storageOrigin, Date.now);
    const { newPath } = store;
    const apiOrigin = await listen(servers, port, (request, response) => {
      void serve(parts, newPath, request, response).catch(() => response.destroy());
    });
    for (const source of sources) {
      const tools = {
        options,
        store,
        baseUrl: `${apiOrigin}/${source.id}`,
        randomId: () => randomBytes(12).toString('hex'),
      };
      const part = await source.sandbox?.(tools);
      if (part !== undefined) parts.set(source.id, part);
    }
    const variables = Object.assign({}, ...[...parts.values()].map((part) => part.variables)) as Record<string, string>;
    return { apiOrigin, storageOrigin, variables, store, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** RFC 9110, section 7.2: what a client believes that it talks to. */
const OWN_HOST = /^(?:127(?:\.\d{1,3}){3}|localhost|\[::1\])(?::\d{1,5})?$/i;

/** A page of the internet can make its name lead to this machine; its requests then still carry that name. */
function forOwnHost(listener: RequestListener): RequestListener {
  return (request, response) => {
    if (OWN_HOST.test(request.headers.host ?? '')) return listener(request, response);
    send(response, { status: 421, json: { error: 'Misdirected request' }, headers: { connection: 'close' } });
    request.resume();
  };
}

async function listen(servers: Server[], port: number, listener: RequestListener): Promise<string> {
  const server = createServer({ requestTimeout: 0, keepAliveTimeout: 60_000 }, forOwnHost(listener));
  servers.push(server);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => {
      reject(
        new LocalIoError(`cannot serve on port ${port}: ${errorCode(cause)}`, {
          cause,
          hint: 'choose another port',
          next: { do: 'set', setting: 'port' },
        }),
      );
    });
    server.listen(port, '127.0.0.1', resolve);
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function stop(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise<void>((resolve) => server.close(() => resolve()));
}

async function serve(
  parts: ReadonlyMap<string, SandboxPart>,
  newPath: () => string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://127.0.0.1');
  const [, id = '', ...rest] = url.pathname.split('/');
  const part = parts.get(id);
  if (part === undefined) return send(response, { status: 404, json: { error: 'Endpoint not found' } });
  const answer = await part.handle({
    method: request.method ?? '',
    path: `/${rest.join('/')}`,
    query: url.searchParams,
    headers: request.headers,
    body: (maxBytes = LARGEST_CONTROL_BODY) => readAll(request, maxBytes),
    form: () => receiveForm(request, newPath),
  });
  send(response, answer);
}

function send(response: ServerResponse, { status, json, headers = {} }: SandboxAnswer): void {
  const body = JSON.stringify(json);
  response
    .writeHead(status, { ...headers, 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) })
    .end(body);
}

async function readAll(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBytes) throw new Error('body too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

import type { LookupAddress } from 'node:dns';
import { setMaxListeners } from 'node:events';
import type { Socket } from 'node:net';
import { Agent, buildConnector, type Dispatcher, Pool, ProxyAgent } from 'undici';
import { CONNECT_TIMEOUT_MS } from '../../call-policy.ts';
import { openSocket, type Timer } from './open-socket.ts';
import { chooseProxy, type ProxySettings, proxyAuthorization } from './proxy-choice.ts';
import { createResolver, systemAddresses } from './resolver.ts';
import { watchBodySockets } from './socket-progress.ts';
import { assertWebAssembly } from './web-assembly.ts';

/** A request that tells when it has a connection: until then undici cannot be made to give it up. */
export interface ConnectedOption {
  readonly onConnected?: () => void;
}

/** Connections that are kept until they are destroyed. */
interface Requests {
  request(options: Dispatcher.RequestOptions & ConnectedOption): Promise<Dispatcher.ResponseData>;
  destroy(): Promise<void>;
}

/** Where every connection of a run comes from. */
export interface Connections {
  /** Kept-alive connections, for parts, polls and questions. */
  readonly pooled: Requests;
  /** Connections of their own, for one creating call; the caller destroys it. */
  fresh(): Requests;
  /** Whether the configured backend is known to be on a private network: then what it names may be, too. */
  isPrivate(): boolean;
  /** The socket that a request body goes out on, once it does. */
  socketOf(body: object): Socket | undefined;
  close(): Promise<void>;
}

/** A proxy answered CONNECT with something other than 200. */
export class ProxyRefusal extends Error {
  readonly code = 'APPTOOL_PROXY_REFUSAL';
  readonly status: number;
  /** The proxy's host and port; its credentials are not kept. */
  readonly host: string;

  constructor(status: number, host: string) {
    super(`the proxy ${host} answered ${status}`);
    this.status = status;
    this.host = host;
  }
}

/**
 * The proxy gave no response to CONNECT. An error of ours: undici takes its own socket error for a connection that was lost between two
 * requests, and connects again at once, without end.
 */
export class ProxyBroken extends Error {
  readonly code = 'APPTOOL_PROXY_BROKEN';
  readonly host: string;

  constructor(host: string, cause: unknown) {
    super(`the proxy ${host} gave no response`, { cause });
    this.host = host;
  }
}

/**
 * Connections for one backend. `trustedOrigins` are the base addresses that the user configured: they may resolve to anything, and
 * where every address that they resolve to is private, so may what the backend names (a company's own installation).
 */
export function openConnections(proxies: ProxySettings, trustedOrigins: readonly string[], timer: Timer): Connections {
  assertWebAssembly();
  const resolver = createResolver(trustedOrigins.map((origin) => new URL(origin).hostname));
  const create = (): Requests => openRequests(proxies, resolver.addressesOf, timer);
  const pooled = create();
  const sockets = watchBodySockets();
  return {
    pooled,
    fresh: create,
    isPrivate: resolver.isPrivate,
    socketOf: sockets.socketOf,
    close: async () => {
      sockets.close();
      await pooled.destroy();
    },
  };
}

type AddressesOf = (hostname: string) => Promise<readonly LookupAddress[]>;

/** Our own watchdogs tell a stall from a slow link; undici's timers do not. */
const CLIENT = { headersTimeout: 0, bodyTimeout: 0, allowH2: false } as const;

/** Sends each request the way that `chooseProxy` says. */
function openRequests(proxies: ProxySettings, addressesOf: AddressesOf, timer: Timer): Requests {
  const stop = new AbortController();
  setMaxListeners(0, stop.signal);
  const direct = new Agent({ ...CLIENT, connect: connectorTo(addressesOf, timer, stop.signal) });
  const throughProxies = new Map<string, Dispatcher>();
  const proxied = (proxy: string, isTls: boolean): Dispatcher => {
    const key = `${isTls} ${proxy}`;
    const known = throughProxies.get(key);
    if (known !== undefined) return known;
    // Where a proxy is, is the user's to say, whatever its addresses are.
    const connect = connectorTo(systemAddresses, timer, stop.signal);
    const opened = isTls ? openTunnels(new URL(proxy), connect) : openForwarding(new URL(proxy), connect);
    throughProxies.set(key, opened);
    return opened;
  };
  const routed = direct
    .compose((straight) => (options, handler) => {
      const url = new URL(String(options.origin));
      const { proxy } = chooseProxy(url, proxies);
      return proxy === null
        ? straight(options, handler)
        : proxied(proxy, url.protocol === 'https:').dispatch(options, handler);
    })
    .compose(tellWhenConnected);
  return {
    request: (options) => routed.request(options),
    destroy: async () => {
      stop.abort(new Error('connections closed'));
      await Promise.all([direct, ...throughProxies.values()].map((dispatcher) => dispatcher.destroy()));
    },
  };
}

function connectorTo(addressesOf: AddressesOf, timer: Timer, signal: AbortSignal): buildConnector.connector {
  const startTls = buildConnector({ timeout: CONNECT_TIMEOUT_MS });
  return (options, callback) => {
    const isTls = options.protocol === 'https:';
    const port = Number(options.port) || (isTls ? 443 : 80);
    addressesOf(options.hostname)
      .then((addresses) => openSocket(addresses, port, timer, signal))
      .then(
        (socket) => (isTls ? startTls({ ...options, httpSocket: socket }, callback) : callback(null, socket)),
        (error: Error) => callback(error, null),
      );
  };
}

/** A proxy that https goes through, in tunnels. */
function openTunnels(proxy: URL, connect: buildConnector.connector): Dispatcher {
  const token = proxyAuthorization(proxy);
  return new ProxyAgent({
    ...CLIENT,
    uri: withoutCredentials(proxy),
    ...(token === null ? {} : { token }),
    requestTls: { timeout: CONNECT_TIMEOUT_MS },
    clientFactory: (origin: URL, options: object) => proxyClient(origin, { ...options, ...CLIENT, connect }),
  });
}

/** A proxy that plain http goes through: it is asked for the whole address (RFC 9112, section 3.2.2). */
function openForwarding(proxy: URL, connect: buildConnector.connector): Dispatcher {
  const token = proxyAuthorization(proxy);
  const pool = new Pool(new URL(withoutCredentials(proxy)).origin, { ...CLIENT, connect });
  return pool.compose((dispatch) => ({ origin, path, headers, ...options }, handler) => {
    const { host } = new URL(String(origin));
    const added = { host, ...(token === null ? {} : { 'proxy-authorization': token }) };
    const all = { ...(headers as Record<string, string>), ...added };
    return dispatch({ ...options, path: `${String(origin)}${path}`, headers: all }, handler);
  });
}

function withoutCredentials(proxy: URL): string {
  const bare = new URL(proxy);
  bare.username = '';
  bare.password = '';
  return bare.href;
}

/** Calls a request's `onConnected` when its turn on a connection has come. */
function tellWhenConnected(dispatch: Dispatcher['dispatch']): Dispatcher['dispatch'] {
  return (options, handler) => {
    const { onConnected } = options as ConnectedOption;
    if (onConnected === undefined) return dispatch(options, handler);
    const told: Dispatcher.DispatchHandler = Object.create(handler);
    for (const name of HANDLER_METHODS) {
      const method = (handler as Record<string, unknown>)[name];
      if (typeof method !== 'function') continue;
      const call = (...values: unknown[]): unknown => {
        if (name === 'onConnect' || name === 'onRequestStart') onConnected();
        return method.apply(handler, values);
      };
      Object.assign(told, { [name]: call });
    }
    return dispatch(options, told);
  };
}

/** undici's handlers, in the older style that its own `request` uses, and in the newer. */
const HANDLER_METHODS = [
  'onConnect',
  'onHeaders',
  'onData',
  'onComplete',
  'onError',
  'onUpgrade',
  'onResponseStarted',
  'onBodySent',
  'onRequestSent',
  'onRequestStart',
  'onRequestUpgrade',
  'onResponseStart',
  'onResponseData',
  'onResponseEnd',
  'onResponseError',
] as const;

/** undici folds a proxy's refusal into the text of an error; this keeps its status. */
function proxyClient(origin: URL, options: object): Pool {
  const pool = new Pool(origin, options);
  const connect = pool.connect.bind(pool) as (options: Dispatcher.ConnectOptions) => Promise<Dispatcher.ConnectData>;
  const checked = async (request: Dispatcher.ConnectOptions) => {
    const answer = await connect(request).catch((cause: unknown) => {
      throw new ProxyBroken(origin.host, cause);
    });
    if (answer.statusCode === 200) return answer;
    answer.socket.on('error', () => {}).destroy();
    throw new ProxyRefusal(answer.statusCode, origin.host);
  };
  return Object.assign(pool, { connect: checked });
}

import { type LookupAddress, type LookupOptions, lookup as systemLookup } from 'node:dns';
import type { Socket } from 'node:net';
import { type Dispatcher, EnvHttpProxyAgent, Pool } from 'undici';
import { CONNECT_TIMEOUT_MS } from '../../call-policy.ts';
import { bareHost, isLoopbackHost, isPrivateAddress } from '../address.ts';
import { watchBodySockets } from './socket-progress.ts';
import { assertWebAssembly } from './web-assembly.ts';

/** The proxies that the environment names; empty text for none. Passed in, so that nothing here reads the environment. */
export interface ProxySettings {
  readonly httpProxy: string;
  readonly httpsProxy: string;
  readonly noProxy: string;
}

/** A request that tells when it has a connection: until then undici cannot be made to give it up. */
export interface ConnectedOption {
  readonly onConnected?: () => void;
}

/** Where every connection of a run comes from. */
export interface Connections {
  /** Kept-alive connections, for parts, polls and questions. */
  readonly pooled: Dispatcher;
  /** Connections of their own, for one creating call; the caller destroys it. */
  fresh(): Dispatcher;
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
 * The proxy gave no answer to CONNECT. An error of ours: undici takes its own socket error for a connection that was lost between two
 * requests, and connects again at once, without end.
 */
export class ProxyBroken extends Error {
  readonly code = 'APPTOOL_PROXY_BROKEN';
  readonly host: string;

  constructor(host: string, cause: unknown) {
    super(`the proxy ${host} gave no answer`, { cause });
    this.host = host;
  }
}

/** A server's host name resolved to an address that a server on the internet has no business naming. */
export class PrivateAddressRefusal extends Error {
  readonly code = 'APPTOOL_PRIVATE_ADDRESS';
}

/**
 * Connections for one backend. `trustedOrigins` are the base addresses that the user configured: they may resolve to anything, and
 * once one of them is private, so may what the backend names (a company's own installation).
 */
export function openConnections(proxies: ProxySettings, trustedOrigins: readonly string[]): Connections {
  assertWebAssembly();
  const lookup = guardedLookup(new Set(trustedOrigins.map((origin) => bareHost(new URL(origin).hostname))));
  const create = (): Dispatcher =>
    new EnvHttpProxyAgent({
      ...proxies,
      // A CONNECT tunnel for plain http is refused by most proxies; https is tunnelled either way.
      proxyTunnel: false,
      connect: { timeout: CONNECT_TIMEOUT_MS, lookup },
      requestTls: { timeout: CONNECT_TIMEOUT_MS },
      clientFactory: (origin: URL, options: object) => proxyClient(origin, options),
      // Our own watchdogs tell a stall from a slow link; undici's timers do not.
      headersTimeout: 0,
      bodyTimeout: 0,
      allowH2: false,
    }).compose(tellWhenConnected);
  const pooled = create();
  const sockets = watchBodySockets();
  return {
    pooled,
    fresh: create,
    socketOf: sockets.socketOf,
    close: async () => {
      sockets.close();
      await pooled.destroy();
    },
  };
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

type LookupCallback = (error: NodeJS.ErrnoException | null, address: string | LookupAddress[], family?: number) => void;

/** Resolves names as the system does, and refuses private addresses for hosts that only a server named. */
function guardedLookup(trustedHosts: ReadonlySet<string>) {
  let privateAllowed = [...trustedHosts].some((host) => isLoopbackHost(host) || isPrivateAddress(host));
  const mayUse = (hostname: string, addresses: readonly LookupAddress[]): boolean => {
    const hasPrivate = addresses.some(({ address }) => isPrivateAddress(address));
    if (hasPrivate && trustedHosts.has(hostname)) privateAllowed = true;
    return !hasPrivate || privateAllowed;
  };
  return (hostname: string, options: LookupOptions, callback: LookupCallback): void => {
    systemLookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) callback(error, []);
      else if (!mayUse(hostname, addresses)) callback(new PrivateAddressRefusal('private address'), []);
      else if (options.all === true) callback(null, addresses);
      else callback(null, addresses[0]?.address ?? '', addresses[0]?.family ?? 0);
    });
  };
}

import type { AdapterInput, BackendDefinition } from '../../contract/backend/definition.ts';
import { type PageValues, pageOf } from '../../contract/backend/page-url.ts';
import type { Clock } from '../../contract/context.ts';
import { createApiClient } from '../../transfer/http/api.ts';
import { type Connections, openConnections } from '../../transfer/http/connection/dispatcher.ts';
import type { ProxySettings } from '../../transfer/http/connection/proxy-choice.ts';
import { createStorage } from '../../transfer/http/storage.ts';
import type { OpenBackend } from '../backend.ts';
import { withHints } from './refused-credentials.ts';

/** What a backend is opened with. Nothing here is read from the process: whoever opens it has. */
export interface BackendParts
  extends Pick<AdapterInput<unknown>, 'credentials' | 'build' | 'conceal' | 'concealAddress'> {
  /** The backend's own settings, parsed or not; its base addresses are in their plain form. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly network: {
    readonly proxies: ProxySettings;
    /** Longest silence while bytes should move (ms). */
    readonly stallTimeoutMs: number;
    readonly clock: Clock;
  };
  /** What to do when the credentials are refused, in words that name where they came from. */
  readonly ifRefused: string;
}

/** The doors of a backend, and the connections behind them. */
export interface Doors {
  readonly input: AdapterInput<unknown>;
  readonly connections: Connections;
  close(): Promise<void>;
}

/** Opens a backend's doors. Makes no request. `addresses` are the base addresses, its own first: credentials travel to them alone. */
export function openDoors(parts: Omit<BackendParts, 'ifRefused'>, addresses: readonly string[]): Doors {
  const { settings, credentials, build, conceal, concealAddress, network } = parts;
  const { proxies, stallTimeoutMs, clock } = network;
  const connections = openConnections(proxies, addresses, clock);
  const trustedBase = addresses[0] ?? '';
  return {
    connections,
    close: () => connections.close(),
    input: {
      settings,
      credentials,
      build,
      conceal,
      concealAddress,
      api: (options) => createApiClient({ ...options, connections, stallTimeoutMs }),
      storage: createStorage({ connections, trustedBase, stallTimeoutMs, conceal: concealAddress }),
    },
  };
}

/** A backend that is open until it is closed. */
export interface OpenedBackend extends OpenBackend {
  close(): Promise<void>;
}

/**
 * Opens a backend: the one way for the command line, the library, the tests and the bench. Makes no request. Rejects with `UsageError` or
 * `AuthError` for settings and credentials that cannot work together.
 */
export async function openBackend(definition: BackendDefinition, parts: BackendParts): Promise<OpenedBackend> {
  const addresses = addressesOf(definition, parts.settings);
  const doors = openDoors(parts, addresses);
  try {
    const adapter = withHints(await definition.create(doors.input), parts.ifRefused);
    const [address = ''] = addresses;
    const { pageUrl } = parts.settings;
    return {
      ...definition.capabilities,
      id: definition.id,
      host: URL.canParse(address) ? new URL(address).host : null,
      adapter,
      storage: doors.input.storage,
      ...(adapter.quota === undefined ? {} : { quota: adapter.quota }),
      ...(typeof pageUrl === 'string'
        ? { pageOf: (values: PageValues) => pageOf(pageUrl, definition.jobId, values) }
        : {}),
      close: doors.close,
    };
  } catch (error) {
    await doors.close();
    throw error;
  }
}

/** The base addresses among a backend's settings, its own first. */
export function addressesOf(
  { addresses }: Pick<BackendDefinition, 'addresses'>,
  settings: Readonly<Record<string, unknown>>,
): string[] {
  return addresses.map((key) => String(settings[key]));
}

import type { AdapterInput, BackendDefinition, CredentialSpec } from '../../src/backends/definition.ts';
import { realClock } from '../../src/cli/process/clock.ts';
import type { UploadOptions } from '../../src/contract/adapter.ts';
import type { BuildMetadata } from '../../src/contract/build-metadata.ts';
import { secret } from '../../src/contract/secret.ts';
import type { OpenBackend } from '../../src/run/backend.ts';
import { openConnections } from '../../src/transfer/http/connection/dispatcher.ts';
import { createStorage, type Storage } from '../../src/transfer/http/storage.ts';
import { atEnd } from './cleanup.ts';

const NO_PROXY = { httpProxy: '', httpsProxy: '', noProxy: '' };

const NOTHING_KNOWN: BuildMetadata = {
  isCi: false,
  provider: null,
  commit: null,
  commitMessage: null,
  branch: null,
  tag: null,
  pullRequest: null,
  buildNumber: null,
  buildUrl: null,
  ciUrl: null,
  repositoryUrl: null,
  triggeredAtMs: null,
};
const noBuild = async (): Promise<BuildMetadata> => NOTHING_KNOWN;

/** What the command line gives a backend, from the variables of a sandbox or of a proxy before it, and settings of its own. */
export function backendInput(
  definition: BackendDefinition,
  variables: Readonly<Record<string, string>>,
  {
    more = [],
    stallTimeoutMs = 5_000,
    own = {},
  }: {
    readonly more?: readonly CredentialSpec[];
    readonly stallTimeoutMs?: number;
    readonly own?: Readonly<Record<string, unknown>>;
  } = {},
): AdapterInput<Record<string, unknown>> & { readonly storage: Storage } {
  const given: Record<string, unknown> = { ...own };
  for (const [key, variable] of Object.entries(definition.variables)) {
    if (variable !== undefined && variables[variable] !== undefined) given[key] = variables[variable];
  }
  const settings = definition.settings.parse(given) as Record<string, unknown>;
  const addresses = definition.addresses.map((key) => String(settings[key]));
  const credentials = Object.fromEntries(
    [...definition.credentials, ...more]
      .filter(({ variable, isOptional }) => isOptional !== true || variables[variable] !== undefined)
      .map(({ name, variable }) => [name, secret(variables[variable] ?? '')]),
  );
  const connections = openConnections(NO_PROXY, addresses, realClock);
  atEnd(() => connections.close());
  const conceal = () => {};
  const storage = createStorage({ connections, trustedBase: addresses[0] ?? '', stallTimeoutMs, conceal });
  const told = { conceal, concealAddress: conceal };
  return { settings, credentials, connections, stallTimeoutMs, build: noBuild, ...told, storage };
}

/** A backend as the command line opens it. */
export async function openBackend(
  definition: BackendDefinition,
  variables: Readonly<Record<string, string>>,
  stallTimeoutMs = 5_000,
  own: Readonly<Record<string, unknown>> = {},
): Promise<OpenBackend> {
  const { storage, ...input } = backendInput(definition, variables, { stallTimeoutMs, own });
  const {
    files,
    limit,
    signature = null,
    accepts,
    milestones,
    protects,
    appearsLate = false,
  } = definition.capabilities;
  const adapter = await definition.create(input);
  const host = new URL(String(input.settings[definition.addresses[0] ?? ''])).host;
  return {
    id: definition.id,
    host,
    files,
    limit,
    signature,
    accepts,
    milestones,
    protects,
    appearsLate,
    adapter,
    storage,
  };
}

/** Options with which a test's upload does not wait long for anything. */
export const UPLOAD: UploadOptions = {
  environment: 'prod',
  signingKey: undefined,
  appearTimeoutMs: 2_000,
  capacityWaitMs: 0,
  pollIntervalMs: 20,
  concurrency: 4,
};

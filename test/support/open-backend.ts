import type { BackendDefinition } from '../../src/backends/definition.ts';
import type { BuildMetadata } from '../../src/build-metadata.ts';
import type { OpenBackend } from '../../src/run/backend.ts';
import { secret } from '../../src/secret.ts';
import { openConnections } from '../../src/transfer/http/dispatcher.ts';
import { createStorage } from '../../src/transfer/http/storage.ts';
import type { UploadOptions } from '../../src/types.ts';
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

/** A backend as the command line opens it, from the variables of a sandbox or of a proxy before it. */
export async function openBackend(
  definition: BackendDefinition,
  variables: Readonly<Record<string, string>>,
  stallTimeoutMs = 5_000,
): Promise<OpenBackend> {
  const settings: Record<string, unknown> = {};
  for (const [key, variable] of Object.entries(definition.variables)) {
    if (variable !== undefined && variables[variable] !== undefined) settings[key] = variables[variable];
  }
  const parsed = definition.settings.parse(settings) as Record<string, unknown>;
  const addresses = definition.addresses.map((key) => String(parsed[key]));
  const credentials = Object.fromEntries(
    definition.credentials
      .filter(({ variable, isOptional }) => isOptional !== true || variables[variable] !== undefined)
      .map(({ name, variable }) => [name, secret(variables[variable] ?? '')]),
  );
  const connections = openConnections(NO_PROXY, addresses);
  atEnd(() => connections.close());
  const adapter = await definition.create({
    settings: parsed,
    credentials,
    connections,
    stallTimeoutMs,
    build: noBuild,
    conceal: () => {},
  });
  const storage = createStorage({ connections, trustedBase: addresses[0] ?? '', stallTimeoutMs });
  const { files, limit, signature = null, accepts, milestones, protects } = definition.capabilities;
  return { id: definition.id, files, limit, signature, accepts, milestones, protects, adapter, storage };
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

import type { UploadOptions } from '../contract/adapter.ts';
import type { AdapterInput, BackendDefinition, CredentialSpec } from '../contract/backend/definition.ts';
import type { BuildMetadata } from '../contract/build-metadata.ts';
import { secret } from '../contract/secret.ts';
import type { OpenBackend } from '../run/backend.ts';
import { addressesOf, type BackendParts, openBackend as open, openDoors } from '../run/open/open-backend.ts';
import { realClock } from '../run/real-clock.ts';
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

interface Given {
  /** Credentials besides the backend's own. */
  readonly more?: readonly CredentialSpec[];
  readonly stallTimeoutMs?: number;
  /** Settings of the backend's own. */
  readonly own?: Readonly<Record<string, unknown>>;
}

/** What a backend is opened with, from the variables of a sandbox or of a proxy before it, and settings of its own. */
function partsFor(
  definition: BackendDefinition,
  variables: Readonly<Record<string, string>>,
  { more = [], stallTimeoutMs = 5_000, own = {} }: Given = {},
): BackendParts {
  const given: Record<string, unknown> = { ...own };
  for (const [key, variable] of Object.entries(definition.variables)) {
    if (variable !== undefined && variables[variable] !== undefined) given[key] = variables[variable];
  }
  const credentials = Object.fromEntries(
    [...definition.credentials, ...more]
      .filter(({ variable, isOptional }) => isOptional !== true || variables[variable] !== undefined)
      .map(({ name, variable }) => [name, secret(variables[variable] ?? '')]),
  );
  const conceal = () => {};
  return {
    settings: definition.settings.parse(given),
    credentials,
    network: { proxies: NO_PROXY, stallTimeoutMs, clock: realClock },
    build: noBuild,
    conceal,
    concealAddress: conceal,
    ifRefused: 'check the credentials',
  };
}

/** What a backend's own commands are given. */
export function backendInput(
  definition: BackendDefinition,
  variables: Readonly<Record<string, string>>,
  given: Given = {},
): AdapterInput<unknown> {
  const parts = partsFor(definition, variables, given);
  const doors = openDoors(parts, addressesOf(definition, parts.settings));
  atEnd(doors.close);
  return doors.input;
}

/** A backend, opened as the command line does it. */
export async function openBackend(
  definition: BackendDefinition,
  variables: Readonly<Record<string, string>>,
  stallTimeoutMs = 5_000,
  own: Readonly<Record<string, unknown>> = {},
): Promise<OpenBackend> {
  const backend = await open(definition, partsFor(definition, variables, { stallTimeoutMs, own }));
  atEnd(backend.close);
  return backend;
}

/** Options with which a test's upload does not wait long for anything. */
export const QUICK_UPLOAD: UploadOptions = {
  signingKey: undefined,
  appearTimeoutMs: 2_000,
  capacityWaitMs: 0,
  pollIntervalMs: 50,
  concurrency: 4,
};

import { readFileSync } from 'node:fs';
import { backends as builtin } from '../../backends/index.ts';
import { metadataFromEnvironment } from '../../ci/build/metadata-from-environment.ts';
import type { ConfigFile } from '../../cli/settings/config/config-file.ts';
import { readCredentials } from '../../cli/settings/credentials.ts';
import { readNetworkEnvironment } from '../../cli/settings/network-environment.ts';
import { checkPageUrl } from '../../cli/settings/page-url.ts';
import { proxySecrets } from '../../cli/settings/proxy-secrets.ts';
import { resolveSettings, unknownBackend } from '../../cli/settings/resolve-settings.ts';
import { Settings } from '../../cli/settings/settings.ts';
import { subjectOf } from '../../cli/settings/source.ts';
import type { BackendDefinition } from '../../contract/backend/definition.ts';
import type { Env } from '../../contract/env.ts';
import { UsageError } from '../../contract/errors.ts';
import { createRedactor, type Redactor } from '../../contract/text/redact.ts';
import type { BackendParts } from '../../run/open/open-backend.ts';
import { realClock } from '../../run/real-clock.ts';
import { SANDBOX_DEFAULTS } from '../../sandbox/part.ts';
import { startSandbox } from '../../sandbox/server.ts';
import { checkBaseAddress } from '../../transfer/http/address.ts';
import type { ProxySettings } from '../../transfer/http/connection/proxy-choice.ts';
import type { OpenOptions } from './open-options.ts';

/** What a backend is opened with, all of it checked. */
export interface Settled {
  readonly definition: BackendDefinition;
  readonly parts: BackendParts;
  readonly redactor: Redactor;
  readonly env: Env;
  readonly proxies: ProxySettings;
  close(): Promise<void>;
}

/** Reads and checks what a backend is opened with, and starts its sandbox where one is wanted. */
export async function settle(which: string | BackendDefinition, options: OpenOptions): Promise<Settled> {
  const definition = typeof which === 'string' ? builtin.find(({ id }) => id === which) : which;
  if (definition === undefined) throw unknownBackend(String(which), builtin);
  const sandbox = options.sandbox === true ? await startSandbox([definition], SANDBOX_DEFAULTS) : null;
  const close = async (): Promise<void> => await sandbox?.close();
  try {
    const env = envFor(definition, options, sandbox?.variables ?? {});
    return { ...partsOf(definition, options, env), definition, env, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function partsOf(
  definition: BackendDefinition,
  { settings = {}, stallTimeoutMs = Settings.parse({}).stallTimeout, onEvent }: OpenOptions,
  env: Env,
): Pick<Settled, 'parts' | 'redactor' | 'proxies'> {
  const redactor = createRedactor();
  const warn = (code: string, message: string): void => onEvent?.({ type: 'warning', code, message });
  const proxies = readNetworkEnvironment(env, warn);
  for (const secret of proxySecrets(proxies)) redactor.add(secret);
  const resolved = resolveSettings({
    flags: {},
    environment: ownVariables(definition, settings, env),
    config: asConfig(definition.id, settings),
    backends: [definition],
    readValueFile: (path) => readFileSync(path, 'utf8').trimEnd(),
  });
  const { values = {}, sources = {} } = resolved.backends[definition.id] ?? {};
  const own: Record<string, unknown> = { ...values };
  for (const key of definition.addresses) own[key] = checkBaseAddress(String(own[key]), subjectOf(sources[key], key));
  const { values: credentials, ifRefused } = readCredentials(definition.credentials, {
    environment: env,
    redactor,
    warn,
  });
  checkPageUrl(definition.id, resolved, redactor);
  const parts: BackendParts = {
    settings: own,
    credentials,
    network: { proxies, stallTimeoutMs, clock: realClock },
    build: async () => metadataFromEnvironment(env),
    conceal: redactor.add,
    concealAddress: redactor.addAddress,
    ifRefused,
  };
  return { parts, redactor, proxies };
}

/** The variables with the credentials that were handed over in place of any others, or with those of a sandbox. */
function envFor(
  { credentials }: BackendDefinition,
  { env = {}, credentials: given = {} }: OpenOptions,
  ofSandbox: Readonly<Record<string, string>>,
): Env {
  const unknown = Object.keys(given).find((name) => !credentials.some((spec) => spec.name === name));
  if (unknown !== undefined)
    throw new UsageError(`there is no credential ${unknown}`, {
      hint: `there are ${credentials.map(({ name }) => name).join(', ')}`,
    });
  const handed = credentials.flatMap(({ name, variable }) => {
    const value = given[name];
    return value === undefined ? [] : [[variable, value] as const];
  });
  const all = { ...Object.fromEntries(handed), ...ofSandbox };
  const files = Object.fromEntries(Object.keys(all).map((name) => [`${name}_FILE`, '']));
  const direct = Object.keys(ofSandbox).length === 0 ? {} : { NO_PROXY: '127.0.0.1', no_proxy: '127.0.0.1' };
  return { ...env, ...files, ...all, ...direct };
}

/** Those of the backend's settings that the caller does not give: the other variables of the command line have no say here. */
function ownVariables({ variables }: BackendDefinition, given: Readonly<Record<string, unknown>>, env: Env): Env {
  const names = Object.entries(variables).flatMap(([key, name = '']) => (name === '' || key in given ? [] : [name]));
  return Object.fromEntries(names.map((name) => [name, env[name]]));
}

/** Settings of the caller, read as those of a config that somebody named. */
function asConfig(id: string, settings: Readonly<Record<string, unknown>>): ConfigFile {
  const text = { value: { [id]: settings }, locate: () => 'settings' };
  return { name: 'settings', wasFound: false, folder: '', text };
}

import type { Adapter } from '../../contract/adapter.ts';
import type { BackendDefinition } from '../../contract/backend/definition.ts';
import { AuthError, asAppToolError } from '../../contract/errors.ts';
import { type Check, failed, found } from '../../run/checks/check.ts';
import type { Subject } from '../../run/checks/doctor.ts';
import type { ProxySettings } from '../../transfer/http/connection/proxy-choice.ts';
import {
  type CredentialReader,
  credentialsOf,
  type FoundCredential,
  findCredential,
  misshapenCredential,
  missingCredential,
  variablesOf,
} from '../settings/credentials.ts';
import { proxyVariables, readNetworkEnvironment } from '../settings/network-environment.ts';
import { checkPageUrl } from '../settings/page-url.ts';
import { proxySecrets } from '../settings/proxy-secrets.ts';
import { isGiven, sourceText } from '../settings/source.ts';
import { checkedAddress, type Session } from './session.ts';
import { settingsProblem } from './settings-problem.ts';

/** What the checks that need no network have found, and what the others need; `null` where these cannot be made. */
export interface Prepared<T> {
  readonly checks: readonly Check[];
  readonly ready: T | null;
}

/**
 * Whether somebody means to use a backend: one of its credentials is set, in whatever form, or one of its settings is given; or the config
 * has a section for it; or it is the `backend` of the settings.
 */
export function isConfigured({ id, credentials }: BackendDefinition, session: Session): boolean {
  const { environment, settings, config } = session;
  return (
    settings.values.backend === id ||
    config?.text.value[id] !== undefined ||
    Object.values(settings.backends[id]?.sources ?? {}).some(isGiven) ||
    credentials.flatMap(variablesOf).some((name) => (environment[name] ?? '') !== '')
  );
}

/** What holds for all backends: the config file, what no run would take of the settings, and what the environment says of the network. */
export function examineMachine(session: Session): Prepared<ProxySettings> {
  const { config, environment, redactor } = session;
  const problem = settingsProblem(session);
  const settled = [
    found('ok', 'config', null, config === null ? 'no config file' : config.name),
    ...(problem === null ? [] : [failed('settings', null, problem)]),
  ];
  const warnings: Check[] = [];
  const more = (environment.NODE_EXTRA_CA_CERTS ?? '') === '' ? '' : ' and those of NODE_EXTRA_CA_CERTS';
  try {
    const ready = readNetworkEnvironment(environment, (_, message) => {
      warnings.push(found('warning', 'network', null, message));
    });
    for (const secret of proxySecrets(ready)) redactor.add(secret);
    return {
      checks: [
        ...settled,
        found('ok', 'network', null, `certificates are checked, by the CAs of Node.js${more}`),
        ...warnings,
      ],
      ready,
    };
  } catch (error) {
    return { checks: [...settled, failed('network', null, asAppToolError(error)), ...warnings], ready: null };
  }
}

/** Where a backend's settings and credentials come from, and whether they can be used; never what they are. */
export async function examineBackend(
  session: Session,
  backend: BackendDefinition,
  proxies: ProxySettings | null,
): Promise<Prepared<Subject>> {
  const settings = examineSettings(session, backend);
  const credentials = examineCredentials(session, backend);
  const checks = [...settings.checks, ...credentials.checks];
  if (proxies === null)
    return {
      checks: [...checks, found('skipped', 'proof', null, 'the network cannot be used: see above')],
      ready: null,
    };
  try {
    checkPageUrl(backend.id, session.settings, session.redactor);
  } catch (error) {
    checks.push(failed('settings', null, asAppToolError(error)));
  }
  const { values, ifRefused } = credentialsOf(credentials.usable);
  const { input, connections } = session.doorsFor({ ...settings, credentials: values, proxies });
  let adapter: Adapter | null = null;
  try {
    if (!checks.some(({ result }) => result === 'failed')) adapter = await backend.create(input);
  } catch (thrown) {
    const error = asAppToolError(thrown);
    checks.push(failed(error instanceof AuthError ? 'credentials' : 'settings', null, error));
  }
  const stallTimeoutMs = session.settings.values.stallTimeout;
  const variables = proxyVariables(session.environment);
  const { addresses } = settings;
  const subject = { addresses, connections, proxies, proxyVariables: variables, stallTimeoutMs, adapter, ifRefused };
  return { checks, ready: subject };
}

interface ExaminedSettings {
  readonly checks: readonly Check[];
  readonly settings: Readonly<Record<string, unknown>>;
  /** The base addresses that may be used. */
  readonly addresses: readonly string[];
}

function examineSettings({ settings }: Session, backend: BackendDefinition): ExaminedSettings {
  const { values, sources } = settings.backends[backend.id] ?? { values: {}, sources: {} };
  const given = Object.entries(sources).filter(([, source]) => isGiven(source));
  const names = given.map(([key, source]) => `${key} (${sourceText(source)})`);
  const message =
    names.length === 0 ? 'every setting has its default' : `${names.join(', ')}; every other setting has its default`;
  const own: Record<string, unknown> = { ...values };
  const problems: Check[] = [];
  const addresses: string[] = [];
  for (const key of backend.addresses) {
    try {
      const address = checkedAddress(backend, key, settings);
      own[key] = address;
      addresses.push(address);
    } catch (error) {
      problems.push(failed('settings', null, asAppToolError(error)));
    }
  }
  return { checks: [found('ok', 'settings', null, message), ...problems], settings: own, addresses };
}

function examineCredentials(
  session: Session,
  backend: BackendDefinition,
): { readonly checks: readonly Check[]; readonly usable: readonly FoundCredential[] } {
  const usable: FoundCredential[] = [];
  const checks: Check[] = [];
  for (const spec of backend.credentials) {
    const { environment, redactor } = session;
    const reader: CredentialReader = {
      environment,
      redactor,
      warn: (_, message) => void checks.push(found('warning', 'credentials', spec.variable, message)),
    };
    try {
      const one = findCredential(spec, reader);
      if (one === null) {
        if (spec.isOptional !== true)
          checks.push(failed('credentials', spec.variable, missingCredential(spec, environment)));
        continue;
      }
      checks.push(found('ok', 'credentials', spec.variable, origin(one)), formOf(one));
      if (one.problem === null) usable.push(one);
    } catch (error) {
      checks.push(failed('credentials', spec.variable, asAppToolError(error)));
    }
  }
  return { checks, usable };
}

function origin({ spec, variable }: FoundCredential): string {
  return variable.endsWith('_FILE')
    ? `${spec.label}, from the file that ${variable} names`
    : `${spec.label}, from ${variable}`;
}

function formOf(one: FoundCredential): Check {
  const { spec, problem } = one;
  if (problem !== null) return failed('form', spec.variable, misshapenCredential(one, problem));
  return found('ok', 'form', spec.variable, spec.form);
}

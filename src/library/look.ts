import type { AppFacts } from '../archive/inspect.ts';
import { proxyVariables } from '../cli/settings/network-environment.ts';
import type { BackendDefinition } from '../contract/backend/definition.ts';
import { AppToolError, AuthError } from '../contract/errors.ts';
import { type Check, failed } from '../run/checks/check.ts';
import { examine } from '../run/checks/doctor.ts';
import { inspect as runInspect } from '../run/inspect.ts';
import { addressesOf, openDoors } from '../run/open/open-backend.ts';
import { inRun } from './in-run.ts';
import type { OpenOptions } from './open/open-options.ts';
import { type Settled, settle } from './open/settle.ts';
import type { RunOptions } from './run-options.ts';

/** What is inside an APK, AAB or IPA, with its signatures checked. What could not be read is told as warnings. */
export async function inspect(file: string, options: RunOptions = {}): Promise<AppFacts> {
  return await inRun([], options, { command: 'inspect', begins: false }, (ctx) => runInspect(file, ctx));
}

export interface Diagnosis {
  /** Nothing has failed. */
  readonly ok: boolean;
  readonly checks: readonly Check[];
}

/** Everything that can be known of a backend before an upload, without one. What fails is a check, and nothing is thrown for it. */
export async function doctor(
  which: string | BackendDefinition,
  options: OpenOptions & RunOptions = {},
): Promise<Diagnosis> {
  const settled = await settle(which, options).catch((error: unknown) => {
    if (error instanceof AppToolError) return error;
    throw error;
  });
  if (settled instanceof AppToolError) {
    const check = settled instanceof AuthError ? 'credentials' : 'settings';
    return { ok: false, checks: [failed(check, null, settled)] };
  }
  try {
    return await inRun([settled.redactor], options, { command: 'doctor', begins: false }, (ctx) =>
      diagnose(settled, ctx),
    );
  } finally {
    await settled.close();
  }
}

async function diagnose(
  { definition, parts, env, proxies }: Settled,
  ctx: Parameters<typeof examine>[1],
): Promise<Diagnosis> {
  const { network, settings, ifRefused } = parts;
  const addresses = addressesOf(definition, settings);
  const { input, connections, close } = openDoors(parts, addresses);
  try {
    const { stallTimeoutMs } = network;
    const adapter = await definition.create(input);
    const variables = proxyVariables(env);
    const subject = { addresses, connections, proxies, proxyVariables: variables, stallTimeoutMs, adapter, ifRefused };
    const checks = await examine(subject, ctx);
    return { ok: checks.every(({ result }) => result !== 'failed'), checks };
  } finally {
    await close();
  }
}

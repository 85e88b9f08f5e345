import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Receipt } from '../../src/contract/record/journal.ts';
import type { FaultProxy } from '../../src/testing/fault-proxy.ts';
import { temporaryFolder } from '../../src/testing/files.ts';
import { apkVariant } from './apk-variant.ts';
import { runCli } from './cli.ts';
import { IGNITE_SETTINGS } from './ignite.ts';

const RELEASE = {
  protect: { backend: 'apptego', environment: 'prod', signingKey: 'sandbox' },
  publish: ['autoappstore', 'applivery', 'ignite'],
};

/** `app01`, and the package of its file. */
export const idOf = (number: number): string => `app${String(number).padStart(2, '0')}`;
const packageOf = (number: number): string => `dev.apptool.app${String(number).padStart(4, '0')}`;

/** How often a file was sent for protection, and to each store. */
export function sends({ seen }: Pick<FaultProxy, 'seen'>) {
  const count = (pattern: RegExp) => seen.filter(({ method, path }) => method === 'POST' && pattern.test(path)).length;
  return {
    protected: seen.filter(({ path }) => /\/automate\/upload$/.test(path)).length,
    autoappstore: count(/\/uploads\/ci$/),
    applivery: count(/\/builds\/?$/),
    ignite: count(/\/v1\/upload_apk\/external_user$/),
  };
}

export interface FleetProject {
  readonly folder: string;
  /** Runs a line of the command line there. */
  run(line: string | readonly string[]): ReturnType<typeof runCli>;
  receipt(id: string, folder?: string): Promise<Receipt>;
}

interface FleetOptions {
  readonly count: number;
  readonly variables: Readonly<Record<string, string>>;
  readonly defaults?: Readonly<Record<string, unknown>>;
  /** What single apps say besides. */
  readonly apps?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly config?: Readonly<Record<string, unknown>>;
  readonly folder?: string;
}

/** A project with so many apps, each a file of its own, and one release to three stores. */
export async function fleetProject({
  count,
  variables,
  defaults,
  apps = {},
  config,
  folder: given,
}: FleetOptions): Promise<FleetProject> {
  const folder = given ?? (await temporaryFolder());
  const entries: [string, object][] = [];
  for (let number = 1; number <= count; number += 1) {
    const id = idOf(number);
    await mkdir(join(folder, 'out', id), { recursive: true });
    await apkVariant(join(folder, 'out', id, 'app.apk'), { packageName: packageOf(number) });
    entries.push([id, { file: `out/${id}/*.apk`, package: packageOf(number), ...apps[id] }]);
  }
  const fleet = { defaults: { release: 'production', ...defaults }, apps: Object.fromEntries(entries) };
  await writeFile(join(folder, 'apptool.fleet.json'), JSON.stringify(fleet, null, 2));
  const own = {
    releases: { production: RELEASE },
    pollInterval: '50ms',
    // Six real seconds by the fast clock.
    timeout: '10m',
    ignite: IGNITE_SETTINGS,
    ...config,
  };
  await writeFile(join(folder, 'apptool.config.json'), JSON.stringify(own, null, 2));
  return {
    folder,
    run: (line) =>
      runCli(typeof line === 'string' ? line.split(' ') : line, { cwd: folder, env: variables, isFast: true }),
    receipt: async (id, receipts = 'receipts') =>
      Receipt.parse(JSON.parse(await readFile(join(folder, receipts, `${id}.json`), 'utf8'))),
  };
}

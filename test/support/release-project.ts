import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { SandboxOptions } from '../../src/contract/backend/sandbox.ts';
import { Receipt } from '../../src/contract/record/journal.ts';
import { faultProxy, type PlannedFault } from '../../src/testing/fault-proxy.ts';
import { faults } from '../../src/testing/faults.ts';
import { copyFixture, temporaryFolder } from '../../src/testing/files.ts';
import { sandbox } from '../../src/testing/sandbox.ts';
import { type CliOptions, runCli } from './cli.ts';

export const PRODUCTION = {
  protect: { backend: 'apptego', environment: 'prod', signingKey: 'sandbox' },
  publish: ['autoappstore', { backend: 'applivery', tags: ['rc'] }],
};

/** A folder with an app, and a config with these releases. */
export async function projectIn(releases: unknown): Promise<string> {
  const folder = await temporaryFolder();
  await copyFixture('v123.apk', folder, 'app.apk');
  await writeFile(
    join(folder, 'apptool.config.json'),
    JSON.stringify({ releases, pollInterval: '20ms', timeout: '10m' }),
  );
  return folder;
}

/** A project before a sandbox, in which releases are run. */
export async function releaseProject(
  releases: unknown = { production: PRODUCTION },
  planned: readonly PlannedFault[] = [],
  options: Partial<SandboxOptions> = {},
) {
  const box = await sandbox(options);
  const proxy = await faultProxy(box, planned);
  const folder = await projectIn(releases);
  const run = async (line: string, cwd = folder, { env = {}, isFast = false }: Omit<CliOptions, 'cwd'> = {}) => {
    const args = ['release', ...line.split(' '), '-c', 'apptool.config.json'];
    const result = await runCli(args, { cwd, env: { ...proxy.variables, ...env }, isFast });
    return { ...result, steps: result.stdout.trimEnd().split('\n') };
  };
  const receipt = async (cwd = folder) => Receipt.parse(JSON.parse(await readFile(join(cwd, 'r.json'), 'utf8')));
  /** How often a file was sent for protection, and to each target. */
  const uploads = () => ({
    apptego: proxy.seen.filter(({ path }) => /\/automate\/upload$/.test(path)).length,
    autoappstore: proxy.seen.filter(({ method, path }) => method === 'POST' && path.endsWith('/uploads/ci')).length,
    applivery: proxy.seen.filter(({ method, path }) => method === 'POST' && /\/builds\/?$/.test(path)).length,
  });
  return { box, proxy, folder, run, receipt, uploads };
}

export const DONE = [
  expect.stringMatching(/^protect:apptego succeeded completed apptego:\d+$/),
  expect.stringMatching(/^publish:autoappstore succeeded passed autoappstore:\S+$/),
  expect.stringMatching(/^publish:applivery succeeded processed applivery:\S+$/),
];
export const ONCE = { apptego: 1, autoappstore: 1, applivery: 1 };
export const STORE_REFUSES: PlannedFault = {
  method: 'POST',
  path: /uploads\/ci$/,
  fault: faults.answer(422, { error: 'no' }),
};

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { backends as BACKENDS } from '../../src/backends/index.ts';
import { copyFixture } from '../../src/testing/files.ts';
import { runCli } from '../support/cli.ts';
import { DONE, receiptWith, stepOf } from '../support/receipts.ts';

// What a backend cannot do is refused by what is known of it: nobody has to set credentials to be told so. No credential is set here.

const JOBS: Readonly<Record<string, string>> = {
  apptego: '1700000000',
  'apptego-management': 'production/android/1700000000/app-release.apk',
  autoappstore: 'b1c2',
  ignite: '820f2060-0000-4000-8000-000000000000',
  applivery: '64b0c0ffee',
};

const refOf = (id: string) => `${id}:${JOBS[id]}`;
const withDownload = BACKENDS.filter(({ capabilities }) => capabilities.download);
const withoutDownload = BACKENDS.filter(({ capabilities }) => !capabilities.download);
const idsOf = (some: typeof BACKENDS) => some.map(({ id }) => id);

let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'apptool-before-'));
  await copyFixture('v123.apk', folder, 'app.apk');
  await copyFixture('app.ipa', folder, 'app.ipa');
  const release = (...publish: object[]) => ({ releases: { r: { protect: { environment: 'prod' }, publish } } });
  const configs = {
    'bad-until.json': release({ backend: 'ignite', until: 'live' }),
    'release.json': release({ backend: 'ignite' }, { backend: 'autoappstore' }),
  };
  for (const [name, config] of Object.entries(configs)) await writeFile(join(folder, name), JSON.stringify(config));
  for (const { id } of BACKENDS) await keep(`${id}.json`, id);
  await keep('stores.json', 'ignite', 'autoappstore');
});

afterAll(async () => await rm(folder, { recursive: true }));

async function keep(name: string, ...backends: string[]): Promise<void> {
  const steps = backends.map((id) => {
    const job = { ref: refOf(id), id: JOBS[id] ?? '', details: {} };
    return stepOf(`publish:${id}`, { ...DONE, job, host: null });
  });
  await writeFile(join(folder, name), JSON.stringify(receiptWith({ steps })));
}

async function refused(args: readonly string[], ...says: string[]): Promise<void> {
  const { code, stdout, stderr } = await runCli(args, { cwd: folder });

  expect(code, stderr).toBe(2);
  expect(stdout).toBe('');
  for (const words of says) expect(stderr).toContain(words);
  // Nobody waits for anything, and nothing has to be set.
  expect(stderr).not.toMatch(/to keep waiting|\bset [A-Z]/);
}

describe.each(idsOf(withoutDownload))('%s gives nothing back', (id) => {
  test.each([
    ['by its reference', [refOf(id)]],
    ['to a file', [refOf(id), '-o', 'out.apk']],
    ['in a rehearsal', [refOf(id), '--dry-run']],
    ['by a receipt', [`${id}.json`]],
    ['by a step of a receipt', ['stores.json', '--step', `publish:${id}`]],
  ])('download %s', async (_, args) => {
    await refused(['download', ...args], `error[usage]: ${id} does not support download`);
  });
});

test('a receipt of several jobs without an output names no step', async () => {
  await refused(['download', 'stores.json'], 'ignite and autoappstore do not support download');
});

test.each(idsOf(withDownload))('%s asks for credentials to download', async (id) => {
  const { code } = await runCli(['download', refOf(id)], { cwd: folder });

  expect(code).toBe(4);
});

test.each(idsOf(BACKENDS.filter(({ capabilities }) => !capabilities.protects)))('%s does not protect', async (id) => {
  await refused(['protect', 'app.apk', '-e', 'dev', '--backend', id], `${id} does not protect`);
});

describe.each(idsOf(BACKENDS))('a milestone that %s does not have', (id) => {
  test.each([
    ['wait', [refOf(id)]],
    ['status', [refOf(id)]],
    ['wait', [`${id}.json`]],
  ])('%s %s', async (command, args) => {
    await refused([command, ...args, '--until', 'shipped'], id, 'has no milestone');
  });

  test('publish', async () => {
    await refused(['publish', 'app.apk', '--to', id, '--until', 'shipped'], 'has a milestone "shipped"');
  });
});

describe.each(idsOf(BACKENDS))('a file that %s does not take', (id) => {
  test.each([
    ['upload', ['--to', id]],
    ['publish', ['--to', id]],
  ])('%s', async (command, args) => {
    await refused([command, 'notes.txt', ...args], `${id} takes .apk`);
  });
});

test.each([
  ['a milestone of the config', ['-c', 'bad-until.json', 'app.apk'], 'ignite has no milestone "live"'],
  ['a milestone of the line', ['-c', 'release.json', 'app.apk', '--until', 'shipped'], 'has a milestone "shipped"'],
  ['a file for a target', ['-c', 'release.json', 'app.ipa'], 'ignite takes .apk only'],
])('a release with %s that cannot be', async (_, args, words) => {
  await refused(['release', ...args], words);
});

describe.each(idsOf(BACKENDS))('with nothing asked of %s, there is no other way on than the same command', (id) => {
  test.each([
    ['a credential that is missing', 4, {}],
    ['a proxy of an unknown kind', 2, { HTTPS_PROXY: 'foo://proxy' }],
  ])('%s', async (_, exit, env) => {
    for (const command of ['status', 'wait']) {
      const { code, stderr } = await runCli([command, refOf(id)], { cwd: folder, env });

      expect(code, stderr).toBe(exit);
      expect(stderr).not.toContain('to keep waiting');
    }
  });
});

import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ROOT, temporaryFolder } from '../src/testing/files.ts';
import { takesTurn } from './support/share.ts';

const SCRIPT = join(ROOT, 'scripts/release-pack.mjs');
const { devDependencies, version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'));

let folder = '';

function pack(into: string): void {
  execFileSync(process.execPath, [SCRIPT, '--trial', into], { cwd: ROOT, encoding: 'utf8' });
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'apptool-release-pack-'));
  pack(folder);
}, 60_000);

afterAll(() => rm(folder, { recursive: true, force: true }));

/** What `npm ci` makes of the two files that the recipes write. */
async function install(tarball: string, integrity: string) {
  const project = await temporaryFolder();
  const dependencies = { apptool: `file:${tarball}` };
  const locked = { resolved: dependencies.apptool, integrity };
  await writeFile(join(project, 'package.json'), JSON.stringify({ dependencies }));
  const packages = { '': { dependencies }, 'node_modules/apptool': locked };
  await writeFile(join(project, 'package-lock.json'), JSON.stringify({ lockfileVersion: 3, packages }));
  const flags = ['--ignore-scripts', '--offline', '--no-audit', '--no-fund'];
  const { status, stderr } = spawnSync('npm', ['ci', ...flags], { cwd: project, encoding: 'utf8' });
  return { status, stderr, bin: join(project, 'node_modules/apptool/bin/apptool.js') };
}

const name = `apptool-${version}.tgz`;

// One of them each day: both begin npm once more.
test.runIf(takesTurn(0, 2))(
  'makes the same tarball again',
  async () => {
    const again = await temporaryFolder();

    pack(again);

    expect((await readFile(join(again, name))).equals(await readFile(join(folder, name)))).toBe(true);
  },
  60_000,
);

test.runIf(takesTurn(1, 2))(
  'is refused where the lock file has another integrity',
  async () => {
    const wrong = await install(join(folder, name), `sha512-${createHash('sha512').digest('base64')}`);

    expect(wrong).toMatchObject({ status: 1, stderr: expect.stringContaining('EINTEGRITY') });
  },
  60_000,
);

test('has its hashes; installed by its integrity it runs', async () => {
  const bytes = await readFile(join(folder, name));
  const digest = createHash('sha512').update(bytes).digest();
  const integrity = (await readFile(join(folder, `${name}.integrity`), 'utf8')).trim();

  const right = await install(join(folder, name), integrity);

  expect(await readFile(join(folder, `${name}.sha512`), 'utf8')).toBe(`${digest.toString('hex')}  ${name}\n`);
  expect(integrity).toBe(`sha512-${digest.toString('base64')}`);
  expect(right.status, right.stderr).toBe(0);
  expect(execFileSync(process.execPath, [right.bin, '--version'], { encoding: 'utf8' })).toBe(`${version}\n`);
  expect((await readdir(folder)).sort()).toEqual([
    `apptool-${version}.cdx.json`,
    name,
    `${name}.integrity`,
    `${name}.sha512`,
  ]);
}, 60_000);

test('the package has every recipe, and those that are programs can be run', () => {
  const listed = execFileSync('tar', ['-tvzf', join(folder, `apptool-${version}.tgz`)], { encoding: 'utf8' });
  const packed = listed.split('\n').map((line) => [line.slice(0, 10), line.split(' package/')[1]] as const);
  const recipes = execFileSync('git', ['ls-files', 'recipes'], { cwd: ROOT, encoding: 'utf8' }).trim().split('\n');

  for (const name of recipes) expect(packed.map(([, path]) => path)).toContain(name);
  expect(packed.filter(([, path]) => path?.startsWith('recipes/')).length).toBe(recipes.length);
  for (const [mode, path] of packed)
    if (path !== undefined && /(?:release|ci_post_xcodebuild)\.sh$/.test(path)) expect(mode).toContain('x');
}, 60_000);

test('the SBOM has what is bundled, with hashes and licences, and none of the tools', async () => {
  const bom = JSON.parse(await readFile(join(folder, `apptool-${version}.cdx.json`), 'utf8'));

  const notices = await readFile(join(ROOT, 'dist/THIRD-PARTY-NOTICES.txt'), 'utf8');
  const names = bom.components.map((one: { name: string }) => one.name);
  expect(bom).toMatchObject({ bomFormat: 'CycloneDX', metadata: { component: { name: 'apptool', version } } });
  for (const name of ['zod', 'undici', 'yaml', 'cosmiconfig', 'commander']) expect(names).toContain(name);
  for (const name of ['vitest', 'esbuild', '@biomejs/biome', 'knip']) {
    expect(devDependencies).toHaveProperty(name);
    expect(names).not.toContain(name);
  }
  for (const one of bom.components) {
    expect(one).toMatchObject({ hashes: [{ alg: 'SHA-512' }], licenses: [expect.anything()] });
    expect(notices).toContain(`${one.name} ${one.version}\n`);
  }
}, 60_000);

import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { backends } from '../../src/backends/index.ts';
import { copyFixture, ROOT, sha256Of } from '../../src/testing/files.ts';
import { codeBlocks } from '../support/code-blocks.ts';
import { packedPackage } from '../support/packed-package.ts';
import { IS_WHOLE, SEED, takesTurn } from '../support/share.ts';

const run = promisify(execFile);
const TSC = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
const STRICT = {
  target: 'es2023',
  module: 'nodenext',
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  skipLibCheck: false,
  lib: ['es2023'],
  types: ['node'],
  outDir: 'out',
  rootDir: '.',
};

let folder = '';
let tarball = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'apptool-consumer-'));
  ({ tarball } = await packedPackage());
}, 150_000);

afterAll(() => rm(folder, { recursive: true, force: true }));

/** A project in a folder of its own that has the package, unpacked as npm does (`readme.test.ts` installs it), and these of our own tools. */
async function project(name: string, links: readonly string[], fill: (path: string) => Promise<void>): Promise<string> {
  const path = join(folder, name);
  await mkdir(path);
  await fill(path);
  const installed = join(path, 'node_modules', 'apptool');
  await mkdir(installed, { recursive: true });
  await run('tar', ['-xzf', tarball, '-C', installed, '--strip-components=1']);
  for (const ours of links) {
    const link = join(path, 'node_modules', ours);
    await mkdir(dirname(link), { recursive: true });
    await symlink(join(ROOT, 'node_modules', ours), link);
  }
  return path;
}

async function compile(path: string): Promise<string> {
  return await run(process.execPath, [TSC, '-p', '.'], { cwd: path }).then(
    () => '',
    ({ stdout }: { stdout: string }) => stdout,
  );
}

// To pack, install and compile is the slowest that we test: one of the two a day, both where all is run.
const isProjectOfToday = SEED % 2 === 0;

describe.runIf(IS_WHOLE || isProjectOfToday)('a TypeScript project that installs the package', () => {
  const main = `
import process from 'node:process';
import { release } from './release.js';

const [, , file = '', stopAt = ''] = process.argv;
const stop = new AbortController();
const told: string[] = [];
const outcome = await release(file, stop.signal, (line) => {
  told.push(line);
  if (line === stopAt) stop.abort();
});
console.log(JSON.stringify({ outcome, told }));
`;
  let path = '';

  beforeAll(async () => {
    const [release = ''] = await codeBlocks('docs/library.md', 'ts');
    const files = {
      'package.json': JSON.stringify({ name: 'consumer', version: '1.0.0', type: 'module', private: true }),
      'tsconfig.json': JSON.stringify({ compilerOptions: STRICT }),
      'release.ts': release,
      'main.ts': main,
    };
    path = await project('consumer', ['@types/node'], async (made) => {
      for (const [file, text] of Object.entries(files)) await writeFile(join(made, file), text);
    });
  }, 120_000);

  async function start(...args: readonly string[]): Promise<{ outcome: string; told: string[] }> {
    const { stdout } = await run(process.execPath, ['out/main.js', ...args], { cwd: path });
    return JSON.parse(stdout) as { outcome: string; told: string[] };
  }

  test('compiles what the page shows, strictly, libraries included', async () => {
    expect(await compile(path)).toBe('');
  }, 120_000);

  test('protects a file through the sandbox, and is told of every event', async () => {
    const file = await copyFixture('v2.apk', path, 'app.apk');

    const { outcome, told } = await start(file);

    const output = join(path, 'app-protected.apk');
    expect(outcome).toMatch(new RegExp(`^apptego:\\d+ ${await sha256Of(output)}$`));
    expect(told).toEqual(
      expect.arrayContaining(['artifact.ready', 'upload.start', 'upload.done', 'job.state', 'download.done']),
    );
  }, 60_000);

  test('cancels by signal, catches the error by its class and reads what to do next', async () => {
    const file = await copyFixture('v2.apk', path, 'stopped.apk');

    const { outcome, told } = await start(file, 'upload.done');

    expect(outcome).toBe('stopped, then: wait');
    expect(told.at(-1)).not.toBe('download.done');
  }, 60_000);

  test('catches an error of another class, with what to do as data', async () => {
    const file = await copyFixture('v2.apk', path, 'twice.apk');
    await copyFixture('v2.apk', path, 'twice-protected.apk');

    const { outcome } = await start(file);

    expect(outcome).toMatch(/^local-io: output exists.*, then: (?:set|nothing)$/);
  }, 60_000);

  test('has no dependency, and a declaration for each door', async () => {
    const installed = join(path, 'node_modules', 'apptool');
    const { dependencies = {}, exports } = JSON.parse(await readFile(join(installed, 'package.json'), 'utf8')) as {
      dependencies?: object;
      exports: Record<string, { types?: string }>;
    };

    expect(dependencies).toEqual({});
    for (const door of ['.', './backend-kit', './testing'])
      expect(await readFile(join(installed, exports[door]?.types ?? ''), 'utf8')).toContain('export');
  });
});

describe.runIf(IS_WHOLE || !isProjectOfToday)('a backend in a package of somebody else', () => {
  const source = join(ROOT, 'test', 'outside-backend');
  let path = '';

  beforeAll(async () => {
    path = await project('quay', ['@types/node', 'vitest'], (made) => cp(source, made, { recursive: true }));
  }, 120_000);

  /** What its own program prints when all is well. */
  async function quay(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<string> {
    const child = { cwd: path, env: { PATH: process.env.PATH, HOME: path, ...env } };
    const { stdout } = await run(process.execPath, ['bin/apptool-quay.js', ...args], child);
    return stdout;
  }

  test('stands on its page, file by file', async () => {
    const page = await readFile(join(ROOT, 'docs', 'write-your-own-backend.md'), 'utf8');
    const shown = [...page.matchAll(/^`([\w./-]+)`\n\n```\w+\n([\s\S]*?)^```$/gm)];
    const files = await Promise.all(
      shown.map(async ([, name = '']) => [name, await readFile(join(source, name), 'utf8')]),
    );

    expect(shown.map(([, name, code]) => [name, code])).toEqual(files);
    expect(shown.map(([, name]) => name)).toEqual([
      'package.json',
      'bin/apptool-quay.js',
      'src/index.ts',
      'src/adapter.ts',
      'src/sandbox.ts',
      'test/quay.test.js',
    ]);
  });

  test('compiles, strictly, libraries included', async () => {
    expect(await compile(path)).toBe('');
  }, 120_000);

  test('passes the suite of apptool/testing', async () => {
    const vitest = join(ROOT, 'node_modules', 'vitest', 'vitest.mjs');
    const args = [vitest, 'run', '--root', path, '--reporter', 'json', 'test'];
    const { stdout } = await run(process.execPath, args, { cwd: path, maxBuffer: 2 ** 26 });
    const { numPassedTests, numFailedTests } = JSON.parse(stdout) as Record<string, number>;

    expect(numFailedTests).toBe(0);
    expect(numPassedTests).toBeGreaterThan(20);
  }, 120_000);

  test('shows up beside the others: in backends, doctor, init, completion, the schema of the config', async () => {
    const { data } = JSON.parse(await quay(['backends', '--json'])) as { data: { backends: { id: string }[] } };
    const doctor = await quay(['doctor', '--to', 'quay', '--sandbox']);
    await quay(['init', '--to', 'quay', '--set', 'quay.berth=east', '--output', 'made.json']);
    const schema = JSON.parse(await quay(['config', 'schema'])) as { properties: Record<string, object> };

    expect(data.backends.map(({ id }) => id)).toEqual([...backends.map(({ id }) => id), 'quay']);
    expect(doctor).toContain('QUAY_TOKEN');
    expect(JSON.parse(await readFile(join(path, 'made.json'), 'utf8'))).toMatchObject({ quay: { berth: 'east' } });
    expect(JSON.stringify(schema.properties.quay)).toContain('Where the file is put');
    const shells = ['bash', 'zsh', 'fish'].filter((_, index) => takesTurn(index, 3));
    for (const shell of shells) expect(await quay(['completion', shell])).toContain('quay');
  }, 60_000);

  test('is published to, beside a backend of apptool', async () => {
    const file = await copyFixture('v2.apk', path, 'app.apk');

    const args = ['publish', file, '--to', 'quay', '--sandbox', '--poll-interval', '50ms', '--json'];
    const { ok, targets } = JSON.parse(await quay(args)) as { ok: boolean; targets: { backend: string }[] };

    expect(ok).toBe(true);
    expect(targets.map(({ backend }) => backend)).toEqual(['quay']);
  }, 60_000);
});

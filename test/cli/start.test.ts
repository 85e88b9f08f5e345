import { spawnSync } from 'node:child_process';
import { chmod, cp, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { compileCacheFolder } from '../../src/cli/process/compile-cache.ts';
import { ROOT, temporaryFolder } from '../../src/testing/files.ts';
import { BIN, runCli, runProcess } from '../support/cli.ts';

const DIST = join(ROOT, 'dist');
const PAGES = join(DIST, 'pages');
const UID = process.getuid?.() ?? 0;

test('a page that the build has made is what the program prints', async () => {
  const names = (await readdir(PAGES)).filter((name) => name.startsWith('help.'));

  expect(names).toContain('help.txt');
  expect(names).toContain('help.fleet.plan.txt');
  for (const name of names) {
    const words = name.split('.').slice(1, -1);
    const page = await readFile(join(PAGES, name), 'utf8');
    expect(await runCli([...words, '--help'])).toMatchObject({ code: 0, stdout: page, stderr: '' });
  }
});

test.each([
  [['--version'], 'version.txt'],
  [['version'], 'version.txt'],
  [['help', 'fleet', 'plan'], 'help.fleet.plan.txt'],
  [['protect', '-h'], 'help.protect.txt'],
])('%j is printed from its page', async (line, name) => {
  const page = await readFile(join(PAGES, name), 'utf8');

  expect(await runProcess(line)).toMatchObject({ code: 0, stdout: page, stderr: '' });
});

test.each([
  [['help', '../help'], 2],
  [['protect', 'x', '--help'], 0],
  [['nonsense', '--help'], 2],
])('%j has no page, and is read by the program', async (line, code) => {
  const result = await runProcess(line);

  expect(result.code, result.stderr).toBe(code);
});

test('a page that cannot be written is told as any result that cannot', () => {
  const { status, stderr } = spawnSync('sh', ['-c', `"$0" "$1" protect --help >/dev/full`, process.execPath, BIN]);

  expect(status).toBe(3);
  expect(stderr.toString()).toContain('cannot write the result: ENOSPC');
});

test('a program that ends before its work does is no success, and says so', async () => {
  const folder = await temporaryFolder();
  await cp(dirname(BIN), join(folder, 'bin'), { recursive: true });
  await mkdir(join(folder, 'dist'));
  await writeFile(join(folder, 'dist/start.cjs'), 'exports.start = () => new Promise(() => {});');

  const { status, stderr } = spawnSync(process.execPath, [join(folder, 'bin/apptool.js')]);

  expect([status, stderr.toString()]).toEqual([1, 'error[internal]: apptool ended before its work did\n']);
});

test('a page needs one file, and nothing but modules of Node.js', async () => {
  const text = await readFile(join(DIST, 'start.cjs'), 'utf8');

  const required = [...text.matchAll(/require\("([^"]+)"\)/g)].map(([, name]) => name);
  expect([...new Set(required)].sort()).toEqual(['node:fs', 'node:path']);
  expect([...text.matchAll(/import\("([^"]+)"\)/g)].map(([, name]) => name)).toEqual(['./main.js']);
});

test('a start loads few files, and no library but that for command lines', async () => {
  const loaded = new Map<string, string>();
  const load = async (path: string): Promise<void> => {
    if (loaded.has(path)) return;
    const text = await readFile(path, 'utf8');
    loaded.set(path, text);
    for (const [, to = ''] of text.matchAll(/^(?:import|export|\}) ?[^;'"]*"(\.[^"]+)";$/gm))
      await load(join(dirname(path), to));
  };
  await load(join(DIST, 'main.js'));

  expect([...loaded.keys()].map((path) => basename(path)).length).toBeLessThanOrEqual(4);
  const packages = [...loaded.values()].flatMap((text) =>
    [...text.matchAll(/^\s*(?:\/\/ |")node_modules\/((?:@[^/]+\/)?[^/]+)\//gm)].map(([, name]) => name),
  );
  expect([...new Set(packages)]).toEqual(['commander']);
});

test('no command reads what no command uses: HTTP/2, fetch, types of files, the languages of zod', async () => {
  const chunks = (await readdir(join(DIST, 'chunks'))).map((name) => join('chunks', name));
  const main = ['start.cjs', 'main.js', 'index.js', 'testing.js', ...chunks];
  const packed = (await Promise.all(main.map((name) => readFile(join(DIST, name), 'utf8')))).join('');

  expect(packed).toContain('node_modules/undici/lib/dispatcher/client.js');
  expect(packed).not.toContain('node:http2');
  expect(packed).toContain('node_modules/form-data/');
  expect(packed).not.toContain('mime-db');
  expect(packed).not.toContain('undici/lib/web/');
  const languages = [...packed.matchAll(/node_modules\/zod\/v4\/locales\/(\w+)/g)].map(([, language]) => language);
  expect([...new Set(languages)]).toEqual(['en']);
});

test("compiled code is kept in a folder that is the user's alone, or nowhere", async () => {
  const home = await temporaryFolder();
  await chmod(home, 0o755);
  const folder = join(home, '.cache', 'apptool');

  expect(compileCacheFolder({ HOME: home }, UID)).toBe(folder);
  expect((await stat(folder)).mode & 0o777).toBe(0o700);
  expect(compileCacheFolder({ HOME: '/nonexistent', XDG_CACHE_HOME: home }, UID)).toBe(join(home, 'apptool'));
  expect(compileCacheFolder({ HOME: home, XDG_CACHE_HOME: 'relative' }, UID)).toBe(folder);

  await chmod(join(home, '.cache'), 0o777);
  expect(compileCacheFolder({ HOME: home }, UID)).toBe(null);
});

test.each<[string, (home: string) => Promise<NodeJS.ProcessEnv>, number]>([
  ['of another user', async (home) => ({ HOME: home }), UID + 1],
  ['that is a link', linked, UID],
  ['in a home that is not there', async (home) => ({ HOME: join(home, 'none') }), UID],
  ['without a home', async () => ({}), UID],
  ['in a home in which no folder can be made', async () => ({ HOME: '/proc' }), 0],
  ['in a shared folder', async () => ({ XDG_CACHE_HOME: '/tmp' }), UID],
])('no compiled code is kept in a folder %s', async (_, prepare, uid) => {
  const home = await temporaryFolder();

  expect(compileCacheFolder(await prepare(home), uid)).toBe(null);
});

async function linked(home: string): Promise<NodeJS.ProcessEnv> {
  await mkdir(join(home, 'elsewhere'));
  await mkdir(join(home, '.cache'), { mode: 0o700 });
  await symlink(join(home, 'elsewhere'), join(home, '.cache', 'apptool'));
  return { HOME: home };
}

import { execFileSync } from 'node:child_process';
import { access, mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { copyFixture, temporaryFolder } from '../../src/testing/files.ts';
import {
  CANARY_KEY,
  type Canary,
  expectAccepted,
  expectRefused,
  named,
  probe,
  type Refusal,
  startCanary,
} from '../support/canary.ts';
import { type CliResult, runCli } from '../support/cli.ts';
import { takesTurn } from '../support/share.ts';

// Rows 61 to 77 of section 10 of faults.md. A refused run is one that would upload but for its config.

const PROTECT = ['protect', 'app.apk', '--environment', 'dev'];
const KIB = 1024;

/** A folder with an app and these files in it. */
async function project(files: Readonly<Record<string, string | Buffer>>): Promise<string> {
  const folder = await temporaryFolder();
  await copyFixture('v123.apk', folder, 'app.apk');
  for (const [name, contents] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), contents);
  }
  return folder;
}

/** A run that would upload, where the config is looked for, or named. */
async function protect(canary: Canary, cwd: string, config: string | null): Promise<CliResult> {
  return await runCli([...PROTECT, ...(config === null ? [] : ['--config', config])], { cwd, env: canary.variables });
}

interface Row extends Refusal {
  readonly name: string;
  readonly file: string;
  readonly contents: string | Buffer;
}

/** The same contents where they are found, and where they are named. */
function bothWays(rows: readonly Row[]): (Row & { readonly isNamed: boolean })[] {
  return rows.flatMap((row) => [
    { ...row, name: `${row.name}, found`, isNamed: false },
    { ...row, name: `${row.name}, named`, isNamed: true },
  ]);
}

function utf16(text: string, order: 'LE' | 'BE'): Buffer {
  const bytes = Buffer.from(text, 'utf16le');
  return order === 'LE' ? bytes : bytes.swap16();
}

test.each(
  named([
    { name: 'found', config: null },
    { name: 'named', config: 'apptool.config.json' },
  ]),
)('a run with a good config that was %s takes it and reaches the server', async (_, { config }) => {
  const canary = await startCanary();
  const cwd = await project({ 'apptool.config.json': '{"environment": "prod"}' });
  const from = config === null ? [] : ['--config', config];

  const shown = await runCli(['config', 'show', '--all', ...from], { cwd });
  await runCli(['protect', 'app.apk', ...from], { cwd, env: canary.variables });

  expect(shown.stdout).toMatch(/^environment +prod +apptool\.config\.json:1:2$/m);
  expect(canary.connections).toBeGreaterThan(0);
});

const PEM = `-----BEGIN PRIVATE KEY-----\n${'MIIEvSECRET123'.repeat(4)}\n-----END PRIVATE KEY-----\n`;
const JWT = `${Buffer.from('{"alg":"HS256"}').toString('base64url')}.SECRET123.SECRET123`;
/** Each level names the one before nine times: 9^9 texts from 81 aliases. */
const BOMB = [
  'a: &a ["lol","lol","lol","lol","lol","lol","lol","lol","lol"]',
  ...'bcdefghi'
    .split('')
    .map((key, index) => `${key}: &${key} [${Array.from({ length: 9 }, () => `*${'abcdefgh'[index]}`).join(',')}]`),
].join('\n');
const FLAT_BOMB = `signingKey: &a key\noutput: [${Array.from({ length: 5_000 }, () => '*a').join(', ')}]\n`;

const MAPPING = 'config must be a mapping';
const UTF8 = 'config must be UTF-8';
const TAGS = 'custom tags are not allowed';
const SECRETS = 'keep secrets out of the config file';

const ROWS: readonly Row[] = [
  {
    name: 'B-61: broken YAML',
    file: 'apptool.config.yaml',
    contents: 'platform: ios\ntimeout: 5m\njson: }SECRET123\n',
    exit: 2,
    says: 'apptool.config.yaml:3:7: not valid YAML',
    hides: ['SECRET123', 'platform'],
  },
  {
    name: 'B-61: JSON that ends too early',
    file: 'apptool.config.json',
    contents: '{"signingKey": "SECRET123", "output": ',
    exit: 2,
    says: /apptool\.config\.json:1:\d+: not valid JSON/,
    hides: ['SECRET123', 'signingKey'],
  },
  {
    name: 'B-61: JSON with a comma too many',
    file: 'apptool.config.json',
    contents: '{"signingKey": "SECRET123",}',
    exit: 2,
    says: /apptool\.config\.json:1:\d+: not valid JSON/,
    hides: ['SECRET123', 'signingKey'],
  },
  {
    name: 'B-64: UTF-16 LE with a BOM',
    file: 'apptool.config.json',
    contents: utf16('\ufeff{"timeout": "5m"}', 'LE'),
    exit: 2,
    says: UTF8,
  },
  {
    name: 'B-64: UTF-16 BE with a BOM',
    file: 'apptool.config.json',
    contents: utf16('\ufeff{"timeout": "5m"}', 'BE'),
    exit: 2,
    says: UTF8,
  },
  {
    name: 'B-64: UTF-16 LE without a BOM',
    file: 'apptool.config.json',
    contents: utf16('{"timeout": "5m"}', 'LE'),
    exit: 2,
    says: UTF8,
  },
  { name: 'B-65: null at the top level', file: 'apptool.config.json', contents: 'null', exit: 2, says: MAPPING },
  { name: 'B-65: an array at the top level', file: 'apptool.config.json', contents: '[]', exit: 2, says: MAPPING },
  {
    name: 'B-65: a string at the top level',
    file: 'apptool.config.json',
    contents: '"platform"',
    exit: 2,
    says: MAPPING,
    hides: ['platform'],
  },
  {
    name: 'B-66: the unknown key platfrom',
    file: 'apptool.config.json',
    contents: '{"platfrom": "SECRET123"}',
    exit: 2,
    says: 'unknown key "platfrom"; did you mean "platform"?',
    hides: ['SECRET123'],
  },
  {
    name: 'B-66: an unknown key in a backend',
    file: 'apptool.config.json',
    contents: '{"apptego": {"apiUrll": "SECRET123"}}',
    exit: 2,
    says: 'unknown key "apiUrll"; did you mean "apiUrl"?',
    hides: ['SECRET123'],
  },
  {
    name: 'B-68: duplicate keys',
    file: 'apptool.config.yaml',
    contents: `# 1\nplatform: ios\n${'# 3 to 8\n'.repeat(6)}platform: android\n`,
    exit: 2,
    says: 'key "platform" appears twice (lines 2 and 9)',
  },
  {
    name: 'B-68: duplicate keys in JSON',
    file: 'apptool.config.json',
    contents: '{\n"timeout": "5m",\n"timeout": "6m"\n}',
    exit: 2,
    says: 'key "timeout" appears twice (lines 2 and 3)',
  },
  {
    name: 'B-70: !!js/function',
    file: 'apptool.config.yaml',
    contents: "output: !!js/function 'function () { return SECRET123 }'\n",
    exit: 2,
    says: TAGS,
    hides: ['SECRET123'],
  },
  {
    name: 'B-70: !!python/object',
    file: 'apptool.config.yaml',
    contents: 'output: !!python/object:os.system [SECRET123]\n',
    exit: 2,
    says: TAGS,
    hides: ['SECRET123'],
  },
  { name: 'B-70: a local tag', file: 'apptool.config.yaml', contents: 'output: !x y\n', exit: 2, says: TAGS },
  ...['apiKey', 'APPTEGO_API_KEY', 'token', 'clientSecret', 'password'].map((key) => ({
    name: `B-75: the key ${key}`,
    file: 'apptool.config.json',
    contents: JSON.stringify({ [key]: 'key_9f3a:SECRET123' }),
    exit: 13,
    says: SECRETS,
    hides: ['SECRET123', 'key_9f3a'],
  })),
  {
    name: 'B-75: the key apiKey in a backend',
    file: 'apptool.config.json',
    contents: '{"apptego": {"apiKey": "key_9f3a:SECRET123"}}',
    exit: 13,
    says: SECRETS,
    hides: ['SECRET123', 'key_9f3a'],
  },
  {
    name: 'B-76: timeout: [5]',
    file: 'apptool.config.yaml',
    contents: 'timeout: [5]\n',
    exit: 2,
    says: 'timeout: expected a duration such as 45m',
    hides: ['[5]'],
  },
  {
    name: 'B-76: timeout: {a: SECRET123}',
    file: 'apptool.config.yaml',
    contents: 'timeout: {a: SECRET123}\n',
    exit: 2,
    says: 'timeout: expected a duration such as 45m',
    hides: ['SECRET123'],
  },
  {
    name: 'B-76: concurrency: "4"',
    file: 'apptool.config.yaml',
    contents: 'concurrency: "4"\n',
    exit: 2,
    says: /concurrency: .*whole number from 1 to 16/,
    hides: ['"4"', ' 4'],
  },
];

test.each(named(bothWays(ROWS)))('%s', async (_, { file, contents, isNamed, ...refusal }) => {
  const canary = await startCanary();
  const cwd = await project({ [file]: contents });

  const result = await protect(canary, cwd, isNamed ? file : null);

  expectRefused(result, canary, refusal);
});

test('B-61: broken YAML in apptool.yaml', async () => {
  const canary = await startCanary();
  const cwd = await project({ 'apptool.yaml': 'platform: ios\ntimeout: 5m\njson: }SECRET123\n' });

  const result = await protect(canary, cwd, 'apptool.yaml');

  expectRefused(result, canary, { exit: 2, says: 'apptool.yaml:3:7: not valid YAML', hides: ['SECRET123', 'ios'] });
});

test.each(
  named([
    { name: 'B-62: a key file passed as --config', contents: 'key_9f3a:SECRET123\n', hides: ['key_9f3a'] },
    { name: 'B-62: a bare token passed as --config', contents: 'ghp_SECRET123\n', hides: ['ghp_'] },
    { name: 'B-62: a JWT passed as --config', contents: JWT, hides: [JWT.slice(0, 8)] },
    { name: 'B-62: a PEM key passed as --config', contents: PEM, hides: ['MIIE', 'BEGIN', 'PRIVATE'] },
    { name: 'B-62: a .env file passed as --config', contents: 'APPTEGO_API_KEY=key_9f3a:SECRET123\n', hides: ['9f3a'] },
  ]),
)('%s', async (_, { contents, hides }) => {
  const canary = await startCanary();
  const cwd = await project({ credentials: contents });

  const result = await protect(canary, cwd, 'credentials');

  expectRefused(result, canary, { exit: 2, says: 'not a config file', hides: ['SECRET123', ...hides] });
});

test.each(
  named([
    { name: 'B-63: a BOM before JSON', file: 'apptool.config.json', contents: '\ufeff{"timeout": "5m"}' },
    { name: 'B-63: a BOM before YAML', file: 'apptool.config.yaml', contents: '\ufefftimeout: 5m\n' },
  ]),
)('%s', async (_, { file, contents }) => {
  const cwd = await project({ [file]: contents });

  const [found, namedOne] = await Promise.all([
    runCli(['config', 'show', '--all'], { cwd }),
    runCli(['config', 'show', '--all', '--config', file], { cwd }),
  ]);

  for (const result of [found, namedOne]) {
    expectAccepted(result);
    expect(result.stdout).toMatch(new RegExp(`^timeout +5m +${file}:1:\\d$`, 'm'));
  }
});

test.each(
  named([
    { name: 'B-65: an empty file', contents: '' },
    { name: 'B-65: a file of white space', contents: ' \n\n' },
    { name: 'B-65: a file of comments', contents: '# nothing yet\n' },
  ]),
)('%s', async (_, { contents }) => {
  const cwd = await project({ 'apptool.config.yaml': contents });

  const [found, namedOne] = await Promise.all([
    runCli(['config', 'show', '--all'], { cwd }),
    runCli(['config', 'show', '--all', '--config', 'apptool.config.yaml'], { cwd }),
  ]);

  for (const result of [found, namedOne]) {
    expectAccepted(result);
    expect(result.stdout).toMatch(/^timeout +1h +default$/m);
  }
});

test.each(
  named(
    ['__proto__', 'constructor', 'prototype'].flatMap((key) => [
      { name: `B-67: the key ${key}`, key, contents: `{"${key}": {"x": 1}}` },
      { name: `B-67: the key ${key} in a backend`, key, contents: `{"apptego": {"${key}": {"x": 1}}}` },
      {
        name: `B-67: the key ${key}, escaped`,
        key,
        contents: `{"\\u00${key.charCodeAt(0).toString(16)}${key.slice(1)}": {"x": 1}}`,
      },
    ]),
  ),
)('%s', async (_, { key, contents }) => {
  const canary = await startCanary();
  const cwd = await project({ 'apptool.config.json': contents });

  // In this process, whose objects it would pollute.
  const result = await runCli(PROTECT, { cwd, env: canary.variables });

  expectRefused(result, canary, { exit: 2, says: `key "${key}" is not allowed` });
  expect('x' in {}).toBe(false);
});

test.each(
  named([
    { name: 'B-69: aliases of aliases of aliases', contents: BOMB },
    { name: 'B-69: thousands of aliases', contents: FLAT_BOMB },
  ]).filter((_, index) => takesTurn(index, 2)),
)('%s', async (_, { contents }) => {
  const canary = await startCanary();
  const cwd = await project({ 'apptool.config.yaml': contents, 'good.yaml': 'timeout: 5m\n' });
  const [usual, watched] = [await probe(await temporaryFolder()), await probe(await temporaryFolder())];
  await runCli(['config', 'show', '--config', 'good.yaml'], { cwd, env: usual.env });

  const result = await runCli(PROTECT, { cwd, env: { ...canary.variables, ...watched.env } });

  expectRefused(result, canary, { exit: 2, says: 'too many aliases' });
  const { cpuMs, maxRssMiB } = await watched.read();
  expect(cpuMs).toBeLessThan(1_000);
  expect(maxRssMiB - (await usual.read()).maxRssMiB).toBeLessThan(64);
});

const NOT_FROM_FOUND = 'is not allowed in a config that was only found; name the config with --config, or use';

test.each(
  named([
    {
      name: 'B-71: apiUrl',
      file: 'apptool.config.json',
      config: (url: string) => ({ apiUrl: url }),
      says: `"apiUrl" ${NOT_FROM_FOUND} APPTEGO_API_URL`,
    },
    {
      name: 'B-71: apiUrl of a backend',
      file: 'apptool.config.json',
      config: (url: string) => ({ apptego: { apiUrl: url } }),
      says: `"apiUrl" ${NOT_FROM_FOUND} APPTEGO_API_URL`,
    },
    {
      name: 'B-71: apiUrl of a backend in package.json',
      file: 'package.json',
      config: (url: string) => ({ apptool: { apptego: { apiUrl: url } } }),
      says: `"apiUrl" ${NOT_FROM_FOUND} APPTEGO_API_URL`,
    },
    ...['proxy', 'ca', 'insecure', 'apiKeyFile'].flatMap((key) => [
      {
        name: `B-71: ${key}`,
        file: 'apptool.config.json',
        config: (url: string) => ({ [key]: url }),
        says: `"${key}" ${NOT_FROM_FOUND}`,
      },
      {
        name: `B-71: ${key} in a backend`,
        file: 'apptool.config.json',
        config: (url: string) => ({ apptego: { [key]: url } }),
        says: `"${key}" ${NOT_FROM_FOUND}`,
      },
    ]),
  ]),
)('%s', async (_, { file, config, says }) => {
  const canary = await startCanary();
  const cwd = await project({ [file]: JSON.stringify(config(canary.url)) });
  // Both ways lead to the canary: the address that the config gives, and a proxy for the address that there is without it.
  const env = { APPTEGO_API_KEY: CANARY_KEY, HTTPS_PROXY: canary.url };

  const result = await runCli(PROTECT, { cwd, env });

  expectRefused(result, canary, { exit: 13, says, hides: [canary.url] });
});

test('B-71: apiUrl in a config that was named', async () => {
  const server = await startCanary();
  const cwd = await project({ 'apptool.config.json': JSON.stringify({ apptego: { apiUrl: server.url } }) });
  const args = ['status', 'apptego:1', '--config', 'apptool.config.json'];

  const result = await runCli(args, { cwd, env: { APPTEGO_API_KEY: CANARY_KEY } });

  expectAccepted(result);
  expect(server.requests.map(({ path }) => path)).toEqual(['/automate/status/1']);
});

test.each(
  named(
    ['apptool.config.js', 'apptool.config.cjs', 'apptool.config.mjs', 'apptool.config.ts'].map((file) => ({
      name: `B-72: ${file}`,
      file,
    })),
  ),
)('%s', async (_, { file }) => {
  const cwd = await project({});
  const marker = join(cwd, 'marker');
  const isModule = file.endsWith('mjs') || file.endsWith('ts');
  const load = isModule ? "import fs from 'node:fs';" : "const fs = require('node:fs');";
  const give = isModule ? 'export default' : 'module.exports =';
  const code = `${load}\nfs.writeFileSync(${JSON.stringify(marker)}, '');\n${give} { timeout: '5m' };\n`;
  await writeFile(join(cwd, file), code);

  const result = await runCli(['config', 'show', '--all'], { cwd });

  expectAccepted(result);
  expect(result.stderr).toContain(`warning: ${file} is ignored: configs are data only`);
  expect(result.stdout).toMatch(/^timeout +1h +default$/m);
  await expect(access(marker)).rejects.toThrow('ENOENT');
});

test('B-72: .config/config.js is not run', async () => {
  const cwd = await project({ 'package.json': '{"type": "commonjs"}' });
  const marker = join(cwd, 'marker');
  await mkdir(join(cwd, '.config'));
  const code = `require('node:fs').writeFileSync(${JSON.stringify(marker)}, '');`;
  await writeFile(join(cwd, '.config', 'config.js'), code);

  const result = await runCli(['config', 'show', '--all'], { cwd });

  expectAccepted(result);
  await expect(access(marker)).rejects.toThrow('ENOENT');
  // The code does leave its mark once somebody runs it.
  execFileSync(process.execPath, [join(cwd, '.config', 'config.js')]);
  await access(marker);
});

test.each(
  named([
    { name: 'B-73: a FIFO that was named', config: 'fifo', link: null },
    { name: 'B-73: /dev/zero that was named', config: '/dev/zero', link: null },
    { name: 'B-73: a FIFO that was found', config: null, link: 'fifo' },
    { name: 'B-73: /dev/zero that was found', config: null, link: '/dev/zero' },
  ]),
)('%s', async (_, { config, link }) => {
  const canary = await startCanary();
  const cwd = await project({});
  execFileSync('mkfifo', [join(cwd, 'fifo')]);
  if (link !== null) await symlink(link, join(cwd, 'apptool.config.json'));

  const result = await protect(canary, cwd, config);

  expectRefused(result, canary, { exit: 2, says: 'config is not a regular file' });
});

/** A good config of exactly this size. */
function configOf(bytes: number): string {
  return '{"timeout": "5m"}'.padEnd(bytes);
}

test.each(
  named([
    { name: 'B-73: 256 KiB and a byte, found', config: null },
    { name: 'B-73: 256 KiB and a byte, named', config: 'apptool.config.json' },
  ]),
)('%s', async (_, { config }) => {
  const canary = await startCanary();
  const cwd = await project({ 'apptool.config.json': configOf(256 * KIB + 1) });

  const result = await protect(canary, cwd, config);

  expectRefused(result, canary, { exit: 2, says: 'larger than 256 KiB' });
});

test('B-73: 256 KiB', async () => {
  const cwd = await project({ 'apptool.config.json': configOf(256 * KIB) });

  const result = await runCli(['config', 'show', '--all'], { cwd });

  expectAccepted(result);
  expect(result.stdout).toMatch(/^timeout +5m +apptool\.config\.json:1:2$/m);
});

test('B-74: a found config that is a link out of the project', async () => {
  const canary = await startCanary();
  const [outside, cwd] = [await project({ 'other.json': '{"timeout": "5m"}' }), await project({})];
  await symlink(join(outside, 'other.json'), join(cwd, 'apptool.config.json'));

  const result = await protect(canary, cwd, null);

  expectRefused(result, canary, { exit: 13, says: 'path leaves the project directory' });
});

test('B-74: a found config that is a link within the project', async () => {
  const cwd = await project({ 'ci/apptool.json': '{"timeout": "5m"}' });
  await symlink('ci/apptool.json', join(cwd, 'apptool.config.json'));

  const result = await runCli(['config', 'show', '--all'], { cwd });

  expectAccepted(result);
  expect(result.stdout).toMatch(/^timeout +5m /m);
});

test('B-77: .env in the working directory', async () => {
  const canary = await startCanary();
  const cwd = await project({ '.env': `APPTEGO_API_KEY=${CANARY_KEY}\nAPPTOOL_TIMEOUT=5m\n` });

  const shown = await runCli(['config', 'show', '--all'], { cwd });
  const result = await runCli(PROTECT, { cwd, env: { APPTEGO_API_URL: canary.url } });

  expectAccepted(shown);
  expect(shown.stdout).toMatch(/^timeout +1h +default$/m);
  expectRefused(result, canary, { exit: 4, says: 'no AppTego key' });
});

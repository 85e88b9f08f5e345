import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { copyFixture, temporaryFolder } from '../../src/testing/files.ts';
import {
  CANARY_KEY,
  type Canary,
  expectAccepted,
  expectHidden,
  expectRefused,
  named,
  type Refusal,
  startCanary,
} from '../support/canary.ts';
import { type CliResult, runCli } from '../support/cli.ts';

// Rows 41 to 60 of section 10 of faults.md. A refused run is one that would upload; an accepted one asks for a status, and what it
// sends is looked at.

const NO_KEY = 'no AppTego key: set APPTEGO_API_KEY or APPTEGO_API_KEY_FILE';

/** A run that would upload, with these variables; one that is `undefined` is not set. */
async function protect(canary: Canary, variables: Readonly<Record<string, string | undefined>>): Promise<CliResult> {
  const cwd = await temporaryFolder();
  await copyFixture('v123.apk', cwd, 'app.apk');
  const all = Object.entries({ ...canary.variables, ...variables });
  const env = Object.fromEntries(all.filter((entry): entry is [string, string] => entry[1] !== undefined));
  return await runCli(['protect', 'app.apk', '--environment', 'dev'], { cwd, env });
}

async function status(variables: Readonly<Record<string, string>>): Promise<CliResult> {
  return await runCli(['status', 'apptego:1'], { env: variables });
}

/** One question went out, with exactly this key. */
function expectAsked(result: CliResult, server: Canary, key: string): void {
  expectAccepted(result);
  expect(result.stdout).toBe('succeeded completed\n');
  expect(server.requests.map(({ headers }) => headers.authorization)).toEqual([`Bearer ${key}`]);
}

async function keyFile(contents: string | Buffer, mode = 0o600): Promise<string> {
  const path = join(await temporaryFolder(), 'key');
  await writeFile(path, contents);
  await chmod(path, mode);
  return path;
}

test('a run with nothing wrong in its environment reaches the server', async () => {
  const canary = await startCanary();

  await protect(canary, {});

  expect(canary.connections).toBeGreaterThan(0);
});

interface KeyRow extends Refusal {
  readonly name: string;
  readonly key: string | undefined;
}

const BASE64_OF_PAIR = Buffer.from('key_9f3a:SECRET123').toString('base64');
const NOT_EXPANDED = 'the variable was not expanded by your CI';
const QUOTED = 'remove the surrounding quotes';

const KEY_ROWS: readonly KeyRow[] = [
  { name: 'B-41: no credential at all', key: undefined, exit: 4, says: NO_KEY },
  {
    name: 'B-42: a key without a colon',
    key: 'key_9f3aSECRET123',
    exit: 4,
    says: 'expected key_id:key_secret',
    hides: ['key_9f3a'],
  },
  {
    name: 'B-43: base64 of a pair',
    key: BASE64_OF_PAIR,
    exit: 4,
    says: 'looks base64-encoded; the Automation API wants the raw key_id:key_secret',
    hides: [BASE64_OF_PAIR, 'key_9f3a'],
  },
  {
    name: 'B-45: an inner LF',
    key: 'key_9f3a:SECR\nET123',
    exit: 4,
    says: 'APPTEGO_API_KEY has a control character at position 14',
    hides: ['SECR', 'ET123'],
  },
  {
    name: 'B-45: an inner CR',
    key: 'key_9f3a:SECR\rET123',
    exit: 4,
    says: 'APPTEGO_API_KEY has a control character at position 14',
    hides: ['SECR', 'ET123'],
  },
  {
    name: 'B-46: smart quotes around the key',
    key: '\u201ckey_9f3a:SECRET123\u201d',
    exit: 4,
    says: 'has a non-ASCII character at position 1; copied from a document?',
    hides: ['key_9f3a'],
  },
  {
    name: 'B-46: a BOM',
    key: '\ufeffkey_9f3a:SECRET123',
    exit: 4,
    says: 'has a non-ASCII character at position 1; copied from a document?',
    hides: ['key_9f3a'],
  },
  {
    name: 'B-46: an inner NBSP',
    key: 'key_9f3a:SECR\u00a0ET123',
    exit: 4,
    says: 'has a non-ASCII character at position 14; copied from a document?',
    hides: ['SECR', 'ET123'],
  },
  { name: 'B-47: a key in double quotes', key: '"key_9f3a:SECRET123"', exit: 4, says: QUOTED, hides: ['key_9f3a'] },
  { name: 'B-47: a key in single quotes', key: "'key_9f3a:SECRET123'", exit: 4, says: QUOTED, hides: ['key_9f3a'] },
  // biome-ignore lint/suspicious/noTemplateCurlyInString: GitHub's own form, which GitHub has not expanded.
  ...['${{ secrets.X }}', '$X', '%X%'].map((key) => ({
    name: `B-48: a literal ${key}`,
    key,
    exit: 4,
    says: NOT_EXPANDED,
    hides: [key],
  })),
  {
    name: 'B-49: an empty key',
    key: '',
    exit: 4,
    says: [NO_KEY, 'APPTEGO_API_KEY is set but empty: the CI did not give'],
  },
];

test.each(named(KEY_ROWS))('%s', async (_, { key, ...refusal }) => {
  const canary = await startCanary();

  const result = await protect(canary, { APPTEGO_API_KEY: key });

  expectRefused(result, canary, { ...refusal, hides: ['SECRET123', ...(refusal.hides ?? [])] });
});

test.each(
  named([
    { name: 'B-44: a key with a trailing LF', newline: '\n' },
    { name: 'B-44: a key with a trailing CR LF', newline: '\r\n' },
  ]),
)('%s', async (_, { newline }) => {
  const server = await startCanary();

  const result = await status({ ...server.variables, APPTEGO_API_KEY: `${CANARY_KEY}${newline}` });

  expectAsked(result, server, CANARY_KEY);
});

test('B-44: a credential file with a trailing LF', async () => {
  const server = await startCanary();
  const path = await keyFile(`${CANARY_KEY}\n`);

  const result = await status({ APPTEGO_API_URL: server.url, APPTEGO_API_KEY_FILE: path });

  expectAsked(result, server, CANARY_KEY);
});

test('B-45: an inner LF in a credential file', async () => {
  const canary = await startCanary();
  const path = await keyFile('key_9f3a:SECR\nET123');

  const result = await protect(canary, { APPTEGO_API_KEY: undefined, APPTEGO_API_KEY_FILE: path });

  const says = 'has a control character at position 14';
  expectRefused(result, canary, { exit: 4, says, hides: ['key_9f3a', 'SECR', 'ET123'] });
});

test('B-50: a key and a credential file that differ', async () => {
  const canary = await startCanary();
  const path = await keyFile('key_9f3a:SECRET123');

  const result = await protect(canary, { APPTEGO_API_KEY_FILE: path });

  const hides = ['SECRET123', 'key_9f3a', 'key_id:'];
  expectRefused(result, canary, { exit: 2, says: 'two different credentials given; use one', hides });
});

test('B-50: a key and a credential file that agree', async () => {
  const server = await startCanary();
  const path = await keyFile(CANARY_KEY);

  const result = await status({ ...server.variables, APPTEGO_API_KEY_FILE: path });

  expectAsked(result, server, CANARY_KEY);
});

test.each(
  named([
    { name: 'B-51: a credential file that is missing', contents: null },
    { name: 'B-51: a credential file that is a directory', contents: 'directory' },
    { name: 'B-51: a credential file of 16 KiB and a byte', contents: `key_9f3a:${'S'.repeat(16 * 1024 - 8)}` },
    { name: 'B-51: a binary credential file', contents: Buffer.from('\x89PNG\r\n\x1a\n\0\0\0\rSECRET123', 'latin1') },
    {
      name: 'B-51: a binary credential file without a NUL',
      contents: Buffer.concat([Buffer.from('SECRET123'), Buffer.from(Array.from({ length: 128 }, (__, i) => 255 - i))]),
    },
  ]),
)('%s', async (_, { contents }) => {
  const canary = await startCanary();
  const path = join(await temporaryFolder(), 'key');
  if (contents === 'directory') await mkdir(path);
  else if (contents !== null) await writeFile(path, contents);

  const result = await protect(canary, { APPTEGO_API_KEY: undefined, APPTEGO_API_KEY_FILE: path });

  const hides = ['SECRET123', 'key_9f3a', 'SSSS', 'PNG'];
  expectRefused(result, canary, { exit: 3, says: 'cannot use APPTEGO_API_KEY_FILE: ', hides });
});

test('B-51: a credential file of 16 KiB', async () => {
  const server = await startCanary();
  const key = `key_id:${'S'.repeat(16 * 1024 - 7)}`;
  const path = await keyFile(key);

  const result = await protect(server, { APPTEGO_API_KEY: undefined, APPTEGO_API_KEY_FILE: path });

  // A header as long is the server's to refuse; the file was read.
  expect(server.connections).toBeGreaterThan(0);
  expect(result.stderr).toMatch(/^error\[rejected\]: .* HTTP 431$/m);
  expectHidden(result, ['SSSS']);
});

test.each(
  named([
    { name: 'B-52: a credential file of mode 0644', mode: 0o644, warns: true },
    { name: 'B-52: a credential file of mode 0600', mode: 0o600, warns: false },
  ]),
)('%s', async (_, { mode, warns }) => {
  const server = await startCanary();
  const path = await keyFile(CANARY_KEY, mode);

  const result = await status({ APPTEGO_API_URL: server.url, APPTEGO_API_KEY_FILE: path });

  expectAsked(result, server, CANARY_KEY);
  expect(/^warning: .* is readable by other users$/m.test(result.stderr)).toBe(warns);
});

test.each(
  named([
    {
      name: 'B-54: HTTPS_PROXY=not a url',
      variables: { HTTPS_PROXY: 'not a url' },
      exit: 2,
      says: 'HTTPS_PROXY is not a URL',
      hides: ['not a url'],
    },
    {
      name: 'B-54: a broken HTTPS_PROXY that holds a password',
      variables: { HTTPS_PROXY: 'http://u:hunter2pw@proxy:port' },
      exit: 2,
      says: 'HTTPS_PROXY is not a URL',
      hides: ['hunter2pw'],
    },
    {
      name: 'B-54: https_proxy=not a url',
      variables: { https_proxy: 'not a url' },
      exit: 2,
      says: /https_proxy is not a URL/i,
      hides: ['not a url'],
    },
    {
      name: 'B-55: HTTPS_PROXY=socks5://h',
      variables: { HTTPS_PROXY: 'socks5://h' },
      exit: 2,
      says: 'proxy scheme socks5 is not supported',
    },
    {
      name: 'B-57: NODE_EXTRA_CA_CERTS that is missing',
      variables: { NODE_EXTRA_CA_CERTS: '/nonexistent/ca.pem' },
      exit: 3,
      says: 'cannot read the CA file',
    },
    {
      name: 'B-58: NODE_TLS_REJECT_UNAUTHORIZED=0',
      variables: { NODE_TLS_REJECT_UNAUTHORIZED: '0' },
      exit: 13,
      says: 'certificate checks are switched off; refusing to send credentials',
    },
  ]),
)('%s', async (_, { variables, ...refusal }) => {
  const canary = await startCanary();

  const result = await protect(canary, variables);

  expectRefused(result, canary, refusal);
});

test('B-56: NO_PROXY=*', async () => {
  const [server, proxy] = [await startCanary(), await startCanary()];
  const env = { ...server.variables, HTTP_PROXY: proxy.url, HTTPS_PROXY: proxy.url };

  const direct = await status({ ...env, NO_PROXY: '*' });
  const connectionsToProxy = proxy.connections;
  await status(env);

  expectAsked(direct, server, CANARY_KEY);
  expect(connectionsToProxy).toBe(0);
  expect(proxy.connections).toBeGreaterThan(0);
});

test('B-59: NODE_DEBUG=http', async () => {
  const server = await startCanary();

  const [watched, usual] = [await status({ ...server.variables, NODE_DEBUG: 'http' }), await status(server.variables)];

  const warning = 'warning: Node.js will print credentials while NODE_DEBUG is set';
  expectAccepted(watched);
  expect(watched.stderr).toContain(warning);
  expect(usual.stderr).not.toContain(warning);
  expect(server.requests).toHaveLength(2);
});

test.each([
  ['missing', 'nowhere', 'no such file or directory'],
  ['a directory', 'folder', 'not a regular file'],
  ['a symlink', 'link', 'it is a symbolic link'],
])('B-60: GITHUB_OUTPUT that is %s', async (_, name, why) => {
  const canary = await startCanary();
  const folder = await temporaryFolder();
  await mkdir(join(folder, 'folder'));
  await writeFile(join(folder, 'target'), '');
  await symlink('target', join(folder, 'link'));

  const result = await protect(canary, { GITHUB_ACTIONS: 'true', GITHUB_OUTPUT: join(folder, name) });

  expectRefused(result, canary, { exit: 3, says: `cannot write GITHUB_OUTPUT: ${why}` });
});

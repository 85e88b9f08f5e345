import { chmod, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { backends as definitions } from '../../src/backends/index.ts';
import type { DoctorData } from '../../src/cli/output/doctor-data.ts';
import type { ResultDocument } from '../../src/contract/result-document.ts';
import { atEnd } from '../../src/testing/cleanup.ts';
import { temporaryFolder } from '../../src/testing/files.ts';
import { sandbox } from '../../src/testing/sandbox.ts';
import { type CliResult, cleanEnvironment, runCli, startCli } from '../support/cli.ts';
import { connectProxy } from '../support/connect-proxy.ts';
import { runHere } from '../support/in-process.ts';
import { checked } from '../support/published-schema.ts';
import { CA_FILE, type Certificate, tlsFront } from '../support/tls-front.ts';

type Env = Readonly<Record<string, string>>;
type DoctorDocument = ResultDocument & { readonly data: DoctorData | null };
type Row = DoctorData['machine'][number];

/** Runs `doctor --json`, and gives its rows by backend and check. */
async function doctor(env: Env, ...args: string[]) {
  return read(await runCli(['doctor', '--json', ...args], { env }));
}

function read<T extends CliResult>(result: T) {
  const document = checked<DoctorDocument>('result.schema.json', JSON.parse(result.stdout));
  const rows = (id: string): readonly Row[] =>
    document.data?.backends.find((backend) => backend.id === id)?.checks ?? [];
  const row = (id: string, check: Row['check']): Row | undefined => rows(id).find((one) => one.check === check);
  return { ...result, document, rows, row, machine: document.data?.machine ?? [] };
}

function secretsIn({ stdout, stderr }: CliResult, variables: Env): string[] {
  const secrets = Object.entries(variables).filter(([name]) => /KEY|TOKEN|SECRET/.test(name));
  return secrets.filter(([, value]) => (stdout + stderr).includes(value)).map(([name]) => name);
}

async function tlsEnv(certificate?: Certificate): Promise<Env> {
  const { variables } = await tlsFront(await sandbox(), certificate);
  return { APPTEGO_API_URL: variables.APPTEGO_API_URL ?? '', APPTEGO_API_KEY: variables.APPTEGO_API_KEY ?? '' };
}

describe('doctor', () => {
  test('finds everything well in the sandbox, at every backend, in a table and as data', async () => {
    const [text, json] = await Promise.all([runCli(['doctor', '--sandbox']), doctor({}, '--sandbox')]);

    expect([text.code, json.code]).toEqual([0, 0]);
    expect(text.stdout).toContain('\n\napptego  AppTego protection (Automation API)\n  ok       settings ');
    expect(text.stdout).toMatch(/^ {2}ok {7}proof +the Account Service issued a token/m);
    expect(text.stdout.split('\n').filter((line) => line.length > 100)).toEqual([]);
    expect(text.stdout).not.toMatch(/FAILED|NOT READY|warning|not configured/);
    expect(text.stdout).toMatch(/^apptego +ready$/m);
    const { backends = [] } = json.document.data ?? {};
    expect(backends.map(({ id, ok }) => [id, ok])).toEqual(definitions.map(({ id }) => [id, true]));
    expect(backends.map(({ id }) => json.row(id, 'proof')?.result)).toEqual(definitions.map(() => 'ok'));
  });

  test('nothing configured is exit code 4, with the variables to set', async () => {
    const result = await runCli(['doctor']);

    expect(result.code).toBe(4);
    for (const { id } of definitions) expect(result.stdout).toMatch(new RegExp(`^${id} +not configured$`, 'm'));
    expect(result.stderr).toMatch(/^error\[auth\]: no backend is configured.*\nhint: set .*APPTEGO_API_KEY/m);
  });

  test('checks what is configured; what --to names must be', async () => {
    const { variables } = await sandbox();
    const { APPTEGO_API_URL = '', APPTEGO_API_KEY = '', AUTOAPPSTORE_TOKEN = '' } = variables;
    const env = { APPTEGO_API_URL, APPTEGO_API_KEY, AUTOAPPSTORE_TOKEN };

    const one = await doctor(env, '--to', 'apptego');
    const missing = await doctor(
      env,
      '--to',
      'apptego,ignite',
      '--set',
      'ignite.accountUrl=http://127.0.0.1:1',
      '--set',
      'ignite.apiUrl=http://127.0.0.1:1',
    );

    expect(one.code).toBe(0);
    const checked: Readonly<Record<string, readonly [boolean | null, boolean]>> = {
      apptego: [true, true],
      autoappstore: [null, true],
    };
    expect(one.document.data?.backends.map(({ id, ok, isConfigured }) => [id, ok, isConfigured])).toEqual(
      definitions.map(({ id }) => [id, ...(checked[id] ?? [null, false])]),
    );
    expect(missing.code).toBe(4);
    expect(missing.row('ignite', 'credentials')).toMatchObject({
      result: 'failed',
      subject: 'IGNITE_CLIENT_ID',
      errorClass: 'auth',
    });
    expect(missing.row('ignite', 'answer')).toMatchObject({ result: 'failed', errorClass: 'unavailable' });
    expect(missing.row('ignite', 'proof')?.result).toBe('skipped');
    expect(missing.row('apptego', 'proof')?.result).toBe('ok');
  });

  test.each<readonly [string, Record<string, unknown>, Env, string]>([
    ['its section in the config', { applivery: {} }, {}, 'applivery'],
    ['being the backend of the config', { backend: 'apptego' }, {}, 'apptego'],
    ['being the backend of the variable', {}, { APPTOOL_BACKEND: 'apptego' }, 'apptego'],
    ['a setting of its own', {}, { APPTEGO_TENANT: 'acme' }, 'apptego-management'],
  ])('%s makes it one that has to work', async (_, config, env, id) => {
    const { AUTOAPPSTORE_API_URL = '', AUTOAPPSTORE_TOKEN = '' } = (await sandbox()).variables;
    const file = join(await temporaryFolder(), 'apptool.config.json');
    await writeFile(file, JSON.stringify(config));

    const result = await doctor(
      { AUTOAPPSTORE_API_URL, AUTOAPPSTORE_TOKEN, HTTPS_PROXY: 'http://127.0.0.1:1', ...env },
      '--config',
      file,
    );

    expect(result.code).toBe(4);
    expect(result.document.data?.backends.filter(({ ok }) => ok === false).map((one) => one.id)).toEqual([id]);
    expect(result.row(id, 'credentials')).toMatchObject({ result: 'failed', errorClass: 'auth' });
    expect(result.row('autoappstore', 'proof')?.result).toBe('ok');
  });

  test('a backend in the config that there is not', async () => {
    const result = await runCli(['doctor'], { env: { APPTOOL_BACKEND: 'nowhere' } });

    expect(result.code).toBe(2);
    expect(result.stderr).toContain('unknown backend "nowhere"');
  });

  test.each([
    ['nowhere', 2],
    ['apptego,apptego', 2],
  ])('--to %s is refused', async (to, code) => {
    expect((await runCli(['doctor', '--to', to])).code).toBe(code);
  });

  test('tells credentials from where they are, what is wrong with them, and never what they are', async () => {
    const { variables } = await sandbox();
    const folder = await temporaryFolder();
    const file = join(folder, 'key');
    await writeFile(file, `${variables.APPTEGO_API_KEY}\n`);
    await chmod(file, 0o644);
    const { APPTEGO_API_KEY: _, IGNITE_CLIENT_SECRET: __, ...rest } = variables;
    const env = {
      ...rest,
      APPTEGO_API_KEY_FILE: file,
      AUTOAPPSTORE_TOKEN: 'copied from a document',
      APPTEGO_TOKEN_SECRET: 'revoked-long-ago',
      IGNITE_CLIENT_SECRET_FILE: '/nowhere/secret',
    };

    const result = await doctor(env);

    expect(result.code).toBe(3);
    expect(result.rows('apptego').filter(({ check }) => check === 'credentials')).toMatchObject([
      { result: 'warning', message: expect.stringContaining('readable by other users') },
      { result: 'ok', message: 'AppTego key, from the file that APPTEGO_API_KEY_FILE names' },
    ]);
    expect(result.row('apptego', 'proof')?.result).toBe('ok');
    expect(result.row('autoappstore', 'form')).toMatchObject({
      result: 'failed',
      message: 'AUTOAPPSTORE_TOKEN has a space at position 7',
    });
    expect(result.row('apptego-management', 'proof')).toMatchObject({
      errorClass: 'auth',
      message: expect.stringContaining('server said: Unknown or disabled token'),
      hint: expect.stringContaining('check what APPTEGO_TOKEN_KEY'),
    });
    expect(result.rows('ignite').filter(({ result: one }) => one === 'failed')).toMatchObject([
      { check: 'credentials', errorClass: 'local-io' },
    ]);
    expect(secretsIn(result, { ...variables, ...env, IGNITE_CLIENT_SECRET_FILE: 'x-none' })).toEqual([]);
  });

  test('a tenant that is none of the token, and one that is missing', async () => {
    const {
      APPTEGO_MANAGEMENT_URL = '',
      APPTEGO_TOKEN_KEY = '',
      APPTEGO_TOKEN_SECRET = '',
    } = (await sandbox()).variables;
    const env = { APPTEGO_MANAGEMENT_URL, APPTEGO_TOKEN_KEY, APPTEGO_TOKEN_SECRET };

    const wrong = await doctor({ ...env, APPTEGO_TENANT: 'another' });
    const missing = await doctor(env);

    expect(wrong.code).toBe(4);
    expect(wrong.row('apptego-management', 'proof')).toMatchObject({
      hint: expect.stringContaining('set APPTEGO_TENANT to'),
    });
    expect(missing.code).toBe(2);
    expect(missing.document.error).toMatchObject({ message: 'the Management API needs APPTEGO_TENANT' });
  });

  test('says in the table what has failed and what to do, and once more at the end', async () => {
    const { APPTEGO_API_URL = '' } = (await sandbox()).variables;

    const result = await runCli(['doctor'], { env: { APPTEGO_API_URL, APPTEGO_API_KEY: 'no-colon' } });

    expect(result.code).toBe(4);
    expect(result.stdout).toContain(
      [
        '  FAILED   form         APPTEGO_API_KEY is malformed: expected key_id:key_secret',
        '                        hint: set APPTEGO_API_KEY, or APPTEGO_API_KEY_FILE to a file that holds it,',
        "                        from your CI's secret store\n",
      ].join('\n'),
    );
    expect(result.stdout).toMatch(/^apptego +NOT READY: form$/m);
    expect(result.stderr).toMatch(/^error\[auth\]: APPTEGO_API_KEY is malformed.*\nhint: .*\n$/);
    expect(result.stdout + result.stderr).not.toContain('no-colon');
  });

  test('one address over http is refused, and the others are looked at all the same', async () => {
    const { variables } = await sandbox();
    const { APPLIVERY_APP_TOKEN = '', APPLIVERY_UPLOAD_URL = '', APPLIVERY_DOWNLOAD_URL = '' } = variables;

    const result = await doctor({
      APPLIVERY_APP_TOKEN,
      APPLIVERY_UPLOAD_URL,
      APPLIVERY_DOWNLOAD_URL,
      APPLIVERY_API_URL: 'http://api.example',
    });

    expect(result.code).toBe(13);
    expect(result.rows('applivery').filter(({ result: one }) => one === 'failed')).toMatchObject([
      { check: 'settings', errorClass: 'policy' },
    ]);
    expect(result.row('applivery', 'answer')?.result).toBe('ok');
    expect(result.row('applivery', 'proof')?.result).toBe('skipped');
  });

  test('certificate checks that are switched off are told, and nothing is sent', async () => {
    const { requests, variables } = await tlsFront(await sandbox());

    // In this process, whose checks stay on: it is the program that refuses.
    const env = cleanEnvironment({ ...variables, NODE_TLS_REJECT_UNAUTHORIZED: '0' });
    const result = read(await runHere(['doctor', '--json'], { env, cwd: '/' }));

    expect(result.code).toBe(13);
    expect(result.machine).toContainEqual(
      expect.objectContaining({ check: 'network', result: 'failed', errorClass: 'policy' }),
    );
    expect(result.rows('apptego').at(-1)).toMatchObject({ check: 'proof', result: 'skipped' });
    expect(requests).toEqual([]);
  });
});

describe('doctor, on the way to a host', () => {
  test('tells protocol, issuer and expiry of a certificate', async () => {
    const result = await doctor({ ...(await tlsEnv()), NODE_EXTRA_CA_CERTS: CA_FILE });

    expect(result.code).toBe(0);
    expect(result.row('apptego', 'tls')).toMatchObject({
      result: 'ok',
      message: 'TLSv1.3, certificate issued by apptool test CA, valid until 2120-01-01',
    });
    expect(result.row('apptego', 'dns')?.message).toContain('127.0.0.1');
  });

  test.each([
    [
      'localhost',
      {},
      /not signed by a CA that this machine trusts: certificate issued by apptool test CA/,
      /NODE_EXTRA_CA_CERTS/,
    ],
    ['expired', { NODE_EXTRA_CA_CERTS: CA_FILE }, /has expired: .*valid until 2021-01-01/, /clock/],
    ['elsewhere', { NODE_EXTRA_CA_CERTS: CA_FILE }, /elsewhere\.example, not for localhost/, /another server answers/],
  ] as const)('explains a certificate that is refused: %s', async (certificate, env, message, hint) => {
    const result = await doctor({ ...(await tlsEnv(certificate)), ...env });

    expect(result.code).toBe(13);
    expect(result.row('apptego', 'tls')).toMatchObject({
      result: 'failed',
      message: expect.stringMatching(message),
      hint: expect.stringMatching(hint),
    });
    expect(result.row('apptego', 'proof')?.result).toBe('skipped');
  });

  test('names the proxy and its variable, never its credentials, and who is behind it', async () => {
    const proxy = await connectProxy();
    const env = { ...(await tlsEnv()), HTTPS_PROXY: proxy.url.replace('://', '://user:p%40ssword@') };

    const trusted = await doctor({ ...env, NODE_EXTRA_CA_CERTS: CA_FILE });
    const untrusted = await doctor(env);

    expect(trusted.code).toBe(0);
    expect(trusted.row('apptego', 'proxy')?.message).toBe(`${new URL(proxy.url).host}, from HTTPS_PROXY`);
    expect(trusted.row('apptego', 'dns')).toMatchObject({ result: 'skipped', message: 'the proxy resolves the name' });
    expect(untrusted.row('apptego', 'tls')?.message).toContain('issued by apptool test CA');
    expect(new Set(proxy.tunnels.map(({ authorization }) => authorization)).size).toBe(1);
    expect(trusted.stdout + untrusted.stdout).not.toContain('p%40ssword');
  });

  test('says what NO_PROXY excepts', async () => {
    const proxy = await connectProxy();
    const env = { ...(await tlsEnv()), NODE_EXTRA_CA_CERTS: CA_FILE, https_proxy: proxy.url, no_proxy: 'localhost' };

    const result = await doctor(env);

    expect(result.code).toBe(0);
    expect(result.row('apptego', 'proxy')?.message).toBe('none: no_proxy exempts this host from https_proxy');
    expect(proxy.tunnels).toEqual([]);
  });

  test.each([
    [403, 6, 'unavailable'],
    [407, 4, 'auth'],
  ])('a proxy that answers %d is exit code %d', async (status, code, errorClass) => {
    const proxy = await connectProxy(() => status);

    const result = await doctor({ ...(await tlsEnv()), HTTPS_PROXY: proxy.url });

    expect(result.code).toBe(code);
    expect(result.row('apptego', 'proxy')).toMatchObject({
      result: 'failed',
      errorClass,
      message: expect.stringContaining(`answered ${status} to CONNECT`),
    });
  });

  test('a silent host ends it, and so does SIGINT', async () => {
    const waiting: (() => void)[] = [];
    const server = createServer((socket) => {
      socket.on('error', () => {});
      for (const resolve of waiting.splice(0)) resolve();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    atEnd(() => server.close());
    const env = {
      APPTEGO_API_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      APPTEGO_API_KEY: 'key_id:key_secret',
    };

    const silent = read(await runCli(['doctor', '--json', '--stall-timeout', '1s'], { env, isFast: true }));
    const connected = new Promise<void>((resolve) => void waiting.push(resolve));
    const stopped = startCli(['doctor', '--json'], { env });
    await connected;
    stopped.child.kill('SIGINT');

    expect(silent.code).toBe(6);
    expect(silent.row('apptego', 'answer')).toMatchObject({ result: 'failed', message: 'no response within 1 s' });
    const { code, stdout } = await stopped.result;
    expect(code).toBe(130);
    expect(checked('result.schema.json', JSON.parse(stdout))).toMatchObject({
      data: null,
      error: { class: 'cancelled' },
    });
  });
});

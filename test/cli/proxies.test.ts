import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { readNetworkEnvironment } from '../../src/cli/settings/network-environment.ts';
import { copyFixture, ROOT, temporaryFolder } from '../../src/testing/files.ts';
import { sandbox } from '../../src/testing/sandbox.ts';
import { runCli } from '../support/cli.ts';
import { connectProxy } from '../support/connect-proxy.ts';
import { takesTurn } from '../support/share.ts';
import { CA_FILE, tlsFront } from '../support/tls-front.ts';

const QUICK = ['-e', 'prod', '--poll-interval', '50ms'];
const NCSA_HELPER = '/usr/lib/squid/basic_ncsa_auth';
const SQUID = ['/usr/sbin/squid', 'squid'].find((path) => spawnSync(path, ['-v']).status === 0);
const hasTinyproxy = spawnSync('tinyproxy', ['-v']).status === 0;
const hasSquid = SQUID !== undefined && existsSync(NCSA_HELPER) && spawnSync('openssl', ['version']).status === 0;

for (const [name, isThere] of [
  ['tinyproxy', hasTinyproxy],
  ['squid', hasSquid],
] as const)
  if (!isThere) process.stderr.write(`left out: the tests with ${name}, which is not installed\n`);

async function file(): Promise<string> {
  return await copyFixture('v2.apk', await temporaryFolder());
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Starts a proxy and waits until it listens. */
async function startProxy(command: string, args: readonly string[], port: number): Promise<void> {
  const child: ChildProcess = spawn(command, args, { stdio: 'ignore' });
  onTestFinished(
    () =>
      new Promise<void>((resolve) => {
        if (child.exitCode !== null || child.signalCode !== null) return resolve();
        child.once('exit', () => resolve());
        child.kill('SIGKILL');
      }),
  );
  const isListening = () =>
    new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.destroy();
        resolve(true);
      });
      socket.on('error', () => resolve(false));
    });
  await expect.poll(isListening, { timeout: 15_000 }).toBe(true);
}

describe('the variables of proxies', () => {
  const read = (variables: Record<string, string>) => readNetworkEnvironment(variables, () => {});
  const [A, B] = ['http://a:1', 'http://b:2'];

  test.each<[Record<string, string>, string, string]>([
    [{}, '', ''],
    [{ HTTPS_PROXY: A }, '', A],
    [{ https_proxy: A, HTTPS_PROXY: B }, '', A],
    [{ https_proxy: '', HTTPS_PROXY: B }, '', B],
    [{ https_proxy: '  ', HTTPS_PROXY: B }, '', B],
    [{ HTTP_PROXY: A }, A, ''],
    [{ http_proxy: '', HTTP_PROXY: A }, A, ''],
    [{ ALL_PROXY: A }, A, A],
    [{ all_proxy: A, ALL_PROXY: B }, A, A],
    [{ all_proxy: '', ALL_PROXY: B }, B, B],
    [{ ALL_PROXY: A, HTTPS_PROXY: B }, A, B],
    [{ ALL_PROXY: A, http_proxy: B }, B, A],
    [{ ALL_PROXY: A, HTTPS_PROXY: '' }, A, A],
    [{ HTTPS_PROXY: 'proxy.example:3128' }, '', 'http://proxy.example:3128'],
    [{ HTTPS_PROXY: 'user:p@proxy.example:3128' }, '', 'http://user:p@proxy.example:3128'],
    [{ HTTPS_PROXY: '[::1]:3128' }, '', 'http://[::1]:3128'],
    [{ HTTPS_PROXY: 'http://a:1/' }, '', A],
    [{ HTTPS_PROXY: 'http://a:1/path?query#fragment' }, '', A],
    [{ HTTPS_PROXY: 'http://u:a@b@proxy:1' }, '', 'http://u:a@b@proxy:1'],
    [{ ALL_PROXY: 'socks5://s:1', HTTP_PROXY: A, HTTPS_PROXY: B }, A, B],
  ])('F-NET-37: of %j, http takes "%s" and https "%s"', (variables, http, https) => {
    expect(read(variables)).toMatchObject({ httpProxy: http, httpsProxy: https });
  });

  test.each<[Record<string, string>, string]>([
    [{ NO_PROXY: 'a' }, 'a'],
    [{ no_proxy: '', NO_PROXY: 'a' }, 'a'],
    [{ no_proxy: 'b', NO_PROXY: 'a' }, 'b'],
  ])('of %j, "%s" is taken', (variables, expected) => {
    expect(read(variables).noProxy).toBe(expected);
  });

  test.each<[Record<string, string>, string]>([
    [{ ALL_PROXY: 'socks5://s:1' }, 'ALL_PROXY: proxy scheme socks5 is not supported'],
    [{ all_proxy: 'ftp://s:1' }, 'all_proxy: proxy scheme ftp is not supported'],
    [{ HTTPS_PROXY: 'http://u:a#b@proxy:1' }, 'HTTPS_PROXY is not a URL'],
    [{ https_proxy: 'http://u:a/b@proxy:1' }, 'https_proxy is not a URL'],
    // A password that begins with digits, which a URL takes for a port, and the user for the host.
    [{ HTTPS_PROXY: 'http://u:2024#b@proxy:1' }, 'HTTPS_PROXY is not a URL'],
    [{ HTTPS_PROXY: 'http://u:2024/b@proxy:1' }, 'HTTPS_PROXY is not a URL'],
    [{ HTTP_PROXY: 'https://u:2024?b@proxy:1' }, 'HTTP_PROXY is not a URL'],
    [{ ALL_PROXY: 'u:2024#b@proxy:1' }, 'ALL_PROXY is not a URL'],
    [{ HTTPS_PROXY: 'http:\\\\proxy:1' }, 'HTTPS_PROXY is not a URL'],
    [{ HTTPS_PROXY: 'http:proxy:1' }, 'HTTPS_PROXY is not a URL'],
    [{ HTTPS_PROXY: 'http:///proxy:1' }, 'HTTPS_PROXY is not a URL'],
  ])('%j is refused, by the name that is set', (variables, message) => {
    expect(() => read(variables)).toThrow(expect.objectContaining({ class: 'usage', exitCode: 2, message }));
  });
});

test('doctor and every run tell of a NO_PROXY that excepts less than it seems to', async () => {
  const front = await tlsFront(await sandbox());
  const env = { ...front.variables, NODE_EXTRA_CA_CERTS: CA_FILE, NO_PROXY: 'localhost,*' };

  const doctor = await runCli(['doctor', '--to', 'apptego'], { env });
  const run = await runCli(['protect', await file(), ...QUICK], { env });

  expect(doctor.stdout + doctor.stderr).toContain('NO_PROXY: * can never match a host');
  expect(run.stderr).toContain('NO_PROXY: * can never match a host');
});

describe('F-NET-37: a proxy with credentials', () => {
  test('that hold a bare percent sign gets them as they are, in every command', async () => {
    const front = await tlsFront(await sandbox());
    const proxy = await connectProxy();
    const HTTPS_PROXY = proxy.url.replace('://', '://ci:a6%6qgx@');
    const env = { ...front.variables, NODE_EXTRA_CA_CERTS: CA_FILE, HTTPS_PROXY };

    const result = await runCli(['protect', await file(), ...QUICK], { env });
    const doctor = await runCli(['doctor', '--to', 'apptego'], { env });

    const expected = `Basic ${Buffer.from('ci:a6%6qgx').toString('base64')}`;
    expect([result.code, doctor.code]).toEqual([0, 0]);
    expect(new Set(proxy.tunnels.map(({ authorization }) => authorization))).toEqual(new Set([expected]));
    expect(result.stderr + doctor.stdout + doctor.stderr).not.toContain('a6%6qgx');
  });

  test('for plain http is asked for the whole address, and told who asks', async () => {
    const box = await sandbox();
    const asked: {
      readonly url: string;
      readonly authorization: string | undefined;
      readonly host: string | undefined;
    }[] = [];
    const proxy = createServer((request, response) => {
      const { url = '', headers } = request;
      asked.push({ url, authorization: headers['proxy-authorization'], host: headers.host });
      response.writeHead(407, { 'proxy-authenticate': 'Basic', 'content-length': 0 }).end();
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void proxy.close());
    const { port } = proxy.address() as AddressInfo;
    const env = { ...box.variables, HTTP_PROXY: `http://ci:50%@127.0.0.1:${port}` };

    const result = await runCli(['protect', await file(), ...QUICK], { env });

    expect(result.code).toBe(4);
    expect(result.stderr).toContain('hint: put valid proxy credentials in');
    expect(asked[0]?.url.startsWith(box.apiOrigin)).toBe(true);
    expect(asked[0]?.host).toBe(new URL(box.apiOrigin).host);
    expect(asked[0]?.authorization).toBe(`Basic ${Buffer.from('ci:50%').toString('base64')}`);
  });

  test.runIf(hasTinyproxy)('such as tinyproxy lets https and plain http pass', async () => {
    const folder = await temporaryFolder();
    const port = await freePort();
    const config = join(folder, 'tinyproxy.conf');
    // Its configuration takes letters and digits alone.
    const lines = [`Port ${port}`, 'Listen 127.0.0.1', 'BasicAuth ci a6qgx', `LogFile "${folder}/log"`];
    await writeFile(config, lines.join('\n'));
    await startProxy('tinyproxy', ['-d', '-c', config], port);
    const box = await sandbox();
    const front = await tlsFront(await sandbox());
    const proxy = `http://ci:a6qgx@127.0.0.1:${port}`;

    const plain = await runCli(['protect', await file(), ...QUICK], { env: { ...box.variables, HTTP_PROXY: proxy } });
    const tls = await runCli(['protect', await file(), ...QUICK], {
      env: { ...front.variables, NODE_EXTRA_CA_CERTS: CA_FILE, ALL_PROXY: proxy },
    });

    expect([plain.code, plain.stderr]).toEqual([0, expect.any(String)]);
    expect([tls.code, tls.stderr]).toEqual([0, expect.any(String)]);
  });

  test.runIf(hasSquid)(
    'such as squid lets https and plain http pass, and refuses others',
    async () => {
      const folder = await temporaryFolder();
      const port = await freePort();
      // squid gives its rights up where it is started with many.
      await chmod(folder, 0o755);
      await mkdir(join(folder, 'run'), { mode: 0o777 });
      await chmod(join(folder, 'run'), 0o777);
      const hashed = spawnSync('openssl', ['passwd', '-1', 'a6%6q gx:ü'], { encoding: 'utf8' }).stdout.trim();
      await writeFile(join(folder, 'users'), `ci:${hashed}\n`);
      const config = join(folder, 'squid.conf');
      const lines = [
        `http_port 127.0.0.1:${port}`,
        `auth_param basic program ${NCSA_HELPER} ${folder}/users`,
        'auth_param basic children 2',
        'auth_param basic utf8 off',
        'acl known proxy_auth REQUIRED',
        'http_access allow known',
        'http_access deny all',
        'cache deny all',
        'pinger_enable off',
        'shutdown_lifetime 0 seconds',
        `pid_filename ${folder}/run/pid`,
        `access_log none`,
        `cache_log ${folder}/run/cache.log`,
        `coredump_dir ${folder}/run`,
      ];
      await writeFile(config, `${lines.join('\n')}\n`);
      await startProxy(SQUID ?? 'squid', ['-N', '-f', config], port);
      const box = await sandbox();
      const front = await tlsFront(await sandbox());
      const secure = { ...front.variables, NODE_EXTRA_CA_CERTS: CA_FILE };
      const proxy = `http://ci:a6%6q%20gx%3A%C3%BC@127.0.0.1:${port}`;

      const plain = await runCli(['protect', await file(), ...QUICK], { env: { ...box.variables, http_proxy: proxy } });
      const tls = await runCli(['protect', await file(), ...QUICK], { env: { ...secure, https_proxy: proxy } });
      const wrong = await runCli(['protect', await file(), ...QUICK], {
        env: { ...secure, https_proxy: proxy.replace('a6', 'b6') },
      });

      expect([plain.code, plain.stderr]).toEqual([0, expect.any(String)]);
      expect([tls.code, tls.stderr]).toEqual([0, expect.any(String)]);
      expect(wrong.code).toBe(4);
    },
    60_000,
  );
});

test('F-NET-36: NO_PROXY knows networks, and addresses of either family', async () => {
  const box = await sandbox();
  const asked: string[] = [];
  const proxy = createServer((request, response) => {
    asked.push(request.url ?? '');
    response.writeHead(403).end();
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void proxy.close());
  const HTTP_PROXY = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;

  const codes: (number | null)[] = [];
  for (const NO_PROXY of ['10.0.0.0/8,127.0.0.0/8', '::1, 127.0.0.1', '*'])
    codes.push(
      (await runCli(['protect', await file(), ...QUICK], { env: { ...box.variables, HTTP_PROXY, NO_PROXY } })).code,
    );

  expect(codes).toEqual([0, 0, 0]);
  expect(asked).toEqual([]);
});

test('an empty variable in small letters hides none in capitals, and doctor says so', async () => {
  const front = await tlsFront(await sandbox());
  const proxy = await connectProxy();
  const env = {
    ...front.variables,
    NODE_EXTRA_CA_CERTS: CA_FILE,
    https_proxy: '',
    HTTPS_PROXY: proxy.url,
    no_proxy: '',
  };

  const through = await runCli(['doctor', '--to', 'apptego'], { env });
  const past = await runCli(['doctor', '--to', 'apptego'], { env: { ...env, NO_PROXY: 'localhost' } });
  const none = await runCli(['doctor', '--to', 'apptego'], { env: { ...env, HTTPS_PROXY: '', HTTP_PROXY: proxy.url } });

  expect(through.stdout).toContain(`${new URL(proxy.url).host}, from HTTPS_PROXY`);
  expect(past.stdout).toContain('none: NO_PROXY exempts this host from HTTPS_PROXY');
  expect(none.stdout).toContain('none: HTTPS_PROXY and ALL_PROXY are not set');
});

describe('F-NET-38: a name with several addresses', () => {
  const HOSTS = [
    ['300', '127.0.0.1 127.0.0.9'],
    ['600', '127.0.0.1 100::1'],
    ['300', '127.0.0.9 127.0.0.1'],
    ['1200', '100::1 127.0.0.1'],
  ] as const;

  test.each(HOSTS.filter((_, index) => takesTurn(index, HOSTS.length)))(
    'whose handshakes take %s ms and whose addresses are %s is reached',
    async (farMs, addresses) => {
      const box = await sandbox();
      const near = Object.fromEntries(
        Object.entries(box.variables).map(([name, value]) => [name, value.replace('//127.0.0.1:', '//localhost:')]),
      );
      const env = {
        ...near,
        NODE_OPTIONS: `--require ${join(ROOT, 'test', 'support', 'far-host.cjs')}`,
        FAR_NAME: 'localhost',
        FAR_ADDRESSES: addresses,
        FAR_MS: farMs,
      };

      const result = await runCli(['protect', await file(), ...QUICK], { env });

      expect([result.code, result.stderr]).toEqual([0, expect.not.stringContaining('no connection')]);
    },
  );
});

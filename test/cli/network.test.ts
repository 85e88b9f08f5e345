import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { type AddressInfo, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { bigApk, copyFixture, temporaryFolder } from '../../src/testing/files.ts';
import { sandbox } from '../../src/testing/sandbox.ts';
import { runCli, runProcess } from '../support/cli.ts';
import { connectProxy } from '../support/connect-proxy.ts';
import { takesTurn } from '../support/share.ts';
import { CA_FILE, tlsFront } from '../support/tls-front.ts';

const QUICK = ['-e', 'prod', '--poll-interval', '50ms'];
const hasTinyproxy = spawnSync('tinyproxy', ['-v']).status === 0;

/** Our CA is trusted, in this process as in one of its own. */
const TRUSTED = { NODE_EXTRA_CA_CERTS: CA_FILE };

async function file(): Promise<string> {
  return await copyFixture('v2.apk', await temporaryFolder());
}

describe('https', () => {
  test('works with a company CA from NODE_EXTRA_CA_CERTS, storage included', async () => {
    const front = await tlsFront(await sandbox());

    // In a process, where it is Node.js that reads the CA file.
    const result = await runProcess(['protect', await file(), ...QUICK], {
      env: { ...front.variables, ...TRUSTED },
    });

    expect(result.code).toBe(0);
    expect(front.requests.some(({ method, path }) => method === 'PUT' && path.startsWith('/object/'))).toBe(true);
    expect(front.requests.some(({ method, path }) => method === 'GET' && path.startsWith('/download/'))).toBe(true);
  });

  test('F-NET-20: an unknown CA is refused, with how to add it, and nothing is sent', async () => {
    const front = await tlsFront(await sandbox());

    const result = await runCli(['protect', await file(), ...QUICK], { env: front.variables });

    expect(result.code).toBe(13);
    expect(result.stderr).toContain('error[policy]: could not request the upload (localhost:');
    expect(result.stderr).toContain('set NODE_EXTRA_CA_CERTS to a file with its CA certificate');
    expect(result.stderr).not.toMatch(/TLS_REJECT|insecure|disable/i);
    expect(front.requests).toEqual([]);
  });

  test('F-NET-21: an expired certificate is refused, with the time of this machine', async () => {
    const front = await tlsFront(await sandbox(), 'expired');

    const result = await runCli(['protect', await file(), ...QUICK], { env: { ...front.variables, ...TRUSTED } });

    expect(result.code).toBe(13);
    expect(result.stderr).toMatch(/hint: check this machine's clock: it says \d{4}-\d\d-\d\dT/);
  });

  test('F-NET-22: a certificate for another host is refused, with both names', async () => {
    const front = await tlsFront(await sandbox(), 'elsewhere');

    const result = await runCli(['protect', await file(), ...QUICK], { env: { ...front.variables, ...TRUSTED } });

    expect(result.code).toBe(13);
    expect(result.stderr).toContain('elsewhere.example');
    expect(result.stderr).toContain('localhost');
  });

  test('parts and polls share kept-alive connections', async () => {
    const folder = await temporaryFolder();
    const front = await tlsFront(
      await sandbox({ processingMs: 500, multipartFromBytes: 1, chunkSizeBytes: 5 * 1024 * 1024 }),
    );
    const big = await bigApk(join(folder, 'big.apk'), 17_000_000, 'hole');

    const result = await runCli(['protect', big, ...QUICK, '--concurrency', '2'], {
      env: { ...front.variables, ...TRUSTED },
    });

    const portsOf = (pattern: RegExp) =>
      new Set(front.requests.filter(({ path }) => pattern.test(path)).map(({ port }) => port)).size;
    expect(result.code).toBe(0);
    expect(front.requests.filter(({ path }) => path.startsWith('/part/'))).toHaveLength(4);
    expect(portsOf(/^\/part\//)).toBeLessThanOrEqual(3);
    expect(front.requests.filter(({ path }) => path.includes('/status/')).length).toBeGreaterThan(3);
    expect(portsOf(/\/status\//)).toBeLessThanOrEqual(2);
  }, 60_000);
});

describe('a proxy', () => {
  test('carries every https request, signed URLs included, with its credentials', async () => {
    const front = await tlsFront(await sandbox());
    const proxy = await connectProxy();
    const env = {
      ...front.variables,
      NODE_EXTRA_CA_CERTS: CA_FILE,
      HTTPS_PROXY: proxy.url.replace('://', '://user:p%40ss@'),
    };

    const result = await runCli(['protect', await file(), ...QUICK], { env });

    const ports = new Set(proxy.tunnels.map(({ target }) => target));
    expect(result.code).toBe(0);
    expect(ports.size).toBe(2);
    expect([...ports].every((target) => target.startsWith('localhost:'))).toBe(true);
    expect(proxy.tunnels[0]?.authorization).toBe(`Basic ${Buffer.from('user:p@ss').toString('base64')}`);
    expect(result.stderr).not.toContain('p%40ss');
  });

  test.each(['localhost', '*', 'example.org, localhost'])('is left out for NO_PROXY=%s', async (noProxy) => {
    const front = await tlsFront(await sandbox());
    const proxy = await connectProxy();
    const env = { ...front.variables, HTTPS_PROXY: proxy.url, NO_PROXY: noProxy };

    const result = await runCli(['protect', await file(), ...QUICK], { env: { ...env, ...TRUSTED } });

    expect(result.code).toBe(0);
    expect(proxy.tunnels).toEqual([]);
  });

  test('F-NET-23: one that refuses ends the run at once, and is named', async () => {
    const front = await tlsFront(await sandbox());
    const proxy = await connectProxy(() => 403);
    // Without a tenant, nothing but the upload is asked for.
    const { APPTEGO_TENANT: _, ...variables } = front.variables;
    const env = { ...variables, https_proxy: proxy.url };

    const result = await runCli(['protect', await file(), ...QUICK], { env: { ...env, ...TRUSTED } });

    expect(result.code).toBe(6);
    expect(result.stderr).toContain(`the proxy ${new URL(proxy.url).host} answered 403 to CONNECT`);
    expect(proxy.tunnels).toHaveLength(1);
  });

  test('F-NET-23: one that wants credentials is an auth error', async () => {
    const front = await tlsFront(await sandbox());
    const proxy = await connectProxy(() => 407);
    // Without a tenant, nothing but the upload is asked for.
    const { APPTEGO_TENANT: _, ...variables } = front.variables;
    const env = { ...variables, HTTPS_PROXY: proxy.url };

    const result = await runCli(['protect', await file(), ...QUICK], { env: { ...env, ...TRUSTED } });

    expect(result.code).toBe(4);
    expect(result.stderr).toContain('hint: put valid proxy credentials in HTTPS_PROXY');
    expect(proxy.tunnels).toHaveLength(1);
  });

  test('F-NET-24: one that fails for a moment is tried again', async () => {
    const front = await tlsFront(await sandbox());
    const proxy = await connectProxy((count) => (count <= 2 ? 502 : 200));
    const env = { ...front.variables, HTTPS_PROXY: proxy.url };

    const result = await runCli(['protect', await file(), ...QUICK], { env: { ...env, ...TRUSTED }, isFast: true });

    expect(result.code).toBe(0);
    expect(result.stderr).toMatch(/the proxy 127\.0\.0\.1:\d+ answered 502 to CONNECT; try 2 in/);
  });

  // To protect takes the two seconds of the embedded sandbox.
  test.each(
    [
      ['upload', ['--to', 'apptego', '-e', 'prod']],
      ['protect', QUICK],
    ].filter((_, index) => index === 0 || takesTurn(index, 4)) as [string, string[]][],
  )('is not used for the embedded sandbox: %s', async (command, flags) => {
    const proxy = await connectProxy();

    const result = await runCli([command, await file(), ...flags, '--sandbox'], {
      env: { HTTP_PROXY: proxy.url, HTTPS_PROXY: proxy.url },
    });

    expect(result.code).toBe(0);
    expect([...proxy.plain, ...proxy.tunnels]).toEqual([]);
  });

  test.runIf(hasTinyproxy)('works through tinyproxy', async () => {
    const folder = await temporaryFolder();
    const front = await tlsFront(await sandbox());
    const port = await freePort();
    const config = join(folder, 'tinyproxy.conf');
    await writeFile(
      config,
      [
        `Port ${port}`,
        'Listen 127.0.0.1',
        'Timeout 60',
        'MaxClients 50',
        'BasicAuth user pass',
        `LogFile "${folder}/log"`,
        'LogLevel Connect',
      ].join('\n'),
    );
    const child: ChildProcess = spawn('tinyproxy', ['-d', '-c', config], { stdio: 'ignore' });
    onTestFinished(() => void child.kill('SIGKILL'));
    await expect.poll(() => canConnect(port), { timeout: 5_000 }).toBe(true);
    const env = { ...front.variables, HTTPS_PROXY: `http://user:pass@127.0.0.1:${port}` };

    const good = await runCli(['protect', await file(), ...QUICK], { env: { ...env, ...TRUSTED } });
    const bad = await runCli(['protect', await file(), ...QUICK], {
      env: { ...env, ...TRUSTED, HTTPS_PROXY: `http://user:wrong@127.0.0.1:${port}` },
    });

    expect(good.code).toBe(0);
    expect(bad.code).toBe(4);
    expect(bad.stderr).not.toContain('wrong');
  });
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function canConnect(port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}

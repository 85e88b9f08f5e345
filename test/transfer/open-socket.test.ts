import dns from 'node:dns';
import { syncBuiltinESMExports } from 'node:module';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { realClock } from '../../src/run/real-clock.ts';
import { checkServerAddress } from '../../src/transfer/http/address.ts';
import { openSocket } from '../../src/transfer/http/connection/open-socket.ts';
import { createResolver } from '../../src/transfer/http/connection/resolver.ts';

const NEVER = new AbortController().signal;

async function listen(address = '127.0.0.1'): Promise<{ readonly server: Server; readonly port: number }> {
  const server = createServer((socket) => socket.on('error', () => {}).resume());
  await new Promise<void>((resolve) => server.listen(0, address, resolve));
  onTestFinished(() => void server.close());
  return { server, port: (server.address() as AddressInfo).port };
}

function v4(address: string) {
  return { address, family: 4 };
}

/** What DNS says, for one test. */
function resolveTo(addresses: readonly string[]): void {
  const { lookup } = dns;
  const found = addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
  Object.assign(dns, {
    lookup: (_: string, __: unknown, done: (error: null, found: unknown) => void) => done(null, found),
  });
  syncBuiltinESMExports();
  onTestFinished(() => {
    Object.assign(dns, { lookup });
    syncBuiltinESMExports();
  });
}

describe('a connection to one of several addresses', () => {
  test.each([
    ['the first', ['127.0.0.1', '127.0.0.9']],
    ['the second, where the first refuses', ['127.0.0.9', '127.0.0.1']],
    ['the last of many', ['127.0.0.9', '127.0.0.8', '127.0.0.7', '127.0.0.6', '127.0.0.1']],
  ])('is made to %s', async (_, addresses) => {
    const { port } = await listen();

    const socket = await openSocket(addresses.map(v4), port, realClock, NEVER);

    expect(socket.remoteAddress).toBe('127.0.0.1');
    expect(socket.listenerCount('error')).toBe(0);
    socket.destroy();
  });

  test('fails as the last one did, when all refuse', async () => {
    const { port } = await listen();

    await expect(openSocket([v4('127.0.0.8'), v4('127.0.0.9')], port, realClock, NEVER)).rejects.toMatchObject({
      code: 'ECONNREFUSED',
      address: '127.0.0.9',
    });
  });

  test('has one that is open, and no other', async () => {
    const { server, port } = await listen('0.0.0.0');

    const socket = await openSocket([v4('127.0.0.1'), v4('127.0.0.2'), v4('127.0.0.3')], port, realClock, NEVER);
    const open = await new Promise((resolve) => server.getConnections((_, count) => resolve(count)));

    expect(open).toBeLessThanOrEqual(1);
    socket.destroy();
  });

  test('is given up when the run is', async () => {
    const { port } = await listen();
    const stop = new AbortController();
    const opening = openSocket([v4('127.0.0.1')], port, realClock, stop.signal);
    stop.abort(new Error('stopped'));

    await expect(opening).rejects.toThrow('stopped');
    await expect(openSocket([v4('127.0.0.1')], port, realClock, stop.signal)).rejects.toThrow('stopped');
  });

  test('is none where there is no address', async () => {
    await expect(openSocket([], 1, realClock, NEVER)).rejects.toMatchObject({ code: 'ENOTFOUND' });
  });
});

describe('names and addresses of a private network', () => {
  test('a name below localhost is this machine', async () => {
    const { addressesOf, isPrivate } = createResolver(['apps.localhost']);

    const addresses = (await addressesOf('apps.localhost')).map(({ address }) => address);

    expect(addresses.length).toBeGreaterThan(0);
    expect(addresses.every((address) => /^(127\.|::1$)/.test(address))).toBe(true);
    expect(isPrivate()).toBe(true);
  });

  test.each(['10.0.0.1', '[fd00::1]', '127.0.0.1', 'localhost', '[::1]'])(
    'F-SRV-37: a backend named %s may name private addresses, by name and by number',
    async (host) => {
      const { addressesOf, isPrivate } = createResolver([host]);

      expect(isPrivate()).toBe(true);
      expect(await addressesOf('10.1.2.3')).toEqual([{ address: '10.1.2.3', family: 4 }]);
    },
  );

  test.each([
    [['10.99.0.1'], true],
    [['10.99.0.1', 'fd00::1'], true],
    // A single public address makes it a public host.
    [['10.99.0.1', '203.0.113.5'], false],
    [['203.0.113.5'], false],
  ])('F-SRV-37: a backend whose name has the addresses %j may: %s', async (found, expected) => {
    resolveTo(found);
    const { addressesOf, isPrivate } = createResolver(['dual.example']);
    expect(isPrivate()).toBe(false);

    await addressesOf('dual.example');

    expect(isPrivate()).toBe(expected);
    const byNumber = addressesOf('10.1.2.3').then(
      () => true,
      () => false,
    );
    expect(await byNumber).toBe(expected);
    const check = () => checkServerAddress('https://10.1.2.3/x', 'upload', 'https://dual.example', isPrivate());
    if (expected) expect(check().host).toBe('10.1.2.3');
    else expect(check).toThrow(expect.objectContaining({ class: 'policy', hint: expect.stringContaining('NO_PROXY') }));
  });

  test.each(['api.example', '203.0.113.5'])('F-SRV-37: a backend named %s may not', async (host) => {
    const { addressesOf, isPrivate } = createResolver([host]);

    expect(isPrivate()).toBe(false);
    await expect(addressesOf('10.1.2.3')).rejects.toMatchObject({ code: 'APPTOOL_PRIVATE_ADDRESS' });
    await expect(addressesOf('localhost')).rejects.toMatchObject({ code: 'APPTOOL_PRIVATE_ADDRESS' });
  });

  test('F-SRV-37: nor may a backend of which one address is public', async () => {
    const { addressesOf, isPrivate } = createResolver(['10.0.0.1', '203.0.113.5']);

    expect(isPrivate()).toBe(false);
    await expect(addressesOf('10.1.2.3')).rejects.toMatchObject({ code: 'APPTOOL_PRIVATE_ADDRESS' });
  });
});

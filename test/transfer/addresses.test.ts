import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Body } from '../../src/contract/artifact.ts';
import { realClock } from '../../src/run/real-clock.ts';
import { fakeClock } from '../../src/testing/clock.ts';
import { testContext } from '../../src/testing/context.ts';
import { CALL_POLICIES } from '../../src/transfer/call-policy.ts';
import { checkServerAddress, requestTarget } from '../../src/transfer/http/address.ts';
import { openConnections } from '../../src/transfer/http/connection/dispatcher.ts';
import { createStorage } from '../../src/transfer/http/storage.ts';

const BODY: Body = {
  sizeBytes: 1,
  async *open() {
    yield Buffer.from('x');
  },
};

/** What a store is asked for, byte for byte, by a PUT and a GET of an address; `location` makes it redirect the first GET. */
async function ask(tail: string, location: Buffer | null = null) {
  const targets: string[] = [];
  const server = createServer((request, response) => {
    request.resume();
    targets.push(`${request.method} ${request.url}`);
    if (location === null || request.method !== 'GET' || targets.length > 2) return void response.end();
    // Headers go out as latin1: these bytes as they are.
    const head = Buffer.from('HTTP/1.1 302 Found\r\ncontent-length: 0\r\nlocation: ');
    request.socket.end(Buffer.concat([head, location, Buffer.from('\r\n\r\n')]));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const connections = openConnections({ httpProxy: '', httpsProxy: '', noProxy: '' }, [origin], realClock);
  onTestFinished(() => connections.close());
  const storage = createStorage({ connections, trustedBase: origin, stallTimeoutMs: 2_000, conceal: () => {} });
  const clock = fakeClock();
  const ctx = testContext({ clock });
  const call = { url: `${origin}${tail}`, policy: CALL_POLICIES.part };
  const put = await storage
    .put({ ...call, what: 'send', body: BODY, contentType: null, needsEtag: false }, ctx)
    .catch((error: unknown) => error);
  const get = await storage
    .get({ ...call, what: 'get', headers: {}, policy: CALL_POLICIES.read }, ctx, async ({ status }) => status)
    .catch((error: unknown) => error);
  return { targets, put, get, clock };
}

describe('F-SRV-34: a signed address is sent', () => {
  test.each([
    // What a request line can hold stays as it is: a signature may cover it.
    ['/a+b%20c%2Bd.apk?z=1&a=2&sig=x%2By+z==', '/a+b%20c%2Bd.apk?z=1&a=2&sig=x%2By+z=='],
    ['/a//b/../c;v=1/%7e!$&\'()*,=:@"<>^`{|}?q=[]\\', '/a//b/../c;v=1/%7e!$&\'()*,=:@"<>^`{|}?q=[]\\'],
    ['?sig=1', '/?sig=1'],
    ['', '/'],
    // What it cannot hold is encoded.
    ['/Grüße.apk?sig=a%2Bb', '/Gr%C3%BC%C3%9Fe.apk?sig=a%2Bb'],
    ['/安.apk?name=日本', '/%E5%AE%89.apk?name=%E6%97%A5%E6%9C%AC'],
    ['/😀.apk', '/%F0%9F%98%80.apk'],
    ['/\ud800.apk', '/%EF%BF%BD.apk'],
    ['/my app.apk?a=b c', '/my%20app.apk?a=b%20c'],
    ['/a\u00a0b\u0085c', '/a%C2%A0b%C2%85c'],
    // Blanks around an address are no part of it, and neither is what a fragment holds.
    ['/a.apk?sig=1  ', '/a.apk?sig=1'],
    ['/a.apk?sig=1#frag', '/a.apk?sig=1'],
    ['/a.apk#frag?sig=1#', '/a.apk'],
  ])('%j as %s', async (tail, expected) => {
    const { targets, put, get } = await ask(tail);

    expect(targets).toEqual([`PUT ${expected}`, `GET ${expected}`]);
    expect([put, get]).toEqual([null, 200]);
  });

  test.each(['\n', '\r\n', '\t', '\0', '\u001b', '\u007f'])('not where it holds %j, anywhere', async (character) => {
    for (const tail of [`/a.apk?sig=1${character}`, `/a${character}b`, `/${character}`]) {
      const { targets, put, get, clock } = await ask(tail);

      const refused = {
        class: 'policy',
        exitCode: 13,
        message: expect.stringContaining('it holds a control character'),
      };
      expect([put, get]).toEqual([expect.objectContaining(refused), expect.objectContaining(refused)]);
      expect([targets, clock.slept]).toEqual([[], []]);
    }
  });

  test.each([
    'https:host/x',
    'https:/host/x',
    'https:///host/x',
    'https:\\\\host\\x',
    'https://host\\x',
    'https://host/a\\b',
    'https://host\\@elsewhere.example/x',
    'https://?x',
    'https://#x',
  ])('not where readers of URLs disagree: %s', (address) => {
    expect(() => checkServerAddress(address, 'upload', 'https://api.example')).toThrow(
      expect.objectContaining({ class: 'policy', message: 'refusing upload address (not a URL)' }),
    );
  });

  test('over plain http to this machine alone, by its number or by a name below localhost', () => {
    const check = (address: string, base: string) => () => checkServerAddress(address, 'upload', base);

    for (const base of ['http://127.0.0.1:1', 'http://localhost:1', 'http://apps.localhost:1'])
      expect(check('http://bucket.apps.localhost:2/x', base)().host).toBe('bucket.apps.localhost:2');
    expect(check('http://bucket.localhost/x', 'https://api.example')).toThrow('scheme http');
    expect(check('https://bucket.localhost/x', 'https://api.example')).toThrow('private host');
    expect(check('http://notlocalhost/x', 'http://localhost:1')).toThrow('scheme http');
  });

  test('to the host that was checked', () => {
    for (const address of [
      'HTTPS://Host.Example:8443/x',
      ' https://host.example:8443/x',
      'https://host.example:8443?x',
    ])
      expect(checkServerAddress(address, 'upload', 'https://api.example').origin).toBe(requestTarget(address).origin);
  });
});

describe('F-HTTP-27: a redirect to an address with letters beyond ASCII', () => {
  test.each([
    ['/café.apk', '/caf%C3%A9.apk'],
    ['/d/安.apk?x=安', '/d/%E5%AE%89.apk?x=%E5%AE%89'],
    ['/d/my app.apk', '/d/my%20app.apk'],
    ['/d/a%20b+c?sig=%2B#frag', '/d/a%20b+c?sig=%2B'],
  ])('%s leads to %s', async (location, expected) => {
    const { targets, get } = await ask('/start', Buffer.from(location, 'utf8'));

    expect(targets.at(-1)).toBe(`GET ${expected}`);
    expect(get).toBe(200);
  });

  test('that are not UTF-8 leads to the same bytes', async () => {
    const { targets } = await ask('/start', Buffer.from('/caf\u00e9.apk', 'latin1'));

    expect(targets.at(-1)).toBe('GET /caf%E9.apk');
  });
});

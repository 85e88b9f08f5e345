import { createServer, type RequestListener } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { describe, expect, test } from 'vitest';
import type { Adapter } from '../../src/contract/adapter.ts';
import type { Context } from '../../src/contract/context.ts';
import { AuthError, CancelledError, PolicyError, UnavailableError, UsageError } from '../../src/contract/errors.ts';
import { type Check, failed, found, mostTelling } from '../../src/run/checks/check.ts';
import { examine } from '../../src/run/checks/doctor.ts';
import { realClock } from '../../src/run/real-clock.ts';
import { atEnd } from '../../src/testing/cleanup.ts';
import { testContext } from '../../src/testing/context.ts';
import { openConnections } from '../../src/transfer/http/connection/dispatcher.ts';

const NO_PROXY = { httpProxy: '', httpsProxy: '', noProxy: '' };
const VARIABLES = { httpProxy: 'HTTP_PROXY', httpsProxy: 'HTTPS_PROXY', noProxy: 'NO_PROXY' };

interface Options {
  readonly prove?: Adapter['proveCredentials'];
  readonly ctx?: Context;
  readonly stallTimeoutMs?: number;
}

/** The checks of one address, by name. */
async function checksOf(url: string, { prove, ctx = testContext(), stallTimeoutMs = 5_000 }: Options = {}) {
  const connections = openConnections(NO_PROXY, [url], realClock);
  atEnd(() => connections.close());
  const checks = await examine(
    {
      addresses: [url],
      connections,
      proxies: NO_PROXY,
      proxyVariables: VARIABLES,
      stallTimeoutMs,
      adapter: { ...(prove === undefined ? {} : { proveCredentials: prove }) } as Adapter,
      ifRefused: 'check THE_KEY',
    },
    ctx,
  );
  return Object.fromEntries(checks.map((check) => [check.check, check])) as Record<Check['check'], Check>;
}

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/base`;
}

function dated(offsetMs: number, more: Record<string, string> = {}): RequestListener {
  return (_, response) => {
    const date = new Date(Date.now() + offsetMs).toUTCString();
    response.writeHead(204, { date, ...more }).end();
  };
}

describe('the way to a host', () => {
  test('is one HEAD of the base address, without a credential', async () => {
    const seen: (string | undefined)[][] = [];
    const url = await serve((request, response) => {
      seen.push([request.method, request.url, request.headers.authorization]);
      response.writeHead(404).end();
    });

    const { proxy, dns, tls, answer, clock } = await checksOf(url);

    expect(seen).toEqual([['HEAD', '/base', undefined]]);
    expect([proxy, dns, tls, answer, clock].map(({ result }) => result)).toEqual([
      'ok',
      'skipped',
      'skipped',
      'ok',
      'ok',
    ]);
    expect(answer.message).toContain('HTTP 404');
  });

  test('an answer of a server in trouble is a warning', async () => {
    const { answer } = await checksOf(
      await serve((_, response) => {
        response.writeHead(503).end();
      }),
    );

    expect(answer).toMatchObject({ result: 'warning', error: null });
  });

  test('a name is looked up here, and its addresses are told', async () => {
    const url = (await serve(dated(0))).replace('127.0.0.1', 'localhost');

    const { dns, answer } = await checksOf(url);

    expect(dns).toMatchObject({ result: 'ok', message: expect.stringContaining('127.0.0.1') });
    expect(answer.result).toBe('ok');
  });

  test('without an address everything after is skipped, the proof too', async () => {
    const { dns, tls, answer, clock, proof } = await checksOf('https://nowhere.invalid', {
      prove: () => Promise.reject(new UnavailableError('no way')),
    });

    expect(dns).toMatchObject({ result: 'failed', error: { class: 'unavailable' } });
    expect(dns.message).toMatch(/DNS .*nowhere\.invalid/);
    expect([tls, answer, clock, proof].map(({ result }) => result)).toEqual([
      'skipped',
      'skipped',
      'skipped',
      'skipped',
    ]);
  });

  test('nobody who listens is a failed answer', async () => {
    // tcpmux: nobody serves it, and no other test can be given this port.
    const { answer, clock } = await checksOf('http://127.0.0.1:1');

    expect(answer).toMatchObject({ result: 'failed', message: '127.0.0.1:1 refused the connection' });
    expect(clock.result).toBe('skipped');
  });

  test('a silent host is given up, and so is a silent proof', async () => {
    const server = createTcpServer(() => {});
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    atEnd(() => server.close());
    const { port } = server.address() as AddressInfo;

    const { answer, proof } = await checksOf(`http://127.0.0.1:${port}`, {
      stallTimeoutMs: 200,
      prove: (ctx) => new Promise((_, reject) => ctx.signal.addEventListener('abort', () => reject(ctx.signal.reason))),
    });

    expect(answer).toMatchObject({ result: 'failed', message: 'no response within 0.2 s' });
    expect(proof.result).toBe('skipped');
  });

  test('a run that is stopped rejects with the reason', async () => {
    const controller = new AbortController();
    const reason = new CancelledError('SIGINT');
    const url = await serve(() => controller.abort(reason));

    await expect(checksOf(url, { ctx: testContext({ signal: controller.signal }) })).rejects.toBe(reason);
  });
});

describe('the clock', () => {
  test.each([
    [0, {}, 'ok', /^this machine's clock (?:is|agrees) /],
    [-90_000, {}, 'warning', /^this machine's clock is 9\d s ahead of the server's$/],
    [200_000, {}, 'warning', /^this machine's clock is (19\d|200) s behind the server's$/],
    [-400_000, {}, 'failed', /^this machine's clock is 4\d\d s ahead/],
    [-400_000, { age: '400' }, 'ok', /./],
    [0, { date: 'yesterday' }, 'skipped', 'the response has no date'],
  ] as const)('%d ms and %j beside the date is %s', async (offsetMs, headers, result, message) => {
    const { clock } = await checksOf(await serve(dated(offsetMs, headers)));

    expect(clock.result).toBe(result);
    expect(clock.message).toMatch(message);
  });
});

describe('the proof', () => {
  test.each([
    ['nothing to ask with', undefined, 'skipped', /no read-only call/],
    ['an accepted one', async (): Promise<string> => 'it was taken', 'ok', /^it was taken$/],
    [
      'a refused one',
      async (): Promise<string> => {
        throw new AuthError('could not ask', { serverText: 'disabled' });
      },
      'failed',
      /^could not ask; server said: disabled$/,
    ],
  ] as const)('of %s', async (_, prove, result, message) => {
    const { proof } = await checksOf(await serve(dated(0)), prove === undefined ? {} : { prove });

    expect(proof.result).toBe(result);
    expect(proof.message).toMatch(message);
    if (result === 'failed') expect(proof.error).toMatchObject({ class: 'auth', hint: 'check THE_KEY' });
  });
});

test('the most telling failure is the one to be mended first', () => {
  const checks = [
    failed('dns', 'a', new UnavailableError('no DNS')),
    found('warning', 'clock', 'a', 'late'),
    failed('proof', null, new AuthError('refused')),
    failed('settings', null, new UsageError('wrong')),
  ];

  expect(mostTelling(checks)?.class).toBe('usage');
  expect(mostTelling([...checks, failed('tls', 'a', new PolicyError('untrusted'))])?.class).toBe('policy');
  expect(mostTelling([found('ok', 'clock', 'a', 'right')])).toBeNull();
});

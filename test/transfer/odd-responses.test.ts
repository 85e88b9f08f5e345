import { type AddressInfo, createServer } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import type { CallPolicy } from '../../src/contract/backend/http.ts';
import { realClock } from '../../src/run/real-clock.ts';
import { fakeClock } from '../../src/testing/clock.ts';
import { testContext } from '../../src/testing/context.ts';
import { CALL_POLICIES } from '../../src/transfer/call-policy.ts';
import { createApiClient } from '../../src/transfer/http/api.ts';
import { openConnections } from '../../src/transfer/http/connection/dispatcher.ts';
import { describeFault, faultOf } from '../../src/transfer/http/connection/fault.ts';

const BOM = '\ufeff';

/** Asks a server that answers every request with these bytes. */
async function askRaw(response: string, policy: CallPolicy = CALL_POLICIES.read) {
  let requests = 0;
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (data) => {
      if (!data.toString('latin1').startsWith('GET ')) return;
      requests += 1;
      socket.end(response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const connections = openConnections({ httpProxy: '', httpsProxy: '', noProxy: '' }, [baseUrl], realClock);
  onTestFinished(() => connections.close());
  const api = createApiClient({ baseUrl, headers: () => ({}), connections, stallTimeoutMs: 2_000 });
  const call = { what: 'ask', method: 'GET', path: '/x', policy, answer: z.object({ id: z.string() }) } as const;
  const clock = fakeClock();
  const result = await api.call(call, testContext({ clock })).catch((error: unknown) => error);
  return { result, requests, waitsMs: clock.slept };
}

function http(status: string, headers: readonly string[], body: string): string {
  return [`HTTP/1.1 ${status}`, 'connection: close', ...headers, '', body].join('\r\n');
}

function json(status: string, body: string, type = 'application/json'): string {
  return http(status, [`content-type: ${type}`, `content-length: ${Buffer.byteLength(body)}`], body);
}

describe('F-HTTP-28: JSON behind a byte order mark', () => {
  test('is read', async () => {
    expect(await askRaw(json('200 OK', `${BOM}{"id":"7"}`))).toMatchObject({ result: { id: '7' }, requests: 1 });
  });

  test('is read in a refusal', async () => {
    const { result } = await askRaw(json('400 Bad Request', `${BOM}{"error":"the limit is reached"}`));

    expect(result).toMatchObject({ class: 'rejected', serverText: 'the limit is reached' });
  });

  test('is read for its words in a refusal that is text', async () => {
    const { result } = await askRaw(json('400 Bad Request', `${BOM}no room`, 'text/plain'));

    expect(result).toMatchObject({ serverText: 'no room' });
  });

  test('is passed over once', async () => {
    const { result } = await askRaw(json('200 OK', `${BOM}${BOM}{"id":"7"}`));

    expect(result).toMatchObject({ message: expect.stringContaining('the response is not valid JSON') });
  });
});

test.each([
  ['application/json', 'the response is not valid JSON'],
  ['application/problem+json; charset=utf-8', 'the response is not valid JSON'],
  ['text/html; charset=utf-8', 'expected JSON, got text/html'],
])('what calls itself %s and is no JSON is told as that', async (type, words) => {
  const { result } = await askRaw(json('200 OK', '<html>', type));

  expect(result).toMatchObject({ class: 'unavailable', message: expect.stringContaining(words) });
});

describe('F-NET-34: a response with two lengths', () => {
  const body = '{"id":"7"}';
  const chunked = `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;

  test.each([
    ['equal ones', http('200 OK', [`content-length: ${body.length}`, `content-length: ${body.length}`], body)],
    ['in one line', http('200 OK', [`content-length: ${body.length}, ${body.length}`], body)],
    ['different ones', http('200 OK', [`content-length: ${body.length}`, 'content-length: 99'], body)],
    ['beside chunks', http('200 OK', [`content-length: ${body.length}`, 'transfer-encoding: chunked'], chunked)],
  ])('is told as what it is, and asked for once: %s', async (_, response) => {
    const { result, requests } = await askRaw(response);

    expect(result).toMatchObject({
      class: 'unavailable',
      message: expect.stringContaining('not an HTTP response that can be read: it has two lengths'),
      hint: expect.stringContaining('a proxy or gateway in between'),
    });
    expect(requests).toBe(1);
  });
});

test.each(['501 Not Implemented', '505 HTTP Version Not Supported'])('%s is the last word', async (status) => {
  const { result, requests } = await askRaw(http(status, ['content-length: 0'], ''));

  expect(result).toMatchObject({ class: 'rejected', httpStatus: Number(status.slice(0, 3)) });
  expect(requests).toBe(1);
});

test.each([
  ['by itself', [], 0],
  ['on top of what the server asks for', ['retry-after: 2'], 2_000],
])('a 503 is waited for twice as long before each try, %s', async (_, headers, askedMs) => {
  const { requests, waitsMs } = await askRaw(http('503 Service Unavailable', ['content-length: 0', ...headers], ''));

  expect(requests).toBe(6);
  expect(waitsMs).toEqual([250, 500, 1_000, 2_000, 4_000].map((ms) => askedMs + ms));
});

describe('F-NET-35: what went wrong with a connection is told by its code', () => {
  const failing = (code: string) => Object.assign(new Error('secret text'), { code });

  test.each(['ECONNRESET', 'EPIPE', 'ECONNABORTED', 'UND_ERR_SOCKET'])('%s: it was closed', (code) => {
    expect(describeFault(faultOf(failing(code)), 'host')).toBe('connection closed');
  });

  test.each(['EPERM', 'EACCES', 'ENETDOWN', 'EADDRNOTAVAIL'])('%s: this machine', (code) => {
    const error = failing(code);

    expect(describeFault(faultOf(error), 'host', error)).toBe(`this machine blocks connections to host (${code})`);
  });

  test.each(['UND_ERR_SOMETHING_NEW', 'EWHATEVER', 'ERR_STREAM_DESTROYED'])(
    '%s: nobody says that it was closed',
    (code) => {
      const error = failing(code);

      expect(faultOf(error)).toBe('unknown');
      expect(describeFault('unknown', 'host', error)).toBe(
        `the connection failed for a reason that is not known (${code})`,
      );
    },
  );

  test('what is no code is not shown', () => {
    expect(describeFault('unknown', 'host', failing('a b\n::error::'))).not.toContain('::');
    expect(describeFault('unknown', 'host', failing('a b'))).toContain('(no code)');
  });
});

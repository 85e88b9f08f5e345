import { randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Clock } from '../../src/contract/context.ts';
import { AuthError, CancelledError, IntegrityError, RejectedError } from '../../src/contract/errors.ts';
import { realClock } from '../../src/run/real-clock.ts';
import { fakeClock } from '../../src/testing/clock.ts';
import { testContext } from '../../src/testing/context.ts';
import { temporaryFolder } from '../../src/testing/files.ts';
import { downloadToFile } from '../../src/transfer/download/download.ts';
import { openConnections } from '../../src/transfer/http/connection/dispatcher.ts';
import { createStorage } from '../../src/transfer/http/storage.ts';

const MIB = 1024 * 1024;
const SMALL = randomBytes(3 * MIB);
/** Large enough for several connections. */
const LARGE = randomBytes(66 * MIB);

type Handle = (request: IncomingMessage, response: ServerResponse, count: number) => void;

interface Served {
  readonly origin: string;
  readonly requests: {
    readonly path: string;
    readonly range: string | undefined;
    readonly headers: IncomingMessage['headers'];
  }[];
  mostAtOnce(): number;
}

/** A storage whose every answer a test decides. */
async function serve(handle: Handle): Promise<Served> {
  const requests: Served['requests'] = [];
  let [inFlight, most] = [0, 0];
  const server = createServer((request, response) => {
    requests.push({ path: request.url ?? '', range: request.headers.range, headers: request.headers });
    inFlight += 1;
    most = Math.max(most, inFlight);
    response.on('close', () => {
      inFlight -= 1;
    });
    handle(request, response, requests.length);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests, mostAtOnce: () => most };
}

/** Answers as a store does that allows ranges. */
function sendRange(
  bytes: Buffer,
  request: IncomingMessage,
  response: ServerResponse,
  etag: string | null = '"v1"',
  headers: Record<string, string> = { 'accept-ranges': 'bytes' },
): void {
  const match = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
  const start = Number(match?.[1] ?? 0);
  const end = match?.[2] ? Number(match[2]) + 1 : bytes.length;
  const range = match === null ? {} : { 'content-range': `bytes ${start}-${end - 1}/${bytes.length}` };
  response.writeHead(match === null ? 200 : 206, {
    'content-length': end - start,
    ...(etag === null ? {} : { etag }),
    ...headers,
    ...range,
  });
  response.end(bytes.subarray(start, end));
}

/** Sends the head of a whole answer and the first bytes of its body, then breaks the connection. */
function breakAfter(
  bytes: Buffer,
  sentBytes: number,
  response: ServerResponse,
  headers: Record<string, string> = { etag: '"v1"', 'accept-ranges': 'bytes' },
): void {
  response.writeHead(200, { 'content-length': bytes.length, ...headers });
  response.write(bytes.subarray(0, sentBytes), () => setTimeout(() => response.socket?.resetAndDestroy(), 30));
}

async function download(
  served: Served,
  more: {
    readonly path?: string;
    readonly verify?: () => Promise<void>;
    readonly signal?: AbortSignal;
    readonly clock?: Clock;
    readonly stallTimeoutMs?: number;
    /** What the first questions for a link are answered with. */
    readonly refusals?: readonly Error[];
  } = {},
) {
  const folder = await temporaryFolder();
  const connections = openConnections({ httpProxy: '', httpsProxy: '', noProxy: '' }, [served.origin], realClock);
  onTestFinished(() => connections.close());
  const storage = createStorage({
    connections,
    trustedBase: served.origin,
    stallTimeoutMs: more.stallTimeoutMs ?? 500,
    conceal: () => {},
  });
  const ctx = testContext({
    clock: more.clock ?? fakeClock(),
    ...(more.signal === undefined ? {} : { signal: more.signal }),
  });
  const target = { path: join(folder, 'out.apk'), force: false };
  let links = 0;
  const link = async () => {
    links += 1;
    const refusal = more.refusals?.[links - 1];
    if (refusal !== undefined) throw refusal;
    return { url: `${served.origin}${more.path ?? '/file'}?sig=${links}`, fileName: 'app.apk' };
  };
  const request = { link, storage, target, inputBytes: 200 * MIB, verify: more.verify ?? (async () => {}) };
  const result = await downloadToFile(request, ctx).catch((error: unknown) => error);
  const names = await readdir(folder);
  return {
    result,
    ctx,
    target,
    links: () => links,
    names,
    bytes: names.includes('out.apk') ? await readFile(target.path) : null,
  };
}

describe('a download that breaks', () => {
  test('F-NET-12, F-NET-16: goes on where it broke, with the ETag it knows', async () => {
    const served = await serve((request, response, count) =>
      count === 1 ? breakAfter(SMALL, 2 * MIB, response) : sendRange(SMALL, request, response),
    );

    const { bytes } = await download(served);

    const offset = Number(/^bytes=(\d+)-$/.exec(served.requests[1]?.range ?? '')?.[1]);
    expect(bytes?.equals(SMALL)).toBe(true);
    expect(served.requests).toHaveLength(2);
    // A reset takes what had come and was not read yet with it.
    expect(offset).toBeGreaterThan(0);
    expect(offset).toBeLessThanOrEqual(2 * MIB);
    expect(served.requests[1]?.headers['if-range']).toBe('"v1"');
  });

  test('goes on where it stood still', async () => {
    const served = await serve((request, response, count) => {
      if (count > 1) return sendRange(SMALL, request, response);
      response.writeHead(200, { 'content-length': SMALL.length, etag: '"v1"', 'accept-ranges': 'bytes' });
      response.write(SMALL.subarray(0, 2 * MIB));
    });

    const { bytes, ctx } = await download(served);

    expect(bytes?.equals(SMALL)).toBe(true);
    expect(ctx.ofType('http.retry')[0]?.reason).toContain('no progress for 0.5 s');
    expect(served.requests).toHaveLength(2);
  });

  test.each([
    ['the store says that it takes no ranges', { etag: '"v1"', 'accept-ranges': 'none' }],
    ['there is no ETag', { 'accept-ranges': 'bytes' }],
    ['the ETag is weak', { etag: 'W/"v1"', 'accept-ranges': 'bytes' }],
  ])('begins again when %s', async (_, headers) => {
    const served = await serve((_request, response, count) => {
      if (count === 1) return breakAfter(SMALL, MIB, response, headers as Record<string, string>);
      response.writeHead(200, { 'content-length': SMALL.length, ...headers }).end(SMALL);
    });

    const { bytes } = await download(served);

    expect(bytes?.equals(SMALL)).toBe(true);
    expect(served.requests.map(({ range }) => range)).toEqual([undefined, undefined]);
  });

  test('F-NET-32: goes on where it broke, though the store does not say that it takes ranges', async () => {
    const served = await serve((request, response, count) =>
      count === 1
        ? breakAfter(SMALL, 2 * MIB, response, { etag: '"v1"' })
        : sendRange(SMALL, request, response, '"v1"', {}),
    );

    const { bytes } = await download(served);

    expect(bytes?.equals(SMALL)).toBe(true);
    expect(served.requests.map(({ range }) => range?.startsWith('bytes='))).toEqual([undefined, true]);
  });

  test('F-NET-32: comes to its end where every connection breaks after a while, at a store that ignores If-Range', async () => {
    const served = await serve((request, response) => {
      const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
      const range = start === 0 ? {} : { 'content-range': `bytes ${start}-${LARGE.length - 1}/${LARGE.length}` };
      response.writeHead(start === 0 ? 200 : 206, { 'content-length': LARGE.length - start, etag: '"v1"', ...range });
      const piece = LARGE.subarray(start, start + 12 * MIB);
      response.write(piece, () => setTimeout(() => response.socket?.destroy(), 30));
    });

    const { bytes } = await download(served);

    expect(bytes?.equals(LARGE)).toBe(true);
    expect(served.requests.filter(({ range }) => range === undefined)).toHaveLength(1);
  });

  test('begins again, and asks for no range any more, where the store answers with the same file from its start', async () => {
    const whole = { etag: '"v1"', 'content-length': SMALL.length };
    const served = await serve((_, response, count) => {
      if (count === 1 || count === 3) return breakAfter(SMALL, 2 * MIB, response, { etag: '"v1"' });
      response.writeHead(200, whole).end(SMALL);
    });

    const { bytes } = await download(served);

    expect(bytes?.equals(SMALL)).toBe(true);
    expect(served.requests.map(({ range }) => range !== undefined)).toEqual([false, true, false, false]);
  });

  test('begins again where a piece does not say of which file it is', async () => {
    const served = await serve((request, response, count) => {
      if (count === 1) return breakAfter(SMALL, 2 * MIB, response, { etag: '"v1"' });
      if (count === 2) return sendRange(randomBytes(3 * MIB), request, response, null);
      sendRange(SMALL, request, response);
    });

    const { bytes } = await download(served);

    expect(bytes?.equals(SMALL)).toBe(true);
    expect(served.requests.map(({ range }) => range !== undefined)).toEqual([false, true, false]);
  });

  test('takes less than it asked for, and asks for the rest', async () => {
    const served = await serve((request, response, count) => {
      if (count === 1) return breakAfter(SMALL, MIB / 2, response, { etag: '"v1"' });
      const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1]);
      const end = Math.min(SMALL.length, start + MIB);
      response
        .writeHead(206, { 'content-range': `bytes ${start}-${end - 1}/*`, etag: '"v1"' })
        .end(SMALL.subarray(start, end));
    });

    const { bytes } = await download(served);

    expect(bytes?.equals(SMALL)).toBe(true);
  });

  test.each(['silent until its first byte', 'silent before its head'])(
    'F-NET-33: waits for a store that is %s',
    async (what) => {
      const served = await serve((request, response) => {
        // Longer than the stall timeout of this test.
        setTimeout(() => sendRange(SMALL, request, response), 400);
        if (what !== 'silent until its first byte') return;
        response.writeHead(200, { 'content-length': SMALL.length, etag: '"v1"' }).flushHeaders();
        response.writeHead = () => response;
      });

      const { bytes } = await download(served, {
        clock: { ...fakeClock(), after: realClock.after },
        stallTimeoutMs: 200,
      });

      expect(bytes?.equals(SMALL)).toBe(true);
      expect(served.requests).toHaveLength(1);
    },
  );

  test('F-NET-17: a chunked body that is cut is not taken for the whole', async () => {
    const served = await serve((_, response, count) => {
      response.writeHead(200, {});
      response.write(SMALL.subarray(0, MIB));
      if (count === 1) setTimeout(() => response.socket?.destroy(), 30);
      else response.end(SMALL.subarray(MIB));
    });

    const { bytes } = await download(served);

    expect(bytes?.equals(SMALL)).toBe(true);
    expect(served.requests).toHaveLength(2);
  });

  test.each([429, 503])('F-HTTP-04: waits as long as the store asks with %i', async (status) => {
    const served = await serve((request, response, count) => {
      if (count > 1) return sendRange(SMALL, request, response);
      response.writeHead(status, { 'content-length': 0, 'retry-after': '30' }).end();
    });
    const clock = fakeClock();

    const { bytes } = await download(served, { clock });

    expect(bytes?.equals(SMALL)).toBe(true);
    expect(clock.slept[0]).toBeGreaterThanOrEqual(30_000);
  });

  test('ends after 5 tries without progress, and leaves nothing', async () => {
    const served = await serve((request, response) => {
      const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
      if (start === 0) return breakAfter(SMALL, 1000, response);
      const range = { 'content-range': `bytes ${start}-${SMALL.length - 1}/${SMALL.length}`, etag: '"v1"' };
      response.writeHead(206, { 'content-length': SMALL.length - start, ...range });
      response.write(SMALL.subarray(start, start + 1000), () =>
        setTimeout(() => response.socket?.resetAndDestroy(), 30),
      );
    });

    const { result, names } = await download(served);

    expect(result).toMatchObject({ class: 'unavailable', message: expect.stringContaining('response cut short') });
    expect(served.requests.length).toBeLessThanOrEqual(6);
    expect(names).toEqual([]);
  });
});

describe('F-HTTP-22: a resumed download that does not fit', () => {
  const broken = (handle: Handle) =>
    serve((request, response, count) =>
      count === 1 ? breakAfter(SMALL, 2 * MIB, response) : handle(request, response, count),
    );

  test.each<[string, Handle]>([
    [
      'answered whole',
      (request, response) => sendRange(SMALL, { ...request, headers: {} } as IncomingMessage, response),
    ],
    [
      'from another place',
      (_, response) =>
        response
          .writeHead(206, { 'content-range': `bytes 0-9/${SMALL.length}`, 'content-length': 10, etag: '"v1"' })
          .end('0123456789'),
    ],
    [
      'of a file of another size',
      (request, response) => {
        const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1]);
        const range = { 'content-range': `bytes ${start}-${SMALL.length - 1}/${SMALL.length + 1}` };
        response.writeHead(206, { etag: '"v1"', ...range }).end(SMALL.subarray(start));
      },
    ],
    [
      'of another file',
      (request, response, count) => sendRange(SMALL, request, response, count === 2 ? '"v2"' : '"v1"'),
    ],
    ['out of its range (416)', (_, response) => response.writeHead(416, { 'content-length': 0 }).end()],
  ])('begins again when it is %s', async (_, second) => {
    const served = await broken((request, response, count) =>
      count === 2 ? second(request, response, count) : sendRange(SMALL, request, response),
    );

    const { bytes } = await download(served);

    expect(bytes?.equals(SMALL)).toBe(true);
    expect(served.requests[2]?.range).toBeUndefined();
  });

  test('ends as an integrity error when the file never stays the same', async () => {
    const served = await serve((request, response, count) =>
      count % 2 === 1 ? breakAfter(SMALL, 2 * MIB, response) : sendRange(SMALL, request, response, `"v${count}"`),
    );

    const { result, names } = await download(served);

    expect(result).toBeInstanceOf(IntegrityError);
    expect(names).toEqual([]);
  });
});

describe('F-URL-03: a link that has expired', () => {
  test.each([403, 400, 410])('is asked for anew after %i, and the download goes on', async (status) => {
    const served = await serve((request, response, count) => {
      if (count === 1) return breakAfter(SMALL, 2 * MIB, response);
      if (count === 2) return void response.writeHead(status, { 'content-length': 0 }).end();
      sendRange(SMALL, request, response);
    });

    const { bytes, links } = await download(served);

    expect(bytes?.equals(SMALL)).toBe(true);
    expect(links()).toBe(3);
    expect(served.requests[2]?.range).toMatch(/^bytes=\d+-$/);
  });

  test('ends when it is refused again and again', async () => {
    const served = await serve((_, response) => void response.writeHead(403, { 'content-length': 0 }).end());

    const { result, links } = await download(served);

    expect(result).toMatchObject({ class: 'unavailable', httpStatus: 403 });
    expect(links()).toBe(4);
  });
});

describe('F-SRV-33: an output that is not there yet', () => {
  test.each([404, 403])('is asked for again with time between, after %i from the store', async (status) => {
    const served = await serve((request, response, count) => {
      if (count <= 3) return void response.writeHead(status, { 'content-length': 0 }).end();
      sendRange(SMALL, request, response);
    });
    const clock = fakeClock();

    const { bytes, links } = await download(served, { clock });

    expect(bytes?.equals(SMALL)).toBe(true);
    expect(links()).toBe(4);
    expect(clock.slept).toEqual([5_000, 5_000, 5_000]);
  });

  test.each([404, 403])('is asked for again after %i to the question for its link', async (status) => {
    const served = await serve((request, response) => sendRange(SMALL, request, response));
    const clock = fakeClock();
    const refused =
      status === 403 ? new AuthError('no', { httpStatus: 403 }) : new RejectedError('no', { httpStatus: status });

    const { bytes } = await download(served, { clock, refusals: [refused, refused, refused] });

    expect(bytes?.equals(SMALL)).toBe(true);
    expect(clock.slept).toEqual([5_000, 5_000, 5_000]);
  });

  test('is given up after three times, as what a later run may find', async () => {
    const served = await serve((_, response) => void response.writeHead(404, { 'content-length': 0 }).end());

    const { result, names } = await download(served);

    expect(result).toMatchObject({ class: 'unavailable', httpStatus: 404, hint: 'run the download again later' });
    expect(served.requests).toHaveLength(4);
    expect(names).toEqual([]);
  });

  test('is no matter of time where the key is refused', async () => {
    const served = await serve((request, response) => sendRange(SMALL, request, response));
    const refusals = Array.from({ length: 9 }, () => new AuthError('refused', { httpStatus: 403 }));
    const clock = fakeClock();

    const first = await download(served, { clock, refusals });
    const second = await download(served, {
      clock: fakeClock(),
      refusals: [new AuthError('refused', { httpStatus: 401 })],
    });

    expect(first.result).toBe(refusals[3]);
    expect(second.result).toMatchObject({ class: 'auth', httpStatus: 401 });
    expect(clock.slept).toHaveLength(3);
  });
});

describe('a redirect', () => {
  test('is followed three times, without a credential', async () => {
    const served = await serve((request, response) => {
      const hop = Number(/^\/hop(\d)/.exec(request.url ?? '')?.[1] ?? 3);
      if (hop < 3) return void response.writeHead(302, { location: `/hop${hop + 1}?x=1` }).end();
      sendRange(SMALL, request, response);
    });

    const { bytes } = await download(served, { path: '/hop0' });

    expect(bytes?.equals(SMALL)).toBe(true);
    expect(
      served.requests.filter(({ headers }) => headers.authorization !== undefined || headers.cookie !== undefined),
    ).toEqual([]);
  });

  test.each<[string, string | undefined]>([
    ['to plain http elsewhere', 'http://storage.example/x'],
    ['to another scheme', 'file:///etc/passwd'],
    ['with a user name', 'https://user:secret@storage.example/x'],
    ['to nowhere', undefined],
    ['to garbage', 'http://['],
    ['to itself, for ever', '/loop'],
  ])('F-HTTP-09: is refused %s, naming the host alone', async (_, location) => {
    const served = await serve(
      (_request, response) => void response.writeHead(302, location === undefined ? {} : { location }).end(),
    );

    const { result, names } = await download(served, { path: '/loop' });

    expect(result).toMatchObject({ class: 'policy', exitCode: 13 });
    expect(String((result as Error).message)).not.toContain('secret');
    expect(served.requests.length).toBeLessThanOrEqual(4);
    expect(names).toEqual([]);
  });
});

describe('several ranges at once', () => {
  /** A store that sends so many bytes a second on each connection. */
  function paced(bytes: Buffer, bytesPerSecond: number): Handle {
    return (request, response) => {
      const match = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
      const start = Number(match?.[1] ?? 0);
      const end = match?.[2] ? Number(match[2]) + 1 : bytes.length;
      const range = match === null ? {} : { 'content-range': `bytes ${start}-${end - 1}/${bytes.length}` };
      response.writeHead(match === null ? 200 : 206, {
        'content-length': end - start,
        etag: '"v1"',
        'accept-ranges': 'bytes',
        ...range,
      });
      let at = start;
      const timer = setInterval(() => {
        const next = Math.min(end, at + bytesPerSecond / 100);
        response.write(bytes.subarray(at, next));
        at = next;
        if (at === end) response.end();
        if (at === end || response.destroyed) clearInterval(timer);
      }, 10);
    };
  }

  test('are used for a large file when each connection is slow, and make the same file', async () => {
    const served = await serve(paced(LARGE, 30 * MIB));
    const clock = { ...fakeClock(), now: () => performance.now() };
    const folder = await temporaryFolder();
    const connections = openConnections({ httpProxy: '', httpsProxy: '', noProxy: '' }, [served.origin], realClock);
    onTestFinished(() => connections.close());
    const storage = createStorage({
      connections,
      trustedBase: served.origin,
      stallTimeoutMs: 2_000,
      conceal: () => {},
    });
    const target = { path: join(folder, 'out.apk'), force: false };

    const done = await downloadToFile(
      {
        link: async () => ({ url: `${served.origin}/file`, fileName: 'app.apk' }),
        storage,
        target,
        inputBytes: null,
        verify: async () => {},
      },
      testContext({ clock }),
    );

    expect((await readFile(target.path)).equals(LARGE)).toBe(true);
    expect(done.sizeBytes).toBe(LARGE.length);
    expect(served.mostAtOnce()).toBeGreaterThanOrEqual(4);
    expect(served.mostAtOnce()).toBeLessThanOrEqual(17);
    expect(served.requests.slice(1).every(({ headers }) => headers['if-range'] === '"v1"')).toBe(true);
  });

  test('count a link that has expired once, however many of them find out', async () => {
    const slow = paced(LARGE, 30 * MIB);
    const uses = new Map<string, number>();
    const served = await serve((request, response, count) => {
      const signature = /sig=(\d+)/.exec(request.url ?? '')?.[1] ?? '';
      const use = (uses.get(signature) ?? 0) + 1;
      uses.set(signature, use);
      const isExpired = (signature === '1' && use > 1) || (signature === '2' && use > 3);
      if (isExpired) return void response.writeHead(403, { 'content-length': 0 }).end();
      slow(request, response, count);
    });

    const { bytes, links } = await download(served, { clock: { ...fakeClock(), now: () => performance.now() } });

    expect(bytes?.equals(LARGE)).toBe(true);
    expect(links()).toBeLessThanOrEqual(4);
  });

  test('go on with the download over one connection, where they were not ranges of the same file', async () => {
    const slow = paced(LARGE, 100 * MIB);
    const served = await serve((request, response, count) =>
      request.headers.range === undefined
        ? slow(request, response, count)
        : sendRange(LARGE, request, response, '"of another node"'),
    );

    const { bytes } = await download(served, { clock: { ...fakeClock(), now: () => performance.now() } });

    expect(bytes?.equals(LARGE)).toBe(true);
    expect(served.requests.filter(({ range }) => range === undefined)).toHaveLength(2);
    expect(served.requests.at(-1)?.range).toBeUndefined();
  });

  test('come to their end where each link expires after a while, however often that is', async () => {
    const slow = paced(LARGE, 100 * MIB);
    const uses = new Map<string, number>();
    const served = await serve((request, response, count) => {
      const signature = /sig=(\d+)/.exec(request.url ?? '')?.[1] ?? '';
      const use = (uses.get(signature) ?? 0) + 1;
      uses.set(signature, use);
      if (use > 2) return void response.writeHead(403, { 'content-length': 0 }).end();
      slow(request, response, count);
    });

    const { bytes, links } = await download(served, { clock: { ...fakeClock(), now: () => performance.now() } });

    expect(bytes?.equals(LARGE)).toBe(true);
    expect(links()).toBeGreaterThan(4);
  });

  test('are not used for a small file, nor where the store allows none', async () => {
    const small = await serve((request, response) => sendRange(SMALL, request, response));
    const rangeless = await serve((_, response) =>
      response.writeHead(200, { 'content-length': LARGE.length, etag: '"v1"' }).end(LARGE),
    );

    const first = await download(small);
    const second = await download(rangeless);

    expect(first.bytes?.equals(SMALL)).toBe(true);
    expect(second.bytes?.equals(LARGE)).toBe(true);
    expect([small.requests.length, rangeless.requests.length]).toEqual([1, 1]);
  });
});

describe('what is refused', () => {
  test.each(['', 'identity', 'aws-chunked', 'none', 'UTF-8', 'aws-chunked, ', 'Identity,aws-chunked'])(
    'F-HTTP-26: not a body whose content-encoding, "%s", encodes nothing',
    async (coding) => {
      const served = await serve((_, response) =>
        response.writeHead(200, { 'content-encoding': coding, 'content-length': SMALL.length }).end(SMALL),
      );

      expect((await download(served)).bytes?.equals(SMALL)).toBe(true);
    },
  );

  test.each(['aws-chunked,gzip', 'br', 'identity, gzip', 'something'])('a body in "%s"', async (coding) => {
    const served = await serve((_, response) =>
      response.writeHead(200, { 'content-encoding': coding, 'content-length': 3 }).end('abc'),
    );

    expect((await download(served)).result).toMatchObject({ class: 'integrity', exitCode: 11 });
  });

  test('F-HTTP-20: a body with a content-encoding, whose length and hash would say nothing', async () => {
    const served = await serve((_, response) =>
      response.writeHead(200, { 'content-encoding': 'gzip', 'content-length': 3 }).end('abc'),
    );

    expect((await download(served)).result).toMatchObject({
      class: 'integrity',
      message: expect.stringContaining('content-encoding gzip'),
    });
  });

  test.each([
    ['by its Content-Range', { 'content-range': `bytes 0-${MIB - 1}/${SMALL.length}` }],
    ['of a file of unknown size', { 'content-range': `bytes 0-${MIB - 1}/*` }],
    ['without a Content-Range', {}],
  ])('a part of the file, as the answer to a request for all of it: %s', async (_, range) => {
    const served = await serve((request, response, count) => {
      if (count > 1) return sendRange(SMALL, request, response);
      response.writeHead(206, { etag: '"v1"', 'content-length': MIB, ...range }).end(SMALL.subarray(0, MIB));
    });

    const { bytes } = await download(served);

    expect(bytes?.equals(SMALL)).toBe(true);
    expect(served.requests).toHaveLength(2);
  });

  test('more bytes than any output of this input should have', async () => {
    const served = await serve((_, response) => response.writeHead(200, { 'content-length': 5 * 1024 ** 3 }).end());

    expect((await download(served)).result).toMatchObject({
      class: 'integrity',
      message: expect.stringContaining('larger than'),
    });
  });

  test('F-NET-18, F-NET-19: a file that does not pass is fetched three times, then refused', async () => {
    const served = await serve((request, response) => sendRange(SMALL, request, response));
    const verify = () =>
      Promise.reject(new IntegrityError('download is not a complete archive', { mayBeTransit: true }));

    const { result, names } = await download(served, { verify });

    expect(result).toMatchObject({ class: 'integrity' });
    expect(served.requests).toHaveLength(3);
    expect(names).toEqual([]);
  });

  test('a file that must not ship is not fetched again', async () => {
    const served = await serve((request, response) => sendRange(SMALL, request, response));
    const verify = () => Promise.reject(new IntegrityError('the output is byte for byte the input'));

    await download(served, { verify });

    expect(served.requests).toHaveLength(1);
  });
});

test('F-SIG-07: a cancelled download leaves nothing', async () => {
  const controller = new AbortController();
  const served = await serve((_, response) => {
    response.writeHead(200, { 'content-length': SMALL.length });
    response.write(SMALL.subarray(0, MIB));
    setTimeout(() => controller.abort(new CancelledError('SIGINT')), 30);
  });

  const { result, names, ctx } = await download(served, { signal: controller.signal });

  expect(result).toBeInstanceOf(CancelledError);
  expect(names).toEqual([]);
  expect(ctx.facts.map(({ type }) => type)).toEqual(['temporary', 'temporary-gone']);
});

import { appendFile, rename, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { apptego } from '../../src/backends/apptego/index.ts';
import type { UploadOptions } from '../../src/contract/adapter.ts';
import type { SandboxOptions } from '../../src/contract/backend/sandbox.ts';
import { LimitError } from '../../src/contract/errors.ts';
import { artifactAt } from '../../src/testing/artifacts.ts';
import { fakeClock } from '../../src/testing/clock.ts';
import { testContext } from '../../src/testing/context.ts';
import { type Fault, faultProxy, type PlannedFault } from '../../src/testing/fault-proxy.ts';
import { faults } from '../../src/testing/faults.ts';
import { bigApk, copyFixture, sha256Of, temporaryFolder } from '../../src/testing/files.ts';
import { openBackend } from '../../src/testing/open-backend.ts';
import { sandbox } from '../../src/testing/sandbox.ts';
import { requestWithSlot } from '../../src/transfer/wait/build-slot.ts';
import { IS_WHOLE } from '../support/share.ts';
import { UPLOAD } from '../support/upload.ts';

const MIB = 1024 * 1024;
const CREATE = { method: 'POST', path: /\/automate\/upload$/ };
const COMPLETE = { method: 'POST', path: /\/upload\/complete$/ };
const ABORT = { method: 'POST', path: /\/upload\/abort$/ };
const PART = { origin: 'storage', method: 'PUT', path: /^\/part\// } as const;
const OBJECT = { origin: 'storage', method: 'PUT', path: /^\/object\// } as const;

/** A small file in small parts: the same way as a large one, in less time. */
const PARTS: Partial<SandboxOptions> = { multipartFromBytes: 1, chunkSizeBytes: 5 * MIB };

async function setUp(
  planned: readonly PlannedFault[],
  box: Partial<SandboxOptions> = {},
  more: Partial<UploadOptions> = {},
) {
  const folder = await temporaryFolder();
  const started = await sandbox(box);
  const proxy = await faultProxy(started, planned);
  const backend = await openBackend(apptego, proxy.variables, 1_000);
  const isMultipart = box.multipartFromBytes !== undefined;
  const path = isMultipart ? await bigApk(join(folder, 'app.apk'), 11 * MIB) : await copyFixture('v2.apk', folder);
  const artifact = await artifactAt(path);
  const ctx = testContext({ clock: fakeClock() });
  const upload = () => backend.adapter.upload(artifact, { ...UPLOAD, ...more }, ctx);
  const count = (like: Pick<PlannedFault, 'origin' | 'method' | 'path'>) =>
    proxy.seen.filter(
      (one) => (like.origin ?? 'api') === one.origin && like.method === one.method && like.path?.test(one.path),
    ).length;
  return { folder, path, box: started, proxy, backend, artifact, ctx, upload, count };
}

describe('asking for the upload', () => {
  test.each<[string, Fault]>([
    ['the connection is reset at once', faults.resetAtOnce()],
    ['the answer is lost', faults.lostAnswer()],
    ['the server answers 500', faults.answer(500, { error: 'Internal server error' })],
    ['the server answers 503', faults.answer(503, { error: 'busy' })],
    [
      'a portal answers HTML',
      faults.raw('HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 4\r\n\r\n<ht>'),
    ],
  ])('is done again when %s, more than a second later', async (_, fault) => {
    const { upload, proxy, ctx, count } = await setUp([{ ...CREATE, fault }]);

    await upload();

    expect(proxy.struck).toEqual([1]);
    expect(count(CREATE)).toBe(2);
    expect(ctx.ofType('http.retry').map(({ delayMs }) => delayMs >= 1_100)).toEqual([true]);
  });

  test('stops after 3 lost answers, as unavailable: an unused address is all that is left', async () => {
    const { upload, count } = await setUp([{ ...CREATE, times: 100, fault: faults.lostAnswer() }]);

    await expect(upload()).rejects.toMatchObject({ class: 'unavailable', retryable: true });
    expect(count(CREATE)).toBe(4);
  });

  test('stops after 5 repeats when the server cannot be reached', async () => {
    const { upload, count } = await setUp([{ ...CREATE, times: 100, fault: faults.resetAtOnce() }]);

    await expect(upload()).rejects.toMatchObject({ class: 'unavailable' });
    expect(count(CREATE)).toBeGreaterThanOrEqual(4);
    expect(count(CREATE)).toBeLessThanOrEqual(6);
  });

  test('does not repeat an answer in the wrong shape: something may have been created', async () => {
    const { upload, count } = await setUp([{ ...CREATE, fault: faults.changeJson(({ job_id: _, ...rest }) => rest) }]);

    await expect(upload()).rejects.toMatchObject({
      class: 'unknown',
      message: expect.stringContaining('no usable job_id'),
    });
    expect(count(CREATE)).toBe(1);
  });
});

describe('waiting for a build slot', () => {
  const busy = faults.answer(429, { error: 'Concurrent build limit exceeded (2)' });

  test('asks again about every 30 s, as long as it may', async () => {
    const { upload, ctx } = await setUp(
      [{ ...CREATE, times: 3, fault: busy }],
      {},
      { capacityWaitMs: 600_000, pollIntervalMs: 15_000 },
    );

    await upload();

    expect(ctx.ofType('capacity.wait').map(({ delayMs }) => delayMs)).toEqual([30_000, 30_000, 30_000]);
  });

  test('gives up with limit when the time is over', async () => {
    const { upload, ctx } = await setUp(
      [{ ...CREATE, times: 100, fault: busy }],
      {},
      { capacityWaitMs: 100_000, pollIntervalMs: 15_000 },
    );

    await expect(upload()).rejects.toMatchObject({
      class: 'limit',
      exitCode: 10,
      serverText: 'Concurrent build limit exceeded (2)',
    });
    expect(ctx.ofType('capacity.wait').map(({ delayMs }) => delayMs)).toEqual([30_000, 30_000, 30_000, 10_000]);
  });

  test('F-HTTP-04: takes the time that the server names', async () => {
    const named = faults.answer(429, { error: 'slow down' }, { 'retry-after': '7' });
    const { upload, ctx } = await setUp([{ ...CREATE, fault: named }], {}, { capacityWaitMs: 600_000 });

    await upload();

    expect(ctx.ofType('capacity.wait').map(({ delayMs }) => delayMs)).toEqual([7_500]);
  });

  test.each([
    'Weekly build limit exceeded (10 builds in 7 days)',
    'Rolling 7-day build quota exceeded',
    'Limit of 10 builds per android/production over 7 days',
    'build quota reached',
  ])('F-SRV-01: does not wait for a weekly limit, which no wait outlasts: %s', async (words) => {
    const weekly = faults.answer(429, { error: words });
    const { upload, count } = await setUp([{ ...CREATE, times: 100, fault: weekly }], {}, { capacityWaitMs: 600_000 });

    await expect(upload()).rejects.toMatchObject({
      class: 'limit',
      limit: 'week',
      next: null,
    });
    expect(count(CREATE)).toBe(1);
  });

  test('only the backend says that a limit is final: the transfer layer does not read its words', async () => {
    const { artifact, backend, ctx } = await setUp([]);
    const notUsed = async (): Promise<never> => expect.fail('not a part of the request');
    const limitedBy = (error: LimitError) => {
      const protocol = { spacingMs: 0, complete: notUsed, abort: notUsed, exists: notUsed };
      const request = async () => Promise.reject(error);
      const options = { ...UPLOAD, capacityWaitMs: 60_000, pollIntervalMs: 15_000 };
      return requestWithSlot({ protocol: { ...protocol, request }, storage: backend.storage, artifact, options }, ctx);
    };
    const patient = new LimitError('busy', { serverText: 'come back in a week' });
    const final = new LimitError('busy', { serverText: 'enough for today', limit: 'week' });

    await expect(limitedBy(final)).rejects.toBe(final);
    expect(ctx.ofType('capacity.wait')).toEqual([]);
    await expect(limitedBy(patient)).rejects.toBe(patient);
    expect(ctx.ofType('capacity.wait').length).toBeGreaterThan(1);
  });

  test.each(['Concurrent build limit exceeded (2)', 'Too many builds at a time', '17 days of queue'])(
    'F-SRV-01: takes any other limit for a slot: %s',
    async (words) => {
      const { upload } = await setUp([{ ...CREATE, times: 100, fault: faults.answer(429, { error: words }) }]);

      await expect(upload()).rejects.toMatchObject({
        class: 'limit',
        limit: 'slot',
        next: { do: 'set', setting: 'capacityWait' },
      });
    },
  );

  test('F-HTTP-05: stops at once when the server asks for longer than allowed', async () => {
    const long = faults.answer(429, { error: 'later' }, { 'retry-after': '86400' });
    const { upload, count } = await setUp([{ ...CREATE, times: 100, fault: long }], {}, { capacityWaitMs: 600_000 });

    await expect(upload()).rejects.toMatchObject({
      class: 'limit',
      message: expect.stringContaining('the server asks for 86400 s'),
    });
    expect(count(CREATE)).toBe(1);
  });
});

describe('one PUT of the whole file', () => {
  test('F-NET-10: a lost answer is settled by the status, not by a second PUT', async () => {
    const { upload, count } = await setUp([{ ...OBJECT, fault: faults.lostAnswer() }]);

    await upload();

    expect(count(OBJECT)).toBe(1);
  });

  test('is made again when the status shows that nothing has landed', async () => {
    const { upload, count, ctx } = await setUp([{ ...OBJECT, fault: faults.lostBeforeWork() }]);

    await upload();

    expect(count(OBJECT)).toBe(2);
    expect(ctx.clock.now()).toBeGreaterThanOrEqual(2_000);
  });

  test('is unknown when nobody can say whether it has landed', async () => {
    const status = { method: 'GET', path: /\/status\//, times: 1_000, fault: faults.answer(500, { error: 'down' }) };
    const { upload, count } = await setUp([{ ...OBJECT, fault: faults.lostAnswer() }, status]);

    await expect(upload()).rejects.toMatchObject({ class: 'unknown', exitCode: 9 });
    expect(count(OBJECT)).toBe(1);
  });

  test('is made again after a reset in the middle: the server cannot have accepted it', async () => {
    const folder = await temporaryFolder();
    const box = await sandbox();
    const proxy = await faultProxy(box, [{ ...OBJECT, fault: faults.resetInBody(1_000_000) }]);
    const backend = await openBackend(apptego, proxy.variables, 1_000);
    const artifact = await artifactAt(await bigApk(join(folder, 'app.apk'), 24 * MIB));
    const ctx = testContext({ clock: fakeClock() });

    await backend.adapter.upload(artifact, UPLOAD, ctx);

    expect(proxy.struck).toEqual([1]);
    expect(ctx.ofType('http.retry')).toEqual([
      expect.objectContaining({
        call: 'upload the file',
        reason: expect.stringMatching(/^connection closed after \d+ of 25165824 bytes/),
      }),
    ]);
    expect(proxy.seen.filter(({ path }) => path.includes('/status/'))).toEqual([]);
  });

  test('F-NET-29: an early success is not believed; the status decides', async () => {
    const folder = await temporaryFolder();
    const box = await sandbox();
    const proxy = await faultProxy(box, [{ ...OBJECT, fault: faults.earlyAnswer(200, {}) }]);
    const backend = await openBackend(apptego, proxy.variables, 1_000);
    const artifact = await artifactAt(await bigApk(join(folder, 'app.apk'), 24 * MIB));

    const id = await backend.adapter.upload(artifact, UPLOAD, testContext({ clock: fakeClock() }));

    expect(proxy.seen.filter(({ method }) => method === 'PUT')).toHaveLength(2);
    expect(await backend.adapter.poll(id, { patience: 'retried', until: null }, testContext())).not.toBe('failed');
  });

  test('F-URL-02: asks for a new address when the old one has expired, once', async () => {
    const expired = faults.raw(
      `HTTP/1.1 403 Forbidden\r\ncontent-length: 77\r\n\r\n<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>`,
    );
    const { upload, count, ctx } = await setUp([{ ...OBJECT, fault: expired }]);

    await upload();

    expect(count(CREATE)).toBe(2);
    expect(ctx.ofType('warning')).toEqual([expect.objectContaining({ code: 'upload-url-refused' })]);
  });

  test('F-URL-02: stops when the second address is refused too, with the words of the storage', async () => {
    const expired = faults.answer(403, { message: 'Request has expired' });
    const { upload, count, ctx } = await setUp([{ ...OBJECT, times: 10, fault: expired }]);

    await expect(upload()).rejects.toMatchObject({
      class: 'unavailable',
      serverText: 'Request has expired',
      httpStatus: 403,
    });
    expect(count(CREATE)).toBe(2);
    expect(ctx.clock).toMatchObject({ slept: expect.arrayContaining([1_100]) });
  });
});

test('F-SRV-13: sends in one PUT what could go in parts, when the server says so', async () => {
  const folder = await temporaryFolder();
  const box = await sandbox({ multipartFromBytes: Number.POSITIVE_INFINITY });
  const backend = await openBackend(apptego, box.variables);
  // By the default of the sandbox, and by the page, parts begin at 100 MB.
  const path = await bigApk(join(folder, 'app.apk'), IS_WHOLE ? 101_000_000 : 11 * MIB, 'hole');
  const ctx = testContext({ clock: fakeClock() });

  await backend.adapter.upload(await artifactAt(path), UPLOAD, ctx);

  expect(ctx.ofType('upload.plan')).toMatchObject([{ parts: 1 }]);
  expect(new Set(ctx.ofType('upload.progress').map(({ inFlight }) => inFlight))).toEqual(new Set([1]));
  expect(await sha256Of(box.store.stored()[0]?.path ?? '')).toBe(await sha256Of(path));
});

describe('parts', () => {
  test('F-SRV-13: sends a small file in parts, when the server says so', async () => {
    const { upload, ctx, box, path } = await setUp([], PARTS);

    await upload();

    expect(ctx.ofType('upload.plan')).toMatchObject([{ parts: 3 }]);
    expect(await sha256Of(box.store.stored()[0]?.path ?? '')).toBe(await sha256Of(path));
  });

  test.each<[string, Fault]>([
    ['its connection is reset in the middle', faults.resetInBody(MIB)],
    ['its answer is lost', faults.lostAnswer()],
    [
      'the storage says 503 SlowDown',
      faults.raw('HTTP/1.1 503 Slow Down\r\ncontent-length: 34\r\n\r\n<Error><Code>SlowDown</Code></Error'),
    ],
    [
      'the storage says 400 RequestTimeout',
      faults.raw('HTTP/1.1 400 Bad Request\r\ncontent-length: 41\r\n\r\n<Error><Code>RequestTimeout</Code></Error>'),
    ],
    [
      'no ETag comes back',
      faults.answerInstead(({ headers: { etag: _, ...headers }, ...answer }) => ({ ...answer, headers })),
    ],
    ['the answer comes before the body was read', faults.earlyAnswer(200, {})],
    ['the storage reads nothing', faults.silence()],
  ])('a part is sent again, by itself, when %s', async (_, fault) => {
    const { upload, proxy, count, box } = await setUp([{ ...PART, after: 1, fault }], PARTS);

    await upload();

    expect(proxy.struck).toEqual([1]);
    expect(count(PART)).toBe(4);
    expect(count(COMPLETE)).toBe(1);
    expect(box.store.openUploads()).toEqual([]);
  });

  test('a part that keeps failing ends the upload, and all parts are aborted', async () => {
    const { upload, box, count } = await setUp(
      [{ ...PART, path: /./, times: 1_000, fault: faults.answer(500, {}) }],
      PARTS,
    );

    await expect(upload()).rejects.toMatchObject({
      class: 'unavailable',
      message: expect.stringMatching(/^could not upload part \d/),
    });
    expect(box.store.openUploads()).toEqual([]);
    expect(count(ABORT)).toBeGreaterThanOrEqual(1);
    expect(count(COMPLETE)).toBe(0);
  });

  test('ETags are passed on byte for byte', async () => {
    const bodies: string[] = [];
    const look: Fault = async (exchange) => {
      const body = await exchange.readBody();
      bodies.push(body.toString('utf8'));
      exchange.reply(await exchange.forward(body));
    };
    const { upload } = await setUp([{ ...COMPLETE, fault: look }], PARTS);

    await upload();

    const { parts } = JSON.parse(bodies[0] ?? '') as { parts: { ETag: string; PartNumber: number }[] };
    expect(parts.map(({ PartNumber }) => PartNumber)).toEqual([1, 2, 3]);
    expect(parts.every(({ ETag }) => /^"[0-9a-f]{32}"$/.test(ETag))).toBe(true);
  });

  test('never more in flight than it may', async () => {
    const { upload, proxy, ctx } = await setUp([], PARTS, { concurrency: 2 });

    await upload();

    expect(proxy.mostAtOnce).toBeLessThanOrEqual(2);
    expect(Math.max(...ctx.ofType('upload.progress').map(({ inFlight }) => inFlight))).toBe(2);
  });

  test('a lost answer to complete is settled by the status', async () => {
    const { upload, count } = await setUp([{ ...COMPLETE, fault: faults.lostAnswer() }], PARTS);

    await upload();

    expect(count(COMPLETE)).toBe(1);
    expect(count(ABORT)).toBe(0);
  });

  test('complete is called again, identically, when it did nothing', async () => {
    const { upload, count } = await setUp([{ ...COMPLETE, fault: faults.lostBeforeWork() }], PARTS);

    await upload();

    expect(count(COMPLETE)).toBe(2);
  });

  test('F-HTTP-25: an error inside a 200 to complete is a lost answer, not a success', async () => {
    const fault = faults.answer(200, { error: 'InternalError' });
    const { upload, count } = await setUp([{ ...COMPLETE, times: 1_000, fault }], PARTS);

    await expect(upload()).rejects.toMatchObject({ class: 'unknown' });
    expect(count(COMPLETE)).toBe(4);
    expect(count(ABORT)).toBe(0);
  });

  test('a refused complete is final, and the parts are aborted', async () => {
    const { upload, count, box } = await setUp(
      [{ ...COMPLETE, fault: faults.answer(400, { error: 'InvalidPart' }) }],
      PARTS,
    );

    await expect(upload()).rejects.toMatchObject({ class: 'rejected', serverText: 'InvalidPart' });
    expect(count(COMPLETE)).toBe(1);
    expect(box.store.openUploads()).toEqual([]);
  });

  test('F-URL-01: expired addresses abort the upload and start it once more', async () => {
    const expired = faults.answer(403, { error: 'Request has expired' });
    const { upload, count, box } = await setUp([{ ...PART, after: 2, fault: expired }], PARTS);

    await upload();

    expect(count(CREATE)).toBe(2);
    expect(count(ABORT)).toBeGreaterThanOrEqual(1);
    expect(count(COMPLETE)).toBe(1);
    expect(box.store.openUploads()).toEqual([]);
  });

  test('records the upload as still open when the abort fails too', async () => {
    const { upload, ctx } = await setUp(
      [
        { ...PART, times: 1_000, fault: faults.answer(400, {}) },
        { ...ABORT, times: 1_000, fault: faults.resetAtOnce() },
      ],
      PARTS,
    );

    await expect(upload()).rejects.toMatchObject({ class: 'rejected' });
    expect(ctx.facts).not.toContainEqual({ type: 'multipart-closed' });
  });
});

describe('F-IO-03: a file that changes while it is sent', () => {
  const changes: [string, (path: string) => Promise<void>][] = [
    ['grows', (path) => appendFile(path, 'more')],
    ['is touched', (path) => utimes(path, new Date(), new Date(2020, 1, 1))],
    [
      'is replaced by a rename',
      async (path) => {
        await writeFile(`${path}.new`, 'other');
        await rename(`${path}.new`, path);
      },
    ],
  ];

  test.each(changes)('is never completed when it %s', async (_, change) => {
    let isChanged: Promise<void> | null = null;
    // Each part but the first has its answer after the change. On a busy machine apptool gives a part up before, and sends it again.
    const late: Fault = async (exchange) => {
      const body = await exchange.readBody();
      isChanged ??= change(changing.path);
      await isChanged;
      exchange.reply(await exchange.forward(body));
    };
    const changing = await setUp([{ ...PART, after: 1, times: 1_000, fault: late }], PARTS);

    await expect(changing.upload()).rejects.toMatchObject({
      class: 'local-io',
      message: expect.stringContaining('file changed'),
    });
    expect(changing.count(COMPLETE)).toBe(0);
    expect(changing.box.store.openUploads()).toEqual([]);
  });

  test('F-IO-04: a change that shows only after complete is said loudly, with the job', async () => {
    const late: Fault = async (exchange) => {
      const answer = await exchange.forward(await exchange.readBody());
      await appendFile(changing.path, 'more');
      exchange.reply(answer);
    };
    const changing = await setUp([{ ...COMPLETE, fault: late }], PARTS);

    await expect(changing.upload()).rejects.toMatchObject({
      class: 'unknown',
      message: expect.stringMatching(/build \d+ has begun with it/),
    });
  });
});

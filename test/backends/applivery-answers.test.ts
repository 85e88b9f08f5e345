import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { HttpResponse, http } from 'msw';
import { describe, expect, test } from 'vitest';
import { applivery } from '../../src/backends/applivery/index.ts';
import { describeError } from '../../src/backends/applivery/wire.ts';
import { download } from '../../src/run/download.ts';
import { realClock } from '../../src/run/real-clock.ts';
import { artifactAt } from '../../src/testing/artifacts.ts';
import { fakeClock } from '../../src/testing/clock.ts';
import { testContext } from '../../src/testing/context.ts';
import { type Fault, faultProxy, type PlannedFault } from '../../src/testing/fault-proxy.ts';
import { faults } from '../../src/testing/faults.ts';
import { bigApk, copyFixture, sha256Of, temporaryFolder } from '../../src/testing/files.ts';
import { openBackend } from '../../src/testing/open-backend.ts';
import { sandbox } from '../../src/testing/sandbox.ts';
import { openRemoteFile } from '../../src/transfer/download/remote-file.ts';
import { waitForJob } from '../../src/transfer/wait/poll.ts';
import { contract } from '../support/contract.ts';
import { jobContext } from '../support/journal.ts';
import { UPLOAD } from '../support/upload.ts';

const MIB = 1024 * 1024;
const CREATE = { method: 'POST', path: /\/builds$/ };
const DETAILS = { method: 'GET', path: /\/builds\/[^/]+$/ };
const TOKEN = { method: 'GET', path: /\/downloadToken\?/ };
const REDEEM = { method: 'GET', path: /\/v1\/download\// };
const QUESTION = { patience: 'retried', until: null } as const;
const ALWAYS = { times: Number.POSITIVE_INFINITY };

function saysNo(code: number, message: string) {
  return { status: false, error: { code, message } };
}

/** Waits that we choose take no time; watchdogs are as patient as they are, unless they are what is tested. */
async function setUp(planned: readonly PlannedFault[], options: { sizeBytes?: number; isImpatient?: boolean } = {}) {
  const folder = await temporaryFolder();
  const box = await sandbox({ processingMs: 0 });
  const proxy = await faultProxy(box, planned);
  const backend = await openBackend(applivery, proxy.variables);
  const path =
    options.sizeBytes === undefined
      ? await copyFixture('v2.apk', folder)
      : await bigApk(join(folder, 'app.apk'), options.sizeBytes);
  const artifact = await artifactAt(path);
  const fake = fakeClock();
  const clock = options.isImpatient === true ? fake : { ...fake, after: realClock.after };
  const ctx = testContext({ clock });
  const upload = () => backend.adapter.upload(artifact, UPLOAD, ctx);
  return { folder, box, proxy, backend, artifact, path, clock, ctx, upload };
}

async function errorOf(promise: Promise<unknown>): Promise<Error> {
  return await promise.then(
    () => new Error('it succeeded'),
    (error: Error) => error,
  );
}

describe('F-SRV-25: a refusal of the upload', () => {
  test.each([
    [400, 5024, 'Slug already used', 'rejected', 5],
    [401, 3002, 'Token Expired', 'auth', 4],
    [404, 3001, 'Entity not found', 'rejected', 5],
    [401, 4002, 'No auth token', 'auth', 4],
    [400, 4004, 'Unauthorized', 'auth', 4],
    [403, 5004, 'Your plan does not allow it', 'rejected', 5],
    [403, 5003, 'Limit Exceeded', 'limit', 10],
    [200, 5003, 'Limit Exceeded', 'limit', 10],
    [422, 5006, 'The file is invalid', 'rejected', 5],
    [200, 5024, 'Slug already used', 'rejected', 5],
    [200, 3002, 'Token Expired', 'auth', 4],
    [200, 4002, 'Invalid Token', 'auth', 4],
    [201, 4004, 'Unauthorized', 'auth', 4],
    [200, 5004, 'Your plan does not allow it', 'rejected', 5],
  ])('HTTP %i with %i %s: its class, its code and its words', async (status, code, words, errorClass, exitCode) => {
    const refuse = http.post('*/builds', () => HttpResponse.json(saysNo(code, words), { status }));
    const { upload, proxy, ctx } = await setUp([contract(refuse)]);

    const error = await errorOf(upload());

    expect(error).toMatchObject({
      class: errorClass,
      exitCode,
      backendCode: String(code),
      serverText: `${code}: ${words}`,
      message: expect.stringContaining('could not upload the file (127.0.0.1:'),
    });
    expect(proxy.seen).toHaveLength(1);
    expect(ctx.facts).toContainEqual({ type: 'not-landed' });
  });

  test('an upload that is answered with an error has failed at once, with its code and its reason', async () => {
    const failed = faults.changeJson((reply) => ({
      ...reply,
      data: { ...(reply.data as object), status: 'error', errorCode: 7, errorMessage: 'cannot be read' },
    }));
    const { upload, ctx } = await setUp([{ ...CREATE, fault: failed }]);

    expect(await errorOf(upload())).toMatchObject({
      class: 'job-failed',
      exitCode: 8,
      backendCode: '7',
      serverText: expect.stringContaining('cannot be read'),
    });
    expect(ctx.facts).toContainEqual(expect.objectContaining({ type: 'job' }));
  });

  test('a limit tells its numbers', async () => {
    const body = { status: false, error: { code: 5003, message: 'Limit Exceeded', data: { limit: 10, num: 11 } } };
    const { upload } = await setUp([{ ...CREATE, fault: faults.answer(200, body) }]);

    expect(await errorOf(upload())).toMatchObject({
      class: 'limit',
      limit: null,
      hint: expect.stringContaining('the limit of your Applivery plan is reached'),
      serverText: '5003: Limit Exceeded {"limit":10,"num":11}',
    });
  });

  test('that comes inside a 200 before the file is out is a refusal too', async () => {
    const fault = faults.earlyAnswer(200, saysNo(3002, 'Token Expired'));
    const { upload, ctx } = await setUp([{ ...CREATE, fault }], { sizeBytes: 20_000_000 });

    expect(await errorOf(upload())).toMatchObject({ class: 'auth', backendCode: '3002' });
    expect(ctx.facts).not.toContainEqual({ type: 'may-have-landed' });
  });

  test('a success before the file is out is none', async () => {
    const fault = faults.earlyAnswer(200, { status: true, data: { id: '64b0c1d2e3f4a5b6c7d8e9f0' } });
    const { upload, proxy } = await setUp([{ ...CREATE, fault }], { sizeBytes: 20_000_000 });

    expect(await errorOf(upload())).toMatchObject({ class: 'unknown' });
    expect(proxy.seen).toHaveLength(1);
  });

  test('429 is waited for as long as the server asks', async () => {
    const fault = faults.answer(429, saysNo(429, 'Too many requests'), { 'retry-after': '2' });
    const { upload, clock, proxy } = await setUp([{ ...CREATE, fault }]);

    await upload();

    expect(clock.slept[0]).toBeGreaterThanOrEqual(2_000);
    expect(proxy.seen).toHaveLength(2);
  });
});

test.each([
  ['null', { status: true, data: null }],
  ['an id that would leave its place in a path', { status: true, data: { id: '../../x' } }],
  ['no data at all', { status: true }],
])('B-111: an upload that is answered with %s may have landed', async (_, body) => {
  const { upload, proxy, ctx } = await setUp([{ ...CREATE, fault: faults.answer(200, body) }]);

  expect(await errorOf(upload())).toMatchObject({
    class: 'unknown',
    exitCode: 9,
    message: 'the response to the upload has no build id',
    hint: expect.stringContaining('may have created a build'),
  });
  expect(proxy.seen).toHaveLength(1);
  expect(ctx.facts).not.toContainEqual({ type: 'not-landed' });
});

describe('the one form that creates a build', () => {
  const lost: [string, Fault][] = [
    ['F-NET-06: reset after all of it was sent', faults.lostAnswer()],
    ['F-NET-09: reset before anything was done with it', faults.lostBeforeWork()],
    ['F-NET-15: no answer', async ({ readBody }) => void (await readBody())],
    ['F-HTTP-02: a server error', faults.answer(502, 'Bad gateway')],
    ['F-HTTP-02: a timeout of the server', faults.answer(408, 'Timeout')],
  ];

  test.each(lost)('is never repeated: %s', async (_, fault) => {
    const { upload, proxy } = await setUp([{ ...CREATE, ...ALWAYS, fault }], { isImpatient: true });

    const error = await errorOf(upload());

    expect(error).toMatchObject({ class: 'unknown', exitCode: 9, retryable: false });
    expect(error).toMatchObject({ hint: expect.stringContaining('may have created a build: look for a new one') });
    expect(proxy.struck).toEqual([1]);
  });

  test('F-NET-08: is repeated when it was cut before its end, and makes one build', async () => {
    const fault = faults.resetInBody(1_000_000);
    const { upload, proxy, backend, ctx } = await setUp([{ ...CREATE, times: 2, fault }], { sizeBytes: 20_000_000 });

    const id = await upload();

    expect(proxy.struck).toEqual([2]);
    expect(await backend.adapter.poll(id, QUESTION, ctx)).toMatchObject({ phase: 'succeeded' });
    expect(proxy.seen.filter(({ method }) => method === 'POST')).toHaveLength(3);
  });

  test('F-NET-08: is given up as unavailable when it is always cut', async () => {
    const fault = faults.resetInBody(1_000_000);
    const { upload, ctx } = await setUp([{ ...CREATE, ...ALWAYS, fault }], { sizeBytes: 20_000_000 });

    expect(await errorOf(upload())).toMatchObject({
      class: 'unavailable',
      message: expect.stringMatching(/after \d+ of \d+ bytes/),
    });
    expect(ctx.facts).toContainEqual({ type: 'not-landed' });
  });
});

describe('how a build stands', () => {
  const stateWith = async (change: (data: Record<string, unknown>) => Record<string, unknown>) => {
    const changed = (answer: Record<string, unknown>) => ({
      ...answer,
      data: change(answer.data as Record<string, unknown>),
    });
    const { upload, backend, ctx } = await setUp([{ ...DETAILS, fault: faults.changeJson(changed) }]);
    return await backend.adapter.poll(await upload(), QUESTION, ctx);
  };

  test.each([
    ['pending', 'queued'],
    ['in_progress', 'running'],
    ['processed', 'succeeded'],
    ['success', 'succeeded'],
    ['error', 'failed'],
  ])('%s is %s', async (status, phase) => {
    expect(await stateWith((data) => ({ ...data, status }))).toMatchObject({ phase, status });
  });

  test.each(['Processed', 'toString', 7, null])('%s is not known: still running', async (status) => {
    expect(await stateWith((data) => ({ ...data, status }))).toMatchObject({ phase: 'running', unrecognized: true });
  });

  test.each([
    [{ errorMessage: 'Invalid manifest', errorCode: 12 }, 'errorMessage: Invalid manifest, errorCode: 12'],
    [{ error: { code: 7001 } }, 'error: {"code":7001}'],
    [{ statusMessage: 'Expired profile' }, 'statusMessage: Expired profile'],
  ])('F-SRV-26: an error tells its reason wherever it stands: %j', async (reason, message) => {
    expect(await stateWith((data) => ({ ...data, ...reason, status: 'error' }))).toMatchObject({ message });
  });

  test('F-SRV-26: an error without a reason shows what else is known, and no person', async () => {
    const person = { email: 'someone@example.com' };
    const state = await stateWith((data) => ({ ...data, uploadedBy: person, status: 'error' }));

    expect(state).toMatchObject({ message: expect.stringMatching(/^id: \w+, status: error, .*size: \d+/) });
    expect(JSON.stringify(state)).not.toContain('someone');
  });

  test('an answer about another build is an integrity error', async () => {
    await expect(stateWith((data) => ({ ...data, id: 'another' }))).rejects.toMatchObject({ class: 'integrity' });
  });

  test.each([[404], [200]])('3001 inside HTTP %i is absent', async (status) => {
    const { upload, backend, ctx } = await setUp([
      { ...DETAILS, fault: faults.answer(status, saysNo(3001, 'Entity not found')) },
    ]);

    expect(await backend.adapter.poll(await upload(), QUESTION, ctx)).toBe('absent');
  });

  test('is asked again through trouble, and waited for to its end', async () => {
    const { upload, backend, ctx } = await setUp([{ ...DETAILS, times: 2, fault: faults.answer(502, '<html>') }]);
    const id = await upload();

    const state = await waitForJob(
      {
        job: `applivery:${id}`,
        poll: (asking) => backend.adapter.poll(id, { patience: 'once', until: null }, asking),
        pollIntervalMs: 1_000,
        timeoutMs: 60_000,
        appearTimeoutMs: 1_000,
        uploaded: true,
      },
      ctx,
    );

    expect(state).toMatchObject({ phase: 'succeeded', status: 'processed', subject: { platform: 'android' } });
  });
});

describe('the download by a token', () => {
  async function fetched(planned: readonly PlannedFault[], as = 'out.apk', name = 'v2.apk') {
    const setting = await setUp(planned);
    const artifact = await artifactAt(await copyFixture(name, setting.folder, `sent-${name}`));
    const id = await setting.backend.adapter.upload(artifact, UPLOAD, setting.ctx);
    const output = join(setting.folder, as);
    const { job, ctx } = jobContext({ backend: 'applivery', id }, setting.ctx);
    const input = { backend: setting.backend, job, output, force: false, sent: null, dryRun: false };
    const ending = await download(input, ctx).then(
      () => null,
      (error: Error) => error,
    );
    return { ...setting, artifact, output, ending };
  }

  test('gives the build back, by a token for each request and without any other credential', async () => {
    const cut: Fault = async ({ response }) => {
      response.writeHead(200, { 'content-length': '50000' });
      response.write(Buffer.alloc(1000));
      await new Promise((resolve) => setTimeout(resolve, 20));
      response.destroy();
    };
    const { ending, output, artifact, proxy } = await fetched([{ origin: 'storage', method: 'GET', fault: cut }]);

    const redeemed = proxy.seen.filter(({ path }) => REDEEM.path.test(path));
    expect(ending).toBeNull();
    expect(await sha256Of(output)).toBe(await sha256Of(artifact.path));
    expect(redeemed).toHaveLength(2);
    expect(new Set(redeemed.map(({ path }) => path)).size).toBe(2);
    expect(redeemed.filter(({ headers }) => headers.authorization !== undefined)).toEqual([]);
  });

  test('takes a token for each piece that is fetched at the same time', async () => {
    const { upload, backend, ctx, proxy, artifact } = await setUp([]);
    const id = await upload();
    const link = () => backend.adapter.download?.(id, 'apk', ctx) ?? Promise.reject(new Error('no download'));
    const remote = openRemoteFile(link, backend.storage, MIB, async () => {});

    const sizes: number[] = [];
    const count = async (chunks: AsyncIterable<Buffer>): Promise<void> => {
      let size = 0;
      for await (const chunk of chunks) size += chunk.length;
      sizes.push(size);
    };
    await remote.open(0, null, ctx, async (whole) => {
      await Promise.all([remote.open(0, 100, ctx, count), remote.open(100, 200, ctx, count)]);
      await count(whole);
    });

    const redeemed = proxy.seen.filter(({ path }) => REDEEM.path.test(path));
    expect(sizes).toEqual([100, 100, artifact.sizeBytes]);
    expect(new Set(redeemed.map(({ path }) => path)).size).toBe(3);
    expect(redeemed).toHaveLength(3);
  });

  test('of a bundle asks for the bundle, as the name of the output wants it', async () => {
    const { ending, output, artifact, proxy } = await fetched([], 'out.aab', 'signed.aab');

    expect(ending).toBeNull();
    expect(await readFile(output)).toEqual(await readFile(artifact.path));
    expect(proxy.seen.filter(({ path }) => path.endsWith('type=aab'))).toHaveLength(1);
  });

  test.each([[400], [200]])('waits while 5014 says that it is not processed, inside HTTP %i', async (status) => {
    const fault = faults.answer(status, saysNo(5014, 'Build Not Processed'));
    const { ending, clock, proxy } = await fetched([{ ...TOKEN, times: 2, fault }]);

    expect(ending).toBeNull();
    expect(clock.slept.filter((ms) => ms === 5_000)).toHaveLength(2);
    expect(proxy.struck).toEqual([2]);
  });

  test('takes another token where one was used up, three times', async () => {
    const fault = faults.answer(401, saysNo(4002, 'Invalid Token'));
    const once = await fetched([{ ...REDEEM, fault }]);
    const always = await fetched([{ ...REDEEM, ...ALWAYS, fault }]);

    expect(once.ending).toBeNull();
    expect(always.ending).toMatchObject({ class: 'unavailable' });
    expect(always.proxy.struck).toEqual([4]);
  });

  test('follows a redirect to no unsafe place', async () => {
    const fault = faults.answer(302, {}, { location: 'http://evil.example/secret-of-mine' });
    const { ending } = await fetched([{ ...REDEEM, ...ALWAYS, fault }]);

    expect(ending).toMatchObject({ class: 'policy', exitCode: 13 });
    expect(ending?.message).not.toContain('secret-of-mine');
  });

  test('is refused for an App token before any request, with the reason', async () => {
    const { proxy, ctx } = await setUp([]);
    const { APPLIVERY_SERVICE_TOKEN: _, ...onlyApp } = proxy.variables;
    const backend = await openBackend(applivery, onlyApp);
    const { job, ctx: own } = jobContext({ backend: 'applivery', id: '64b0c1d2e3f4a5b6c7d8e9f0' }, ctx);
    const input = {
      backend,
      job,
      output: undefined,
      force: false,
      sent: null,
      dryRun: false,
    };

    const error = await errorOf(download(input, own));
    const direct = await errorOf(backend.adapter.download?.(job.id, null, ctx) ?? Promise.resolve());

    expect(error).toMatchObject({ class: 'usage', exitCode: 2, hint: expect.stringContaining('SERVICE_TOKEN') });
    expect(error.message).toContain('downloaded by the Workspace API');
    expect(direct).toMatchObject({ class: 'usage' });
    expect(proxy.seen).toEqual([]);
  });
});

test.each([
  ['its own', saysNo(5003, 'Limit Exceeded'), undefined],
  ['of something before it', { message: 'no healthy upstream' }, true],
  ['of another form', { status: false, error: 'unauthorized' }, true],
])('an error that is %s is told apart from the answers of others', (_, body, isForeign) => {
  expect(describeError(body).isForeign).toBe(isForeign);
});

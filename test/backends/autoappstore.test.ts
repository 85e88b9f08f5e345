import { join } from 'node:path';
import { HttpResponse, http } from 'msw';
import { describe, expect, test } from 'vitest';
import { autoappstore } from '../../src/backends/autoappstore/index.ts';
import { apkVariant } from '../support/apk-variant.ts';
import { artifactAt } from '../support/artifacts.ts';
import { fakeClock } from '../support/clock.ts';
import { testAdapter } from '../support/conformance.ts';
import { testContext } from '../support/context.ts';
import { contract, type Fault, faultProxy, faults, type PlannedFault } from '../support/fault-proxy.ts';
import { copyFixture, fixture, temporaryFolder } from '../support/files.ts';
import { openBackend, UPLOAD } from '../support/open-backend.ts';
import { padApk } from '../support/pad-apk.ts';
import { sandbox } from '../support/sandbox.ts';

const UPLOAD_CALL = { method: 'POST', path: /\/uploads\/ci$/ };
const BLOCKING = { code: 'unsigned_apk', severity: 'blocking', message: 'APK is not signed with a production key.' };
const WARNING = { code: 'permission_policy', severity: 'warning', message: 'CAMERA needs a reason.' };

testAdapter({
  definition: autoappstore,
  fixture: 'v1.apk',
  makeOther: (path) => apkVariant(path, { packageName: 'dev.apptool.another' }),
  create: UPLOAD_CALL,
  status: { method: 'GET', path: /\/versions\/[^/]+$/ },
  withUnknownStatus: (answer) => ({ ...answer, status: 'in_quarantine' }),
  statusUntil: 'approved',
  unknownId: 'b1c2',
});

async function setUp(
  planned: readonly PlannedFault[] = [],
  {
    file = 'v1.apk',
    sizeBytes,
    settings = {},
  }: { readonly file?: string; readonly sizeBytes?: number; readonly settings?: Record<string, string> } = {},
) {
  const folder = await temporaryFolder();
  const box = await sandbox();
  const proxy = await faultProxy(box, planned);
  const { adapter } = await openBackend(autoappstore, proxy.variables, 1_000, settings);
  const path = join(folder, file);
  const made = sizeBytes === undefined ? copyFixture(file, folder) : padApk(fixture(file), path, sizeBytes);
  const artifact = await artifactAt(await made);
  const ctx = testContext({ clock: fakeClock() });
  const ask = (id: string, until = 'validated') => adapter.poll(id, { patience: 'once', until }, ctx);
  const posts = () => proxy.seen.filter(({ method }) => method === 'POST').length;
  return { folder, proxy, adapter, artifact, ctx, ask, posts, upload: () => adapter.upload(artifact, UPLOAD, ctx) };
}

/** How version b1c2 stands when the store answers this about its validation runs, and about itself. */
async function asked(
  answers: { runs?: unknown; version?: Record<string, unknown>; passedStatus?: string },
  until?: string,
) {
  const { runs, version, passedStatus } = answers;
  const { ask } = await setUp(
    [
      contract(
        http.get('*/versions/b1c2/validation', () => HttpResponse.json({ runs: runs ?? [] })),
        http.get('*/versions/b1c2', () => HttpResponse.json({ id: 'b1c2', version_code: 2, ...version })),
      ),
    ],
    { settings: passedStatus === undefined ? {} : { passedStatus } },
  );
  return await ask('b1c2', until);
}

describe('the upload', () => {
  test('is one form with one part "apk", and the token', async () => {
    const bodies: string[] = [];
    const keep: Fault = async (exchange) => {
      const body = await exchange.readBody();
      bodies.push(body.toString('latin1'));
      exchange.reply(await exchange.forward(body));
    };
    const { upload, proxy, artifact } = await setUp([{ ...UPLOAD_CALL, fault: keep }]);

    await upload();

    const [request] = proxy.seen;
    expect(request?.headers.authorization).toBe(`Bearer ${proxy.variables.AUTOAPPSTORE_TOKEN}`);
    expect(request?.headers['content-type']).toMatch(/^multipart\/form-data; boundary=/);
    expect(Number(request?.headers['content-length'])).toBe(bodies[0]?.length);
    expect(bodies[0]?.match(/Content-Disposition: .*/g)).toEqual([
      `Content-Disposition: form-data; name="apk"; filename="${artifact.name}"`,
    ]);
    expect(bodies[0]).toContain('Content-Type: application/vnd.android.package-archive');
  });

  test('F-NET-08: is sent again when the connection breaks before it was out, three times', async () => {
    const breaks = (times: number) =>
      setUp([{ ...UPLOAD_CALL, times, fault: faults.resetInBody(1) }], { sizeBytes: 20_000_000 });
    const [mended, lasting] = [await breaks(3), await breaks(100)];

    const id = await mended.upload();

    expect(mended.ctx.facts).toContainEqual({ type: 'job', id });
    expect(mended.posts()).toBe(4);
    await expect(lasting.upload()).rejects.toMatchObject({
      class: 'unavailable',
      message: expect.stringMatching(/of 20000\d\d\d bytes.*cannot have accepted/),
    });
    expect(lasting.posts()).toBe(4);
    expect(lasting.ctx.facts).toContainEqual({ type: 'not-landed' });
  });

  test('is sent once more when its answer was lost and nothing had landed', async () => {
    const { upload, posts } = await setUp([{ ...UPLOAD_CALL, fault: faults.lostBeforeWork() }]);

    await expect(upload()).resolves.toMatch(autoappstore.jobId);
    expect(posts()).toBe(2);
  });

  test('F-SRV-23: 409 after a lost answer says that it probably landed', async () => {
    const { upload, posts, ctx } = await setUp([{ ...UPLOAD_CALL, fault: faults.lostAnswer() }]);

    await expect(upload()).rejects.toMatchObject({
      class: 'unknown',
      httpStatus: 409,
      serverText: expect.stringContaining('versionCode 42'),
      hint: expect.stringMatching(
        /^probably landed: this versionCode now exists.*versionCode 42 of dev\.apptool\.fixture/,
      ),
    });
    expect(posts()).toBe(2);
    expect(ctx.facts).not.toContainEqual({ type: 'not-landed' });
  });

  test.each([
    ['F-NET-09: the answer stays lost', faults.lostBeforeWork(), 2],
    ['nobody answers its repeat', faults.resetAtOnce(), 5],
  ])('is sent once more and no more when %s', async (_, fault, sent) => {
    const { upload, posts } = await setUp([
      { ...UPLOAD_CALL, fault: faults.lostBeforeWork() },
      { ...UPLOAD_CALL, times: 100, fault },
    ]);

    await expect(upload()).rejects.toMatchObject({
      class: 'unknown',
      hint: 'look in the portal for versionCode 42 of dev.apptool.fixture; if it is not there, upload it again',
    });
    expect(posts()).toBe(sent);
  });

  test('F-SRV-23: 409 at first says what the store wants, and what was sent', async () => {
    const { upload, adapter, folder, posts } = await setUp();
    const older = await artifactAt(await apkVariant(join(folder, 'older.apk'), { versionCode: 41 }));
    await upload();

    const error = await adapter.upload(older, UPLOAD, testContext()).catch((thrown: unknown) => thrown);

    expect(error).toMatchObject({
      class: 'rejected',
      httpStatus: 409,
      serverText: 'versionCode 41 is not higher than that of every earlier version',
      hint: expect.stringMatching(
        /above that of every earlier version \(sent: versionCode 41 of dev\.apptool\.fixture\)/,
      ),
    });
    expect(posts()).toBe(2);
  });

  test('422 says what the store wants', async () => {
    const { upload, ctx } = await setUp([], { file: 'unsigned.apk' });

    await expect(upload()).rejects.toMatchObject({
      class: 'rejected',
      httpStatus: 422,
      serverText: 'The APK is not signed',
      hint: expect.stringContaining('signed with the production key'),
    });
    expect(ctx.facts).toContainEqual({ type: 'not-landed' });
  });

  test('an answer without a version id is no success', async () => {
    const { upload } = await setUp([{ ...UPLOAD_CALL, fault: faults.answer(201, { version: { id: '../x' } }) }]);

    await expect(upload()).rejects.toMatchObject({
      class: 'unknown',
      message: expect.stringContaining('no usable version.id'),
    });
  });
});

describe('the validation', () => {
  test.each(['running', 'pending', 'queued', 'in_progress', 'Running'])('goes on while it is %s', async (status) => {
    expect(await asked({ runs: [{ id: 'v9d8', status, findings: [WARNING] }] })).toEqual({
      phase: 'running',
      status,
      message: null,
      findings: [WARNING],
    });
  });

  test.each(['failed', 'error', 'errored', 'cancelled', 'passed'])(
    'F-SRV-21: has failed as %s with a blocking finding, which it names',
    async (status) => {
      expect(await asked({ runs: [{ id: 'v9d8', status, findings: [WARNING, BLOCKING] }] })).toEqual({
        phase: 'failed',
        status,
        message: 'unsigned_apk: APK is not signed with a production key.',
        findings: [WARNING, BLOCKING],
      });
    },
  );

  test('has failed without a finding when the store says failed', async () => {
    expect(await asked({ runs: [{ id: 'v9d8', status: 'failed', findings: [] }] })).toMatchObject({
      phase: 'failed',
      message: null,
    });
  });

  test.each(['passed', 'succeeded', 'completed'])('has passed by any other word, such as %s', async (status) => {
    expect(await asked({ runs: [{ id: 'v9d8', status, findings: [WARNING] }] })).toMatchObject({
      phase: 'succeeded',
      status,
      findings: [WARNING],
    });
  });

  test('has passed by the word of passedStatus alone, where that is set', async () => {
    const runs = [{ id: 'v9d8', status: 'scanned' }];

    expect(await asked({ runs, passedStatus: 'clean' })).toMatchObject({ phase: 'running', unrecognized: true });
    expect(await asked({ runs, passedStatus: 'scanned' })).toMatchObject({ phase: 'succeeded' });
    expect(await asked({ runs: [{ id: 'v9d8', status: 'failed' }], passedStatus: 'failed' })).toMatchObject({
      phase: 'failed',
    });
  });

  test('F-SRV-22: of several runs counts the last, of none nothing is known yet', async () => {
    const runs = [
      { id: 'v1', status: 'failed', findings: [BLOCKING] },
      { id: 'v2', status: 'passed', findings: [] },
    ];

    expect(await asked({ runs })).toMatchObject({ phase: 'succeeded' });
    expect(await asked({ runs: [...runs].reverse() })).toMatchObject({ phase: 'failed' });
    expect(await asked({ runs: [] })).toMatchObject({ phase: 'queued' });
  });

  test('counts the run that the upload began, wherever it stands', async () => {
    const other = { id: 'other', status: 'failed', findings: [BLOCKING] };
    const fault = faults.changeJson(({ runs }) => ({ runs: [...(runs as unknown[]), other] }));
    const { upload, ask } = await setUp([{ path: /\/validation$/, times: 100, fault }]);

    const id = await upload();

    await expect.poll(() => ask(id)).toMatchObject({ phase: 'succeeded', status: 'passed' });
  });

  test('keeps a finding readable: an unknown severity is a warning, a long text is cut', async () => {
    const odd = { code: null, severity: 'catastrophic', message: 'x'.repeat(1_000_000 / 2) };

    const state = await asked({ runs: [{ id: 'v9d8', status: 'passed', findings: [odd] }] });

    expect(state).toMatchObject({ phase: 'succeeded', findings: [{ code: 'finding', severity: 'warning' }] });
    expect(JSON.stringify(state).length).toBeLessThan(1_000);
  });

  test.each([{}, 'none', [{ id: 'v9d8', status: 7 }], [{ id: '../x', status: 'passed' }]])(
    'B-111: is no verdict when the runs are %j',
    async (runs) => {
      await expect(asked({ runs })).rejects.toMatchObject({
        class: 'unavailable',
        exitCode: 6,
        message: expect.stringContaining('unexpected validation answer'),
      });
    },
  );
});

describe('the way to the release', () => {
  const passed = [{ id: 'v9d8', status: 'passed', findings: [WARNING] }];

  test.each([
    ['in_review', 'approved', 'action-required'],
    ['in_review', 'live', 'action-required'],
    ['approved', 'approved', 'succeeded'],
    ['approved', 'live', 'action-required'],
    ['live', 'approved', 'succeeded'],
    ['live', 'live', 'succeeded'],
  ])('%s, asked until %s: %s', async (status, until, phase) => {
    expect(await asked({ version: { status, open_issue_count: 0 } }, until)).toEqual({ phase, status, message: null });
  });

  test('F-SRV-24: live with open issues has succeeded, with a warning', async () => {
    expect(await asked({ version: { status: 'live', open_issue_count: 2 } }, 'live')).toMatchObject({
      phase: 'succeeded',
      findings: [{ code: 'open_issues', severity: 'warning', message: expect.stringContaining('2 open issues') }],
    });
  });

  test('rejected has failed, with what the validation found', async () => {
    expect(await asked({ version: { status: 'rejected' }, runs: passed }, 'live')).toMatchObject({
      phase: 'failed',
      status: 'rejected',
      message: 'rejected: the store has rejected this version; its reasons are in the portal',
      findings: [{ code: 'rejected', severity: 'blocking' }, WARNING],
    });
  });

  test('a draft whose validation has failed has failed at once', async () => {
    const runs = [{ id: 'v9d8', status: 'failed', findings: [BLOCKING] }];

    expect(await asked({ version: { status: 'draft' }, runs }, 'live')).toMatchObject({
      phase: 'failed',
      findings: [BLOCKING],
    });
  });

  test('a draft waits for its validation, then for whoever submits it', async () => {
    const running = [{ id: 'v9d8', status: 'running' }];

    expect(await asked({ version: { status: 'draft' }, runs: running }, 'approved')).toMatchObject({
      phase: 'running',
    });
    expect(await asked({ version: { status: 'draft' }, runs: passed }, 'approved')).toMatchObject({
      phase: 'action-required',
      status: 'draft',
      message: expect.stringContaining('submitted for review'),
      findings: [WARNING],
    });
  });

  test('an answer about another version is no answer', async () => {
    await expect(asked({ version: { id: 'other', status: 'live' } }, 'live')).rejects.toMatchObject({
      class: 'integrity',
    });
  });

  test('the sandbox plays the people of the store, so that it can be rehearsed to the end', async () => {
    const { upload, ask } = await setUp();

    const id = await upload();

    await expect.poll(() => ask(id, 'approved')).toMatchObject({ phase: 'succeeded' });
    await expect.poll(() => ask(id, 'live')).toEqual({ phase: 'succeeded', status: 'live', message: null });
  });
});

test('fixtures that are signed in any way are taken', async () => {
  for (const name of ['v2.apk', 'v3.apk', 'v123.apk']) {
    const { upload } = await setUp([], { file: name });

    await expect(upload(), fixture(name)).resolves.toMatch(autoappstore.jobId);
  }
});

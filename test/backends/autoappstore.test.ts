import { join } from 'node:path';
import { HttpResponse, http } from 'msw';
import { describe, expect, test } from 'vitest';
import { autoappstore } from '../../src/backends/autoappstore/index.ts';
import type { Phase } from '../../src/contract/job.ts';
import { artifactAt } from '../../src/testing/artifacts.ts';
import { fakeClock } from '../../src/testing/clock.ts';
import { type AnswerForm, type DocumentedState, testAdapter } from '../../src/testing/conformance/index.ts';
import { testContext } from '../../src/testing/context.ts';
import { type Fault, faultProxy, type PlannedFault } from '../../src/testing/fault-proxy.ts';
import { faults } from '../../src/testing/faults.ts';
import { copyFixture, fixture, temporaryFolder } from '../../src/testing/files.ts';
import { openBackend } from '../../src/testing/open-backend.ts';
import { padApk } from '../../src/testing/pad-apk.ts';
import { sandbox } from '../../src/testing/sandbox.ts';
import { apkVariant } from '../support/apk-variant.ts';
import { contract } from '../support/contract.ts';
import { UPLOAD } from '../support/upload.ts';

const UPLOAD_CALL = { method: 'POST', path: /\/uploads\/ci$/ };
const BLOCKING = { code: 'unsigned_apk', severity: 'blocking', message: 'APK is not signed with a production key.' };
const WARNING = { code: 'permission_policy', severity: 'warning', message: 'CAMERA needs a reason.' };

const VERSION = { method: 'GET', path: /\/versions\/[^/]+$/ };
const RUNS = { method: 'GET', path: /\/validation$/ };

function runForm(name: string, change: (run: Record<string, unknown>) => unknown): AnswerForm {
  const answer: AnswerForm['answer'] = (reply) => ({
    ...reply,
    runs: (reply.runs as Record<string, unknown>[]).map(change),
  });
  return { name, call: RUNS, answer };
}

function version(change: object, validated: Phase, approved: Phase, live: Phase): DocumentedState {
  const answer: DocumentedState['answer'] = (reply) => ({ ...reply, ...change });
  return { name: JSON.stringify(change), answer, phases: { validated, approved, live } };
}

testAdapter({
  definition: autoappstore,
  fixture: 'v1.apk',
  makeOther: (path) => apkVariant(path, { packageName: 'dev.apptool.another' }),
  create: UPLOAD_CALL,
  status: VERSION,
  states: [
    version({ status: 'draft' }, 'succeeded', 'action-required', 'action-required'),
    version({ status: 'in_review' }, 'succeeded', 'action-required', 'action-required'),
    version({ status: 'approved' }, 'succeeded', 'succeeded', 'action-required'),
    version({ status: 'live' }, 'succeeded', 'succeeded', 'succeeded'),
    version({ status: 'live', open_issue_count: 2 }, 'succeeded', 'succeeded', 'succeeded'),
    version({ status: 'rejected' }, 'failed', 'failed', 'failed'),
  ],
  withUnknownStatus: (answer, status) => ({ ...answer, status }),
  unknownWords: ['in_quarantine', 'published'],
  forms: [
    { name: 'with nothing but what decides', call: VERSION, answer: ({ id, status }) => ({ id, status }) },
    { name: 'with numbers as text', call: VERSION, answer: (answer) => ({ ...answer, version_code: '2' }) },
    runForm('with a run without findings', ({ id, status }) => ({ id, status })),
    runForm('with findings that are no list', (run) => ({ ...run, findings: null })),
    { name: 'with another list before the runs', call: RUNS, answer: (answer) => ({ filters: [], ...answer }) },
  ],
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
  const details = () => ctx.facts.flatMap((fact) => (fact.type === 'job' ? [fact.details ?? {}] : [])).at(-1) ?? {};
  const ask = (id: string, until = 'validated') =>
    adapter.poll(id, { patience: 'once', until, details: details() }, ctx);
  const posts = () => proxy.seen.filter(({ method }) => method === 'POST').length;
  return {
    folder,
    proxy,
    adapter,
    artifact,
    ctx,
    ask,
    details,
    posts,
    upload: () => adapter.upload(artifact, UPLOAD, ctx),
  };
}

/** How version b1c2 stands when the store answers this about its validation runs, and about itself. */
async function asked(
  answers: { runs?: unknown; version?: Record<string, unknown>; passedStatus?: string },
  until = 'validated',
  details = {},
) {
  const { runs, version, passedStatus } = answers;
  const { adapter, ctx } = await setUp(
    [
      contract(
        http.get('*/versions/b1c2/validation', () => HttpResponse.json({ runs: runs ?? [] })),
        http.get('*/versions/b1c2', () => HttpResponse.json({ id: 'b1c2', ...version })),
      ),
    ],
    { settings: passedStatus === undefined ? {} : { passedStatus } },
  );
  const state = await adapter.poll('b1c2', { patience: 'once', until, details }, ctx);
  if (state === 'absent') return state;
  const { subject: _, ...rest } = state;
  return rest;
}

describe('the upload', () => {
  test('is one form with one part "apk", and the token', async () => {
    const bodies: string[] = [];
    const keep: Fault = async (exchange) => {
      const body = await exchange.readBody();
      bodies.push(body.toString('latin1'));
      exchange.reply(await exchange.forward(body));
    };
    const { upload, proxy, artifact, ctx } = await setUp([{ ...UPLOAD_CALL, fault: keep }]);

    await upload();

    const progress = ctx.ofType('upload.progress');
    expect(progress.at(-1)).toMatchObject({ sentBytes: artifact.sizeBytes, totalBytes: artifact.sizeBytes });
    expect(new Set(progress.map(({ inFlight }) => inFlight))).toEqual(new Set([1]));

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

    expect(mended.ctx.facts).toContainEqual(expect.objectContaining({ type: 'job', id }));
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
      hint: expect.stringMatching(/^the first try probably succeeded: .*versionCode 42 of dev\.apptool\.fixture/),
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

describe('the response to the upload', () => {
  const answered = (change: Record<string, unknown>) => faults.changeJson((reply) => merged(reply, change));
  const merged = (reply: Record<string, unknown>, change: Record<string, unknown>): Record<string, unknown> =>
    Object.fromEntries(
      Object.entries({ ...reply, ...change }).map(([name, value]) => [
        name,
        { ...(reply[name] as object), ...(value as object) },
      ]),
    );

  test('gives the job its validation run, and what the store calls it', async () => {
    const { upload, details } = await setUp();

    await upload();

    expect(details()).toEqual({
      validationRun: expect.any(String),
      appId: expect.any(String),
      versionCode: '42',
      versionName: expect.any(String),
    });
  });

  test('is not about the file when its version code is another', async () => {
    const { upload, details } = await setUp([{ ...UPLOAD_CALL, fault: answered({ version: { version_code: 7 } }) }]);

    await expect(upload()).rejects.toMatchObject({
      class: 'integrity',
      message: expect.stringMatching(/has versionCode 7 in the store, v1\.apk has 42/),
    });
    expect(details()).toMatchObject({ versionCode: '7' });
  });

  test('warns of another version name', async () => {
    const { upload, ctx } = await setUp([{ ...UPLOAD_CALL, fault: answered({ version: { version_name: '9.9' } }) }]);

    await upload();

    expect(ctx.ofType('warning')).toMatchObject([{ code: 'version-name', message: expect.stringContaining('"9.9"') }]);
  });

  test.each([
    ['a run that has failed', { validation_run: { status: 'failed' } }],
    ['a version that is rejected', { version: { status: 'rejected' } }],
  ])('is a failure at once with %s, with the reasons of the validation', async (_, change) => {
    const runs = (reply: Record<string, unknown>) => ({
      runs: (reply.runs as object[]).map((run) => ({ ...run, status: 'failed', findings: [BLOCKING] })),
    });
    const { upload } = await setUp([
      { ...UPLOAD_CALL, fault: answered(change) },
      { path: /\/validation$/, times: 100, fault: faults.changeJson(runs) },
    ]);

    await expect(upload()).rejects.toMatchObject({ class: 'job-failed', exitCode: 8, findings: [BLOCKING] });
  });
});

describe('the validation', () => {
  test.each([
    ['running', 'running'],
    ['in_progress', 'running'],
    ['Running', 'running'],
    ['pending', 'queued'],
    ['queued', 'queued'],
  ])('goes on while it is %s', async (status, phase) => {
    expect(await asked({ runs: [{ id: 'v9d8', status, findings: [WARNING] }] })).toEqual({
      phase,
      status,
      message: null,
      findings: [WARNING],
    });
  });

  test.each(['failed', 'error', 'errored', 'cancelled', 'rejected', 'passed'])(
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

  const GOOD = 'passed pass success successful succeeded completed complete ok OK valid validated done finished';
  test.each(GOOD.split(' '))('has passed by the word %s', async (status) => {
    expect(await asked({ runs: [{ id: 'v9d8', status, findings: [WARNING] }] })).toMatchObject({
      phase: 'succeeded',
      status,
      findings: [WARNING],
    });
  });

  const UNKNOWN = 'processing started scheduled validating waiting not_started skipped constructor';
  test.each(UNKNOWN.split(' '))('still runs by any other word, which the setting can explain: %s', async (status) => {
    expect(await asked({ runs: [{ id: 'v9d8', status, findings: [] }] })).toMatchObject({
      phase: 'running',
      status,
      unrecognized: true,
      setting: 'autoappstore.passedStatus',
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

  test('F-SRV-22: of several runs the one of the upload decides, else any that failed; of none nothing is known yet', async () => {
    const runs = [
      { id: 'v1', status: 'failed', findings: [BLOCKING] },
      { id: 'v2', status: 'passed', findings: [] },
    ];
    const going = [{ id: 'v3', status: 'running' }, ...runs.slice(1)];

    for (const order of [runs, [...runs].reverse()]) {
      expect(await asked({ runs: order })).toMatchObject({ phase: 'failed' });
      expect(await asked({ runs: order }, 'validated', { validationRun: 'v2' })).toMatchObject({ phase: 'succeeded' });
      expect(await asked({ runs: order }, 'validated', { validationRun: 'v1' })).toMatchObject({ phase: 'failed' });
      expect(await asked({ runs: order }, 'validated', { validationRun: 'gone' })).toMatchObject({ phase: 'failed' });
    }
    expect(await asked({ runs: going })).toMatchObject({ phase: 'running' });
    expect(await asked({ runs: [] })).toMatchObject({ phase: 'queued' });
  });

  test.each([
    ['draft', 'passed', 'succeeded', 'still a draft: submit it in the portal'],
    ['in_review', 'passed', 'succeeded', 'in review: the store decides'],
    ['approved', 'passed', 'succeeded', 'approved: the store releases it'],
    ['draft', 'running', 'running', undefined],
    ['draft', 'failed', 'failed', undefined],
    ['in_review', 'failed', 'failed', undefined],
    ['rejected', 'passed', 'failed', undefined],
    ['rejected', 'running', 'failed', undefined],
    ['live', 'passed', 'succeeded', undefined],
    ['live', 'running', 'succeeded', undefined],
    ['live', 'failed', 'succeeded', undefined],
    ['in_quarantine', 'passed', 'succeeded', undefined],
  ])('of a version that is %s, with a run that is %s: %s', async (status, run, phase, remains) => {
    const state = await asked({ version: { status }, runs: [{ id: 'v9d8', status: run }] });

    expect(state).toMatchObject({ phase });
    const told = remains === undefined ? undefined : { reached: 'validated', message: remains, until: 'live' };
    expect(state === 'absent' ? state : state.remains).toEqual(told);
  });

  test('of a live version fails nothing any more: what is open and what a later run found are warnings', async () => {
    const runs = [{ id: 'v9d8', status: 'failed', findings: [BLOCKING] }];

    expect(await asked({ version: { status: 'live', open_issue_count: 2 }, runs })).toMatchObject({
      phase: 'succeeded',
      status: 'live',
      findings: [
        { code: 'validation', severity: 'warning' },
        { code: 'unsigned_apk', severity: 'warning' },
        { code: 'open_issues', severity: 'warning', message: expect.stringContaining('2 open issues') },
      ],
    });
  });

  test('of a version that the store does not know is absent; one of its two answers is enough', async () => {
    const gone = HttpResponse.json({ error: 'not found' }, { status: 404 });
    const answers = async (validation: HttpResponse<never>, version: HttpResponse<never>) => {
      const { ask } = await setUp([
        contract(
          http.get('*/versions/b1c2/validation', () => validation.clone() as never),
          http.get('*/versions/b1c2', () => version.clone() as never),
        ),
      ]);
      return await ask('b1c2');
    };
    const runs = HttpResponse.json({ runs: [{ id: 'v1', status: 'passed' }] });
    const draft = HttpResponse.json({ id: 'b1c2', status: 'draft' });

    expect(await answers(gone as never, gone as never)).toBe('absent');
    expect(await answers(runs as never, gone as never)).toMatchObject({ phase: 'succeeded', status: 'passed' });
    expect(await answers(gone as never, draft as never)).toMatchObject({ phase: 'queued' });
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

  test.each([
    [[{ id: 'v9d8', status: 7, findings: [] }], '7'],
    [[{ id: 'v9d8', findings: [] }], 'null'],
    [[{ id: '../x', status: 'passed' }], '{"id":"../x","status":"passed"}'],
    [[{ status: 'passed' }], '{"status":"passed"}'],
    [['passed'], '"passed"'],
    [[null], 'null'],
  ])('goes on where nobody can read the runs %j', async (runs, status) => {
    expect(await asked({ runs })).toMatchObject({
      phase: 'running',
      status,
      unrecognized: true,
      setting: 'autoappstore.passedStatus',
    });
  });

  test('shows a finding in any form, and takes none of them for blocking that does not say so', async () => {
    const runs = (findings: unknown) => [{ id: 'v9d8', status: 'passed', findings }];
    const warning = { code: 'finding', severity: 'warning' };

    expect(await asked({ runs: runs(['no icon', 7]) })).toMatchObject({
      phase: 'succeeded',
      findings: [
        { ...warning, message: 'no icon' },
        { ...warning, message: '7' },
      ],
    });
    expect(await asked({ runs: runs({ code: 'size', message: 'too large' }) })).toMatchObject({
      findings: [{ code: 'size', severity: 'warning', message: 'too large' }],
    });
  });

  test.each([{}, 'none'])('B-111: is no verdict when the runs are %j', async (runs) => {
    await expect(asked({ runs })).rejects.toMatchObject({
      class: 'unavailable',
      exitCode: 6,
      message: expect.stringContaining('unexpected response about the validation'),
    });
  });
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

  test.each(['rejected', 'Rejected', 'REJECTED'])('%s has failed, whatever it is asked for', async (status) => {
    for (const until of ['validated', 'approved', 'live'])
      expect(await asked({ version: { status }, runs: passed }, until)).toMatchObject({ phase: 'failed' });
  });

  test.each([
    ['withdrawn', 'withdrawn'],
    [7, '7'],
    [null, 'null'],
  ])(
    'a version that is %j is told beside its validation, and waited on for what people decide',
    async (given, status) => {
      expect(await asked({ version: { status: given }, runs: passed })).toMatchObject({
        phase: 'succeeded',
        findings: [WARNING, { code: 'version-status', severity: 'warning', message: expect.stringContaining(status) }],
      });
      expect(await asked({ version: { status: given }, runs: passed }, 'live')).toMatchObject({
        phase: 'running',
        status,
        unrecognized: true,
      });
    },
  );

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
    await expect.poll(() => ask(id, 'live')).toMatchObject({ phase: 'succeeded', status: 'live', message: null });
  });
});

test('fixtures that are signed in any way are taken', async () => {
  for (const name of ['v2.apk', 'v3.apk', 'v123.apk']) {
    const { upload } = await setUp([], { file: name });

    await expect(upload(), fixture(name)).resolves.toMatch(autoappstore.jobId);
  }
});

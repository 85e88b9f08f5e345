import { HttpResponse, http } from 'msw';
import { describe, expect, test } from 'vitest';
import { apptegoManagement } from '../../src/backends/apptego-management/index.ts';
import { fakeClock } from '../../src/testing/clock.ts';
import { testContext } from '../../src/testing/context.ts';
import { faultProxy } from '../../src/testing/fault-proxy.ts';
import { openBackend } from '../../src/testing/open-backend.ts';
import { sandbox } from '../../src/testing/sandbox.ts';
import { contract } from '../support/contract.ts';

type Row = Readonly<Record<string, unknown>>;
interface Asked {
  readonly version: string;
  readonly page: number;
  readonly page_size: number;
}

const ID = 'production/android/1700000000/app-release.apk';
const WITH_KEY = { signing_key_id: 'key-uuid-1234', signing_key_name: 'Release' };
const SIGNING_ERROR = 'The alias is not in the keystore';

/** The row of the build that `ID` names, as the vendor's example has it but for the key. */
function row(change: Row = {}): Row {
  return {
    start_time: 1_700_000_000,
    end_time: 1_700_000_300,
    version: 'production',
    name: 'app-release.apk',
    platform: 'android',
    success: true,
    signed: true,
    error_message: null,
    status_message: 'Complete',
    signing_key_id: null,
    signing_key_name: null,
    deleted: false,
    signing_error_message: null,
    ...change,
  };
}

function others(count: number): Row[] {
  return Array.from({ length: count }, (_, index) => row({ start_time: 1_600_000_000 - index }));
}

/** Pages of what a server has, as the API cuts them. */
function pagesOf(rows: readonly Row[]) {
  return ({ page, page_size: size }: Asked): Row => ({
    results: rows.slice((page - 1) * size, page * size),
    total_count: rows.length,
    total_pages: Math.ceil(rows.length / size),
  });
}

/** How a build stands when the history answers so, and what it was asked. */
async function asked(answer: (body: Asked) => unknown, settings: Row = {}, id = ID, details = {}) {
  const bodies: Asked[] = [];
  const history = http.post('*/frontend/get_application_builds', async ({ request }) => {
    const body = (await request.json()) as Asked;
    bodies.push(body);
    return HttpResponse.json(answer(body) as object);
  });
  const proxy = await faultProxy(await sandbox(), [contract(history)]);
  const { adapter } = await openBackend(apptegoManagement, proxy.variables, 1_000, settings);
  const question = { patience: 'once', until: null, details } as const;
  const state = await adapter.poll(id, question, testContext({ clock: fakeClock() }));
  return { state, bodies };
}

/** The state of a build with such a row, without its times. */
async function stateOf(change: Row, settings: Row = {}, details = {}) {
  const { state } = await asked(pagesOf([row(change)]), settings, ID, details);
  if (state === 'absent') return state;
  const { startedAt: _, endedAt: __, ...rest } = state;
  return rest;
}

const AWAITED = { awaitsSigning: 'true' };

describe('a build of the history', () => {
  test('goes on while its success is null, with its stage', async () => {
    const change = { success: null, signed: false, status_message: 'Packaging', end_time: null };

    expect(await stateOf(change)).toEqual({ phase: 'running', status: 'processing', message: 'Packaging' });
    expect(await stateOf({ ...change, ...WITH_KEY })).toMatchObject({ phase: 'running', status: 'processing' });
    expect(await stateOf({ ...change, status_message: 'Queued' })).toMatchObject({ phase: 'queued' });
  });

  test('tells when it began and when it ended', async () => {
    const times = { startedAt: '2023-11-14T22:13:20.000Z', endedAt: '2023-11-14T22:18:20.000Z' };

    expect((await asked(pagesOf([row()]))).state).toMatchObject(times);
    expect((await asked(pagesOf([row({ end_time: null, success: null })]))).state).not.toHaveProperty('endedAt');
  });

  test.each([
    ['with a key, signed', WITH_KEY],
    ['with the key "none", not signed', { signing_key_id: 'none', signed: false }],
    ['without a key, not signed', { signed: false }],
    ['with a key, where nothing is said of the signature', { ...WITH_KEY, signed: undefined }],
    ['where an error is empty', { error_message: '', signing_error_message: {} }],
    ['where an error is none', { error_message: false, signing_error_message: [] }],
  ])('has succeeded %s', async (_, change) => {
    expect(await stateOf(change)).toEqual({ phase: 'succeeded', status: 'completed', message: null });
  });

  test('has failed with its reason, and with its stage where it gives none', async () => {
    const failure = { success: false, signed: false, status_message: 'Failed' };

    expect(await stateOf({ ...failure, error_message: 'Unsupported ABI' })).toEqual({
      phase: 'failed',
      status: 'failed',
      message: 'Unsupported ABI',
    });
    expect(await stateOf(failure)).toEqual({
      phase: 'failed',
      status: 'failed',
      message: 'Failed',
      setting: 'apptego-management.awaitsSigning',
    });
  });

  test('has failed at once where its stage alone tells why, also in a tenant with a default key', async () => {
    const timedOut = { ...WITH_KEY, success: false, signed: false, status_message: 'Build timed out' };

    expect(await stateOf(timedOut)).toMatchObject({ phase: 'failed', status: 'failed', message: 'Build timed out' });
  });

  test.each([
    ['both', { error_message: 'Unsupported ABI', signing_error_message: SIGNING_ERROR }],
    ['both, in objects', { error_message: { code: 7 }, signing_error_message: SIGNING_ERROR }],
  ])('has failed with two reasons, and tells %s', async (_, reasons) => {
    const state = await stateOf({ ...WITH_KEY, success: false, ...reasons });

    expect(state).toMatchObject({ phase: 'failed', status: 'failed' });
    expect(state).toHaveProperty('message', expect.stringMatching(/^(Unsupported ABI|\{"code":7\}); The alias/));
  });

  test('has failed when it says true beside an error', async () => {
    expect(await stateOf({ error_message: 'Partly' })).toMatchObject({ phase: 'failed', message: 'Partly' });
  });

  test.each([null, true, false])('has failed when it is deleted, whatever its success: %j', async (success) => {
    expect(await stateOf({ success, deleted: true })).toMatchObject({ phase: 'failed', status: 'deleted' });
  });

  test.each(['paused', 1, 'true', {}, undefined])('goes on, unrecognized, when its success is %j', async (success) => {
    expect(await stateOf({ success })).toMatchObject({ phase: 'running', unrecognized: true });
  });
});

describe('the signature', () => {
  test('F-SRV-28: a success with a signing error has failed where a key was asked for', async () => {
    const state = await stateOf({ ...WITH_KEY, signed: false, signing_error_message: SIGNING_ERROR });

    expect(state).toEqual({ phase: 'failed', status: 'completed, but not signed', message: SIGNING_ERROR });
  });

  test('F-SRV-28: a success that is not signed has failed where a key was asked for', async () => {
    expect(await stateOf({ ...WITH_KEY, signed: false })).toMatchObject({
      phase: 'failed',
      status: 'completed, but not signed',
    });
  });

  test('F-SRV-28: a signing error that nobody asked for is a warning', async () => {
    expect(await stateOf({ signed: false, signing_error_message: SIGNING_ERROR })).toEqual({
      phase: 'succeeded',
      status: 'completed',
      message: SIGNING_ERROR,
      findings: [{ code: 'signing', severity: 'warning', message: SIGNING_ERROR }],
    });
  });

  const RESET = { success: false, signed: false, status_message: 'Queued for signing' };

  test.each([
    ['it was sent to be signed', {}],
    ['it was sent to be signed again', { ...WITH_KEY, signed: true }],
  ])('is waited for after a reset, when %s', async (_, change) => {
    expect(await stateOf({ ...RESET, ...change }, AWAITED)).toEqual({
      phase: 'running',
      status: 'reset for signing',
      message: 'Queued for signing',
      setting: 'apptego-management.awaitsSigning',
    });
  });

  test.each([
    ['k1', 'k1', true, 'succeeded', null],
    ['k1', null, true, 'failed', /signing_key_id: null/],
    ['k1', 'k2', true, 'failed', /signing_key_id: "k2"/],
    ['k1', null, false, 'failed', null],
    ['k1', undefined, true, 'succeeded', null],
    ['k1', undefined, false, 'failed', null],
    ['none', null, false, 'succeeded', null],
    ['none', 'k2', true, 'failed', /signing_key_id: "k2"/],
  ] as const)('F-SRV-28: asked for %s, got %s, signed %s: %s', async (asked, signing_key_id, signed, phase, words) => {
    const state = await stateOf({ signing_key_id, signed, status_message: null }, {}, { signingKey: asked });

    expect(state).toMatchObject({ phase, message: words === null ? null : expect.stringMatching(words) });
  });

  test.each([
    ['nobody asked for one', {}, {}],
    ['a key was asked for', WITH_KEY, {}],
    ['it gives a reason', { ...WITH_KEY, signing_error_message: SIGNING_ERROR }, {}],
    ['it gives an error', { error_message: 'Out of memory' }, AWAITED],
  ])('is not waited for after success: false when %s', async (_, change, settings) => {
    expect(await stateOf({ ...RESET, ...change }, settings)).toMatchObject({ phase: 'failed', status: 'failed' });
  });

  test('is waited for when the build was sent to be signed and is not reset yet', async () => {
    expect(await stateOf({ signed: false }, AWAITED)).toMatchObject({
      phase: 'running',
      status: 'waiting to be signed',
    });
    expect(await stateOf({ signed: true }, AWAITED)).toMatchObject({ phase: 'succeeded' });
    expect(await stateOf({ signed: false, signing_error_message: SIGNING_ERROR }, AWAITED)).toMatchObject({
      phase: 'failed',
    });
  });
});

describe('the row of a build', () => {
  test('F-SRV-27: is found on a later page, which is the last that is asked for', async () => {
    const rows = [...others(70), row(), ...others(70)];

    const { state, bodies } = await asked(pagesOf(rows));

    expect(state).toMatchObject({ phase: 'succeeded' });
    expect(bodies).toEqual([
      { version: 'production', page: 1, page_size: 50 },
      { version: 'production', page: 2, page_size: 50 },
    ]);
  });

  test('F-SRV-27: is not there when no page has it, the last one included', async () => {
    const { state, bodies } = await asked(pagesOf(others(120)));

    expect(state).toBe('absent');
    expect(bodies.map(({ page }) => page)).toEqual([1, 2, 3]);
  });

  test('F-SRV-27: is looked for up to a page that is not full, where no number of pages is given', async () => {
    const rows = [...others(70), row()];

    const found = await asked((body) => ({ results: pagesOf(rows)(body).results }));
    const missing = await asked((body) => ({ results: pagesOf(others(100))(body).results }));

    expect(found.state).toMatchObject({ phase: 'succeeded' });
    expect(missing.state).toBe('absent');
    expect(missing.bodies.map(({ page }) => page)).toEqual([1, 2, 3]);
  });

  test('is not looked for without end', async () => {
    const endless = await asked(({ page }) => ({
      results: [row({ start_time: 1_600_000_000 + page })],
      total_pages: 1_000_000,
    }));
    const same = await asked(() => ({ results: others(1), total_pages: 1_000_000 }));
    const empty = await asked(() => ({ results: [], total_pages: 1_000_000 }));

    expect([endless.state, same.state, empty.state]).toEqual(['absent', 'absent', 'absent']);
    expect(endless.bodies).toHaveLength(400);
    expect(same.bodies).toHaveLength(2);
    expect(empty.bodies).toHaveLength(1);
  });

  test.each([
    ['as a number', 1_700_000_000],
    ['as text', '1700000000'],
  ])('is known by a start time %s', async (_, start_time) => {
    expect(await stateOf({ start_time })).toMatchObject({ phase: 'succeeded' });
  });

  test('is told from builds of the same second by its name and its platform', async () => {
    const rows = [
      row({ success: false, name: 'other.apk', error_message: 'of another name' }),
      row({ success: false, platform: 'ios', error_message: 'of another platform' }),
      row(),
    ];

    expect((await asked(pagesOf(rows))).state).toMatchObject({ phase: 'succeeded' });
    expect((await asked(pagesOf(rows.slice(1, 2)))).state).toBe('absent');
  });

  test('is found by its start time where the server has renamed it, and says so', async () => {
    expect(await stateOf({ name: 'renamed output.apk' })).toEqual({
      phase: 'succeeded',
      status: 'completed',
      message: null,
      findings: [
        {
          code: 'renamed',
          severity: 'warning',
          message: 'the build history names the file "renamed output.apk", but it was uploaded as "app-release.apk"',
        },
      ],
    });
  });

  test('is found by a name that its job id holds percent-encoded', async () => {
    const id = 'staging/android/1700000000/My%20App%20%28v2%29%20%C3%A9.apk';

    const { state, bodies } = await asked(pagesOf([row({ name: 'My App (v2) é.apk' })]), {}, id);

    expect(state).toMatchObject({ phase: 'succeeded' });
    expect(bodies[0]?.version).toBe('staging');
  });

  test('is found beside rows that make no sense', async () => {
    const rows = [{}, row({ start_time: null }), row({ name: 7, platform: [] }), row({ end_time: 1e300 }), row()];

    expect((await asked(pagesOf(rows))).state).toMatchObject({ phase: 'succeeded' });
  });

  test.each([
    '1700000000',
    'prod/android/1700000000/app.apk',
    'production/android/1700000000/..',
    'production/android/1700000000/a%2Fb.apk',
    'production/android/1700000000/a%FFb.apk',
    'production/android/1700000000/%61pp.apk',
    'production/android/17e8/app.apk',
  ])('is asked for by no other form of its id: %s', async (id) => {
    await expect(asked(pagesOf([]), {}, id)).rejects.toMatchObject({ class: 'usage' });
  });
});

describe('a build whose upload had no response', () => {
  const SINCE = new Date(1_700_000_000_000);
  const LOST = {
    name: 'app-release.apk',
    platform: 'android',
    identity: null,
    environment: 'prod',
    job: null,
  } as const;

  /** The jobs that it can be, when the history has these rows. */
  async function found(rows: readonly Row[], change: { readonly job?: string; readonly environment?: string } = {}) {
    const history = http.post('*/frontend/get_application_builds', async ({ request }) =>
      HttpResponse.json(pagesOf(rows)((await request.json()) as Asked) as object),
    );
    const proxy = await faultProxy(await sandbox(), [contract(history)]);
    const { adapter } = await openBackend(apptegoManagement, proxy.variables, 1_000);
    return await adapter.find?.({ ...LOST, ...change }, SINCE, testContext({ clock: fakeClock() }));
  }

  test('is looked for by its name, its platform and its time, on every page', async () => {
    const rows = [
      ...others(60),
      row({ start_time: 1_700_000_060 }),
      // Its clock may be ten minutes behind ours, and no more.
      row({ start_time: 1_699_999_400 }),
      row({ start_time: 1_699_999_399 }),
      row({ start_time: 1_700_000_070, platform: 'ios' }),
      row({ start_time: 1_700_000_080, name: 'other.apk' }),
      row({ start_time: 1_700_000_090, deleted: true }),
    ];

    expect(await found(rows)).toEqual([
      'production/android/1700000060/app-release.apk',
      'production/android/1699999400/app-release.apk',
    ]);
    expect(await found(others(60))).toEqual([]);
    expect(await found([row({ start_time: 1_700_000_060 }), row({ start_time: 1_700_000_061 })])).toHaveLength(2);
  });

  test('is asked after by its id where that is known', async () => {
    expect(await found([row()], { job: ID })).toEqual([ID]);
    expect(await found(others(3), { job: ID })).toEqual([]);
  });
});

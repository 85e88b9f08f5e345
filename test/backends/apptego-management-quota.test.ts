import { HttpResponse, http } from 'msw';
import { describe, expect, test } from 'vitest';
import { apptegoManagement } from '../../src/backends/apptego-management/index.ts';
import { fakeClock } from '../../src/testing/clock.ts';
import { testContext } from '../../src/testing/context.ts';
import { faultProxy } from '../../src/testing/fault-proxy.ts';
import { backendInput, openBackend } from '../../src/testing/open-backend.ts';
import { sandbox } from '../../src/testing/sandbox.ts';
import { contract } from '../support/contract.ts';

const DAY_S = 24 * 3600;

interface Tenant {
  readonly plan?: string;
  readonly used: number | null;
  /** How many days ago each Android build of the history began. */
  readonly daysAgo?: readonly number[];
  readonly settings?: Readonly<Record<string, unknown>>;
}

/** A tenant of such a plan with such a history; the calls that it got. */
async function tenant({ plan, used, daysAgo = [], settings = {} }: Tenant) {
  const box = await sandbox();
  const ctx = testContext({ clock: fakeClock() });
  const nowS = Math.floor(ctx.clock.date().getTime() / 1000);
  const rows = daysAgo.map((days, index) => ({
    start_time: nowS - days * DAY_S,
    platform: 'android',
    name: `app-${index}.apk`,
    success: true,
  }));
  const proxy = await faultProxy(box, [
    contract(
      http.get('*/frontend/get_tenants', () =>
        HttpResponse.json({ tenants: [{ tenant_id: box.variables.APPTEGO_TENANT, name: 'Us', plan }] }),
      ),
      http.post('*/frontend/get_application_builds', async ({ request }) => {
        const { page } = (await request.json()) as { page: number };
        const pages = rows.map((row) => [row]);
        const counts = {
          builds_used_android: used,
          builds_used_apple: 0,
          still_waiting: true,
          total_count: rows.length,
        };
        return HttpResponse.json({ ...counts, results: pages[page - 1] ?? [], total_pages: rows.length });
      }),
    ),
  ]);
  const calls = () => proxy.seen.map(({ path }) => path.split('/').at(-1));
  const quota = async () => {
    const { adapter } = await openBackend(apptegoManagement, proxy.variables, 1_000, settings);
    return await adapter.quota?.({ platform: 'android', environment: 'prod' }, ctx);
  };
  const command = async () => {
    const found = apptegoManagement.commands?.find(({ name }) => name === 'quota');
    const input = backendInput(apptegoManagement, proxy.variables, { own: settings });
    return await found?.run(
      { ...input, operands: [], flags: { environment: 'prod' }, limit: 50, dryRun: false } as never,
      ctx,
    );
  };
  return { quota, command, calls, nowS };
}

const dayOf = (second: number) => new Date(second * 1000);

describe('the builds of a week', () => {
  test('of a Team plan are ten; the next is free when the oldest that counts is 7 days old', async () => {
    const daysAgo = [9, 6, 5, 4, 3, 2, 1, 1, 1, 1, 1];
    const { quota, nowS } = await tenant({ plan: 'TEAM', used: 10, daysAgo });

    expect(await quota()).toEqual({
      used: 10,
      limit: 10,
      freeAt: dayOf(nowS + DAY_S),
      setting: 'apptego-management.weeklyBuilds',
    });
  });

  test.each([
    [
      'of an Enterprise plan have no limit',
      { plan: 'ENTERPRISE', used: 60 },
      null,
      ['get_application_builds', 'get_tenants'],
    ],
    [
      'of a plan that nobody knows have none',
      { plan: 'GOLD', used: 60 },
      null,
      ['get_application_builds', 'get_tenants'],
    ],
    ['are as many as the setting says', { used: 3, settings: { weeklyBuilds: '50' } }, 50, ['get_application_builds']],
    ['need no plan where any plan has some left', { plan: 'TEAM', used: 9 }, null, ['get_application_builds']],
    ['are not counted by the server', { plan: 'TEAM', used: null }, null, ['get_application_builds']],
  ])('%s', async (_, given, limit, asked) => {
    const { quota, calls } = await tenant(given);

    expect(await quota()).toMatchObject({ used: given.used, limit, freeAt: null });
    expect(calls()).toEqual(asked);
  });

  test('are shown by a command, with all that the server says of them', async () => {
    const { command } = await tenant({ plan: 'team', used: 4 });

    const output = await command();

    expect(output?.table?.rows).toEqual([
      ['production', 'android', '4', '10', '6', '-', 'yes'],
      ['production', 'ios', '0', '10', '10', '-', 'yes'],
    ]);
    expect(output?.data).toMatchObject({
      quotas: [{ platform: 'android', used: 4, limit: 10, left: 6, freeAt: null, stillWaiting: true }, {}],
    });
  });
});

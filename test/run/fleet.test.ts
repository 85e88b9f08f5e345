import { describe, expect, test } from 'vitest';
import { createBudget } from '../../src/run/fleet/budget.ts';
import { laneDelayMs } from '../../src/run/fleet/lane-delay.ts';
import { lanesOf } from '../../src/run/fleet/lanes.ts';
import { type AppOfStatus, statusOf } from '../../src/run/fleet/status.ts';
import { fc } from '../support/properties.ts';
import { receiptOf } from '../support/receipt-of.ts';

const DAY_MS = 24 * 3600_000;
const NOW_MS = Date.UTC(2026, 10, 29);

describe('lanes', () => {
  const apps = Array.from({ length: 40 }, (_, index) => ({ id: `app${index}`, size: 1_000 + index * 10 }));
  const loads = (lanes: ReadonlyMap<string, number>, all = apps) =>
    [0, 1, 2].map((lane) => all.filter(({ id }) => lanes.get(id) === lane).reduce((sum, { size }) => sum + size, 0));

  test('there are never more than slots, and none is much longer than the others', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.record({ id: fc.string({ minLength: 1 }), size: fc.nat(10_000) }), {
          selector: ({ id }) => id,
        }),
        fc.integer({ min: 1, max: 9 }),
        (all, slots) => {
          const lanes = lanesOf(all, slots);
          const used = Array.from({ length: slots }, (_, lane) =>
            all.filter(({ id }) => lanes.get(id) === lane).reduce((sum, { size }) => sum + size, 0),
          );
          const share = used.reduce((sum, load) => sum + load, 0) / Math.max(1, Math.min(slots, all.length));
          expect([...lanes.keys()].sort()).toEqual(all.map(({ id }) => id).sort());
          expect([...lanes.values()].every((lane) => lane >= 0 && lane < slots)).toBe(true);
          expect(Math.max(...used)).toBeLessThanOrEqual(1.25 * share + Math.max(0, ...all.map(({ size }) => size)));
        },
      ),
    );
  });

  test('do not depend on the order of the apps', () => {
    expect(lanesOf([...apps].reverse(), 3)).toEqual(new Map([...lanesOf(apps, 3)].reverse()));
    expect(Math.max(...loads(lanesOf(apps, 3))) / Math.min(...loads(lanesOf(apps, 3)))).toBeLessThan(1.5);
  });

  test('most apps keep theirs when another one comes', () => {
    const before = lanesOf(apps, 3);
    const after = lanesOf([...apps, { id: 'another', size: 1_100 }], 3);

    expect(apps.filter(({ id }) => before.get(id) === after.get(id)).length).toBeGreaterThan(30);
  });
});

describe('the times of a lane', () => {
  test('two lanes never begin within a second, wherever their clocks stand', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 9 }), fc.nat(1_000_000), fc.nat(1_000_000), (slots, one, other) => {
        const begins = [one, other].map((nowMs, lane) => nowMs + laneDelayMs(lane, slots, nowMs));
        const round = slots * 1_500;
        const [first = 0, second = 0] = begins.map((atMs) => atMs % round);
        const apart = Math.abs(first - second);

        expect(Math.min(apart, round - apart)).toBeGreaterThanOrEqual(1_000);
      }),
    );
  });

  test('no lane waits for more than a round, and the only one not at all', () => {
    expect([0, 700, 1_499].map((nowMs) => laneDelayMs(0, 1, nowMs))).toEqual([0, 0, 0]);
    expect([0, 1_500, 1_900, 2_100].map((nowMs) => laneDelayMs(1, 2, nowMs))).toEqual([1_500, 0, 0, 2_400]);
  });
});

describe("the week's builds", () => {
  const take = (budget: ReturnType<typeof createBudget>, times: number) =>
    Array.from({ length: times }, () => (budget.take() - NOW_MS) / DAY_MS);

  test('without a limit everybody gets one now', () => {
    expect(take(createBudget(null, [], null, NOW_MS), 3)).toEqual([0, 0, 0]);
  });

  test('what is older than a week does not count, and each build is free again a week after it began', () => {
    const builds = [-8, -6, -2].map((day) => NOW_MS + day * DAY_MS);

    expect(take(createBudget(3, builds, null, NOW_MS), 5)).toEqual([0, 1, 5, 7, 8]);
  });

  test('more builds than the limit are waited out', () => {
    const builds = [-6, -5, -4].map((day) => NOW_MS + day * DAY_MS);

    expect(take(createBudget(2, builds, null, NOW_MS), 2)).toEqual([2, 3]);
  });

  test('what the backend counts besides is new, as far as it does not say when a build is free', () => {
    const told = { used: 2, limit: 2, freeAt: null };

    expect(take(createBudget(5, [], told, NOW_MS), 1)).toEqual([7]);
    expect(take(createBudget(null, [], { ...told, freeAt: new Date(NOW_MS + DAY_MS) }, NOW_MS), 2)).toEqual([1, 7]);
    expect(take(createBudget(1, [], { ...told, limit: null, used: 0 }, NOW_MS), 2)).toEqual([0, 7]);
  });
});

describe('the status of an app', () => {
  const steps = ['protect:apptego', 'publish:applivery'].map((id) => ({ id, required: true }));
  const app = (receipt: AppOfStatus['receipt'], planned: AppOfStatus['planned'] = null): AppOfStatus => ({
    id: 'acme',
    package: 'com.acme.app',
    steps,
    receipt,
    planned,
  });
  const kept = (...args: Parameters<typeof receiptOf>) => ({ path: 'receipts/acme.json', receipt: receiptOf(...args) });
  const statesOf = (one: AppOfStatus) => statusOf([one]).rows.map(({ state }) => state);

  test.each<[string, AppOfStatus, string[]]>([
    ['nothing', app(null), ['not-started', 'not-started']],
    ['deferred by the plan', app(null, { as: 'deferred', from: '2026-12-06T00:00:00.000Z' }), ['deferred', 'deferred']],
    ['done by the plan', app(null, { as: 'done' }), ['done', 'done']],
    ['protection that runs', app(kept({ protect: { accepted: true } })), ['running', 'running']],
    ['protected', app(kept({ protect: { state: 'succeeded' }, hasOutput: true })), ['done', 'not-started']],
    ['protected and not fetched', app(kept({ protect: { state: 'succeeded' } })), ['running', 'running']],
    [
      'refused by the week',
      app(kept({ protect: { ended: { exitCode: 10, limit: 'week' } } })),
      ['deferred', 'deferred'],
    ],
    [
      'refused by the slots',
      app(kept({ protect: { ended: { exitCode: 10, limit: 'slot' } } })),
      ['failed', 'not-started'],
    ],
    ['lost', app(kept({ protect: { mayHaveLanded: true } })), ['look', 'not-started']],
    ['no step', app(kept({ ended: { exitCode: 4, limit: null } })), ['failed', 'not-started']],
    ['no step, for want of a build', app(kept({ ended: { exitCode: 10, limit: 'week' } })), ['deferred', 'deferred']],
    ['killed at once', app(kept({})), ['not-started', 'not-started']],
  ])('%s', (_, one, states) => {
    expect(statesOf(one)).toEqual(states);
  });

  test('what is not required counts for nothing', () => {
    const optional = { ...app(null), steps: [{ id: 'publish:applivery', required: false }] };

    expect(statusOf([optional]).counts).toMatchObject({ apps: 1, notStarted: 0 });
  });
});

import { describe, expect, test } from 'vitest';
import type { BuildQuota } from '../../src/contract/adapter.ts';
import { AuthError, CancelledError } from '../../src/contract/errors.ts';
import { checkQuotas } from '../../src/run/checks/quota.ts';
import { fakeClock } from '../../src/testing/clock.ts';
import { testContext } from '../../src/testing/context.ts';

const APP = { name: 'app.apk', platform: 'android' } as const;

function check(quota: Partial<BuildQuota> | Error, signal?: AbortSignal) {
  const ctx = testContext({ clock: fakeClock(), ...(signal === undefined ? {} : { signal }) });
  const answer: BuildQuota = { used: 0, limit: null, freeAt: null, setting: 'depot.weekly', ...quota };
  const ask = async () => {
    if (quota instanceof Error) throw quota;
    return answer;
  };
  return { ctx, checking: checkQuotas([{ id: 'none' }, { id: 'depot', quota: ask }], APP, 'prod', ctx) };
}

describe('the builds of a week', () => {
  test.each([
    { used: 9, limit: 10 },
    { used: 10, limit: null },
    { used: null, limit: 10 },
  ])('are left, or are not known to be used up: %j', async (quota) => {
    const { checking, ctx } = check(quota);

    await checking;

    expect(ctx.ofType('warning')).toEqual([]);
  });

  test('that are used up end the run, with the day and the setting', async () => {
    const { checking } = check({ used: 10, limit: 10, freeAt: new Date('2026-12-01T10:00:00Z') });

    await expect(checking).rejects.toMatchObject({
      class: 'limit',
      limit: 'week',
      message: 'cannot send app.apk to depot: 10 of 10 builds for android/prod in 7 days are used; nothing was sent',
      hint: 'run again from 2026-12-01T10:00:00.000Z on, or ask for a higher limit; if the plan allows more, set depot.weekly',
    });
  });

  test('that nobody can tell of are warned of, and the run goes on', async () => {
    const { checking, ctx } = check(new AuthError('the token was refused'));

    await checking;

    expect(ctx.ofType('warning')).toMatchObject([
      { code: 'quota-unknown', message: expect.stringContaining('the token was refused') },
    ]);
  });

  test('are not asked for any more when the run is stopped', async () => {
    const reason = new CancelledError('SIGINT');
    const { checking } = check(new Error('stopped'), AbortSignal.abort(reason));

    await expect(checking).rejects.toBe(reason);
  });
});

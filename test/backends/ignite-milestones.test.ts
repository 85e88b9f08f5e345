import { describe, expect, test } from 'vitest';
import { stateOf } from '../../src/backends/ignite/state.ts';
import { wait } from '../../src/run/wait.ts';
import type { Fault, PlannedFault } from '../../src/testing/fault-proxy.ts';
import { faults } from '../../src/testing/faults.ts';
import { igniteWith, STATUS, TOKEN } from '../support/ignite.ts';
import { jobContext } from '../support/journal.ts';

const MINUTE_MS = 60_000;

/** The answer of the service, with other words. */
function words(attributes: Readonly<Record<string, string>>): Fault {
  return faults.changeJson((answer) => {
    const { data } = answer as { data: { attributes: object } };
    return { data: { ...data, attributes: { ...data.attributes, ...attributes } } };
  });
}

describe('a milestone', () => {
  test.each([
    // upload, Samsung, manual: what it is for uploaded, samsung, approved
    ['SCHEDULED', 'NOT_REQUESTED', 'NOT_REQUESTED', 'queued SCHEDULED', 'queued SCHEDULED', 'queued SCHEDULED'],
    ['ERROR', 'NOT_REQUESTED', 'NOT_REQUESTED', 'failed ERROR', 'failed ERROR', 'failed ERROR'],
    ['COMPLETED', 'SCHEDULED', 'PENDING', 'succeeded COMPLETED', 'queued SCHEDULED', 'queued SCHEDULED'],
    ['COMPLETED', 'ERROR', 'PENDING', 'succeeded COMPLETED', 'failed ERROR', 'failed ERROR'],
    [
      'COMPLETED',
      'NOT_REQUESTED',
      'PENDING',
      'succeeded COMPLETED',
      'succeeded NOT_REQUESTED',
      'action-required PENDING',
    ],
    ['COMPLETED', 'COMPLETED', 'NOT_REQUESTED', 'succeeded COMPLETED', 'succeeded COMPLETED', 'queued NOT_REQUESTED'],
    ['COMPLETED', 'SCHEDULED', 'APPROVED', 'succeeded COMPLETED', 'queued SCHEDULED', 'succeeded APPROVED'],
    ['COMPLETED', 'Completed', 'REJECTED', 'succeeded COMPLETED', 'running Completed?', 'running Completed?'],
    ['COMPLETED', 'COMPLETED', 'REJECTED', 'succeeded COMPLETED', 'succeeded COMPLETED', 'running REJECTED?'],
    ['toString', 'COMPLETED', 'APPROVED', 'running toString?', 'running toString?', 'running toString?'],
  ])('with %s, %s, %s', (upload, samsung, manual, ...expected) => {
    const reply = { id: 'a', otherId: null, upload, samsung, manual };
    const said = ['uploaded', 'samsung', 'approved'].map((until) => {
      const { phase, status, unrecognized } = stateOf(reply, until);
      return `${phase} ${status}${unrecognized === true ? '?' : ''}`;
    });

    expect(said).toEqual(expected);
  });

  test('says how all three stages stand', () => {
    const reply = { id: 'a', otherId: null, upload: 'COMPLETED', samsung: 'SCHEDULED', manual: 'PENDING' };

    for (const until of ['uploaded', 'samsung', 'approved'])
      expect(stateOf(reply, until).message).toBe('upload COMPLETED, Samsung SCHEDULED, manual approval PENDING');
  });
});

describe('what stands badly beside the milestone', () => {
  const reply = { id: 'a', otherId: null, upload: 'COMPLETED', samsung: 'ERROR', manual: 'PENDING' };

  test.each([
    ['uploaded', {}, ['Samsung is ERROR']],
    ['uploaded', { samsung: 'SCHEDULED' }, []],
    ['uploaded', { samsung: 'NOT_REQUESTED' }, []],
    ['uploaded', { samsung: 'NOT_REQUESTED', manual: 'REJECTED' }, ['manual approval is REJECTED']],
    ['samsung', { samsung: 'COMPLETED', manual: '7' }, ['manual approval is 7']],
    ['approved', { samsung: 'BLOCKED', manual: 'APPROVED' }, ['Samsung is BLOCKED']],
    ['uploaded', { samsung: 'null', manual: 'null' }, []],
    ['approved', { samsung: 'SCHEDULED', manual: 'APPROVED' }, ['Samsung is SCHEDULED']],
    ['approved', { samsung: 'COMPLETED', manual: 'APPROVED' }, []],
  ])('is a warning: until %s, %j', (until, change, messages) => {
    const { phase, findings = [] } = stateOf({ ...reply, ...change }, until);

    expect(phase).toBe('succeeded');
    expect(findings.map(({ severity, message }) => [severity, message])).toEqual(
      messages.map((message) => ['warning', message]),
    );
  });
});

describe('a wait', () => {
  /** For an APK that has just been uploaded. */
  async function waiting(until: string, planned: readonly PlannedFault[], timeoutMs = 24 * 60 * MINUTE_MS) {
    const setting = await igniteWith(planned, undefined, { processingMs: 0 });
    const { backend } = setting;
    const { job, ctx } = jobContext({ backend: 'ignite', id: await setting.upload() }, setting.ctx);
    const input = { backend, job, until, pollIntervalMs: MINUTE_MS, timeoutMs, appearTimeoutMs: 0, uploaded: null };
    return { ...setting, ended: () => wait(input, ctx) };
  }

  const always = (fault: Fault): PlannedFault => ({ ...STATUS, times: 10_000, fault });
  const pending = words({ manual_approval_status: 'PENDING' });

  test('F-SRV-20: ends as failed at an ERROR on its way', async () => {
    const upload = await waiting('uploaded', [always(words({ upload_status: 'ERROR' }))]);
    const samsung = await waiting('samsung', [always(words({ samsung_approval_status: 'ERROR' }))]);

    await expect(upload.ended()).rejects.toMatchObject({ exitCode: 8, serverText: 'upload ERROR' });
    await expect(samsung.ended()).rejects.toMatchObject({ exitCode: 8, serverText: 'upload COMPLETED, Samsung ERROR' });
  });

  test('F-SRV-20: for the upload does not mind what Samsung says', async () => {
    const { ended } = await waiting('uploaded', [always(words({ samsung_approval_status: 'ERROR' }))]);

    expect(await ended()).toMatchObject({ phase: 'succeeded', status: 'COMPLETED' });
  });

  test('F-SRV-20: for an approval that never comes ends at its deadline, with the way on', async () => {
    const { ended, ctx } = await waiting('approved', [always(pending)], 60 * MINUTE_MS);

    await expect(ended()).rejects.toMatchObject({
      exitCode: 7,
      message: expect.stringContaining('last response: status PENDING'),
      next: { do: 'wait', job: expect.stringMatching(/^ignite:[0-9a-f-]{36}$/), until: 'approved' },
    });
    expect(ctx.ofType('job.state')).toMatchObject([{ phase: 'action-required', status: 'PENDING' }]);
  });

  test('F-SRV-17: outlives its tokens', async () => {
    const { ended, count } = await waiting('approved', [{ ...STATUS, times: 150, fault: pending }]);

    expect(await ended()).toMatchObject({ phase: 'succeeded', status: 'APPROVED' });

    // Two and a half hours: the third token had half an hour to go.
    expect(count(STATUS)).toBe(151);
    expect(count(TOKEN)).toBe(3);
  });

  test('goes on while the token service cannot be reached', async () => {
    const unreachable = { ...TOKEN, after: 1, times: 20, fault: faults.resetAtOnce() };
    const { ended, clock, proxy } = await waiting('approved', [unreachable]);

    clock.advance(60 * MINUTE_MS);

    expect(await ended()).toMatchObject({ phase: 'succeeded' });
    expect(proxy.struck).toEqual([20]);
  });
});

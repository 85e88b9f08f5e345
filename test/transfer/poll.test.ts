import { describe, expect, test } from 'vitest';
import {
  AuthError,
  CancelledError,
  LimitError,
  PolicyError,
  RejectedError,
  UnavailableError,
} from '../../src/contract/errors.ts';
import type { JobState } from '../../src/contract/job.ts';
import { type FakeClock, fakeClock } from '../../src/testing/clock.ts';
import { testContext } from '../../src/testing/context.ts';
import { type WaitRequest, waitForJob } from '../../src/transfer/wait/poll.ts';

const RUNNING: JobState = { phase: 'running', status: 'processing', message: null };
const DONE: JobState = { phase: 'succeeded', status: 'completed', message: null };
const DOWN = new UnavailableError('connection closed');

type Reply = JobState | 'absent' | Error;

/** Waits for a job that answers as it is told; the last answer holds. */
function waiting(replies: readonly Reply[], more: Partial<WaitRequest> = {}) {
  const ctx = testContext({ clock: fakeClock() });
  let asked = 0;
  const poll = async (): Promise<JobState | 'absent'> => {
    const reply = replies[Math.min(asked, replies.length - 1)];
    asked += 1;
    if (reply === undefined || reply instanceof Error) throw reply;
    return reply;
  };
  const request: WaitRequest = {
    job: 'apptego:1700000000',
    poll,
    pollIntervalMs: 15_000,
    timeoutMs: 3_600_000,
    appearTimeoutMs: 300_000,
    uploaded: true,
    ...more,
  };
  return { ctx, asked: () => asked, result: waitForJob(request, ctx) };
}

describe('waitForJob', () => {
  test('asks first 2 to 5 s after the upload, then every 15 s', async () => {
    const { ctx, result } = waiting([RUNNING, RUNNING, DONE]);

    await expect(result).resolves.toEqual(DONE);
    expect(ctx.clock).toMatchObject({ slept: [3_500, 15_000, 15_000] });
  });

  test('asks at once for a job of another run', async () => {
    const { ctx, result } = waiting([DONE], { uploaded: false });

    await result;

    expect(ctx.clock).toMatchObject({ slept: [] });
  });

  test('F-NET-27: goes on through any number of failed questions', async () => {
    const { asked, result } = waiting([
      RUNNING,
      ...Array.from({ length: 40 }, () => DOWN),
      new LimitError('HTTP 429'),
      DONE,
    ]);

    await expect(result).resolves.toEqual(DONE);
    expect(asked()).toBe(43);
  });

  test('a failed question is told at once, then every five minutes, and its end', async () => {
    const { ctx, result } = waiting([RUNNING, ...Array.from({ length: 41 }, () => DOWN), RUNNING, DONE], {
      host: 'api.example.com',
    });

    await result;

    expect(ctx.events.flatMap((event) => ('elapsedMs' in event || event.type === 'http.retry' ? [event] : []))).toEqual(
      [
        expect.objectContaining({ status: 'processing' }),
        ...[1, 21, 41].map((attempt) =>
          expect.objectContaining({
            type: 'http.retry',
            call: 'get the status of apptego:1700000000',
            host: 'api.example.com',
            reason: 'connection closed',
            delayMs: 15_000,
            attempt,
          }),
        ),
        expect.objectContaining({ status: 'processing' }),
        expect.objectContaining({ status: 'completed' }),
      ],
    );
  });

  test('a question that fails at the deadline is not retried, and not told as that', async () => {
    const { ctx, result } = waiting([DOWN], { timeoutMs: 1_000, uploaded: false });

    await expect(result).rejects.toMatchObject({ class: 'pending' });

    expect(ctx.ofType('http.retry')).toHaveLength(1);
  });

  test('ends as pending at the deadline, with the last that was heard and the way on', async () => {
    const { ctx, result } = waiting([RUNNING, DOWN], { timeoutMs: 600_000 });

    await expect(result).rejects.toMatchObject({
      class: 'pending',
      message: expect.stringContaining('still running after 600 s; last response: connection closed'),
      hint: 'the job keeps running on the server',
      next: { do: 'wait', job: 'apptego:1700000000' },
    });
    expect(ctx.clock.now()).toBe(600_000);
  });

  test('asks a last time at the deadline', async () => {
    const { result } = waiting([RUNNING, DONE], { timeoutMs: 10_000 });

    await expect(result).resolves.toEqual(DONE);
  });

  test('F-SRV-03: tolerates a job that is not there yet', async () => {
    const { result } = waiting(['absent', 'absent', RUNNING, DONE]);

    await expect(result).resolves.toEqual(DONE);
  });

  test('F-SRV-04: is unknown when no record appears after an upload', async () => {
    const { ctx, result } = waiting(['absent']);

    await expect(result).rejects.toMatchObject({
      class: 'unknown',
      message: expect.stringContaining('no build record appeared'),
    });
    expect(ctx.clock.now()).toBeGreaterThanOrEqual(300_000);
    expect(ctx.clock.now()).toBeLessThan(330_000);
  });

  test('is rejected when a job that somebody named does not exist', async () => {
    const { result } = waiting(['absent'], { uploaded: false, appearTimeoutMs: 0 });

    await expect(result).rejects.toMatchObject({ class: 'rejected', message: 'no such job: apptego:1700000000' });
  });

  test('F-SRV-05: has failed when it was there and is gone three times', async () => {
    const { asked, result } = waiting([RUNNING, 'absent']);

    await expect(result).rejects.toMatchObject({
      class: 'job-failed',
      message: expect.stringContaining('build was deleted'),
    });
    expect(asked()).toBe(4);
  });

  test('a single absence after it was there says nothing', async () => {
    const { result } = waiting([RUNNING, 'absent', 'absent', RUNNING, 'absent', DONE]);

    await expect(result).resolves.toEqual(DONE);
  });

  test('F-SRV-06: warns once of an unknown word and keeps waiting', async () => {
    const odd: JobState = { phase: 'running', status: 'Completed', message: null, unrecognized: true };
    const { ctx, result } = waiting([odd, odd, odd, DONE]);

    await result;

    expect(ctx.ofType('warning')).toEqual([
      { type: 'warning', code: 'unknown-status', message: 'unknown status "Completed"; still waiting' },
    ]);
  });

  test.each([
    ['with its reason', 'Signing failed', 'Signing failed'],
    ['without one', null, null],
  ])('F-SRV-07: fails %s', async (_, message, serverText) => {
    const { result } = waiting([{ phase: 'failed', status: 'failed', message }]);

    const error = await result.catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ class: 'job-failed', serverText });
    if (message === null) expect(error).toMatchObject({ message: expect.stringContaining('no reason given') });
  });

  test('F-SRV-16: a refused key gets one more chance once the job was seen', async () => {
    const { ctx, result } = waiting([RUNNING, new AuthError('HTTP 401'), DONE]);

    await expect(result).resolves.toEqual(DONE);
    expect(ctx.clock).toMatchObject({ slept: [3_500, 15_000, 15_000] });
  });

  test('F-SRV-16: a key that stays refused ends it', async () => {
    const { asked, result } = waiting([RUNNING, new AuthError('HTTP 401')]);

    await expect(result).rejects.toMatchObject({ class: 'auth' });
    expect(asked()).toBe(3);
  });

  test.each([true, false])('a key that the API refuses twice, 15 s apart, ends it (uploaded: %s)', async (uploaded) => {
    const { ctx, asked, result } = waiting([new AuthError('HTTP 401', { origin: 'api' })], {
      uploaded,
      pollIntervalMs: 60_000,
    });

    await expect(result).rejects.toMatchObject({ class: 'auth' });
    expect(asked()).toBe(2);
    expect((ctx.clock as FakeClock).slept.at(-1)).toBe(15_000);
  });

  test('a refusal that is taken back is forgotten', async () => {
    const refused = new AuthError('HTTP 401', { origin: 'api' });
    const { result } = waiting([refused, RUNNING, refused, RUNNING, refused, DONE]);

    await expect(result).resolves.toEqual(DONE);
  });

  const PAGE = { origin: 'response' } as const;
  test.each([
    new AuthError('HTTP 401', PAGE),
    new AuthError('HTTP 403', PAGE),
    new RejectedError('HTTP 404', { ...PAGE, httpStatus: 404 }),
    new RejectedError('HTTP 422', PAGE),
    new PolicyError('redirect', PAGE),
  ])('a response that is not the API’s own never ends it: $message', async (odd) => {
    const { result } = waiting([...Array.from({ length: 20 }, () => odd), DONE], { uploaded: false });

    await expect(result).resolves.toEqual(DONE);
  });

  test('a question that was right before does not become wrong', async () => {
    const refused = new RejectedError('HTTP 400', { origin: 'api' });

    await expect(waiting([refused, refused, refused, DONE]).result).resolves.toEqual(DONE);
    await expect(waiting([RUNNING, refused, refused, DONE], { uploaded: false }).result).resolves.toEqual(DONE);
    await expect(waiting([refused], { uploaded: false }).result).rejects.toMatchObject({ class: 'rejected' });
  });

  test('a way there that has never worked ends it, one that has worked does not', async () => {
    const untrusted = new PolicyError('its certificate is not trusted', { origin: 'way' });

    await expect(waiting([untrusted], { uploaded: false }).result).rejects.toBe(untrusted);
    await expect(waiting([untrusted, untrusted, DONE]).result).resolves.toEqual(DONE);
  });

  test('a job that nobody has seen is not told as running', async () => {
    const options = { uploaded: false, timeoutMs: 60_000 };

    await expect(waiting(['absent'], options).result).rejects.toMatchObject({
      class: 'pending',
      message: 'no record of apptego:1700000000 appeared in 60 s',
    });
    await expect(waiting([DOWN], options).result).rejects.toMatchObject({
      class: 'pending',
      message: expect.stringContaining('could not be polled in 60 s'),
    });
  });

  test('a person who must act is waited for: what they have not done is no success', async () => {
    const review: JobState = { phase: 'action-required', status: 'in_review', message: null };
    const { result } = waiting([RUNNING, review, review, DONE]);

    await expect(result).resolves.toEqual(DONE);
  });

  test('is cancelled in the middle of a wait, with the reason', async () => {
    const controller = new AbortController();
    const reason = new CancelledError('SIGINT');
    const ctx = testContext({ signal: controller.signal });
    const request = {
      job: 'apptego:1',
      poll: async () => RUNNING,
      pollIntervalMs: 60_000,
      timeoutMs: 3_600_000,
      appearTimeoutMs: 0,
      uploaded: false,
    };
    setTimeout(() => controller.abort(reason), 30);

    await expect(waitForJob(request, ctx)).rejects.toBe(reason);
  });

  test('reports a state when it changes, and only then', async () => {
    const packaging: JobState = { ...RUNNING, message: 'Packaging' };
    const { ctx, result } = waiting([RUNNING, RUNNING, RUNNING, packaging, packaging, DONE]);

    await result;

    expect(ctx.ofType('job.state').map(({ status, message }) => [status, message])).toEqual([
      ['processing', null],
      ['processing', 'Packaging'],
      ['completed', null],
    ]);
  });
});

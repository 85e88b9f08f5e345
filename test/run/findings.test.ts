import { describe, expect, test } from 'vitest';
import { errorLines } from '../../src/cli/output/outcome.ts';
import { JobFailedError } from '../../src/contract/errors.ts';
import type { Finding, JobState } from '../../src/contract/job.ts';
import { createRedactor } from '../../src/contract/text/redact.ts';
import { quotedLines } from '../../src/contract/text/safe-text.ts';
import { status, wait } from '../../src/run/wait.ts';
import { fakeClock } from '../../src/testing/clock.ts';
import { testContext } from '../../src/testing/context.ts';
import { jobContext } from '../support/journal.ts';

const INFO: Finding = { code: 'size', severity: 'info', message: '9 KB' };
const WARNING: Finding = { code: 'debuggable', severity: 'warning', message: 'The app is debuggable.' };
const BLOCKING: Finding = { code: 'unsigned_apk', severity: 'blocking', message: 'APK is not signed.' };
const RUNNING: JobState = { phase: 'running', status: 'running', message: null };
const PASSED: JobState = { phase: 'succeeded', status: 'passed', message: null, findings: [INFO, WARNING] };
const FAILED: JobState = {
  phase: 'failed',
  status: 'failed',
  message: 'unsigned_apk: APK is not signed.',
  findings: [WARNING, BLOCKING],
};

/** A job of a store that answers as it is told; the last answer holds. */
function job(...answers: readonly JobState[]) {
  const { job: ref, ctx } = jobContext({ backend: 'store', id: 'b1c2' }, testContext({ clock: fakeClock() }));
  let asked = 0;
  const backend = {
    id: 'store',
    milestones: [{ name: 'validated' }, { name: 'live' }],
    adapter: {
      poll: async () => answers[Math.min(asked++, answers.length - 1)] ?? RUNNING,
    },
  } as unknown as Parameters<typeof status>[0];
  const waiting = { pollIntervalMs: 15_000, timeoutMs: 60_000, appearTimeoutMs: 0, uploaded: null };
  return {
    ctx,
    wait: (
      until?: string,
      {
        appearsLate,
        ...more
      }: { appearsLate?: boolean | undefined; appearTimeoutMs?: number; timeoutMs?: number } = {},
    ) =>
      wait(
        {
          backend: { ...backend, ...(appearsLate === undefined ? {} : { appearsLate }) },
          job: ref,
          until,
          ...waiting,
          ...more,
        },
        ctx,
      ),
    step: () => ctx.step,
    status: () => status(backend, ref, ctx),
    notes: () => ctx.ofType('note').map(({ message }) => message),
    warnings: () => ctx.ofType('warning').map(({ code, message }) => [code, message]),
  };
}

describe('what a state says beside its phase', () => {
  const DRAFT: JobState = {
    ...PASSED,
    remains: { reached: 'validated', message: 'submit it in the portal', until: 'live' },
  };

  test('is told: what a person has to do, with the command that waits for it', async () => {
    const note = 'validated; submit it in the portal, then apptool wait store:b1c2 --until live';
    const [waited, asked] = [job(RUNNING, DRAFT), job(DRAFT)];

    await waited.wait();
    await asked.status();

    expect([waited.notes(), asked.notes()]).toEqual([[note], [note]]);
    expect(waited.step().remains).toEqual(DRAFT.remains);
  });

  test('names the setting that can explain a word that nobody knows, once, and again at the deadline', async () => {
    const odd: JobState = { ...RUNNING, status: 'scanned', unrecognized: true, setting: 'store.passed' };
    const [waited, asked] = [job(odd), job(odd)];
    const warning = 'unknown status "scanned"; still waiting; if it means success, set store.passed';

    await expect(waited.wait()).rejects.toMatchObject({
      class: 'pending',
      hint: expect.stringContaining('store.passed decides'),
    });
    await asked.status();

    expect([waited.warnings(), asked.warnings()]).toEqual([
      [['unknown-status', warning]],
      [['unknown-status', warning]],
    ]);
  });
});

describe('a job of another run that has no record', () => {
  test.each([
    [true, 300_000],
    [undefined, 15_000],
  ])('may be late: %s; it is asked after for %i ms', async (appearsLate, forMs) => {
    const asked = job('absent' as unknown as JobState);
    const startedAt = asked.ctx.clock.now();

    await expect(
      asked.wait(undefined, { appearsLate, appearTimeoutMs: 300_000, timeoutMs: 3_600_000 }),
    ).rejects.toMatchObject({
      class: 'rejected',
      message: 'no such job: store:b1c2',
    });

    const tookMs = asked.ctx.clock.now() - startedAt;
    expect(tookMs).toBeGreaterThanOrEqual(forMs);
    expect(tookMs).toBeLessThan(forMs + 40_000);
  });
});

describe('findings', () => {
  test('of a wait that ends well are told once, at the end: the warnings', async () => {
    const asked = job(RUNNING, { ...RUNNING, findings: [WARNING] }, PASSED);

    await asked.wait();

    expect(asked.warnings()).toEqual([['finding', 'debuggable: The app is debuggable.']]);
    expect(asked.ctx.events.at(-1)).toMatchObject({ type: 'warning' });
    expect(asked.ctx.step.findings).toEqual([INFO, WARNING]);
  });

  test('are kept when a later answer says nothing of any', async () => {
    const asked = job({ ...RUNNING, findings: [WARNING] }, { phase: 'succeeded', status: 'live', message: null });

    await asked.wait('live');

    expect(asked.ctx.step.findings).toEqual([WARNING]);
    expect(asked.warnings()).toHaveLength(1);
  });

  test('that block are the error, the others are warnings', async () => {
    const asked = job(FAILED);

    const error = await asked.wait().catch((thrown: unknown) => thrown);

    expect(error).toBeInstanceOf(JobFailedError);
    expect(error).toMatchObject({
      message: 'store:b1c2 ended as failed',
      serverText: 'unsigned_apk: APK is not signed.',
      hint: 'fix these findings, then upload a new build',
      findings: [BLOCKING],
    });
    expect(asked.warnings()).toEqual([['finding', 'debuggable: The app is debuggable.']]);
  });

  test('of a question asked once: a failed job is an answer, and what does not block is a warning', async () => {
    const asked = job(FAILED);

    await expect(asked.status()).resolves.toEqual(FAILED);

    expect(asked.warnings()).toEqual([['finding', 'debuggable: The app is debuggable.']]);
    expect(asked.notes()).toEqual([]);
  });

  test('that were known at the deadline are told too, and the way on names the milestone', async () => {
    const asked = job({ ...RUNNING, findings: [WARNING] });

    await expect(asked.wait('live')).rejects.toMatchObject({
      class: 'pending',
      next: { do: 'wait', job: 'store:b1c2', until: 'live' },
    });

    expect(asked.warnings()).toHaveLength(1);
  });

  test('stand in an error on lines of their own, inert', async () => {
    const hostile = { ...BLOCKING, message: 'bad\n::error::worse\u001b[2J' };
    const asked = job({ ...FAILED, findings: [hostile, { ...BLOCKING, code: 'size' }] });
    const redactor = createRedactor();

    const error = (await asked.wait().catch((thrown: unknown) => thrown)) as JobFailedError;

    expect(errorLines(error, asked.ctx.step.job, (text) => quotedLines(text, redactor))).toEqual([
      'error[job-failed]: store:b1c2 ended as failed',
      'apptool| blocking unsigned_apk: bad',
      'apptool| \\::error::worse\\u{1b}[2J',
      'apptool| blocking size: APK is not signed.',
      'hint: fix these findings, then upload a new build',
      'job: store:b1c2',
    ]);
  });
});

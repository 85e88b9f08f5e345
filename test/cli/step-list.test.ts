import { Writable } from 'node:stream';
import stringWidth from 'string-width';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createLiveLine } from '../../src/cli/output/render/live-line.ts';
import { createRenderer } from '../../src/cli/output/render/renderer.ts';
import { stepList } from '../../src/cli/output/render/step-list.ts';
import { UnknownOutcomeError } from '../../src/contract/errors.ts';
import type { JournalFacts, PlannedRecord, Step, StepEvent } from '../../src/contract/record/journal.ts';
import { createStep, newFacts } from '../../src/run/journal/step.ts';
import { screen } from '../support/screen.ts';

const NOW = '2026-11-29T08:00:00.000Z';
const RUNNING: StepEvent = { type: 'state', state: { phase: 'running', status: 'in review', message: null } };
const DONE: StepEvent = { type: 'state', state: { phase: 'succeeded', status: 'completed', message: null } };
const ENDED: StepEvent = { type: 'ended', error: null };
const LOST: StepEvent = { type: 'ended', error: new UnknownOutcomeError('no answer') };

function step(action: 'protect' | 'publish', backend: string, ...events: readonly StepEvent[]): Step {
  const facts = newFacts({ action, backend: { id: backend, host: 'api.example' } }, NOW);
  const made = createStep(
    facts,
    action === 'publish',
    () => NOW,
    () => {},
  );
  for (const event of events) made.tell(event);
  return made;
}

function planned(...ids: readonly string[]): PlannedRecord[] {
  return ids.map((id) => {
    const [action, backend = ''] = id.split(':') as ['protect' | 'publish', string];
    return { id, action, backend, required: true, until: null };
  });
}

const ALL = planned('protect:apptego', 'publish:autoappstore', 'publish:applivery', 'publish:ignite', 'publish:other');
const UNTIL: StepEvent = { type: 'until', until: 'approved' };
const current = [
  step('protect', 'apptego', DONE, ENDED),
  step('publish', 'autoappstore', UNTIL, RUNNING),
  step('publish', 'applivery'),
  step('publish', 'ignite', LOST),
];
const JOURNAL = { planned: ALL, current, steps: current } as unknown as JournalFacts;
const SENDING = ['uploading 42 %', ' of 115.3 MB', ', 8.1 MB/s', ', 12 s left'];
const INPUT = {
  command: 'release',
  elapsedMs: 83_000,
  doing: (id: string) =>
    id === 'publish:applivery' ? SENDING : id === 'publish:autoappstore' ? ['in review', ', 1 h 02 min'] : null,
};

describe('the list of steps', () => {
  test("is as wide as it is shown, whatever is in a server's word", () => {
    const status = `a\u001b]8;;http://evil.example\u0007b\u202ec\r\nd ${'日本'.repeat(20)}`;
    const told = (phase: 'succeeded' | 'running'): StepEvent => ({
      type: 'state',
      state: { phase, status, message: null },
    });
    const steps = [step('publish', 'b', told('succeeded'), ENDED), step('publish', 'bx', told('running'))];
    const journal = { planned: [], current: steps, steps } as unknown as JournalFacts;

    const lines = stepList(journal, { ...INPUT, doing: () => null }, { columns: 40, rows: 40 });

    expect(lines[1]).toBe('  ✓ publish:b   a\\u{1b}]8;;http://evil…');
    for (const line of lines) {
      expect(stringWidth(line)).toBeLessThanOrEqual(39);
      expect(line).toMatch(/^[ -~✓›…日本]*$/);
    }
  });

  test('has a line for each: its mark, its state, and what goes on with it', () => {
    expect(stepList(JOURNAL, INPUT, { columns: 100, rows: 40 })).toEqual([
      'release: 1 of 5 steps done, 1 min 23 s',
      '  ✓ protect:apptego       completed, 0 s',
      '  › publish:autoappstore  in review, 1 h 02 min, until approved',
      '  › publish:applivery     uploading 42 % of 115.3 MB, 8.1 MB/s, 12 s left',
      '  ✗ publish:ignite        may have landed',
      '  · publish:other         not begun',
    ]);
  });

  test('shows on a narrow terminal what is most telling', () => {
    expect(stepList(JOURNAL, INPUT, { columns: 45, rows: 40 }).slice(2, 4)).toEqual([
      '  › publish:autoappstore  in review',
      '  › publish:applivery     uploading 42 %',
    ]);
  });

  test.each([2, 12, 20, 30, 45, 60, 80, 120])('is never wider than %i columns, whatever a server says', (columns) => {
    const doing = () => ['审核中 👩‍👩‍👧 '.repeat(9), ', 1 s'];
    for (const input of [INPUT, { ...INPUT, doing }])
      for (const line of stepList(JOURNAL, input, { columns, rows: 40 }))
        expect(stringWidth(line), line).toBeLessThan(Math.max(2, columns));
  });

  test.each([
    [1, []],
    [2, []],
    [3, ['›']],
    [4, ['›', '›']],
    [5, ['›', '›', '✗']],
    [6, ['›', '›', '✗', '·']],
    [7, ['✓', '›', '›', '✗', '·']],
  ])('on a terminal of %i rows shows what goes on first', (rows, marks) => {
    const [head, ...lines] = stepList(JOURNAL, INPUT, { columns: 80, rows });
    expect(head).toContain('1 of 5 steps done');
    expect(lines.map((line) => line.trim()[0])).toEqual(marks);
  });

  test('what an earlier run has left is not told as a failure of this one', () => {
    const steps = [step('protect', 'apptego', DONE), step('publish', 'ignite', { type: 'may-have-landed' })];
    const journal = { planned: planned('protect:apptego', 'publish:ignite'), current: [], steps };
    expect(
      stepList(journal as unknown as JournalFacts, { ...INPUT, doing: () => null }, { columns: 80, rows: 9 }).slice(1),
    ).toEqual([expect.stringMatching(/^ {2}✓ protect:apptego {2}completed/), '  · publish:ignite   may have landed']);
  });
});

describe('on a terminal', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance', 'Date'] }));
  afterEach(() => void vi.useRealTimers());

  function shown(columns: number, rows: number, verbose = false) {
    const terminal = screen(columns, rows);
    let last = Promise.resolve();
    const stream = new Writable({
      decodeStrings: false,
      write(text: string, _, done) {
        last = terminal.write(text.replaceAll('\n', '\r\n'));
        done();
      },
    }) as unknown as NodeJS.WriteStream;
    Object.assign(stream, {
      isTTY: true,
      columns,
      rows,
      cursorTo: (x: number) => stream.write(`\u001b[${x + 1}G`),
      moveCursor: (_: number, dy: number) => stream.write(dy < 0 ? `\u001b[${-dy}A` : ''),
      clearLine: () => stream.write('\u001b[2K'),
    });
    const same = (text: string) => text;
    const live = createLiveLine(stream, false);
    const out = { live, safe: same, paint: same, writeLine: (text: string) => void stream.write(`${text}\n`) };
    const options = { quiet: false, verbose, progress: true };
    const renderer = createRenderer(out, options, () => performance.now());
    const lines = async () => {
      vi.advanceTimersByTime(1_000);
      await last;
      return terminal.lines();
    };
    return { renderer, lines };
  }

  const JOB = 'autoappstore:1';
  const ABOUT = { target: 'autoappstore', step: 'publish:autoappstore' };

  test('is drawn anew in its place, with what is said above it, and gone at the end', async () => {
    const { renderer, lines } = shown(60, 12);
    renderer.event({ type: 'run.start', command: 'release', version: '1' });
    renderer.changed(JOURNAL);
    renderer.event({ type: 'upload.start', name: 'a.apk', backend: 'autoappstore', sizeBytes: 100, ...ABOUT });
    renderer.event({ type: 'upload.progress', sentBytes: 42, totalBytes: 100, inFlight: 1, ...ABOUT });
    const sending = await lines();
    renderer.event({ type: 'warning', code: 'x', message: 'look out', ...ABOUT });
    renderer.event({ type: 'wait.start', job: JOB, timeoutMs: 60_000, sinceUploadMs: 0, ...ABOUT });
    const waiting = await lines();
    renderer.event({
      type: 'http.retry',
      call: 'ask',
      host: 'h',
      attempt: 1,
      reason: 'HTTP 503',
      trouble: null,
      delayMs: 4_000,
      ...ABOUT,
    });
    const retrying = await lines();
    renderer.close();
    const end = await lines();

    expect(sending).toHaveLength(6);
    expect(sending[0]).toMatch(/^[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏] release: 1 of 5 steps done, /);
    expect(sending[2]).toMatch(/^ {2}› publish:autoappstore {2}uploading 42 % of 100 B/);
    expect(waiting).toHaveLength(7);
    expect(waiting[0]).toBe('autoappstore: warning: look out');
    expect(waiting[3]).toBe('  › publish:autoappstore  no status yet, 1 s');
    expect(retrying[3]).toBe('  › publish:autoappstore  retrying in 3 s: HTTP 503');
    expect(end).toEqual(['autoappstore: warning: look out']);
  });

  test('fits a low one: what scrolls away holds no part of it', async () => {
    const { renderer, lines } = shown(40, 4);
    renderer.event({ type: 'run.start', command: 'release', version: '1' });
    renderer.changed(JOURNAL);
    for (let count = 0; count < 6; count += 1) {
      await lines();
      renderer.event({ type: 'warning', code: 'x', message: `${count}` });
    }
    const before = await lines();
    renderer.close();

    expect(before.filter((line) => line.includes('steps done'))).toHaveLength(1);
    expect(before.filter((line) => line.includes('publish:'))).toHaveLength(2);
    expect(await lines()).toEqual(['0', '1', '2', '3', '4', '5'].map((text) => `warning: ${text}`));
  });

  test('leaves the lines that say the same to --verbose', async () => {
    const wait = { type: 'wait.start', job: JOB, timeoutMs: 60_000, sinceUploadMs: 0, ...ABOUT } as const;
    const [usual, verbose] = [shown(80, 12), shown(80, 12, true)];
    for (const { renderer } of [usual, verbose]) {
      renderer.changed(JOURNAL);
      renderer.event(wait);
      renderer.close();
    }
    expect(await usual.lines()).toEqual([]);
    expect(await verbose.lines()).toEqual(
      ['autoappstore:1: waiting for autoappstore:1, at most 1m'].map((line) => expect.stringContaining(line.slice(16))),
    );
  });
});

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createRenderer, type RendererOptions } from '../../src/cli/output/render/renderer.ts';
import type { AppEvent } from '../../src/contract/events.ts';

const JOB = 'apptego:1700000000';
const WAIT: AppEvent = { type: 'wait.start', job: JOB, timeoutMs: 3_600_000, sinceUploadMs: null };

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** A renderer that writes into a list, each line with the second in which it came. */
function recording(options: Partial<RendererOptions> = {}) {
  const lines: { readonly second: number; readonly text: string }[] = [];
  const out = {
    live: null,
    safe: (text: string) => text,
    paint: (text: string) => text,
    writeLine: (text: string) => void lines.push({ second: performance.now() / 1000, text }),
  };
  const started = performance.now();
  const renderer = createRenderer(
    out,
    { quiet: false, verbose: false, progress: true, ...options },
    () => performance.now() - started,
  );
  return { renderer, lines };
}

describe('the plain renderer', () => {
  test('gives a sign of life at least every 30 s, and in ten minutes at most 60 lines', () => {
    const { renderer, lines } = recording();

    renderer.event(WAIT);
    renderer.event({
      type: 'job.state',
      job: JOB,
      phase: 'running',
      status: 'processing',
      message: 'Packaging',
      elapsedMs: 0,
    });
    vi.advanceTimersByTime(600_000);
    renderer.close();

    const gaps = lines.map(({ second }, index) => second - (lines[index - 1]?.second ?? second));
    expect(lines.length).toBeLessThanOrEqual(60);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(30);
    expect(lines.at(-1)?.second).toBeGreaterThan(570);
    expect(lines.at(-1)?.text).toMatch(/^apptego:1700000000: processing \(Packaging\), waited \d+ min \d\d s of 1h$/);
  });

  test('says how far a transfer is, how fast and how long yet', () => {
    const { renderer, lines } = recording();

    renderer.event({ type: 'upload.start', name: 'app.apk', backend: 'apptego', sizeBytes: 100_000_000 });
    for (let second = 0; second < 30; second += 1) {
      vi.advanceTimersByTime(1_000);
      renderer.event({
        type: 'upload.progress',
        sentBytes: (second + 1) * 1_000_000,
        totalBytes: 100_000_000,
        inFlight: 4,
      });
    }
    renderer.close();

    expect(lines.at(-1)?.text).toMatch(
      /^uploading app\.apk: 2[45] % of 100\.0 MB, 1\.0 MB\/s, 1 min 1\d s left, 4 parts at once$/,
    );
  });

  test('says that it finishes once all bytes are out, and never 100 %', () => {
    const { renderer, lines } = recording();

    renderer.event({ type: 'upload.start', name: 'app.apk', backend: 'apptego', sizeBytes: 10 });
    renderer.event({ type: 'upload.progress', sentBytes: 10, totalBytes: 10, inFlight: 1 });
    vi.advanceTimersByTime(26_000);
    renderer.close();

    expect(lines.at(-1)?.text).toBe('uploading app.apk: finishing, all 10 B sent, waiting for the response');
  });

  test.each([
    ['right after the upload', 0, '25 s since the upload, limit 1h', ''],
    ['in another run', 7_200_000, '2 h 00 min since the upload, waited 25 s of 1h', ', 2 h 00 min after its upload'],
    ['of a job of which nothing is known', null, 'waited 25 s of 1h', ''],
  ])('a wait %s says how long it has been going on, and its limit', (_, sinceUploadMs, words, atFirst) => {
    const { renderer, lines } = recording();

    renderer.event({ ...WAIT, sinceUploadMs });
    vi.advanceTimersByTime(4_000);
    renderer.event({ type: 'debug', message: 'not shown' });
    vi.advanceTimersByTime(26_000);
    renderer.close();

    expect(lines[0]?.text).toBe(`waiting for ${JOB}${atFirst}, at most 1h`);
    expect(lines.at(-1)?.text).toBe(`${JOB}: no status yet, ${words}`);
  });

  test('success has a mark at a terminal, and nowhere else', () => {
    const done: AppEvent = {
      type: 'job.state',
      job: JOB,
      phase: 'succeeded',
      status: 'completed',
      message: null,
      elapsedMs: 3_000,
    };
    for (const hasMarks of [true, false]) {
      const lines: string[] = [];
      const out = {
        live: null,
        hasMarks,
        safe: String,
        paint: String,
        writeLine: (text: string) => void lines.push(text),
      };
      const renderer = createRenderer(out, { quiet: false, verbose: false, progress: false }, () => 0);
      renderer.event(done);
      renderer.event({ ...done, phase: 'running', status: 'processing' });
      expect(lines).toEqual([`${hasMarks ? '✓ ' : ''}${JOB}: completed after 3 s`, `${JOB}: processing after 3 s`]);
    }
  });

  test.each([
    ['quiet', { quiet: true }],
    ['without progress', { progress: false }],
  ])('gives no sign of life when it is %s', (_, options) => {
    const { renderer, lines } = recording(options);

    renderer.event(WAIT);
    const before = lines.length;
    vi.advanceTimersByTime(600_000);
    renderer.close();

    expect(lines.length).toBe(before);
  });

  test('says a warning also when it is quiet, and debug only when it is verbose', () => {
    const warning: AppEvent = { type: 'warning', code: 'x', message: 'look out' };
    const debug: AppEvent = { type: 'debug', message: 'detail' };
    const [quiet, usual, verbose] = [recording({ quiet: true }), recording(), recording({ verbose: true })];

    for (const { renderer } of [quiet, usual, verbose]) {
      renderer.event(warning);
      renderer.event(debug);
      renderer.close();
    }

    expect(quiet.lines.map(({ text }) => text)).toEqual(['warning: look out']);
    expect(usual.lines.map(({ text }) => text)).toEqual(['warning: look out']);
    expect(verbose.lines.map(({ text }) => text)).toEqual(['warning: look out', 'detail']);
  });
});

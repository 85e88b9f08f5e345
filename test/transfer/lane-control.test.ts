import { describe, expect, test } from 'vitest';
import { createLaneControl, type LaneControl } from '../../src/transfer/download/lane-control.ts';

/** What a link brings over so many connections, in bytes a millisecond, so many ms after they began. */
type Speed = (connections: number, ms: number) => number;

const STEP_MS = 10;

/** Brings bytes as fast as the link does; the numbers of connections that were wanted, in turn, and when. */
function follow(control: LaneControl, speed: Speed, untilMs: number) {
  const wanted = [control.wanted];
  const atMs = [0];
  for (let nowMs = 0, sinceMs = 0; nowMs < untilMs; nowMs += STEP_MS, sinceMs += STEP_MS) {
    const bytes = speed(control.wanted, sinceMs) * STEP_MS;
    if (!control.received(bytes, control.wanted, nowMs)) continue;
    wanted.push(control.wanted);
    atMs.push(nowMs);
    sinceMs = 0;
  }
  return { wanted, atMs };
}

describe('connections', () => {
  test('become more while all of them pay', () => {
    const { wanted, atMs } = follow(createLaneControl(), (connections) => connections * 10_000, 10_000);

    expect(wanted).toEqual([1, 8, 16]);
    // A tenth of a second shows what one brings, and a quarter that eight bring eight times as much.
    expect(atMs[1]).toBeLessThanOrEqual(150);
    expect(atMs[2]).toBeLessThanOrEqual(450);
  });

  test.each([
    ['one', 10_000, 1],
    ['hardly more than one', 11_500, 1],
    ['three', 30_000, 3],
    ['four and a half', 45_000, 5],
  ])('stay as many as the speed of the link is worth: %s', (_, together, expected) => {
    const { wanted } = follow(createLaneControl(), (connections) => Math.min(connections * 10_000, together), 10_000);

    expect(wanted).toEqual([1, 8, expected]);
  });

  test('are no more than pay, where eight do and sixteen do not', () => {
    const link: Speed = (connections) => Math.min(connections * 10_000, 100_000);

    expect(follow(createLaneControl(), link, 10_000).wanted).toEqual([1, 8, 16, 10]);
  });

  test('are not judged before they have got up speed', () => {
    // Slow start: each gets faster for 1.5 s, from a twentieth of what it will bring.
    const link: Speed = (connections, ms) => connections * 10_000 * Math.min(1, 0.05 + ms / 1500);

    expect(follow(createLaneControl(), link, 10_000).wanted).toEqual([1, 8, 16]);
  });

  test('become more though the first one gets faster and faster', () => {
    const { wanted, atMs } = follow(createLaneControl(), (_, ms) => 10 * 1.05 ** (ms / 10), 600);

    expect(wanted[1]).toBe(8);
    expect(atMs[1]).toBeLessThanOrEqual(450);
  });

  test('are not judged while one of them brings nothing yet', () => {
    const control = createLaneControl();
    for (let nowMs = 0; nowMs < 200; nowMs += 10) control.received(100_000, 1, nowMs);
    expect(control.wanted).toBe(8);

    for (let nowMs = 200; nowMs < 60_000; nowMs += 10) control.received(100_000, 7, nowMs);

    expect(control.wanted).toBe(8);
  });

  test('stay one while that is as fast as the processor, and become more when it is no longer', () => {
    const control = createLaneControl();

    expect(follow(control, () => 500_000, 5_000).wanted).toEqual([1]);
    expect(follow(control, (connections) => connections * 20_000, 15_000).wanted).toEqual([1, 8, 16]);
  });
});

describe('a refused connection', () => {
  test('is one too many, and none is added any more', () => {
    const control = createLaneControl();
    follow(control, (connections) => connections * 10_000, 200);
    expect(control.wanted).toBe(8);

    for (let refused = 0; refused < 5; refused += 1) control.refused(8);

    expect(control.wanted).toBe(3);
    expect(follow(control, (connections) => connections * 10_000, 10_000).wanted).toEqual([3]);
  });

  test('counts from those that there are, and leaves one', () => {
    const control = createLaneControl();
    follow(control, (connections) => connections * 10_000, 200);

    control.refused(3);
    expect(control.wanted).toBe(2);
    for (let refused = 0; refused < 5; refused += 1) control.refused(2);

    expect(control.wanted).toBe(1);
  });
});

import type { Clock } from '../contract/context.ts';
import { realClock } from '../run/real-clock.ts';

export interface FakeClock extends Clock {
  /** Every wait that was chosen (ms), in order. */
  readonly slept: number[];
  /** Time goes on by itself only through `sleep`; this moves it too. */
  advance(ms: number): void;
}

/**
 * Waits that we choose take no time and move the clock by their length. Watchdogs run on real time, because what they watch does, but
 * long ones are shortened: 300 ms stay 300 ms, 30 s become 330. Shorter than that, a loaded machine would be taken for a silent server. `random` is always the middle, so that jitter is known.
 * `realPauseMs` is what a wait really takes, for servers that need a moment.
 */
export function fakeClock(random = 0.5, realPauseMs = 1): FakeClock {
  let now = 0;
  const slept: number[] = [];
  return {
    slept,
    now: () => now,
    date: () => new Date(1_700_000_000_000 + now),
    random: () => random,
    advance: (ms) => {
      now += ms;
    },
    sleep: async (delayMs, signal) => {
      signal.throwIfAborted();
      slept.push(delayMs);
      // The servers in this process get their turn, as they would in the time that is skipped.
      await realClock.sleep(realPauseMs, signal);
      now += delayMs;
    },
    after: (delayMs, callback) => realClock.after(Math.min(delayMs, 300 + delayMs / 1000), callback),
  };
}

/** What `fastClock` leaves of a wait that was chosen (ms): servers do something meanwhile. */
const REAL_PAUSE_MS = 50;
/** What it leaves of a watchdog, which watches what is real. */
const REAL_WATCH_MS = 250;
const FASTER = 100;

/** The real clock, a hundred times as fast: an hour of waiting takes half a minute, and pauses of less than 50 ms what they are. */
export const fastClock: Clock = {
  ...realClock,
  now: () => realClock.now() * FASTER,
  sleep: (delayMs, signal) => realClock.sleep(shortened(delayMs, REAL_PAUSE_MS), signal),
  after: (delayMs, callback) => realClock.after(shortened(delayMs, REAL_WATCH_MS), callback),
};

function shortened(delayMs: number, leastMs: number): number {
  return Math.max(delayMs / FASTER, Math.min(delayMs, leastMs));
}

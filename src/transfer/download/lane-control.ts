/** How many connections are tried, one step after the other, as long as all of them pay. */
const STEPS = [1, 8, 16] as const;
/** They all pay where together they bring this share of what as many single ones would. */
const PAYING = 0.7;
/** At this speed (bytes/ms) the processor is the limit, or soon is: another connection costs more than it brings. */
const PLENTY = 200_000;
/**
 * How the speed is measured, of one connection and of several: in windows of so many ms, as long as one of them brings so much more than the best
 * before it, because connections get up speed; after so many `quiet` ones in a row the speed is what it is.
 */
const FIRST = { windowMs: 50, rise: 1.5, quiet: 1 } as const;
const LATER = { windowMs: 250, rise: 1.1, quiet: 3 } as const;
/** One connection is not waited for any longer than so many windows: several get up speed together. */
const MOST_FIRST_WINDOWS = 8;

/** How many connections are worth it, found out while they run. */
export interface LaneControl {
  /** Connections wanted now. */
  readonly wanted: number;
  /** More bytes have come, while so many connections bring something; true when `wanted` has just changed. */
  received(bytes: number, bringing: number, nowMs: number): boolean;
  /** The storage refused one of so many connections: from now on there is one less, and never another one. */
  refused(lanes: number): void;
}

/**
 * Quick to rise, slow to fall: after a moment several connections are tried, and more while all of them pay. When they do not, as many stay
 * as single ones would be needed for that speed: connections that are capped multiply, a link that is full gives nothing.
 */
export function createLaneControl(): LaneControl {
  let step = 0;
  let wanted: number = STEPS[0];
  let isSettled = false;
  /** What one connection brings (bytes/ms). */
  let single = 0;
  let seen = { windows: 0, quiet: 0, best: 0 };
  let window: { readonly startedAtMs: number; bytes: number } | null = null;
  const go = (to: number): boolean => {
    const hasChanged = to !== wanted;
    wanted = to;
    seen = { windows: 0, quiet: 0, best: 0 };
    window = null;
    return hasChanged;
  };
  const settle = (on: number): boolean => {
    isSettled = true;
    return go(on);
  };
  const look = (rate: number, { rise, quiet }: typeof FIRST | typeof LATER): boolean => {
    const isRise = rate >= seen.best * rise;
    seen = {
      windows: seen.windows + 1,
      quiet: isRise ? 0 : seen.quiet + 1,
      best: Math.max(seen.best, rate),
    };
    return seen.quiet >= quiet;
  };
  const next = (): boolean => {
    step += 1;
    const more = STEPS[step];
    return more === undefined ? settle(wanted) : go(more);
  };
  const judgeFirst = (rate: number): boolean => {
    const isSteady = look(rate, FIRST) || seen.windows >= MOST_FIRST_WINDOWS;
    if (!isSteady || rate >= PLENTY) return false;
    single = rate;
    return next();
  };
  const judgeLater = (rate: number): boolean => {
    const isSteady = look(rate, LATER);
    single = Math.max(single, seen.best / wanted);
    const worth = seen.best / single;
    if (worth >= wanted * PAYING) return next();
    return isSteady && settle(Math.max(1, Math.ceil(worth - 0.25)));
  };
  return {
    get wanted() {
      return wanted;
    },
    received(bytes, bringing, nowMs) {
      if (isSettled) return false;
      if (window === null) {
        // The bytes that come first have been waiting in buffers, and say nothing of the speed.
        if (bringing >= wanted) window = { startedAtMs: nowMs, bytes: 0 };
        return false;
      }
      window.bytes += bytes;
      const elapsedMs = nowMs - window.startedAtMs;
      if (elapsedMs < (wanted === 1 ? FIRST : LATER).windowMs) return false;
      const rate = window.bytes / elapsedMs;
      window = { startedAtMs: nowMs, bytes: 0 };
      return wanted === 1 ? judgeFirst(rate) : judgeLater(rate);
    },
    refused(lanes) {
      settle(Math.max(1, Math.min(wanted, lanes) - 1));
    },
  };
}

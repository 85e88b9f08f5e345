/** From this size on, several connections are tried. */
export const WORTH_LANES_BYTES = 64 * 1024 * 1024;
const LARGEST_SEGMENT = 32 * 1024 * 1024;
const SMALLEST_SEGMENT = 4 * 1024 * 1024;
/** A piece is about this part of what is left. */
const PIECES_LEFT = 24;
/** How many connections are tried, one step after the other, as long as each step was worth it. */
const STEPS = [1, 4, 8] as const;
/** A step stays when it made the download faster by this much: connections that are capped multiply, a link that is full gives nothing. */
const WORTH = 1.4;
const WINDOW_MS = 150;
const WINDOW_BYTES = 4 * 1024 * 1024;

/** Which pieces of a file are taken: in order, so that the whole of the beginning is there early. */
export interface Segments {
  /** The next piece that nobody has taken, or `null`. */
  next(): number | null;
  /** Takes the piece that begins at `start`, if nobody has. */
  takeAt(start: number): boolean;
  /** Where the piece that `position` lies in ends (not included). */
  endOf(position: number): number;
}

export function createSegments(sizeBytes: number): Segments {
  const starts = startsOf(sizeBytes);
  let free = 0;
  return {
    next() {
      const start = starts[free] ?? null;
      free += 1;
      return start;
    },
    takeAt(start) {
      if (starts[free] !== start) return false;
      free += 1;
      return true;
    },
    endOf: (position) => starts.find((start) => start > position) ?? sizeBytes,
  };
}

/** Large pieces first, because each costs a request; small ones towards the end, so that no connection works on alone. */
function startsOf(sizeBytes: number): readonly number[] {
  const starts: number[] = [];
  // Each turn goes on by `SMALLEST_SEGMENT` at least.
  for (let start = 0; start < sizeBytes; ) {
    starts.push(start);
    const wanted = Math.ceil((sizeBytes - start) / PIECES_LEFT);
    start += Math.min(LARGEST_SEGMENT, Math.max(SMALLEST_SEGMENT, wanted));
  }
  return starts;
}

/** How many connections are worth it, found out while they run. */
export interface LaneControl {
  /** Connections wanted now. */
  readonly wanted: number;
  /** More bytes have come; true when `wanted` has just changed. */
  received(bytes: number, nowMs: number): boolean;
  /** Several at once are trouble: from now on one. */
  retreat(): void;
}

/**
 * Tries the next number of connections while each step is worth it, and takes the last step back and stays when it was not.
 */
export function createLaneControl(startedAtMs: number): LaneControl {
  let step = 0;
  let isSettled = false;
  let best = 0;
  let windowStart = startedAtMs;
  let windowBytes = 0;
  const lanes = (): number => STEPS[step] ?? 1;
  return {
    get wanted() {
      return lanes();
    },
    received(bytes, nowMs) {
      if (isSettled) return false;
      windowBytes += bytes;
      const elapsedMs = nowMs - windowStart;
      if (elapsedMs < WINDOW_MS || windowBytes < WINDOW_BYTES * lanes()) return false;
      const rate = windowBytes / elapsedMs;
      windowStart = nowMs;
      windowBytes = 0;
      const isWorthIt = rate >= best * WORTH;
      best = Math.max(best, rate);
      if (!isWorthIt) step = Math.max(0, step - 1);
      isSettled = !isWorthIt || step === STEPS.length - 1;
      if (!isSettled) step += 1;
      return true;
    },
    retreat() {
      step = 0;
      isSettled = true;
    },
  };
}

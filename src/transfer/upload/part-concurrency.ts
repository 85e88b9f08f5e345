/** `auto` starts here: on every link that was measured, starting higher cost nothing and starting lower cost seconds. */
const START = 8;
const MOST = 16;
/** A step stays when it made the upload faster by this much. */
const WORTH = 1.1;
/** A stall now and then is the network's; this many in one upload are too many connections. */
const STALLS_TOLERATED = 1;

/** How many parts are in flight: a number that the user gave, or the number that the link rewards, found out on the way. */
export interface PartConcurrency {
  readonly wanted: number;
  /** A part of this size is stored. */
  stored(sizeBytes: number, nowMs: number): void;
  /** The server is overloaded or a connection stood still: fewer from now on, whatever the user gave. */
  trouble(kind: 'overload' | 'stall'): void;
}

/** A fixed ceiling, which only trouble lowers. */
export function fixedConcurrency(parts: number): PartConcurrency {
  return adaptive(parts, true, 0);
}

/**
 * Each time as many parts as are in flight have been stored, the throughput since the last time decides: while it rises by a tenth, the
 * number doubles; when it does not, it goes one step back and stays.
 */
export function automaticConcurrency(startedAtMs: number): PartConcurrency {
  return adaptive(START, false, startedAtMs);
}

function adaptive(start: number, isFixed: boolean, startedAtMs: number): PartConcurrency {
  let wanted = start;
  let isSettled = isFixed;
  let best = 0;
  let stalls = 0;
  let window = { startedAtMs, parts: 0, bytes: 0 };
  return {
    get wanted() {
      return wanted;
    },
    stored(sizeBytes, nowMs) {
      if (isSettled) return;
      window = { ...window, parts: window.parts + 1, bytes: window.bytes + sizeBytes };
      if (window.parts < wanted) return;
      const rate = window.bytes / Math.max(1, nowMs - window.startedAtMs);
      window = { startedAtMs: nowMs, parts: 0, bytes: 0 };
      const isWorthIt = rate >= best * WORTH;
      best = Math.max(best, rate);
      if (!isWorthIt) wanted = Math.max(1, Math.floor(wanted / 2));
      isSettled = !isWorthIt || wanted >= MOST;
      if (!isSettled) wanted = Math.min(MOST, wanted * 2);
    },
    trouble(kind) {
      if (kind === 'stall') stalls += 1;
      if (kind === 'stall' && stalls <= STALLS_TOLERATED) return;
      stalls = 0;
      wanted = Math.max(1, Math.floor(wanted / 2));
      isSettled = true;
    },
  };
}

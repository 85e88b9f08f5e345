import type { Clock } from '../../../contract/context.ts';

/** A watchdog looks this many times per limit, so a silence is noticed at most a quarter of the limit late, and never early. */
const LOOKS_PER_LIMIT = 4;

export interface Watchdog {
  /** Bytes moved, either way. */
  moved(): void;
  /** From now on another limit holds (ms); starts it afresh. */
  limit(limitMs: number): void;
  stop(): void;
}

/**
 * Calls `onSilence` once when nothing moved for the limit. It counts its own ticks instead of reading a clock, so that a machine that
 * slept, or a clock that jumped, is not taken for a silent peer. Before a quiet tick counts, `hasMoved` is asked whether bytes moved all
 * the same.
 */
export function watchSilence(
  clock: Clock,
  initialLimitMs: number,
  hasMoved: () => boolean,
  onSilence: () => void,
): Watchdog {
  let limitMs = initialLimitMs;
  let quietTicks = 0;
  let isStopped = false;
  let disarm = (): void => {};
  const tick = (): void => {
    quietTicks = hasMoved() ? 0 : quietTicks + 1;
    if (quietTicks >= LOOKS_PER_LIMIT) onSilence();
    else arm();
  };
  const arm = (): void => {
    disarm = clock.after(limitMs / LOOKS_PER_LIMIT, tick);
  };
  arm();
  return {
    moved: () => {
      // What is left of the running tick is less than a whole one.
      quietTicks = -1;
    },
    limit: (nextMs) => {
      // undici may start a request after its end, just to drop it; a timer from then on would keep the process alive.
      if (isStopped) return;
      disarm();
      limitMs = nextMs;
      quietTicks = 0;
      arm();
    },
    stop: () => {
      isStopped = true;
      disarm();
    },
  };
}

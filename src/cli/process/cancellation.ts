import type { Clock } from '../../contract/context.ts';
import { CancelledError, type CancelSignal } from '../../contract/errors.ts';
import type { Host } from './host.ts';

const SIGNALS: readonly CancelSignal[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];
/** Cleanup has this long before the process ends regardless (ms): GitHub sends SIGTERM 7.5 s after SIGINT, and SIGKILL 2.5 s later. */
const HARD_STOP_MS = 5_000;
/**
 * A signal so soon after the first (ms) is the same wish once more: a package manager passes on what its process group has got as well
 * (npm/cli#5021, npm/cli#8164). A person needs longer to press a key again.
 */
const SAME_WISH_MS = 500;

export interface Cancellation {
  readonly signal: AbortSignal;
  /** Stops listening. */
  close(): void;
}

export interface SignalListeners {
  readonly onFirst: (signal: CancelSignal) => void;
  /** The last chance to do anything, synchronously: the process ends when this returns. */
  readonly onHardStop: (cancelled: CancelledError) => void;
}

/**
 * Turns signals into one abort, whose reason is a `CancelledError`. A second signal, half a second or more after the first, ends the
 * process at once with the first one's exit code; so do 5 s without any.
 */
export function listenForSignals(process: Host, clock: Clock, { onFirst, onHardStop }: SignalListeners): Cancellation {
  const controller = new AbortController();
  let disarm = (): void => {};
  let firstAtMs = 0;
  const stopNow = (cancelled: CancelledError): never => {
    onHardStop(cancelled);
    process.exit(cancelled.exitCode);
  };
  const onSignal = (name: NodeJS.Signals): void => {
    const reason: unknown = controller.signal.reason;
    if (reason instanceof CancelledError) {
      if (clock.now() - firstAtMs < SAME_WISH_MS) return;
      stopNow(reason);
    }
    firstAtMs = clock.now();
    const cancelled = new CancelledError(name as CancelSignal);
    disarm = clock.after(HARD_STOP_MS, () => stopNow(cancelled));
    onFirst(name as CancelSignal);
    controller.abort(cancelled);
  };
  for (const name of SIGNALS) process.on(name, onSignal);
  return {
    signal: controller.signal,
    close() {
      disarm();
      for (const name of SIGNALS) process.off(name, onSignal);
    },
  };
}

import { CancelledError, type CancelSignal } from '../errors.ts';

const SIGNALS: readonly CancelSignal[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];
/** Cleanup has this long before the process ends regardless (ms): GitHub sends SIGTERM 7.5 s after SIGINT, and SIGKILL 2.5 s later. */
const HARD_STOP_MS = 5_000;

export interface Cancellation {
  readonly signal: AbortSignal;
  /** Stops listening. */
  close(): void;
}

/**
 * Turns signals into one abort, whose reason is a `CancelledError`. The second signal, or 5 s after the first, ends the process at once
 * with the first one's exit code.
 */
export function listenForSignals(process: NodeJS.Process, onFirst: (signal: CancelSignal) => void): Cancellation {
  const controller = new AbortController();
  let hardStop: NodeJS.Timeout | undefined;
  const onSignal = (name: NodeJS.Signals): void => {
    const reason: unknown = controller.signal.reason;
    if (reason instanceof CancelledError) process.exit(reason.exitCode);
    const cancelled = new CancelledError(name as CancelSignal);
    hardStop = setTimeout(() => process.exit(cancelled.exitCode), HARD_STOP_MS).unref();
    onFirst(name as CancelSignal);
    controller.abort(cancelled);
  };
  for (const name of SIGNALS) process.on(name, onSignal);
  return {
    signal: controller.signal,
    close() {
      clearTimeout(hardStop);
      for (const name of SIGNALS) process.off(name, onSignal);
    },
  };
}

import type { AppToolError } from '../../contract/errors.ts';
import { errorCode, LocalIoError } from '../../contract/errors.ts';
import type { Emit } from '../../contract/events.ts';
import type { Listener, RunEnd } from '../../contract/record/listener.ts';

/**
 * Tells every listener how the run ended, then sends out `run.end`, then lets them close. What could not be written makes a success a
 * failure: the listeners after it are told of that, and so is the exit code. `endWith` tells how the run ended, with such an error or
 * without. Gives the error back, or `null` when all is written. Never throws.
 */
export function endListeners(
  listeners: readonly Listener[],
  failure: AppToolError | null,
  endWith: (error: AppToolError | null) => RunEnd,
  emit: Emit,
): LocalIoError | null {
  let unwritten: LocalIoError | null = null;
  const end = (): RunEnd => endWith(failure ?? unwritten);
  const attempt = (listener: Listener, tell: () => void): void => {
    try {
      tell();
    } catch (cause) {
      unwritten ??= asUnwritten(listener, cause);
    }
  };
  for (const listener of listeners) attempt(listener, () => listener.ended?.(end()));
  warnBesides(unwritten, failure, emit);
  const { exitCode, durationMs, error } = end().document;
  emit({ type: 'run.end', exitCode, errorClass: error?.class ?? null, message: error?.message ?? null, durationMs });
  // The first that was opened closes last: it is where all else is shown.
  for (const listener of [...listeners].reverse()) attempt(listener, () => listener.closed?.(end()));
  return unwritten;
}

/** A failure is told by its own error; that a report of it is lost, besides. */
function warnBesides(unwritten: LocalIoError | null, failure: AppToolError | null, emit: Emit): void {
  if (unwritten !== null && failure !== null)
    emit({ type: 'warning', code: 'report-unwritable', message: unwritten.message });
}

function asUnwritten({ name }: Listener, cause: unknown): LocalIoError {
  const hint = 'nothing else is affected: only this report is lost';
  if (cause instanceof LocalIoError) return cause.hint === null ? cause.with({ hint }) : cause;
  return new LocalIoError(`cannot write ${name}: ${errorCode(cause) ?? 'unknown error'}`, { cause, hint });
}

import { setMaxListeners } from 'node:events';
import { rm } from 'node:fs/promises';
import { type AppToolError, asAppToolError, CancelledError } from '../contract/errors.ts';
import type { AppEvent } from '../contract/events.ts';
import type { Redactor } from '../contract/text/redact.ts';
import { safeJson } from '../contract/text/safe-text.ts';
import { createJournal, type RunContext } from '../run/journal/journal.ts';
import { realClock } from '../run/real-clock.ts';
import { explainCancelled } from '../run/telling/way-on.ts';
import type { RunOptions } from './run-options.ts';

/**
 * Does something in a run of its own: with a journal, without a secret in what is told. Rejects with an `AppToolError` for every failure; what
 * the caller's own callbacks throw comes as its `cause`.
 */
export async function inRun<T>(
  redactors: readonly Redactor[],
  { signal: given, onEvent, onJournal }: RunOptions,
  work: (ctx: RunContext) => Promise<T>,
): Promise<T> {
  const stop = stoppedBy(given);
  const journal = createJournal({ now: realClock.date, changed: (facts) => onJournal?.(facts) });
  const emit = (event: AppEvent): void => onEvent?.(concealed(event, redactors));
  const ctx: RunContext = { signal: stop.signal, clock: realClock, emit, record: journal.record, journal };
  const ended = (error: AppToolError | null): void => {
    for (const step of journal.current)
      if (!step.isTarget && step.error === undefined) step.tell({ type: 'ended', error });
  };
  try {
    stop.signal.throwIfAborted();
    const result = await work(ctx);
    ended(null);
    return result;
  } catch (thrown) {
    const error = asAppToolError(thrown);
    const explained = error instanceof CancelledError ? explainCancelled(error, journal) : error;
    const shown = withoutSecrets(explained, redactors);
    ended(shown);
    throw shown;
  } finally {
    stop.close();
    await Promise.all(journal.temporaryPaths.map((path) => rm(path, { force: true, recursive: true })));
  }
}

/** A signal whose reason is an error of ours, which everything below goes by; the caller's reason is its cause. */
function stoppedBy(given: AbortSignal | undefined): { readonly signal: AbortSignal; close(): void } {
  const controller = new AbortController();
  // Every part and every wait listens to it.
  setMaxListeners(0, controller.signal);
  const onAbort = (): void => {
    const cancelled = new CancelledError('SIGINT', { cause: given?.reason });
    controller.abort(cancelled.with({ message: 'stopped by the caller' }));
  };
  if (given?.aborted === true) onAbort();
  given?.addEventListener('abort', onAbort, { once: true });
  return { signal: controller.signal, close: () => given?.removeEventListener('abort', onAbort) };
}

function concealed<T>(value: T, redactors: readonly Redactor[]): T {
  return redactors.reduce((shown, redactor) => JSON.parse(safeJson(shown, redactor)) as T, value);
}

function withoutSecrets(error: AppToolError, redactors: readonly Redactor[]): AppToolError {
  const { message, hint, next, serverText, findings } = error;
  return error.with(concealed({ message, hint, next, serverText, findings }, redactors));
}

import { setMaxListeners } from 'node:events';
import { rm } from 'node:fs/promises';
import { openRecord } from '../cli/receipt/record.ts';
import { type AppToolError, asAppToolError, CancelledError } from '../contract/errors.ts';
import type { AppEvent } from '../contract/events.ts';
import type { JournalFacts } from '../contract/record/journal.ts';
import type { Redactor } from '../contract/text/redact.ts';
import { createJournal, type RunContext } from '../run/journal/journal.ts';
import { NOTHING_KNOWN } from '../run/journal/nothing-known.ts';
import type { Kept } from '../run/journal/same-release.ts';
import { realClock } from '../run/real-clock.ts';
import { explainCancelled } from '../run/telling/way-on.ts';
import { allOf, concealed, concealedError, concealedJournal } from './concealed.ts';
import type { RecordOptions, RunOptions } from './run-options.ts';

/** What a run is, for its receipt. */
export interface Kind {
  /** As the command line calls it. */
  readonly command: string;
  /** Whether it begins a release. */
  readonly begins: boolean;
}

/**
 * Does something in a run of its own: with a journal, without a secret in what is told, and with a receipt where one is kept. Rejects with an
 * `AppToolError` for every failure; what the caller's own callbacks throw comes as its `cause`.
 */
export async function inRun<T>(
  redactors: readonly Redactor[],
  { signal: given, onEvent, onJournal, receipt }: RecordOptions & Pick<RunOptions, 'signal'>,
  kind: Kind,
  work: (ctx: RunContext, kept: Kept | null) => Promise<T>,
): Promise<T> {
  const redactor = allOf(redactors);
  const emit = (event: AppEvent): void => onEvent?.(concealed(event, redactor));
  let known: JournalFacts = NOTHING_KNOWN;
  const record =
    receipt === undefined ? null : openRecord({ path: receipt, ...kind, redactor, emit, journal: () => known });
  const kept = record?.kept ?? null;
  const stop = stoppedBy(given);
  const changed = (facts: JournalFacts): void => {
    record?.changed(facts);
    onJournal?.(concealedJournal(facts, redactor));
  };
  const journal = createJournal({ kept, now: realClock.date, changed });
  known = journal;
  const ctx: RunContext = { signal: stop.signal, clock: realClock, emit, record: journal.record, journal };
  const ended = (error: AppToolError | null): void => {
    for (const step of journal.current)
      if (!step.isTarget && step.error === undefined) step.tell({ type: 'ended', error });
    record?.close(error);
  };
  try {
    stop.signal.throwIfAborted();
    const result = await work(ctx, kept);
    ended(null);
    return result;
  } catch (thrown) {
    const error = asAppToolError(thrown);
    const explained = error instanceof CancelledError ? explainCancelled(error, journal) : error;
    const shown = concealedError(explained, redactor);
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

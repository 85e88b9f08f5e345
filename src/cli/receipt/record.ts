import process from 'node:process';
import { metadataFromEnvironment } from '../../ci/build/metadata-from-environment.ts';
import type { AppToolError } from '../../contract/errors.ts';
import type { Emit } from '../../contract/events.ts';
import type { JournalFacts } from '../../contract/record/journal.ts';
import type { Redactor } from '../../contract/text/redact.ts';
import type { Kept } from '../../run/journal/same-release.ts';
import { realClock } from '../../run/real-clock.ts';
import { documentOf } from '../output/outcome.ts';
import { VERSION } from '../process/version.ts';
import { keptReceipt } from './kept-receipt.ts';
import { createReceiptListener } from './receipt-listener.ts';
import { lockReceipt } from './receipt-lock.ts';

export interface RecordInput {
  readonly path: string;
  /** What writes it, as the command line calls it. */
  readonly command: string;
  /** Whether it begins a release: then there is a receipt even where nothing was sent. */
  readonly begins: boolean;
  readonly redactor: Redactor;
  readonly emit: Emit;
  readonly journal: () => JournalFacts;
}

/** The receipt of a run that is not the command line's. */
export interface Record {
  /** What earlier runs have written there. */
  readonly kept: Kept | null;
  changed(journal: JournalFacts): void;
  /** Writes how the run ended, and lets others write it. */
  close(error: AppToolError | null): void;
}

/**
 * Opens a receipt, locked so that no other run writes it. Throws `LocalIoError` where another one does, and where it would take the place of
 * something else.
 */
export function openRecord({ path, command, begins, redactor, emit, journal }: RecordInput): Record {
  const lock = lockReceipt(path, process.pid, realClock.date());
  try {
    const kept = keptReceipt(path, undefined);
    const build = metadataFromEnvironment({});
    const common = { path, lock, command, begins, redactor, emit, journal, build, now: realClock.date };
    const listener = createReceiptListener({ ...common, version: VERSION, decided: [] });
    return {
      kept,
      changed: (facts) => listener.changed?.(facts),
      close(error) {
        const outcome = {
          command,
          rehearsal: null,
          journal: journal(),
          // A receipt has steps of its own; no backend is known here.
          around: { givesBack: () => false, isEmbedded: false },
          result: null,
          error,
          warnings: [],
          durationMs: 0,
        };
        const end = { document: documentOf(outcome), receipt: path };
        listener.ended?.(end);
        listener.closed?.(end);
      },
    };
  } catch (error) {
    lock?.release();
    throw error;
  }
}

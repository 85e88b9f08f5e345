import type { AppEvent } from '../events.ts';
import type { ResultDocument } from '../result-document.ts';
import type { JournalFacts } from './journal.ts';

/** How a run ended, as far as it is known when a listener is told. */
export interface RunEnd {
  readonly document: ResultDocument;
  /** Path of the receipt, where one was written. */
  readonly receipt: string | null;
  /** Where people get a build: of a command that has made such a link. */
  readonly link?: string | null;
}

/**
 * Whoever listens to a run: what is shown, what is kept, each report. Opened before anything is sent, so that what cannot be written is
 * found out then; synchronous, because its last word may be the last thing that a process does.
 */
export interface Listener {
  /** What it is, for messages: a flag or a variable. */
  readonly name: string;
  event?(event: AppEvent): void;
  /** The journal has changed. */
  changed?(journal: JournalFacts): void;
  /** How the run ended. Throws the system's error where that cannot be written: then a success is none. */
  ended?(end: RunEnd): void;
  /** The last event, `run.end`, has been told. Throws where an event could not be written. */
  closed?(end: RunEnd): void;
}

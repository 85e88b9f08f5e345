import type { AppEvent } from '../../contract/events.ts';
import type { ResultDocument } from '../../contract/result-document.ts';

/**
 * Something that is kept of a run besides what is printed, where a flag or the CI asks for it. Opened before anything is sent, so that
 * what cannot be written is found out then; synchronous, because its last word may be the last thing that a process does.
 */
export interface Report {
  /** What it is, for messages: a flag or a variable. */
  readonly name: string;
  event?(event: AppEvent): void;
  /** How the run ended, with all that is known of it. Throws the system's error where it cannot be written. */
  ended?(document: ResultDocument, receipt: string | null): void;
}

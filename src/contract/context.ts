import type { Emit } from './events.ts';
import type { StepEvent } from './record/journal.ts';

/**
 * Time, as everything below `cli` sees it.
 *
 * `now` is monotonic (ms) and is what ages and expiries are measured with, so that a wall clock that jumps changes nothing.
 * `sleep` is for waits that we choose (backoff, poll interval); it rejects with the signal's reason.
 * `after` is for watchdogs: it calls back once after `delayMs` and returns the function that disarms it.
 */
export interface Clock {
  now(): number;
  date(): Date;
  random(): number;
  sleep(delayMs: number, signal: AbortSignal): Promise<void>;
  after(delayMs: number, callback: () => void): () => void;
}

/** What now exists because of this run, at the backend or here: recorded as soon as it is known, so that no ending can forget it. */
export type RemoteFact =
  | Extract<
      StepEvent,
      { type: 'job' | 'links' | 'multipart-open' | 'multipart-closed' | 'may-have-landed' | 'not-landed' }
    >
  /** A file of ours that must not outlive the run. */
  | { readonly type: 'temporary'; readonly path: string }
  | { readonly type: 'temporary-gone'; readonly path: string };

/** Handed down from the CLI to everything that waits or sends; always the last argument, never stored. */
export interface Context {
  readonly signal: AbortSignal;
  readonly emit: Emit;
  readonly clock: Clock;
  record(fact: RemoteFact): void;
}

import type { Platform } from '../contract/artifact.ts';
import type { AppEvent } from '../contract/events.ts';
import type { JournalFacts } from '../contract/record/journal.ts';
import type { Expectations } from '../run/checks/preflight.ts';

/** What every call takes. */
export interface RunOptions {
  /** Stops the call, which then rejects with `CancelledError`: its `next` says how to go on. */
  readonly signal?: AbortSignal;
  /** Told what happens, at once; without secrets. */
  readonly onEvent?: (event: AppEvent) => void;
  /** Told after every change what is known of the run: its steps, their jobs and states, its files; without secrets. */
  readonly onJournal?: (journal: JournalFacts) => void;
}

/** What a call takes that does something for a release. */
export interface RecordOptions extends RunOptions {
  /**
   * Path of a receipt to keep, as the command line's `--receipt` does: written after every change, and gone on with where it is there. Rejects
   * with `LocalIoError` where another run writes it, or it is of another release.
   */
  readonly receipt?: string;
}

/** How a job is waited for. */
export interface WaitOptions extends RecordOptions {
  /** The milestone to wait for; the backend's first by default. */
  readonly until?: string;
  /** Maximum time to wait for the job (ms); an hour by default. */
  readonly timeoutMs?: number;
  /** Polling interval (ms); 15000 by default, or what is usual for the milestone. */
  readonly pollIntervalMs?: number;
  /** Maximum time for a new job to show up after its upload (ms); five minutes by default. */
  readonly appearTimeoutMs?: number;
}

/** A file, and how it is sent. */
export interface SendOptions extends WaitOptions {
  /** Path of an APK, AAB or IPA. */
  readonly file: string;
  /** Refuse a file that is for another platform. */
  readonly platform?: Platform;
  /** What it is for, where the backend knows such a thing: dev, staging or prod. */
  readonly environment?: string;
  readonly signingKey?: string;
  readonly releaseNotes?: string;
  readonly tags?: readonly string[];
  /** Hand the build out at a link of this name, where the backend can: `links.install` of its step. */
  readonly publishLink?: string;
  /** Parts in flight: a number, or as many as the link rewards by default. */
  readonly concurrency?: number | 'auto';
  /** Maximum time to wait for a build slot (ms); ten minutes by default. */
  readonly capacityWaitMs?: number;
  /** What the file has to be, or it is not sent. */
  readonly expected?: Partial<Expectations>;
}

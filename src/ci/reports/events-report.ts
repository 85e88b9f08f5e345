import { LocalIoError } from '../../contract/errors.ts';
import type { AppEvent } from '../../contract/events.ts';
import type { Listener } from '../../contract/record/listener.ts';
import type { Redactor } from '../../contract/text/redact.ts';
import { safeJson } from '../../contract/text/safe-text.ts';
import { type AppendedFile, openAppended } from '../files/appended-file.ts';
import { type ReportKind, reportFile } from './report-kind.ts';

/** Bytes move all the time; a reader of events wants to know twice a second. */
const PROGRESS_EVERY_MS = 500;

interface EventsInput {
  readonly name: string;
  readonly redactor: Redactor;
  readonly append: (line: string) => void;
  readonly now: () => Date;
  readonly verbose: boolean;
}

/** What is written with `--verbose` alone. */
const DETAILS: ReadonlySet<AppEvent['type']> = new Set(['debug', 'http.request']);

/** Every event as one line of JSON (NDJSON), as it happens; details with `--verbose`. What can no longer be written fails the run's end, not the run. */
function createEventsReport({ name, redactor, append, now, verbose }: EventsInput): Listener {
  let seq = 0;
  let problem: unknown = null;
  const toldAtMs = new Map<string, number>();
  const isTooSoon = ({ type, target = '' }: AppEvent, atMs: number): boolean => {
    if (type !== 'upload.progress' && type !== 'download.progress') return false;
    const key = `${target} ${type}`;
    if (atMs - (toldAtMs.get(key) ?? Number.NEGATIVE_INFINITY) < PROGRESS_EVERY_MS) return true;
    toldAtMs.set(key, atMs);
    return false;
  };
  return {
    name,
    event(event) {
      const time = now();
      if (problem !== null || (DETAILS.has(event.type) && !verbose) || isTooSoon(event, time.getTime())) return;
      try {
        append(`${safeJson({ schemaVersion: 1, seq, time: time.toISOString(), ...event }, redactor)}\n`);
        seq += 1;
      } catch (error) {
        problem = error;
      }
    },
    closed() {
      if (problem !== null) throw problem;
    },
  };
}

const NAME = '--events';

export const EVENTS: ReportKind = {
  isOfEveryCommand: true,
  files: ({ settings: { events } }) => reportFile(NAME, events === '-' ? undefined : events, 'added'),
  open: ({ settings: { events, verbose }, redactor, clock, writeStderr }) => {
    if (events === undefined) return [];
    const append = events === '-' ? writeStderr : openEvents(events).append;
    return [createEventsReport({ name: NAME, redactor, append, now: clock.date, verbose: verbose === true })];
  },
};

function openEvents(path: string): AppendedFile {
  try {
    return openAppended(NAME, path, 'lines');
  } catch (error) {
    // `/dev/stderr`, and what a shell makes of `>(…)`, are links to what is open already.
    if (!(error instanceof LocalIoError && /^\/(?:dev|proc)\//.test(path))) throw error;
    throw error.with({ hint: '--events - writes the events to stderr' });
  }
}

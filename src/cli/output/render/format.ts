import type { AppEvent } from '../../../contract/events.ts';
import { formatElapsed, formatSize } from '../../../contract/text/units.ts';
import { formatDuration } from '../../settings/durations.ts';
import { LATER_MS, stateWords } from './activity.ts';

/** What an event is worth saying: always, only when something is told at all, or only with `--verbose`. */
export interface Line {
  readonly level: 'warning' | 'info' | 'debug';
  readonly text: string;
  /** What a terminal says at a glance. */
  readonly mark?: '✓';
}

/** An event as one line, or `null` where it only moves the progress. Pure. */
export function formatEvent(event: AppEvent): Line | null {
  switch (event.type) {
    case 'run.start':
      return { level: 'debug', text: `apptool ${event.version} ${event.command}` };
    case 'artifact.ready': {
      const what = event.kind === 'other' ? 'a file' : `an ${event.kind.toUpperCase()}`;
      return { level: 'debug', text: `${event.name} is ${what} of ${event.sizeBytes} bytes` };
    }
    case 'upload.start':
      return { level: 'info', text: `uploading ${event.name} (${formatSize(event.sizeBytes)}) to ${event.backend}` };
    case 'upload.plan':
      return event.parts === 1
        ? null
        : { level: 'info', text: `in ${event.parts} parts of ${formatSize(event.partSizeBytes)}` };
    case 'upload.done':
      return { level: 'info', text: `uploaded in ${formatElapsed(event.durationMs)}: ${event.job}` };
    case 'capacity.wait':
      return {
        level: 'info',
        text: `no build slot free${event.message === null ? '' : ` (${event.message})`}; retrying in ${formatElapsed(event.delayMs)}`,
      };
    case 'wait.start':
      return { level: 'info', text: waitWords(event) };
    case 'job.state':
      return {
        level: 'info',
        text: `${event.job}: ${stateWords(event)} after ${formatElapsed(event.elapsedMs)}`,
        ...(event.phase === 'succeeded' ? { mark: '✓' } : {}),
      };
    case 'download.start':
      return {
        level: 'info',
        text: `downloading ${event.name}${event.totalBytes === null ? '' : ` (${formatSize(event.totalBytes)})`}`,
      };
    case 'download.done':
      return { level: 'info', text: `wrote ${event.path} (${formatSize(event.sizeBytes)}, sha256 ${event.sha256})` };
    case 'http.retry':
      return {
        level: 'info',
        text: `could not ${event.call}${event.host === '' ? '' : ` (${event.host})`}: ${event.reason}; try ${event.attempt + 1} in ${(event.delayMs / 1000).toFixed(1)} s`,
      };
    case 'http.request':
      return { level: 'debug', text: requestWords(event) };
    case 'target.done':
      // How each has ended stands in the table at the end.
      return { level: 'debug', text: event.errorClass === null ? 'succeeded' : `failed: ${event.errorClass}` };
    case 'serving':
      return { level: 'info', text: `the sandbox serves on ${event.address}; stop it with Ctrl-C` };
    case 'cancelling':
      return { level: 'warning', text: `${event.signal}: stopping and cleaning up; again to stop at once` };
    case 'warning':
      return { level: 'warning', text: `warning: ${event.message}` };
    case 'note':
      return { level: 'info', text: event.message };
    case 'debug':
      return { level: 'debug', text: event.message };
    case 'upload.progress':
    case 'download.progress':
    case 'run.end':
      return null;
  }
}

/** `GET api.example.com/status/1: 200 in 120 ms`; which try, where it is not the first. */
function requestWords(event: Extract<AppEvent, { type: 'http.request' }>): string {
  const { method, host, path, attempt, status, reason, durationMs } = event;
  const nth = attempt > 1 ? `, try ${attempt}` : '';
  const why = reason === null ? '' : ` (${reason})`;
  const took = durationMs < 1_000 ? `${Math.round(durationMs)} ms` : `${(durationMs / 1_000).toFixed(1)} s`;
  return `${method} ${host}${path}: ${status ?? 'no response'}${why} in ${took}${nth}`;
}

/** The upload is told where it was long ago: right after it, its line stands above. */
function waitWords({ job, timeoutMs, sinceUploadMs }: Extract<AppEvent, { type: 'wait.start' }>): string {
  const since =
    sinceUploadMs === null || sinceUploadMs < LATER_MS ? '' : `, ${formatElapsed(sinceUploadMs)} after its upload`;
  return `waiting for ${job}${since}, at most ${formatDuration(timeoutMs)}`;
}

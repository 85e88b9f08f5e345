import type { AppEvent } from '../../../contract/events.ts';
import { formatElapsed, formatPercent, formatSize } from '../../../contract/text/units.ts';
import { formatDuration } from '../../settings/durations.ts';

/** Speed is what moved in this last while (ms). */
const SPEED_WINDOW_MS = 5_000;
const ABSENT = 'no build record yet';
const NOT_ASKED = 'no status yet';

/** What is going on now: for what a terminal shows live, and for the sign of life elsewhere. */
export interface Activity {
  observe(event: AppEvent, nowMs: number): void;
  /** In one line; `null` when nothing runs. */
  describe(nowMs: number): string | null;
  /** The same for the line of a step, the most telling first, each with what stands before it: as many are shown as there is room for. */
  parts(nowMs: number): readonly string[] | null;
}

interface Transfer {
  readonly verb: 'uploading' | 'downloading';
  readonly name: string;
  doneBytes: number;
  totalBytes: number | null;
  inFlight: number;
  lastAtMs: number;
  samples: { readonly atMs: number; readonly bytes: number }[];
}

interface Wait {
  readonly job: string;
  readonly words: string;
  readonly sinceMs: number;
  readonly timeoutMs: number;
  /** `null` where that is not known. */
  readonly uploadedAtMs: number | null;
}

type Current =
  | { readonly type: 'transfer'; readonly transfer: Transfer }
  | { readonly type: 'wait'; readonly wait: Wait }
  | { readonly type: 'slot'; readonly untilMs: number }
  | null;

export function createActivity(): Activity {
  let current: Current = null;
  let name = '';
  let retry: { readonly reason: string; readonly atMs: number } | null = null;
  const start = (verb: Transfer['verb'], totalBytes: number | null, nowMs: number): void => {
    const samples = [{ atMs: nowMs, bytes: 0 }];
    current = {
      type: 'transfer',
      transfer: { verb, name, doneBytes: 0, totalBytes, inFlight: 0, lastAtMs: nowMs, samples },
    };
  };
  return {
    observe(event, nowMs) {
      switch (event.type) {
        case 'upload.start':
          name = event.name;
          return start('uploading', event.sizeBytes, nowMs);
        case 'upload.plan':
          if (current?.type !== 'transfer') start('uploading', null, nowMs);
          return;
        case 'upload.progress':
          if (current?.type === 'transfer')
            advance(current.transfer, event.sentBytes, event.totalBytes, event.inFlight, nowMs);
          return;
        case 'download.start':
          name = event.name;
          return start('downloading', event.totalBytes, nowMs);
        case 'download.progress':
          if (current?.type === 'transfer') advance(current.transfer, event.receivedBytes, event.totalBytes, 0, nowMs);
          return;
        case 'http.retry':
          retry = { reason: event.reason, atMs: nowMs + event.delayMs };
          current = withWords(current, `the last poll failed (${event.reason})`);
          return;
        case 'capacity.wait':
          current = { type: 'slot', untilMs: nowMs + event.delayMs };
          return;
        case 'wait.start':
          current = { type: 'wait', wait: waitOf(event, nowMs) };
          return;
        case 'job.state':
          current = withWords(current, stateWords(event));
          return;
        case 'upload.done':
        case 'download.done':
        case 'target.done':
          current = null;
          return;
        default:
          return;
      }
    },
    describe(nowMs) {
      if (current === null) return null;
      if (current.type === 'transfer') {
        const { verb, name: called } = current.transfer;
        return `${verb} ${called}: ${transferParts(current.transfer, nowMs).join('')}`;
      }
      if (current.type === 'slot') return slotParts(current.untilMs - nowMs).join('');
      return `${current.wait.job}: ${waitParts(current.wait, nowMs).join('')}`;
    },
    parts(nowMs) {
      if (retry !== null && retry.atMs > nowMs)
        return [`retrying in ${formatElapsed(retry.atMs - nowMs)}`, `: ${retry.reason}`];
      if (current === null) return null;
      if (current.type === 'slot') return slotParts(current.untilMs - nowMs);
      if (current.type === 'wait') return waitParts(current.wait, nowMs);
      const [amount = '', ...others] = transferParts(current.transfer, nowMs);
      return [isOver(current.transfer) ? amount : `${current.transfer.verb} ${amount}`, ...others];
    },
  };
}

/** What is known of the job that is waited for; anything else is as it was. */
function withWords(current: Current, words: string): Current {
  return current?.type === 'wait' ? { type: 'wait', wait: { ...current.wait, words } } : current;
}

function slotParts(leftMs: number): readonly string[] {
  return ['waiting for a build slot', `, retrying in ${formatElapsed(Math.max(0, leftMs))}`];
}

/** A wait that begins so long after the upload is one of another run (ms). */
export const LATER_MS = 10_000;

function waitOf(event: Extract<AppEvent, { type: 'wait.start' }>, nowMs: number): Wait {
  const { job, timeoutMs, sinceUploadMs } = event;
  const uploadedAtMs = sinceUploadMs === null ? null : nowMs - sinceUploadMs;
  return { job, words: NOT_ASKED, sinceMs: nowMs, timeoutMs, uploadedAtMs };
}

/** Its state, and how long that has been going on of the time that it may. */
function waitParts({ words, sinceMs, timeoutMs, uploadedAtMs }: Wait, nowMs: number): readonly string[] {
  const limit = formatDuration(timeoutMs);
  const waited = [`, waited ${formatElapsed(nowMs - sinceMs)}`, ` of ${limit}`];
  if (uploadedAtMs === null) return [words, ...waited];
  const isLater = sinceMs - uploadedAtMs >= LATER_MS;
  return [
    words,
    `, ${formatElapsed(nowMs - uploadedAtMs)}`,
    ' since the upload',
    ...(isLater ? waited : [`, limit ${limit}`]),
  ];
}

export function stateWords(state: {
  readonly phase: string;
  readonly status: string;
  readonly message: string | null;
}): string {
  if (state.phase === 'absent') return ABSENT;
  return state.message === null ? state.status : `${state.status} (${state.message})`;
}

function advance(
  transfer: Transfer,
  doneBytes: number,
  totalBytes: number | null,
  inFlight: number,
  nowMs: number,
): void {
  transfer.doneBytes = doneBytes;
  transfer.totalBytes = totalBytes;
  transfer.inFlight = inFlight;
  transfer.lastAtMs = nowMs;
  const last = transfer.samples.at(-1);
  // Four samples a second are enough, and keep the list short.
  if (last === undefined || nowMs - last.atMs >= 250) transfer.samples.push({ atMs: nowMs, bytes: doneBytes });
  while (transfer.samples.length > 2 && nowMs - (transfer.samples[0]?.atMs ?? nowMs) > SPEED_WINDOW_MS)
    transfer.samples.shift();
}

/** All bytes have moved: what is left is the response, or the check of what came. */
function isOver({ doneBytes, totalBytes }: Transfer): boolean {
  return totalBytes !== null && doneBytes >= totalBytes;
}

function transferParts(transfer: Transfer, nowMs: number): readonly string[] {
  const { doneBytes, totalBytes, inFlight } = transfer;
  const first = transfer.samples[0] ?? { atMs: nowMs, bytes: 0 };
  // Up to a second of silence is the time between two reports; more of it is a link that slows down.
  const lastAtMs = Math.max(transfer.lastAtMs, nowMs - 1_000);
  const bytesPerMs = Math.max(0, doneBytes - first.bytes) / Math.max(1, lastAtMs - first.atMs);
  const parts = inFlight > 1 ? [`, ${inFlight} parts at once`] : [];
  const speed = `, ${formatSize(Math.round(bytesPerMs * 1000))}/s`;
  if (totalBytes === null) return [formatSize(doneBytes), speed, ...parts];
  if (isOver(transfer))
    return transfer.verb === 'uploading'
      ? ['finishing', `, all ${formatSize(totalBytes)} sent`, ', waiting for the response']
      : ['finishing', `, all ${formatSize(totalBytes)} received`];
  const left = bytesPerMs > 0 ? [`, ${formatElapsed((totalBytes - doneBytes) / bytesPerMs)} left`] : [];
  return [formatPercent(doneBytes, totalBytes), ` of ${formatSize(totalBytes)}`, speed, ...left, ...parts];
}

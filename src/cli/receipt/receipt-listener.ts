import type { BuildMetadata } from '../../contract/build-metadata.ts';
import { errorCode } from '../../contract/errors.ts';
import type { AppEvent, Emit } from '../../contract/events.ts';
import type { JournalFacts, RunRecord } from '../../contract/record/journal.ts';
import type { Listener, RunEnd } from '../../contract/record/listener.ts';
import { fileProblem } from '../../contract/text/file-problem.ts';
import type { Redactor } from '../../contract/text/redact.ts';
import { receiptOf } from '../../run/journal/receipt-of.ts';
import { leavesParts } from '../../run/telling/way-on.ts';
import { writeReceipt } from './receipt-file.ts';
import type { ReceiptLock } from './receipt-lock.ts';

export interface ReceiptInput {
  /** The user's path; `undefined` where nobody has asked for one: then it is written only for a run that leaves something behind. */
  readonly path: string | undefined;
  readonly lock: ReceiptLock | null;
  readonly command: string;
  /** Whether the command begins a release: then there is a receipt even where nothing was sent. */
  readonly begins: boolean;
  readonly version: string;
  readonly build: BuildMetadata;
  /** What a config decided that nobody named. */
  readonly decided: RunRecord['decided'];
  readonly redactor: Redactor;
  readonly now: () => Date;
  readonly emit: Emit;
  readonly journal: () => JournalFacts;
}

export interface ReceiptListener extends Listener {
  /** Where the receipt is; `null` where none was written. */
  readonly written: () => string | null;
}

/** Keeps the receipt of a run up to date, from its first step to the end. */
export function createReceiptListener(input: ReceiptInput): ReceiptListener {
  const { command, version, build, redactor, now, emit, lock } = input;
  const startedAt = now().toISOString();
  let last = '';
  let hasWarned = false;
  let retries = 0;
  let written: string | null = null;
  const write = (path: string, journal: JournalFacts, ended: RunRecord['ended']): void => {
    const run = {
      command,
      version,
      startedAt,
      updatedAt: now().toISOString(),
      ended,
      retries,
      buildUrl: build.buildUrl,
      decided: input.decided,
    };
    const receipt = receiptOf(journal, { version, build, run });
    const essence = JSON.stringify({ ...receipt, updatedAt: null, runs: [ended, retries] });
    if (essence === last) return;
    try {
      writeReceipt(path, receipt, redactor);
      last = essence;
      written = path;
    } catch (error) {
      written = null;
      if (hasWarned) return;
      hasWarned = true;
      const why = errorCode(error) === 'ENOENT' ? 'its folder does not exist' : fileProblem(error);
      const message = `cannot write the receipt ${path}: ${why}`;
      emit({ type: 'warning', code: 'receipt-unwritable', message });
    }
  };
  // What goes on with a receipt finds there what was left before.
  const leaves = (journal: JournalFacts): boolean => input.begins && leavesParts(journal);
  const writeEnd = ({ document: { exitCode, error } }: RunEnd): void => {
    const journal = input.journal();
    const isTold =
      input.path === undefined ? leaves(journal) : journal.mayBeKept && (input.begins || hasBegun(journal));
    const { class: errorClass = null, message = null, limit = null } = error ?? {};
    if (isTold) write(input.path ?? nameFor(journal), journal, { exitCode, errorClass, message, limit });
  };
  return {
    name: '--receipt',
    written: () => written,
    event({ type }) {
      if (type === 'http.retry') retries += 1;
    },
    changed(journal) {
      if (input.path !== undefined && journal.mayBeKept && hasBegun(journal)) write(input.path, journal, null);
    },
    ended(end) {
      writeEnd(end);
      const journal = input.journal();
      if (end.document.error !== null && leaves(journal)) emit(partsLeft(journal, written));
    },
    closed(end) {
      // What could not be written since has changed the exit code.
      writeEnd(end);
      lock?.release();
    },
  };
}

/** Before there is a step there is nothing to keep. */
function hasBegun({ steps }: JournalFacts): boolean {
  return steps.length > 0;
}

/** Parts that stay in the storage cost money: so how to remove them is said, whatever else went wrong. */
function partsLeft({ current }: JournalFacts, receipt: string | null): AppEvent {
  const left = current.filter(({ unfinished }) => unfinished !== null);
  const session = left.map(({ unfinished }) => JSON.stringify(unfinished?.session)).join(' and ');
  const how =
    receipt === null
      ? `the receipt could not be written; it would contain ${session}`
      : `to remove them: apptool abort ${receipt}`;
  const first = left.some(({ mayHaveLanded, accepted }) => mayHaveLanded || accepted)
    ? 'look for the job first; if it is not there, its parts are still stored'
    : 'parts of an unfinished upload are still stored';
  return { type: 'warning', code: 'multipart-left-open', message: `${first}; ${how}` };
}

function nameFor({ current }: JournalFacts): string {
  const [step] = current.filter(({ unfinished }) => unfinished !== null);
  const words = [step?.backend ?? 'run', step?.job?.id ?? 'upload'];
  return `apptool-${words.join('-').replace(/[^\w.-]+/g, '-')}.receipt.json`;
}

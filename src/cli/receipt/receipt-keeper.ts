import { type AppToolError, errorCode } from '../../contract/errors.ts';
import type { AppEvent } from '../../contract/events.ts';
import type { Redactor } from '../../contract/text/redact.ts';
import { leavesParts, type Trace } from '../../run/trace.ts';
import { type Receipt, writeReceipt } from './receipt.ts';
import { endingOf, type ReceiptFacts, receiptOf } from './receipt-of-run.ts';

/** Keeps the receipt of a run up to date, from the first thing worth keeping to the end. */
export interface ReceiptKeeper {
  /** Where the receipt is, or would be: the user's path, or one of our own for a run that leaves something behind. */
  readonly path: (trace: Trace) => string;
  changed(trace: Trace): void;
  event(event: AppEvent): void;
  /** The receipt that this run goes on from. */
  carryOn(receipt: Receipt): void;
  /** The last word. Resolves with the path when a receipt is there now. */
  ended(trace: Trace, error: AppToolError | null): string | null;
}

export function createReceiptKeeper(
  asked: string | undefined,
  facts: ReceiptFacts & { readonly isOwnBeginning: boolean },
  redactor: Redactor,
  now: () => Date,
  emit: (event: AppEvent) => void,
): ReceiptKeeper {
  let last = '';
  let hasWarned = false;
  let retries = 0;
  let carried: Receipt | null = null;
  const path = (trace: Trace): string =>
    asked ??
    `apptool-${[trace.report.backend ?? 'run', trace.report.job?.id ?? 'upload'].join('-').replace(/[^\w.-]+/g, '-')}.receipt.json`;
  const write = (trace: Trace, ended: Receipt['ended']): boolean => {
    const receipt = receiptOf(trace, facts, { ended, retries, now: now(), carried });
    const essence = JSON.stringify({ ...receipt, updatedAt: null, attempts: [ended, retries] });
    if (essence === last) return true;
    try {
      writeReceipt(path(trace), receipt, redactor);
      last = essence;
      return true;
    } catch (error) {
      if (!hasWarned) {
        const why = errorCode(error) ?? 'unknown error';
        emit({
          type: 'warning',
          code: 'receipt-unwritable',
          message: `cannot write the receipt ${path(trace)}: ${why}`,
        });
      }
      hasWarned = true;
      return false;
    }
  };
  return {
    path,
    changed(trace) {
      if (asked !== undefined && hasBegun(trace)) write(trace, null);
    },
    event({ type }) {
      if (type === 'http.retry') retries += 1;
    },
    carryOn(receipt) {
      carried = receipt;
    },
    ended(trace, error) {
      // The receipt of an earlier run may not pass for that of one that failed before it began.
      const isTold = facts.isOwnBeginning || carried !== null || hasBegun(trace);
      if (asked === undefined ? !leavesParts(trace) : !isTold) return null;
      return write(trace, endingOf(error)) ? path(trace) : null;
    },
  };
}

/** Before anything is known of a backend there is nothing to keep. */
function hasBegun({ report, targets }: Trace): boolean {
  return report.backend !== null || targets.length > 0;
}

import { lstatSync } from 'node:fs';
import * as z from 'zod';
import { replaceFile } from '../../ci/files/replace-file.ts';
import { LocalIoError, UsageError } from '../../contract/errors.ts';
import { Receipt } from '../../contract/record/journal.ts';
import type { Redactor } from '../../contract/text/redact.ts';
import { safeJson } from '../../contract/text/safe-text.ts';
import { type RecordKind, readRecord } from './read-record.ts';

const RECEIPT: RecordKind = {
  name: 'receipt',
  largestBytes: 1024 * 1024,
  hint: 'give the file that --receipt wrote',
  absentHint: 'give the file that --receipt wrote; a CI has to pass it from the earlier job to this one',
};
const NEWEST = 2;
/** What a receipt of any version surely has. */
const AnyVersion = z.object({ receiptVersion: z.int(), tool: z.object({ name: z.literal('apptool') }) });

/**
 * Throws the system's error. Nobody else on the machine may read it, and it holds no secret: servers' words are redacted like all that leaves the
 * process, but for the page of the build, which may need its query.
 */
export function writeReceipt(path: string, receipt: Receipt, redactor: Redactor): void {
  const text = safeJson(receipt, redactor, { indent: 2, mayHoldQuery: (key) => key === 'buildUrl' });
  replaceFile(path, `${text}\n`, 0o600);
}

/** The receipt that is there, or `null` for nothing and for an empty file. Throws `LocalIoError` where a receipt would take the place of something else. */
export function receiptAt(path: string): Receipt | null {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return null;
  if (!stats.isFile()) throw new LocalIoError(`cannot write the receipt ${path}: it is not a regular file`);
  if (stats.size === 0) return null;
  try {
    return readReceipt(path);
  } catch (cause) {
    throw new LocalIoError(`the receipt would overwrite ${path}, which is not a receipt`, {
      cause,
      hint: 'name another file, or remove this one',
    });
  }
}

/** Reads a receipt. Throws `UsageError` for anything else; never quotes it. */
export function readReceipt(path: string): Receipt {
  const value = readRecord(path, RECEIPT);
  const parsed = Receipt.safeParse(value);
  if (parsed.success) return parsed.data;
  const { receiptVersion = NEWEST } = AnyVersion.safeParse(value).data ?? {};
  if (receiptVersion > NEWEST)
    throw new UsageError(`${path} is a receipt of a newer apptool`, { hint: 'update apptool in this stage too' });
  if (receiptVersion < NEWEST)
    throw new UsageError(`${path} is a receipt of an older apptool`, {
      hint: 'run the earlier stage again with this version',
    });
  throw new UsageError(`${path} is not a receipt of apptool`, { hint: RECEIPT.hint });
}

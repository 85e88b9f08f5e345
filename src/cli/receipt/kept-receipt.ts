import { lstatSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Receipt } from '../../contract/record/journal.ts';
import type { Kept } from '../../run/journal/same-release.ts';
import { holdsNothing } from '../../run/journal/standing.ts';
import { unite } from '../../run/journal/unite.ts';
import { readReceipt, receiptAt } from './receipt-file.ts';

/**
 * What earlier runs have written: in the receipt that this run writes, and in the one that it goes on with, where these are two. `null` for a
 * fresh start. Throws `LocalIoError` where the two are of two releases, or what stands at `path` is no receipt; `UsageError` where `from` is none.
 */
export function keptReceipt(path: string, from: string | undefined): Kept | null {
  const own = receiptAt(path);
  const other = from === undefined || resolve(from) === resolve(path) ? null : receiptFrom(from);
  if (other === null || holdsNothing(other)) return own === null ? null : { path, receipt: own };
  // The same line again: what it wrote the last time says more than what it began with.
  return { path, receipt: own === null || holdsNothing(own) ? other : unite({ path, receipt: own }, other) };
}

/** A receipt that is only read: one that is not there yet is a fresh start. */
function receiptFrom(path: string): Receipt | null {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  return stats === undefined || (stats.isFile() && stats.size === 0) ? null : readReceipt(path);
}

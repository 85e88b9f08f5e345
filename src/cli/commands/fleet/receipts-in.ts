import { readdirSync } from 'node:fs';
import { posix } from 'node:path';
import { AppToolError, errorCode, LocalIoError } from '../../../contract/errors.ts';
import { fileProblem } from '../../../contract/text/file-problem.ts';
import type { Kept } from '../../../run/journal/same-release.ts';
import { readReceipt } from '../../receipt/receipt-file.ts';
import type { Session } from '../../session/session.ts';
import { tellLeftOut } from './left-out.ts';

/** CIs unpack artifacts into a folder of each, and no deeper. */
const DEEPEST = 4;

/**
 * The receipts of a folder and those below it; links to folders are not followed. A folder that is not there yet holds none. What is no
 * receipt is told, and left alone. Throws `LocalIoError` where the folder cannot be read.
 */
export function receiptsIn(folder: string, { ctx }: Session): readonly Kept[] {
  const found: Kept[] = [];
  const problems: AppToolError[] = [];
  for (const path of jsonFilesIn(folder, 0)) {
    ctx.signal.throwIfAborted();
    try {
      found.push({ path, receipt: readReceipt(path) });
    } catch (error) {
      if (!(error instanceof AppToolError)) throw error;
      problems.push(error);
    }
  }
  tellLeftOut('no-receipt', problems, ctx);
  return found;
}

function jsonFilesIn(folder: string, depth: number): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .sort((one, other) => (one.name < other.name ? -1 : 1))
      .flatMap((entry) => {
        const path = posix.join(folder, entry.name);
        if (entry.isDirectory()) return depth < DEEPEST ? jsonFilesIn(path, depth + 1) : [];
        return entry.name.endsWith('.json') ? [path] : [];
      });
  } catch (cause) {
    if (errorCode(cause) === 'ENOENT' && depth === 0) return [];
    throw new LocalIoError(`cannot read the receipts in ${folder}: ${fileProblem(cause)}`, { cause });
  }
}

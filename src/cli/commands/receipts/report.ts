import { closeSync, openSync, readSync } from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import { replaceFile } from '../../../ci/files/replace-file.ts';
import { errorCode, LocalIoError } from '../../../contract/errors.ts';
import { fileProblem } from '../../../contract/text/file-problem.ts';
import { isLoopbackAuthority } from '../../../contract/text/host.ts';
import { safeLine } from '../../../contract/text/safe-text.ts';
import { checkOutput } from '../../../transfer/download/output-file.ts';
import type { CommandResult } from '../../line/command.ts';
import type { ReportPage } from '../../output/command-data.ts';
import { cleanReceipt } from '../../output/page/clean-receipt.ts';
import { groupReceipts } from '../../output/page/group-receipts.ts';
import { releaseView } from '../../output/page/release-view.ts';
import { PAGE_BEGINNING, reportPage } from '../../output/page/report-page.tsx';
import { readReceipt } from '../../receipt/receipt-file.ts';
import type { Session } from '../../session/session.ts';

/** People read it with a browser, and CIs publish it. */
const PAGE_MODE = 0o644;

/** `apptool report <receipt…>`: sends nothing and asks nobody. */
export async function reportCommand(session: Session): Promise<CommandResult<ReportPage>> {
  const { invocation, settings, redactor } = session;
  const sources = invocation.operands.map((path) => ({ path, receipt: readReceipt(path) }));
  const path = settings.values.output ?? besideReceipt(invocation.operands[0] ?? '');
  const force = settings.values.force === true || isPageOfOurs(path);
  for (const operand of invocation.operands) await checkOutput({ path, force }, operand);
  const releases = groupReceipts(sources).map(({ path: receipt, receipt: kept }) =>
    releaseView({ path: safeLine(receipt, redactor), receipt: cleanReceipt(kept, redactor) }, isLoopbackAuthority),
  );
  const page = reportPage(releases);
  if (settings.values.dryRun !== true) write(path, page);
  const told = releases.map(({ title, version, verdict }) => ({ app: title, version, state: verdict.words }));
  return { text: null, path, data: { path, releases: told } };
}

function besideReceipt(receipt: string): string {
  return join(dirname(receipt), `${basename(receipt, extname(receipt))}.html`);
}

/** A page that apptool wrote is made anew without `--force`, as a receipt is. */
function isPageOfOurs(path: string): boolean {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch {
    return false;
  }
  try {
    const beginning = Buffer.alloc(PAGE_BEGINNING.length);
    readSync(fd, beginning, 0, beginning.length, 0);
    return beginning.toString('latin1') === PAGE_BEGINNING;
  } catch {
    return false;
  } finally {
    closeSync(fd);
  }
}

function write(path: string, page: string): void {
  try {
    replaceFile(path, page, PAGE_MODE);
  } catch (cause) {
    if (errorCode(cause) === undefined) throw cause;
    throw new LocalIoError(`cannot write the page ${path}: ${fileProblem(cause)}`, { cause });
  }
}

import { realpathSync } from 'node:fs';
import { type AppToolError, asAppToolError, errorCode, UsageError } from '../../contract/errors.ts';
import type { CommandResult } from '../line/command.ts';
import type { PlannedAbort } from '../output/command-data.ts';
import { type Receipt, readReceipt, type Unfinished, unfinishedIn, writeReceipt } from '../receipt/receipt.ts';
import { checkReceiptHost } from '../receipt/receipt-host.ts';
import type { Session } from '../session/session.ts';

/** `apptool abort <receipt>`: every upload that it leaves unfinished, whatever becomes of the others. */
export async function abortCommand(session: Session): Promise<CommandResult<PlannedAbort>> {
  const path = session.invocation.operands[0] ?? '';
  const receipt = readReceipt(path);
  const lines: string[] = [];
  const aborts: PlannedAbort['plan']['aborts'] = [];
  const failures: AppToolError[] = [];
  const isRehearsal = session.settings.values.dryRun === true;
  let rest = receipt;
  for (const left of unfinishedIn(receipt)) {
    try {
      lines.push(await abortOne(session, left));
      aborts.push({ backend: left.backend, job: left.job?.ref ?? null });
      rest = without(rest, left.unfinished);
      if (!isRehearsal) keep(path, rest, session);
    } catch (error) {
      failures.push(asAppToolError(error));
    }
    session.ctx.signal.throwIfAborted();
  }
  const text = lines.length === 0 ? null : lines.join('\n');
  const [failure] = failures;
  const data = isRehearsal ? { data: { plan: { aborts } } } : {};
  if (failure !== undefined) return { text, failure, ...data };
  return { text: text ?? 'nothing to abort: this receipt leaves no unfinished upload', ...data };
}

/** The receipt without an upload that is not there any more. */
function without(receipt: Receipt, gone: Unfinished['unfinished']): Receipt {
  const cleared = <T extends { readonly unfinished: Receipt['unfinished'] }>(one: T): T =>
    one.unfinished === gone ? { ...one, unfinished: null } : one;
  const leftovers = receipt.leftovers.filter(({ unfinished }) => unfinished !== gone);
  return { ...cleared(receipt), targets: receipt.targets.map(cleared), leftovers };
}

/** What was removed is removed, whether that can be written down or not. */
function keep(path: string, receipt: Receipt, { ctx, redactor }: Session): void {
  try {
    writeReceipt(realpathSync(path), receipt, redactor);
  } catch (error) {
    const message = `cannot write the receipt ${path}: ${errorCode(error) ?? 'unknown error'}`;
    ctx.emit({ type: 'warning', code: 'receipt-unwritable', message });
  }
}

async function abortOne(session: Session, { backend: id, host, job, unfinished }: Unfinished): Promise<string> {
  checkReceiptHost(session, id, host);
  const backend = await session.open(id);
  const { abort } = backend.adapter;
  if (abort === undefined) throw new UsageError(`${id} leaves nothing behind that could be aborted`);
  session.ctx.trace.note({ backend: id, job });
  if (session.settings.values.dryRun === true) return `would abort the unfinished upload of ${job?.ref ?? id}`;
  await abort(unfinished.session, session.ctx);
  return `aborted the unfinished upload of ${job?.ref ?? id}`;
}

import { type AppToolError, asAppToolError, UsageError } from '../../errors.ts';
import type { CommandResult } from '../command.ts';
import type { PlannedAbort } from '../command-data.ts';
import { readReceipt, type Unfinished, unfinishedIn } from '../receipt.ts';
import { checkReceiptHost } from '../receipt-host.ts';
import type { Session } from '../session.ts';

/** `apptool abort <receipt>`: every upload that it leaves unfinished, whatever becomes of the others. */
export async function abortCommand(session: Session): Promise<CommandResult<PlannedAbort>> {
  const path = session.invocation.operands[0] ?? '';
  const receipt = readReceipt(path);
  const lines: string[] = [];
  const aborts: PlannedAbort['plan']['aborts'] = [];
  const failures: AppToolError[] = [];
  for (const left of unfinishedIn(receipt)) {
    try {
      lines.push(await abortOne(session, left));
      aborts.push({ backend: left.backend, job: left.job?.ref ?? null });
    } catch (error) {
      failures.push(asAppToolError(error));
    }
    session.ctx.signal.throwIfAborted();
  }
  const text = lines.length === 0 ? null : lines.join('\n');
  const [failure] = failures;
  const data = session.settings.values.dryRun === true ? { data: { plan: { aborts } } } : {};
  if (failure !== undefined) return { text, failure, ...data };
  return { text: text ?? 'nothing to abort: this receipt leaves no unfinished upload', ...data };
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

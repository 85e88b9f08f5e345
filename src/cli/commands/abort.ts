import { UsageError } from '../../errors.ts';
import type { CommandResult } from '../command.ts';
import { readReceipt } from '../receipt.ts';
import type { Session } from '../session.ts';

/** `apptool abort <receipt>` */
export async function abortCommand(session: Session): Promise<CommandResult> {
  const path = session.invocation.operands[0] ?? '';
  const { backend: id, job, unfinished } = readReceipt(path);
  if (id === null || unfinished === null) return { text: 'nothing to abort: this receipt leaves no unfinished upload' };
  const backend = await session.open(id);
  const { abort } = backend.adapter;
  if (abort === undefined) throw new UsageError(`${id} leaves nothing behind that could be aborted`);
  session.ctx.trace.note({ backend: id, job });
  if (session.settings.values.dryRun === true)
    return { text: `would abort the unfinished upload of ${job?.ref ?? id}` };
  await abort(unfinished.session, session.ctx);
  return { text: `aborted the unfinished upload of ${job?.ref ?? id}` };
}

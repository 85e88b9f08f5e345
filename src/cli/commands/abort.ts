import { UsageError } from '../../errors.ts';
import type { CommandResult } from '../command.ts';
import { type Receipt, readReceipt } from '../receipt.ts';
import type { Session } from '../session.ts';

/** `apptool abort <receipt>` */
export async function abortCommand(session: Session): Promise<CommandResult> {
  const path = session.invocation.operands[0] ?? '';
  const receipt = readReceipt(path);
  const lines: string[] = [];
  for (const target of [receipt, ...receipt.targets]) {
    const { backend, job, unfinished } = target;
    if (backend !== null && unfinished !== null) lines.push(await abortOne(session, { id: backend, job, unfinished }));
  }
  if (lines.length === 0) return { text: 'nothing to abort: this receipt leaves no unfinished upload' };
  return { text: lines.join('\n') };
}

interface Unfinished {
  readonly id: string;
  readonly job: Receipt['job'];
  readonly unfinished: NonNullable<Receipt['unfinished']>;
}

async function abortOne(session: Session, { id, job, unfinished }: Unfinished): Promise<string> {
  const backend = await session.open(id);
  const { abort } = backend.adapter;
  if (abort === undefined) throw new UsageError(`${id} leaves nothing behind that could be aborted`);
  session.ctx.trace.note({ backend: id, job });
  if (session.settings.values.dryRun === true) return `would abort the unfinished upload of ${job?.ref ?? id}`;
  await abort(unfinished.session, session.ctx);
  return `aborted the unfinished upload of ${job?.ref ?? id}`;
}

import { type AppToolError, asAppToolError, UsageError } from '../../errors.ts';
import type { CommandResult } from '../command.ts';
import type { PlannedAbort } from '../command-data.ts';
import { type Receipt, readReceipt } from '../receipt.ts';
import type { Session } from '../session.ts';

/** `apptool abort <receipt>`: every upload that it leaves unfinished, whatever becomes of the others. */
export async function abortCommand(session: Session): Promise<CommandResult<PlannedAbort>> {
  const path = session.invocation.operands[0] ?? '';
  const receipt = readReceipt(path);
  const lines: string[] = [];
  const aborts: PlannedAbort['plan']['aborts'] = [];
  const failures: AppToolError[] = [];
  for (const { backend, host, job, unfinished } of [receipt, ...receipt.targets]) {
    if (backend === null || unfinished === null) continue;
    try {
      lines.push(await abortOne(session, { id: backend, host, job, unfinished }));
      aborts.push({ backend, job: job?.ref ?? null });
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

interface Unfinished {
  readonly id: string;
  readonly host: string | null;
  readonly job: Receipt['job'];
  readonly unfinished: NonNullable<Receipt['unfinished']>;
}

async function abortOne(session: Session, { id, host, job, unfinished }: Unfinished): Promise<string> {
  checkHost(session, id, host);
  const backend = await session.open(id);
  const { abort } = backend.adapter;
  if (abort === undefined) throw new UsageError(`${id} leaves nothing behind that could be aborted`);
  session.ctx.trace.note({ backend: id, job });
  if (session.settings.values.dryRun === true) return `would abort the unfinished upload of ${job?.ref ?? id}`;
  await abort(unfinished.session, session.ctx);
  return `aborted the unfinished upload of ${job?.ref ?? id}`;
}

/** Another host knows nothing of the upload, and would say that it is gone. */
function checkHost(session: Session, id: string, host: string | null): void {
  const [key = ''] = session.definition(id).addresses;
  const address = String(session.settings.backends[id]?.values[key] ?? '');
  const configured = URL.canParse(address) ? new URL(address).host : null;
  if (host === null || configured === null || host === configured) return;
  throw new UsageError(`this receipt is of ${host}, but ${id} is configured for ${configured}`, {
    hint: `set ${session.definition(id).variables[key] ?? key} to the address that the upload went to`,
  });
}

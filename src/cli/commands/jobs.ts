import { existsSync } from 'node:fs';
import { UsageError } from '../../errors.ts';
import { download } from '../../run/download.ts';
import { status, type WaitInput, wait } from '../../run/wait.ts';
import type { JobState } from '../../types.ts';
import type { CommandResult } from '../command.ts';
import { parseJobReference } from '../job-reference.ts';
import { readReceipt } from '../receipt.ts';
import type { Session } from '../session.ts';

export function waiting(session: Session): Pick<WaitInput, 'pollIntervalMs' | 'timeoutMs' | 'appearTimeoutMs'> {
  const { pollInterval, timeout, appearTimeout } = session.settings.values;
  return { pollIntervalMs: pollInterval, timeoutMs: timeout, appearTimeoutMs: appearTimeout };
}

async function openJob(session: Session) {
  const { backend: backendId, id } = parseJobReference(jobOperand(session), session.backends);
  return { backend: await session.open(backendId), id };
}

/** A job reference, or the receipt that holds one. What is no reference and names a file is read as a receipt. */
function jobOperand(session: Session): string {
  const operand = session.invocation.operands[0] ?? '';
  const isReference = session.backends.some(({ id }) => operand.startsWith(`${id}:`));
  if (isReference || !existsSync(operand)) return operand;
  const { job } = readReceipt(operand);
  if (job === null) throw new UsageError(`${operand} holds no job: its run ended before there was one`);
  return job.ref;
}

function stateText({ phase, status: word }: JobState): string {
  return `${phase} ${word}`;
}

/** `apptool status <job>` */
export async function statusCommand(session: Session): Promise<CommandResult> {
  const { backend, id } = await openJob(session);
  return { text: stateText(await status(backend, id, session.ctx)) };
}

/** `apptool wait <job>` */
export async function waitCommand(session: Session): Promise<CommandResult> {
  const { backend, id } = await openJob(session);
  return { text: stateText(await wait({ ...waiting(session), backend, id, uploaded: null }, session.ctx)) };
}

/** `apptool download <job>` */
export async function downloadCommand(session: Session): Promise<CommandResult> {
  const { output, force, dryRun } = session.settings.values;
  const { backend, id } = await openJob(session);
  const input = { backend, id, output, force: force === true, dryRun: dryRun === true };
  const { path, isWritten } = await download(input, session.ctx);
  return isWritten ? { text: null, path } : { text: `would write ${path}` };
}

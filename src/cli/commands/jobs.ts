import { download } from '../../run/download.ts';
import { status, type WaitInput, wait } from '../../run/wait.ts';
import type { JobState } from '../../types.ts';
import type { CommandResult } from '../command.ts';
import { parseJobReference } from '../job-reference.ts';
import type { Session } from '../session.ts';

export function waiting(session: Session): Pick<WaitInput, 'pollIntervalMs' | 'timeoutMs' | 'appearTimeoutMs'> {
  const { pollInterval, timeout, appearTimeout } = session.settings.values;
  return { pollIntervalMs: pollInterval, timeoutMs: timeout, appearTimeoutMs: appearTimeout };
}

async function openJob(session: Session) {
  const { backend: backendId, id } = parseJobReference(session.invocation.operands[0] ?? '', session.backends);
  return { backend: await session.open(backendId), id };
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
  return { text: isWritten ? path : `would write ${path}` };
}

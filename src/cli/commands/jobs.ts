import { existsSync } from 'node:fs';
import { UsageError } from '../../errors.ts';
import type { OpenBackend } from '../../run/backend.ts';
import { download } from '../../run/download.ts';
import { status, type WaitInput, wait } from '../../run/wait.ts';
import type { JobState } from '../../types.ts';
import type { CommandResult } from '../command.ts';
import { parseJobReference } from '../job-reference.ts';
import { readReceipt } from '../receipt.ts';
import type { Session } from '../session.ts';

/** How a job of this backend is waited for. Nobody has to be asked every few seconds whether a person has decided. */
export function waiting(
  session: Session,
  { milestones }: OpenBackend,
): Pick<WaitInput, 'pollIntervalMs' | 'timeoutMs' | 'appearTimeoutMs' | 'until'> {
  const { values, sources } = session.settings;
  const { pollInterval, timeout, appearTimeout, until } = values;
  const usual = milestones.find(({ name }) => name === (until ?? milestones[0]?.name))?.pollIntervalMs;
  const pollIntervalMs = sources.pollInterval === 'default' ? (usual ?? pollInterval) : pollInterval;
  return { pollIntervalMs, timeoutMs: timeout, appearTimeoutMs: appearTimeout, until };
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
  const { job, targets } = readReceipt(operand);
  const jobs = targets.flatMap((target) => (target.job === null ? [] : [target.job.ref]));
  if (job === null && jobs.length === 1) return jobs[0] ?? '';
  if (job === null && jobs.length > 1)
    throw new UsageError(`${operand} holds several jobs`, { hint: `name one of them: ${jobs.join(', ')}` });
  if (job === null) throw new UsageError(`${operand} holds no job: its run ended before there was one`);
  return job.ref;
}

function stateText({ phase, status: word }: JobState): string {
  return `${phase} ${word}`;
}

/** `apptool status <job>` */
export async function statusCommand(session: Session): Promise<CommandResult> {
  const { backend, id } = await openJob(session);
  return { text: stateText(await status(backend, id, session.ctx, session.settings.values.until)) };
}

/** `apptool wait <job>` */
export async function waitCommand(session: Session): Promise<CommandResult> {
  const { backend, id } = await openJob(session);
  return { text: stateText(await wait({ ...waiting(session, backend), backend, id, uploaded: null }, session.ctx)) };
}

/** `apptool download <job>` */
export async function downloadCommand(session: Session): Promise<CommandResult> {
  const { output, force, dryRun } = session.settings.values;
  const { backend, id } = await openJob(session);
  const input = { backend, id, output, force: force === true, dryRun: dryRun === true };
  const { path, isWritten } = await download(input, session.ctx);
  return isWritten ? { text: null, path } : { text: `would write ${path}` };
}

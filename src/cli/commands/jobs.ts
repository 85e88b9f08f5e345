import { existsSync } from 'node:fs';
import { UsageError } from '../../contract/errors.ts';
import type { JobState } from '../../contract/job.ts';
import type { OpenBackend } from '../../run/backend.ts';
import type { SentArtifact } from '../../run/checks/output-proof.ts';
import { download } from '../../run/download.ts';
import type { ArtifactFacts } from '../../run/trace.ts';
import { status, type WaitInput, wait } from '../../run/wait.ts';
import { checkArtifactName } from '../../transfer/artifact.ts';
import type { CommandResult } from '../line/command.ts';
import type { PlannedDownload } from '../output/command-data.ts';
import { parseJobReference } from '../receipt/job-reference.ts';
import { type Receipt, readReceipt, receiptAt } from '../receipt/receipt.ts';
import { checkReceiptHost } from '../receipt/receipt-host.ts';
import type { Session } from '../session/session.ts';

/** How a job of this backend is waited for. Nobody has to be asked every few seconds whether a person has decided. */
export function waiting(
  session: Session,
  { milestones }: OpenBackend,
): Pick<WaitInput, 'pollIntervalMs' | 'timeoutMs' | 'appearTimeoutMs' | 'until'> {
  const { values, sources } = session.settings;
  const { pollInterval, timeout, appearTimeout } = values;
  const until = untilFor(session, milestones);
  const usual = milestones.find(({ name }) => name === (until ?? milestones[0]?.name))?.pollIntervalMs;
  const pollIntervalMs = sources.pollInterval === 'default' ? (usual ?? pollInterval) : pollInterval;
  return { pollIntervalMs, timeoutMs: timeout, appearTimeoutMs: appearTimeout, until };
}

/** A milestone in a variable or the config is for the backends that have it; one in a flag is for this. */
function untilFor(
  { settings: { values, sources } }: Session,
  milestones: OpenBackend['milestones'],
): string | undefined {
  const isFlag = sources.until === '--until';
  return isFlag || milestones.some(({ name }) => name === values.until) ? values.until : undefined;
}

async function openJob(session: Session) {
  const receipt = receiptOperand(session);
  const known = receipt === null ? null : jobIn(receipt, operandOf(session));
  const reference = known?.ref ?? operandOf(session);
  const { backend: backendId, id } = parseJobReference(reference, session.backends);
  if (known !== null) checkReceiptHost(session, backendId, known.host);
  const earlier = receipt ?? receiptOfJob(session.settings.values.receipt, reference);
  if (earlier !== null) session.carryOn(earlier);
  const recorded = earlier === null ? [] : [earlier.job, ...earlier.targets.map(({ job }) => job)];
  const job = recorded.find((one) => one?.ref === reference);
  if (job != null) session.ctx.trace.note({ job });
  if (earlier?.artifact != null) session.ctx.trace.note({ artifact: artifactIn(earlier.artifact) });
  return { backend: await session.open(backendId), id, receipt };
}

/** A receipt has no paths: the name has to do. */
function artifactIn(artifact: NonNullable<Receipt['artifact']>): ArtifactFacts {
  return { ...artifact, path: artifact.name };
}

function operandOf({ invocation }: Session): string {
  return invocation.operands[0] ?? '';
}

/** The receipt that was named in place of a job; `null` for a job reference. What is no reference and names a file is read as a receipt. */
function receiptOperand(session: Session): Receipt | null {
  const operand = operandOf(session);
  const isReference = session.backends.some(({ id }) => operand.startsWith(`${id}:`));
  const namesFile = existsSync(operand) || operand.endsWith('.json');
  return isReference || !namesFile ? null : readReceipt(operand);
}

/** The receipt that is about to be written anew, where it is one of this job already. */
function receiptOfJob(path: string | undefined, reference: string): Receipt | null {
  const receipt = path === undefined ? null : receiptAt(path);
  const isOfJob = receipt !== null && [receipt, ...receipt.targets].some(({ job }) => job?.ref === reference);
  return isOfJob ? receipt : null;
}

/** The job of a receipt. One of several targets has to be named: whoever asks for "the" job means all of them. */
function jobIn(
  { job, host, targets }: Receipt,
  operand: string,
): { readonly ref: string; readonly host: string | null } {
  const [only] = targets;
  if (job !== null) return { ref: job.ref, host };
  if (only?.job != null && targets.length === 1) return { ref: only.job.ref, host: only.host };
  const jobs = targets.flatMap((target) => target.job?.ref ?? []);
  if (jobs.length === 0) throw new UsageError(`${operand} holds no job: its run ended before there was one`);
  throw new UsageError(`${operand} holds several targets`, { hint: `name the job of one: ${jobs.join(', ')}` });
}

function stateText({ phase, status: word }: JobState): string {
  return `${phase} ${word}`;
}

/** `apptool status <job>` */
export async function statusCommand(session: Session): Promise<CommandResult> {
  const { backend, id } = await openJob(session);
  return { text: stateText(await status(backend, id, session.ctx, untilFor(session, backend.milestones))) };
}

/** `apptool wait <job>` */
export async function waitCommand(session: Session): Promise<CommandResult> {
  const { backend, id } = await openJob(session);
  return { text: stateText(await wait({ ...waiting(session, backend), backend, id, uploaded: null }, session.ctx)) };
}

/** What a receipt tells of the file that was sent. */
function sentIn(receipt: Receipt | null): SentArtifact | null {
  const artifact = receipt?.artifact ?? null;
  if (artifact === null) return null;
  const { name, size: sizeBytes, sha256, packageName, versionName, versionCode } = artifact;
  const identity = { packageName, versionName, versionCode };
  return { kind: checkArtifactName(name).kind, sizeBytes, sha256, identity, signingKey: null };
}

/** `apptool download <job>` */
export async function downloadCommand(session: Session): Promise<CommandResult<PlannedDownload>> {
  const { output, force, dryRun } = session.settings.values;
  const { backend, id, receipt } = await openJob(session);
  const sent = sentIn(receipt);
  const input = { backend, id, output, force: force === true, sent, dryRun: dryRun === true };
  const { path, isWritten } = await download(input, session.ctx);
  return isWritten ? { text: null, path } : { text: `would write ${path}`, data: { plan: { output: path } } };
}

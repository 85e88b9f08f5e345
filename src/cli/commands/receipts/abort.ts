import { realpathSync } from 'node:fs';
import { type AppToolError, asAppToolError, errorCode, UsageError } from '../../../contract/errors.ts';
import type { Receipt, Step } from '../../../contract/record/journal.ts';
import { contextOf } from '../../../run/journal/journal.ts';
import { type LeftParts, partsIn, withoutParts } from '../../../run/journal/left-parts.ts';
import type { CommandResult } from '../../line/command.ts';
import type { PlannedAbort } from '../../output/command-data.ts';
import { readReceipt, writeReceipt } from '../../receipt/receipt-file.ts';
import { lockReceipt } from '../../receipt/receipt-lock.ts';
import { openStep, readSubject } from '../../receipt/subject.ts';
import type { Session } from '../../session/session.ts';

/** `apptool abort <receipt>`: every upload that it leaves unfinished, whatever becomes of the others. */
export async function abortCommand(session: Session): Promise<CommandResult<PlannedAbort>> {
  const { steps, receipt: path } = readSubject(session);
  if (path === null) throw new UsageError('abort needs a receipt', { hint: 'give the file that --receipt wrote' });
  const isRehearsal = session.settings.values.dryRun === true;
  const lock = isRehearsal ? null : lockReceipt(path, session.pid, session.ctx.clock.date());
  try {
    // Once more: nobody else writes it from now on.
    return await abortAll(session, path, readReceipt(path), steps);
  } finally {
    lock?.release();
  }
}

async function abortAll(
  session: Session,
  path: string,
  receipt: Receipt,
  steps: readonly Step[],
): Promise<CommandResult<PlannedAbort>> {
  const { ctx, settings } = session;
  const isRehearsal = settings.values.dryRun === true;
  const lines: string[] = [];
  const aborts: PlannedAbort['plan']['aborts'] = [];
  const failures: AppToolError[] = [];
  let rest = receipt;
  for (const left of partsIn(receipt)) {
    const step = steps.find(({ id }) => id === left.step);
    if (step === undefined) continue;
    ctx.journal.choose([step]);
    try {
      lines.push(await abortOne(session, step, left));
      aborts.push({ backend: step.backend, job: left.job?.ref ?? null });
      rest = withoutParts(rest, left);
      if (!isRehearsal) keep(path, rest, session);
    } catch (error) {
      failures.push(asAppToolError(error));
    }
    ctx.signal.throwIfAborted();
  }
  const text = lines.length === 0 ? null : lines.join('\n');
  const [failure] = failures;
  const data = isRehearsal ? { data: { plan: { aborts } } } : {};
  if (failure !== undefined) return { text, failure, ...data };
  return { text: text ?? 'nothing to abort: this receipt has no unfinished upload', ...data };
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

async function abortOne(session: Session, step: Step, { job, session: parts }: LeftParts): Promise<string> {
  const backend = await openStep(session, step);
  const { abort } = backend.adapter;
  if (abort === undefined) throw new UsageError(`${step.backend} has no uploads that could be aborted`);
  const what = `the unfinished upload of ${job?.ref ?? step.backend}`;
  if (session.settings.values.dryRun === true) return `would abort ${what}`;
  await abort(parts, contextOf(step, session.ctx));
  return `aborted ${what}`;
}

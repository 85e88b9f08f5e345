import { existsSync } from 'node:fs';
import { UsageError } from '../../contract/errors.ts';
import type { InputRecord, Step } from '../../contract/record/journal.ts';
import type { OpenBackend } from '../../run/backend.ts';
import type { Session } from '../session/session.ts';
import { parseJobReference } from './job-reference.ts';
import { readReceipt } from './receipt-file.ts';
import { checkReceiptHost } from './receipt-host.ts';

/** What a command is to act upon: the steps of a receipt, or the job that was named, as a step. */
export interface Subject {
  readonly steps: readonly Step[];
  /** Path of the receipt; `null` for a job reference. */
  readonly receipt: string | null;
}

/**
 * Reads the operand of a command that goes on with something: a receipt stands for all its steps, or for the one that `--step` picks; what
 * is no reference and names a file is read as a receipt. The journal goes on from there. Throws `UsageError` for what is neither, and
 * where the receipt is of something else than what is expected.
 */
export function readSubject(session: Session): Subject {
  const [operand = ''] = session.invocation.operands;
  const { journal } = session.ctx;
  const isReference = session.backends.some(({ id }) => operand.startsWith(`${id}:`));
  if (isReference || !(existsSync(operand) || operand.endsWith('.json'))) {
    const job = parseJobReference(operand, session.backends);
    refuseForReference(session);
    return { steps: [journal.goOnWith(job, session.hostOf(job.backend))], receipt: null };
  }
  const receipt = readReceipt(operand);
  const chosen = chosenIds(session, operand, receipt.steps);
  checkExpected(session, operand, receipt.input);
  journal.goOnFrom(receipt);
  return { steps: journal.steps.filter(({ id }) => chosen.includes(id)), receipt: operand };
}

/** The backend of a step, at the host that the step went to. */
export async function openStep(session: Session, { backend, host }: Step): Promise<OpenBackend> {
  checkReceiptHost(session, backend, host);
  return await session.open(backend);
}

function chosenIds(session: Session, path: string, steps: readonly { readonly id: string }[]): readonly string[] {
  const { step } = session.invocation.flags;
  const ids = steps.map(({ id }) => id);
  if (typeof step !== 'string') return ids;
  if (!ids.includes(step))
    throw new UsageError(`${path} has no step of that name`, {
      hint: ids.length === 0 ? 'its run ended before there was a step' : `it has ${ids.join(', ')}`,
    });
  return [step];
}

/** A job reference says nothing of the file, so what is expected of it would not be checked. */
function refuseForReference({ invocation: { flags } }: Session): void {
  const flag = ['step', 'expect-package', 'expect-input'].find((name) => flags[name] !== undefined);
  if (flag === undefined) return;
  throw new UsageError(`--${flag} needs a receipt: a job reference does not say this`, {
    hint: 'give the receipt that --receipt wrote',
  });
}

function checkExpected({ settings: { values } }: Session, path: string, input: Omit<InputRecord, 'path'> | null): void {
  const { expectPackage, expectInput } = values;
  const refuse = (what: string, is: string | null | undefined, wanted: string) =>
    new UsageError(`${path} is the receipt of another app or file: ${what} is ${is ?? 'not known'}, not ${wanted}`, {
      hint: 'check which receipt was named',
    });
  if (expectPackage !== undefined && input?.packageName !== expectPackage)
    throw refuse('its package', input?.packageName, expectPackage);
  if (expectInput !== undefined && input?.sha256 !== expectInput)
    throw refuse('the SHA-256 of its input', input?.sha256, expectInput);
}

import { existsSync } from 'node:fs';
import { UsageError } from '../../contract/errors.ts';
import type { Session } from '../session/session.ts';
import { readReceipt } from './receipt.ts';
import { checkReceiptHost } from './receipt-host.ts';

/**
 * The id of a job of one backend, from what a user gives: the id itself, its reference, or a receipt that holds it. Throws `UsageError` for a
 * job of another backend, and for a receipt without one of this.
 */
export function jobIdOperand(session: Session, backend: string, given: string): string {
  const other = session.backends.find(({ id }) => given.startsWith(`${id}:`));
  if (other?.id === backend) return given.slice(backend.length + 1);
  if (other !== undefined) throw new UsageError(`${given} is a job of ${other.id}, not of ${backend}`);
  if (!existsSync(given) && !given.endsWith('.json')) return given;
  const { job, host, targets } = readReceipt(given);
  const known = [{ job, host }, ...targets].find((one) => one.job?.ref.startsWith(`${backend}:`) === true);
  if (known?.job == null) throw new UsageError(`${given} holds no job of ${backend}`);
  checkReceiptHost(session, backend, known.host);
  return known.job.id;
}

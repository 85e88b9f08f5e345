import { existsSync } from 'node:fs';
import { UsageError } from '../../contract/errors.ts';
import type { Session } from '../session/session.ts';
import { checkedJobId, parseJobReference } from './job-reference.ts';
import { readReceipt } from './receipt-file.ts';
import { checkReceiptHost } from './receipt-host.ts';

/**
 * The id of a job of one backend, from what a user gives: the id itself, its reference, or a receipt that holds it. Throws `UsageError` for a
 * job of another backend, and for a receipt that has no job of this backend, or several.
 */
export function jobIdOperand(session: Session, backend: string, given: string): string {
  const other = session.backends.find(({ id }) => given.startsWith(`${id}:`));
  const definition = session.definition(backend);
  if (other?.id === backend) return checkedJobId(given.slice(backend.length + 1), definition);
  if (other !== undefined) throw new UsageError(`${given} is a job of ${other.id}, not of ${backend}`);
  if (!existsSync(given) && !given.endsWith('.json')) {
    return given.includes(':') ? parseJobReference(given, session.backends).id : checkedJobId(given, definition);
  }
  const steps = readReceipt(given).steps.filter((step) => step.backend === backend && step.job !== null);
  const [step, ...more] = steps;
  if (step?.job == null) throw new UsageError(`${given} has no job of ${backend}`);
  if (more.length > 0)
    throw new UsageError(`${given} holds several jobs of ${backend}`, {
      hint: `name one of them: ${steps.map(({ job }) => job?.ref).join(', ')}`,
    });
  checkReceiptHost(session, backend, step.host);
  return step.job.id;
}

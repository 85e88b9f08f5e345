import { UsageError } from '../../contract/errors.ts';
import type { Session } from '../session/session.ts';

/** Throws `UsageError` for a step that went to another host than the configured one: that knows nothing of the job, and would say that it is gone. */
export function checkReceiptHost(session: Session, id: string, host: string | null): void {
  const configured = session.hostOf(id);
  if (host === null || configured === null || host === configured) return;
  const definition = session.definition(id);
  const [key = ''] = definition.addresses;
  throw new UsageError(`this receipt is of ${host}, but ${id} is configured for ${configured}`, {
    hint: `set ${definition.variables[key] ?? key} to the address that the upload went to`,
  });
}

import { UsageError } from '../../contract/errors.ts';
import type { Session } from '../session/session.ts';

/** Throws `UsageError` for a receipt of another host than the configured one: that knows nothing of the job, and would say that it is gone. */
export function checkReceiptHost(session: Session, id: string, host: string | null): void {
  const [key = ''] = session.definition(id).addresses;
  const address = String(session.settings.backends[id]?.values[key] ?? '');
  const configured = URL.canParse(address) ? new URL(address).host : null;
  if (host === null || configured === null || host === configured) return;
  throw new UsageError(`this receipt is of ${host}, but ${id} is configured for ${configured}`, {
    hint: `set ${session.definition(id).variables[key] ?? key} to the address that the upload went to`,
  });
}

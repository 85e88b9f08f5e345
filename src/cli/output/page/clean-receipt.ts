import type { Receipt } from '../../../contract/record/journal.ts';
import type { Redactor } from '../../../contract/text/redact.ts';
import { safeLine } from '../../../contract/text/safe-text.ts';

/** Members that hold an address that a page links to, whose query may be needed. */
const ADDRESSES: ReadonlySet<string> = new Set(['buildUrl', 'repositoryUrl', 'page', 'install']);

/**
 * A receipt whose strings may be shown: secrets replaced, control and bidirectional characters made visible. An address that is not
 * `https:` or `http:` is left out, so that no link runs anything.
 */
export function cleanReceipt(receipt: Receipt, redactor: Redactor): Receipt {
  return clean(receipt, '', redactor) as Receipt;
}

function clean(value: unknown, key: string, redactor: Redactor): unknown {
  if (typeof value === 'string') return ADDRESSES.has(key) ? webAddress(value, redactor) : safeLine(value, redactor);
  if (Array.isArray(value)) return value.map((one) => clean(one, key, redactor));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, clean(member, name, redactor)]));
}

function webAddress(text: string, redactor: Redactor): string | null {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '') return null;
  return redactor.redactKnown(url.href);
}

import { PolicyError } from '../../contract/errors.ts';
import type { Redactor } from '../../contract/text/redact.ts';
import type { ResolvedSettings } from './resolve-settings.ts';
import { subjectOf } from './source.ts';

/** Throws `PolicyError` where the address of a backend's pages holds a secret that is known by now: it is printed, and kept in receipts. */
export function checkPageUrl(
  backend: string,
  { backends }: Pick<ResolvedSettings, 'backends'>,
  redactor: Redactor,
): void {
  const { values: { pageUrl } = {}, sources = {} } = backends[backend] ?? {};
  if (typeof pageUrl !== 'string' || redactor.redact(pageUrl) === pageUrl) return;
  throw new PolicyError(`${subjectOf(sources.pageUrl, 'pageUrl')} holds a secret`, {
    hint: 'leave it out of the address: links stand in logs and receipts',
  });
}

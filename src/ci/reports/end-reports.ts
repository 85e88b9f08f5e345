import { errorCode, LocalIoError } from '../../contract/errors.ts';
import type { ResultDocument } from '../../contract/result-document.ts';
import type { Report } from './report.ts';

/**
 * Gives every report its last word. `documentWith` tells how the run ended, with an error or without: the reports after one that could not
 * be written tell of that. Gives back what to say of it; `null` when all are written.
 */
export function endReports(
  reports: readonly Report[],
  documentWith: (unwritten: LocalIoError | null) => ResultDocument,
  receipt: string | null,
): LocalIoError | null {
  let unwritten: LocalIoError | null = null;
  for (const report of reports) {
    try {
      report.ended?.(documentWith(unwritten), receipt);
    } catch (cause) {
      unwritten ??= asUnwritten(report, cause);
    }
  }
  return unwritten;
}

function asUnwritten({ name }: Report, cause: unknown): LocalIoError {
  const hint = 'what was done is done; only this report of it is lost';
  if (cause instanceof LocalIoError) return cause.hint === null ? cause.with({ hint }) : cause;
  return new LocalIoError(`cannot write ${name}: ${errorCode(cause) ?? 'unknown error'}`, { cause, hint });
}

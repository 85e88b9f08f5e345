import type { JournalFacts } from '../contract/record/journal.ts';

/** A file that was put in place. */
export interface Written {
  readonly path: string;
  readonly sizeBytes: number;
  /** Hex SHA-256. */
  readonly sha256: string;
}

/** The output that a run has put in place. */
export function writtenBy({ fetched }: Pick<JournalFacts, 'fetched'>): Written | null {
  return fetched === null ? null : { path: fetched.path, sizeBytes: fetched.size, sha256: fetched.sha256 };
}

import type { SettingValues } from '../../cli/settings/settings.ts';
import type { Clock } from '../../contract/context.ts';
import type { Env } from '../../contract/env.ts';
import type { Listener } from '../../contract/record/listener.ts';
import type { Redactor } from '../../contract/text/redact.ts';
import type { NamedFile } from '../files/distinct-files.ts';

export interface ReportsInput {
  readonly command: string;
  /** Whether the command does something for a release: only then there is something for the CI to know. */
  readonly isForRelease: boolean;
  /** Whether it begins a release: then it has steps of its own. */
  readonly begins: boolean;
  readonly settings: SettingValues;
  /** What the run reads and writes besides its reports, as far as that is known. */
  readonly files: {
    readonly operands: readonly string[];
    readonly output: string | undefined;
    readonly receipt: string | undefined;
  };
  readonly environment: Env;
  /** The CI that it runs in. */
  readonly provider: string | null;
  readonly redactor: Redactor;
  readonly clock: Pick<Clock, 'now' | 'date'>;
  readonly writeStderr: (text: string) => void;
  readonly warn: (code: string, message: string) => void;
}

export interface ReportFile {
  readonly file: NamedFile;
  /**
   * `replaced`: takes the place of an earlier run's, which goes when nothing more can be refused. `added`: ours, and kept. `runner`: the CI has
   * made it for all who run there.
   */
  readonly use: 'replaced' | 'added' | 'runner';
  /** Whether this run writes it; no other file of the run may be it in any case. */
  readonly isWritten: boolean;
}

/** One kind of report. A further CI is a folder with one of these, and its line in `index.ts`. */
export interface ReportKind {
  /** Written for any command; the others are of those that do something for a release. */
  readonly isOfEveryCommand?: boolean;
  readonly files?: (input: ReportsInput) => readonly ReportFile[];
  /** What is not there of what it needs, where the report turned itself on and does without. */
  readonly lacks?: (input: ReportsInput) => readonly string[];
  /** Throws `LocalIoError` where it cannot be written. Nothing where it is not wanted. */
  readonly open: (input: ReportsInput) => readonly Listener[];
}

/** A file that is wanted; none where there is no path. */
export function reportFile(name: string, path: string | undefined, use: ReportFile['use'], isWritten = true) {
  return path === undefined || path === '' ? [] : [{ file: [name, path] as const, use, isWritten }];
}

/** How one says which values a file of another form does not hold. */
export function warnerOf({ warn }: ReportsInput): (where: string, names: readonly string[]) => void {
  return (where, names) => {
    if (names.length === 0) return;
    const what = names.join(', ');
    warn('value-left-out', `left out of ${where}, because the value is unsafe or too long there: ${what}`);
  };
}

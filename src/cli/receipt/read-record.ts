import { readFileSync, statSync } from 'node:fs';
import { UsageError } from '../../contract/errors.ts';
import { fileProblem } from '../../contract/text/file-problem.ts';

/** A file that apptool writes and reads again. */
export interface RecordKind {
  /** What it is called, such as `receipt`. */
  readonly name: string;
  readonly largestBytes: number;
  /** What to do where something else is named. */
  readonly hint: string;
  /** What to do where nothing can be read. */
  readonly absentHint?: string;
}

/** The JSON of a file; `null` where it holds none. Throws `UsageError` where the file cannot be one of that kind; never quotes it. */
export function readRecord(path: string, { name, largestBytes, hint, absentHint = hint }: RecordKind): unknown {
  let text: string;
  try {
    const stats = statSync(path);
    if (stats.isDirectory()) throw new UsageError(`${path} is a folder, not a ${name}`, { hint });
    if (!stats.isFile() || stats.size > largestBytes) throw new UsageError(`${path} is not a ${name}`, { hint });
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    if (cause instanceof UsageError) throw cause;
    throw new UsageError(`cannot read ${name} ${path}: ${fileProblem(cause)}`, { cause, hint: absentHint });
  }
  try {
    return JSON.parse(text);
  } catch {
    // The parser's message quotes the text; the caller says what it is not.
    return null;
  }
}

import { type AppToolError, CancelledError, LocalIoError } from '../../contract/errors.ts';
import type { JobRef } from '../../contract/job.ts';
import type { JournalFacts } from '../../contract/record/journal.ts';
import type { Redactor } from '../../contract/text/redact.ts';
import { pathLine, quotedLines, safeJson, safeLine, safeLines } from '../../contract/text/safe-text.ts';
import type { CommandResult } from '../line/command.ts';
import { causeLines, documentOf, errorLines, type Outcome, ownStep } from './outcome.ts';
import type { TextStream } from './streams.ts';

/** How a run is told on its standard streams. */
export interface Telling {
  readonly wantsJson: boolean;
  readonly isVerbose: boolean;
  /** Colours a finished line, where the terminal shows colours. */
  readonly paint: (line: string) => string;
  /** Colours a line of the result, where stdout is a terminal that shows colours. */
  readonly paintResult: (line: string) => string;
}

/** Writes the result on stdout, once, and errors on stderr; text is made safe here. */
export interface Printer {
  result(result: CommandResult, outcome: Outcome): void;
  /** The document of a run that failed, with its errors in words. */
  failure(error: AppToolError, result: CommandResult | null, outcome: Outcome): void;
  text(text: string): void;
  note(text: string): void;
  /** Resolves with 0 once all is written. A result that cannot be written is a failure; a reader that went away wanted no more of it. */
  flushed(): Promise<number>;
}

export interface PrinterInput {
  readonly stdout: TextStream;
  readonly stderr: TextStream;
  readonly redactor: Redactor;
  readonly telling: () => Telling;
}

export function createPrinter({ stdout, stderr, redactor, telling }: PrinterInput): Printer {
  let hasPrinted = false;
  const printDocument = (outcome: Outcome): void => stdout.write(`${safeJson(documentOf(outcome), redactor)}\n`);
  const writeLine = (line: string): void => {
    // What stands behind the prefix has been made safe line by line.
    const safe = line.startsWith('apptool| ') ? line : safeLine(line, redactor);
    stderr.write(`${telling().paint(safe)}\n`);
  };
  const writeError = (error: AppToolError, job: JobRef | null, prefix = ''): void => {
    for (const line of errorLines(error, job, (text) => quotedLines(text, redactor), prefix)) writeLine(line);
  };
  /** As wide as the terminal, where there is one. */
  const textLines = ({ text, layOut }: CommandResult): string[] => {
    const columns = stdout.isTerminal ? (stdout.raw.columns ?? 0) : 0;
    const laidOut = columns > 0 && layOut !== undefined ? layOut(columns) : (text ?? '');
    return safeLines(laidOut, redactor).map(telling().paintResult);
  };
  const printResult = (result: CommandResult, outcome: Outcome): void => {
    if (hasPrinted) return;
    hasPrinted = true;
    if (telling().wantsJson) printDocument(outcome);
    else if (result.exact !== undefined) stdout.write(redactor.redactKnown(result.exact));
    else if (result.path !== undefined) stdout.write(`${pathLine(result.path, redactor)}\n`);
    else if (result.text !== null) stdout.write(`${textLines(result).join('\n')}\n`);
  };
  return {
    result: printResult,
    failure(error, result, outcome) {
      const { wantsJson, isVerbose } = telling();
      if (result !== null && !wantsJson) printResult(result, outcome);
      writeErrors(error, outcome.journal, writeError);
      if (isVerbose && !(error instanceof CancelledError))
        for (const line of causeLines(error, redactor.redact)) writeLine(line);
      if (!wantsJson || hasPrinted) return;
      hasPrinted = true;
      printDocument(outcome);
    },
    text: (text) => stdout.write(text),
    note: (text) => stderr.write(text),
    async flushed() {
      const problem = await stdout.flushed();
      if (problem === null || problem === 'EPIPE') return 0;
      const error = new LocalIoError(`cannot write the result: ${problem}`, {
        hint: 'nothing else is affected: only the printed result is lost',
      });
      writeError(error, null);
      return error.exitCode;
    },
  };
}

/** Each target's own, then that of the run, unless it is one of them. */
function writeErrors(
  error: AppToolError,
  journal: JournalFacts,
  write: (error: AppToolError, job: JobRef | null, prefix?: string) => void,
): void {
  const targets = journal.current.filter(({ isTarget }) => isTarget);
  for (const { error: own, job, backend } of targets)
    if (own != null && !(own instanceof CancelledError)) write(own, job, `${backend}: `);
  if (!targets.some(({ error: own }) => own === error)) write(error, ownStep(journal)?.job ?? null);
}

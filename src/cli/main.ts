import { setMaxListeners } from 'node:events';
import { AuthError, asAppToolError, CancelledError } from '../errors.ts';
import type { AppEvent } from '../events.ts';
import { createRedactor, type Redactor } from '../redact.ts';
import { EMPTY_REPORT, type Report } from '../run/report.ts';
import { listenForSignals } from './cancellation.ts';
import { realClock } from './clock.ts';
import type { CommandResult, CommandSpec, Invocation } from './command.ts';
import { COMMANDS } from './commands/index.ts';
import { causeLines, documentOf, errorLines, type Outcome } from './outcome.ts';
import { parseCommandLine } from './program.ts';
import type { Renderer } from './render/renderer.ts';
import { safeJson, safeLine, serverLines } from './render/safe-text.ts';
import { type TextStream, textStream } from './streams.ts';
import { VERSION } from './version.ts';

interface Run {
  readonly process: NodeJS.Process;
  readonly stdout: TextStream;
  readonly stderr: TextStream;
  readonly redactor: Redactor;
  readonly startedAt: number;
  report: Report;
  readonly warnings: { readonly code: string; readonly message: string }[];
  renderer: Renderer | null;
  /** Colours a finished line, where the terminal shows colours. */
  paint: (line: string) => string;
  /** What to do when a backend refuses the credentials. */
  ifRefused: string | null;
  wantsJson: boolean;
  isVerbose: boolean;
  hasPrinted: boolean;
}

/** The whole program: reads the command line, runs one command, prints its result. Resolves with the exit code and never rejects. */
export async function main(process: NodeJS.Process): Promise<number> {
  const argv = process.argv.slice(2);
  const run: Run = {
    process,
    stdout: textStream(process.stdout),
    stderr: textStream(process.stderr),
    redactor: createRedactor(),
    startedAt: realClock.now(),
    report: EMPTY_REPORT,
    warnings: [],
    renderer: null,
    paint: (line) => line,
    ifRefused: null,
    // Until the settings are read, what is on the line or in the variable decides how an error is told.
    wantsJson: argv.includes('--json') || /^(1|true|yes|on)$/i.test(process.env.APPTOOL_JSON ?? ''),
    isVerbose: false,
    hasPrinted: false,
  };
  let command: string | null = null;
  try {
    const parsed = parseCommandLine(argv, COMMANDS, VERSION);
    if (parsed.type === 'text') {
      run.stdout.write(parsed.text);
      return 0;
    }
    if (parsed.type === 'no-command') {
      if (!run.wantsJson) run.stderr.write(parsed.help);
      throw parsed.error;
    }
    command = parsed.spec.name;
    return finish(run, command, await execute(parsed.spec, parsed.invocation, run), null);
  } catch (error) {
    return finish(run, command, null, error);
  }
}

async function execute(spec: CommandSpec, invocation: Invocation, run: Run): Promise<CommandResult> {
  const { prepare } = await import('./prepare.ts');
  const cancellation = listenForSignals(run.process, (signal) => emit(run, { type: 'cancelling', signal }));
  // Every part and every wait listens to it.
  setMaxListeners(0, cancellation.signal);
  const prepared = await prepare(invocation, {
    process: run.process,
    redactor: run.redactor,
    signal: cancellation.signal,
    emit: (event) => emit(run, event),
    note: (part) => {
      run.report = { ...run.report, ...part };
    },
    printNow: (result) => print(run, spec.name, result),
    stderr: run.stderr,
    onSettings: ({ json, verbose }) => {
      run.wantsJson = json === true;
      run.isVerbose = verbose === true;
    },
    onRenderer: (renderer, paint) => {
      run.renderer = renderer;
      run.paint = paint;
    },
    onCredentials: (ifRefused) => {
      run.ifRefused = ifRefused;
    },
  });
  try {
    emit(run, { type: 'run.start', command: spec.name, version: VERSION });
    return await spec.run(prepared.session);
  } finally {
    await prepared.close();
    cancellation.close();
  }
}

function emit(run: Run, event: AppEvent): void {
  if (event.type === 'warning') run.warnings.push({ code: event.code, message: event.message });
  run.renderer?.event(event);
}

function finish(run: Run, command: string | null, result: CommandResult | null, thrown: unknown): number {
  run.renderer?.close();
  const error = thrown === null ? null : asAppToolError(thrown);
  if (error === null) {
    print(run, command, result);
    return 0;
  }
  if (error instanceof AuthError) error.hint ??= run.ifRefused;
  const lines = errorLines(error, run.report, (text) => serverLines(text, run.redactor));
  for (const line of lines) writeLine(run, line);
  if (run.isVerbose && !(error instanceof CancelledError)) for (const line of causeLines(error)) writeLine(run, line);
  if (run.wantsJson) printDocument(run, outcomeOf(run, command, null, error));
  return error.exitCode;
}

function writeLine(run: Run, line: string): void {
  // What stands behind the prefix has been made safe line by line.
  const safe = line.startsWith('apptool| ') ? line : safeLine(line, run.redactor);
  run.stderr.write(`${run.paint(safe)}\n`);
}

function print(run: Run, command: string | null, result: CommandResult | null): void {
  if (run.hasPrinted) return;
  run.hasPrinted = true;
  if (run.wantsJson) printDocument(run, outcomeOf(run, command, result, null));
  else if (result !== null && result.text !== null) run.stdout.write(`${safeLines(result.text, run.redactor)}\n`);
}

function safeLines(text: string, redactor: Redactor): string {
  return text
    .split('\n')
    .map((line) => safeLine(line, redactor))
    .join('\n');
}

function outcomeOf(run: Run, command: string | null, result: CommandResult | null, error: Outcome['error']): Outcome {
  const { report, warnings, startedAt } = run;
  return { command, report, result, error, warnings, durationMs: realClock.now() - startedAt };
}

function printDocument(run: Run, outcome: Outcome): void {
  run.stdout.write(`${safeJson(documentOf(outcome), run.redactor)}\n`);
}

import { setMaxListeners } from 'node:events';
import { rmSync } from 'node:fs';
import { endReports } from '../ci/reports/end-reports.ts';
import type { Report as FileReport } from '../ci/reports/report.ts';
import type { Clock } from '../contract/context.ts';
import { type AppToolError, AuthError, asAppToolError, CancelledError, LocalIoError } from '../contract/errors.ts';
import type { AppEvent } from '../contract/events.ts';
import { createRedactor, type Redactor } from '../contract/text/redact.ts';
import { pathLine, quotedLines, safeJson, safeLine, safeLines } from '../contract/text/safe-text.ts';
import { createTrace, explainCancelled, leavesParts, type Report, type Trace } from '../run/trace.ts';
import type { Command } from './commands/command.ts';
import { readCommandLine } from './commands/read-command-line.ts';
import type { CommandResult, Invocation } from './line/command.ts';
import { causeLines, documentOf, errorLines, type Outcome } from './output/outcome.ts';
import type { Renderer } from './output/render/renderer.ts';
import { type TextStream, textStream } from './output/streams.ts';
import { listenForSignals } from './process/cancellation.ts';
import { realClock } from './process/clock.ts';
import type { Host } from './process/host.ts';
import { VERSION } from './process/version.ts';
import type { ReceiptKeeper } from './receipt/receipt-keeper.ts';

export { setEngineFlags } from './process/engine-flags.ts';

interface Run {
  readonly process: Host;
  readonly clock: Clock;
  readonly stdout: TextStream;
  readonly stderr: TextStream;
  readonly redactor: Redactor;
  readonly startedAt: number;
  readonly trace: Trace;
  readonly warnings: { readonly code: string; readonly message: string }[];
  command: string | null;
  renderer: Renderer | null;
  receipts: ReceiptKeeper | null;
  /** What is kept of the run besides what is printed. */
  reports: readonly FileReport[];
  /** Colours a finished line, where the terminal shows colours. */
  paint: (line: string) => string;
  /** What to do when a backend refuses the credentials, by its id. */
  readonly ifRefused: Map<string, string>;
  wantsJson: boolean;
  isVerbose: boolean;
  hasPrinted: boolean;
  hasEnded: boolean;
}

/** The whole program: reads the command line, runs one command, prints its result. Resolves with the exit code and never rejects. */
export async function main(process: Host, clock: Clock = realClock): Promise<number> {
  const argv = process.argv.slice(2);
  const run: Run = {
    process,
    clock,
    stdout: textStream(process.stdout),
    stderr: textStream(process.stderr),
    redactor: createRedactor(),
    startedAt: clock.now(),
    trace: createTrace((trace) => run.receipts?.changed(trace)),
    warnings: [],
    command: null,
    renderer: null,
    receipts: null,
    reports: [],
    paint: (line) => line,
    ifRefused: new Map(),
    // Until the settings are read, what is on the line or in the variable decides how an error is told.
    wantsJson: argv.includes('--json') || /^(1|true|yes|on)$/i.test(process.env.APPTOOL_JSON ?? ''),
    isVerbose: false,
    hasPrinted: false,
    hasEnded: false,
  };
  const cancellation = listenForSignals(process, clock, {
    onFirst: (signal) => emit(run, { type: 'cancelling', signal }),
    onHardStop: (cancelled) => void fail(run, cancelled),
  });
  catchStrays(process, run);
  const code = await runToItsEnd(run, argv, cancellation.signal);
  cancellation.close();
  return code === 0 ? await codeOfPrinting(run) : code;
}

async function runToItsEnd(run: Run, argv: readonly string[], signal: AbortSignal): Promise<number> {
  try {
    const parsed = await readCommandLine(argv);
    if (parsed.type === 'text' || parsed.type === 'help') {
      run.stdout.write(parsed.text);
      return 0;
    }
    if (parsed.type === 'no-command') {
      if (!run.wantsJson) run.stderr.write(parsed.help);
      throw parsed.error;
    }
    run.command = parsed.spec.name;
    const result = await execute(parsed.spec, parsed.invocation, run, signal);
    return result.failure === undefined ? succeed(run, result) : fail(run, result.failure, result);
  } catch (error) {
    return fail(run, error);
  }
}

/** An error that nobody caught is a bug of ours, and ends the run as tidily as any other. */
function catchStrays(process: Host, run: Run): void {
  const onStray = (error: unknown): void => {
    // After the end there is nothing left to clean up, and the exit code has been decided.
    if (run.hasEnded) return;
    process.exit(fail(run, error));
  };
  process.on('uncaughtException', onStray);
  process.on('unhandledRejection', onStray);
}

/** A result that could not be written is none. A reader that went away wanted no more of it, which is fine. */
async function codeOfPrinting(run: Run): Promise<number> {
  const problem = await run.stdout.flushed();
  if (problem === null || problem === 'EPIPE') return 0;
  const error = new LocalIoError(`cannot write the result: ${problem}`, {
    hint: 'what was done is done; only its result is lost',
  });
  for (const line of errorLines(error, run.trace.report, () => [])) writeLine(run, line);
  return error.exitCode;
}

async function execute(spec: Command, invocation: Invocation, run: Run, signal: AbortSignal): Promise<CommandResult> {
  const { prepare } = await import('./session/prepare.ts');
  // Every part and every wait listens to it.
  setMaxListeners(0, signal);
  signal.throwIfAborted();
  const prepared = await prepare(invocation, {
    process: run.process,
    clock: run.clock,
    redactor: run.redactor,
    signal,
    emit: (event) => emit(run, event),
    trace: run.trace,
    printNow: (result) => print(run, result),
    stderr: run.stderr,
    onSettings: ({ json, verbose }) => {
      run.wantsJson = json === true;
      run.isVerbose = verbose === true;
    },
    onRenderer: (renderer, paint) => {
      run.renderer = renderer;
      run.paint = paint;
    },
    onReports: (reports) => {
      run.reports = reports;
    },
    onReceipts: (receipts) => {
      run.receipts = receipts;
    },
    onCredentials: (backend, ifRefused) => run.ifRefused.set(backend, ifRefused),
  });
  try {
    emit(run, { type: 'run.start', command: spec.name, version: VERSION });
    return await spec.run(prepared.session);
  } finally {
    await prepared.close();
  }
}

function emit(run: Run, event: AppEvent): void {
  if (event.type === 'warning') run.warnings.push({ code: event.code, message: event.message });
  run.renderer?.event(event);
  run.receipts?.event(event);
  for (const report of run.reports) report.event?.(event);
}

function succeed(run: Run, result: CommandResult): number {
  const receipt = run.receipts?.ended(run.trace, null) ?? null;
  const unwritten = finishReports(run, result, null, receipt);
  if (unwritten !== null) return fail(run, unwritten, result);
  run.hasEnded = true;
  run.renderer?.close();
  print(run, result);
  return 0;
}

/** Tells how a run failed. Synchronous, so that it can be the last thing that a process does; a second call changes nothing. */
function fail(run: Run, thrown: unknown, result: CommandResult | null = null): number {
  const known = asAppToolError(thrown);
  if (run.hasEnded) return known.exitCode;
  run.hasEnded = true;
  const error = known instanceof CancelledError ? explainCancelled(known, run.trace) : known;
  for (const { end, report } of run.trace.targets) explainRefused(run, end ?? null, report);
  explainRefused(run, error, run.trace.report);
  for (const path of run.trace.leftovers.temporaryPaths) rmSync(path, { force: true, recursive: true });
  const receipt = run.receipts?.ended(run.trace, error) ?? null;
  if (leavesParts(run.trace)) emit(run, partsLeft(run.trace, receipt));
  finishReports(run, result, error, receipt);
  run.renderer?.close();
  if (result !== null && !run.wantsJson) print(run, result);
  writeErrors(run, error);
  if (run.wantsJson && !run.hasPrinted) printDocument(run, { ...soFar(run), result, error });
  return error.exitCode;
}

/** Tells the reports how the run ended, once. Gives back what to say where one of them could not be written; a failure warns of it by itself. */
function finishReports(
  run: Run,
  result: CommandResult | null,
  error: AppToolError | null,
  receipt: string | null,
): LocalIoError | null {
  const documentWith = (unwritten: AppToolError | null) =>
    documentOf({ ...soFar(run), result, error: error ?? unwritten });
  const unwritten = endReports(run.reports, documentWith, receipt);
  if (unwritten !== null && error !== null)
    emit(run, { type: 'warning', code: 'report-unwritable', message: unwritten.message });
  const { exitCode, durationMs, error: told } = documentWith(unwritten);
  emit(run, { type: 'run.end', exitCode, errorClass: told?.class ?? null, message: told?.message ?? null, durationMs });
  run.reports = [];
  return unwritten;
}

/** Each target's own, then that of the run, unless it is one of them; with `--verbose` what lies beneath it. */
function writeErrors(run: Run, error: AppToolError): void {
  const { targets, report } = run.trace;
  for (const target of targets) {
    if (target.end != null && !(target.end instanceof CancelledError))
      writeError(run, target.end, target.report, `${target.report.backend}: `);
  }
  if (!targets.some(({ end }) => end === error)) writeError(run, error, report);
  if (run.isVerbose && !(error instanceof CancelledError))
    for (const line of causeLines(error, run.redactor.redact)) writeLine(run, line);
}

function explainRefused(run: Run, error: AppToolError | null, { backend }: Report): void {
  if (error instanceof AuthError) error.hint ??= run.ifRefused.get(backend ?? '') ?? null;
}

function writeError(run: Run, error: AppToolError, report: Report, prefix = ''): void {
  const lines = errorLines(error, report, (text) => quotedLines(text, run.redactor), prefix);
  for (const line of lines) writeLine(run, line);
}

/** Parts that stay in the storage cost money: so how to remove them is said, whatever else went wrong. */
function partsLeft(trace: Trace, receipt: string | null): AppEvent {
  const left = [trace, ...trace.targets].filter(({ leftovers }) => leftovers.session !== null);
  const session = left.map(({ leftovers }) => JSON.stringify(leftovers.session)).join(' and ');
  const how =
    receipt === null
      ? `the receipt could not be written; it would hold ${session}`
      : `to remove them: apptool abort ${receipt}`;
  const first = left.some(({ leftovers }) => leftovers.mayHaveLanded)
    ? 'look for the job first; if it is not there, its parts are still stored'
    : 'parts of an unfinished upload are still stored';
  return { type: 'warning', code: 'multipart-left-open', message: `${first}; ${how}` };
}

function writeLine(run: Run, line: string): void {
  // What stands behind the prefix has been made safe line by line.
  const safe = line.startsWith('apptool| ') ? line : safeLine(line, run.redactor);
  run.stderr.write(`${run.paint(safe)}\n`);
}

function print(run: Run, result: CommandResult): void {
  if (run.hasPrinted) return;
  run.hasPrinted = true;
  if (run.wantsJson) printDocument(run, { ...soFar(run), result, error: null });
  else if (result.path !== undefined) run.stdout.write(`${pathLine(result.path, run.redactor)}\n`);
  else if (result.text !== null) run.stdout.write(`${safeLines(result.text, run.redactor).join('\n')}\n`);
}

/** What is known of the run, for its document. */
function soFar(run: Run): Omit<Outcome, 'result' | 'error'> {
  const { command, trace, warnings, clock, startedAt } = run;
  return { command, trace, warnings, durationMs: clock.now() - startedAt };
}

function printDocument(run: Run, outcome: Outcome): void {
  run.stdout.write(`${safeJson(documentOf(outcome), run.redactor)}\n`);
}

import { setMaxListeners } from 'node:events';
import { rmSync } from 'node:fs';
import type { BackendDefinition } from '../contract/backend/definition.ts';
import type { Clock } from '../contract/context.ts';
import { type AppToolError, asAppToolError, CancelledError } from '../contract/errors.ts';
import type { AppEvent } from '../contract/events.ts';
import type { JournalFacts } from '../contract/record/journal.ts';
import type { Listener } from '../contract/record/listener.ts';
import type { Rehearsal } from '../contract/result-document.ts';
import { createRedactor } from '../contract/text/redact.ts';
import { NOTHING_KNOWN } from '../run/journal/nothing-known.ts';
import { realClock } from '../run/real-clock.ts';
import { toldOfStep } from '../run/telling/told-of-step.ts';
import { explainCancelled } from '../run/telling/way-on.ts';
import type { Command } from './commands/command.ts';
import { COMMANDS } from './commands/index.ts';
import { readCommandLine } from './commands/read-command-line.ts';
import type { CommandResult } from './line/command.ts';
import type { Parsed } from './line/program.ts';
import { endListeners } from './output/end-listeners.ts';
import { documentOf, type Outcome } from './output/outcome.ts';
import { createPrinter, type Printer, type Telling } from './output/printer.ts';
import { textStream } from './output/streams.ts';
import { listenForSignals } from './process/cancellation.ts';
import { setEngineFlags } from './process/engine-flags.ts';
import type { Host } from './process/host.ts';
import { VERSION } from './process/version.ts';
import type { ReceiptListener } from './receipt/receipt-listener.ts';
import type { Session } from './session/session.ts';
import type { Shell } from './session/shell.ts';

/** A run: what surrounds it, and what its stages have found so far. */
interface Run extends Shell {
  /** `null` for those that come with apptool. */
  readonly backends: readonly BackendDefinition[] | null;
  readonly printer: Printer;
  readonly startedAt: number;
  readonly warnings: { readonly code: string; readonly message: string }[];
  readonly listeners: Listener[];
  command: string | null;
  telling: Telling;
  journal: JournalFacts;
  receipt: ReceiptListener | null;
  session: Session | null;
  rehearsal: () => Rehearsal | null;
  /** Whether a request was made. */
  hasAsked: boolean;
  hasEnded: boolean;
}

/** What a program of somebody else's may bring. */
export interface MainOptions {
  /** Every backend that there is; those that come with apptool by default. */
  readonly backends?: readonly BackendDefinition[] | null;
  readonly clock?: Clock;
}

/** The whole program: reads the command line, runs one command, prints its result. Resolves with the exit code and never rejects. */
export async function main(process: Host, { backends = null, clock = realClock }: MainOptions = {}): Promise<number> {
  const argv = process.argv.slice(2);
  const run = begin(argv, process, clock, backends);
  const cancellation = listenForSignals(process, clock, {
    onFirst: (signal) => emit(run, { type: 'cancelling', signal }),
    onHardStop: (cancelled) => void end(run, cancelled, null),
  });
  catchStrays(process, run);
  const code = await runToItsEnd(run, argv, cancellation.signal);
  cancellation.close();
  return code === 0 ? await run.printer.flushed() : code;
}

function begin(argv: readonly string[], process: Host, clock: Clock, backends: Run['backends']): Run {
  const [stdout, stderr] = [textStream(process.stdout), textStream(process.stderr)];
  const redactor = createRedactor();
  const shell: Shell = { process, clock, stdout, stderr, redactor };
  // Until the settings are read, what is on the line or in the variable decides how an error is told.
  const wantsJson = argv.includes('--json') || /^(1|true|yes|on)[\r\n]*$/i.test(process.env.APPTOOL_JSON ?? '');
  const run: Run = {
    ...shell,
    backends,
    printer: createPrinter({ ...shell, telling: () => run.telling }),
    startedAt: clock.now(),
    warnings: [],
    listeners: [],
    command: null,
    telling: { wantsJson, isVerbose: false, paint: (line) => line, paintResult: (line) => line },
    journal: NOTHING_KNOWN,
    receipt: null,
    session: null,
    rehearsal: () => null,
    hasAsked: false,
    hasEnded: false,
  };
  return run;
}

async function runToItsEnd(run: Run, argv: readonly string[], signal: AbortSignal): Promise<number> {
  try {
    const parsed = await readCommandLine(argv, run.backends);
    if (parsed.type === 'text' || parsed.type === 'help') {
      run.printer.text(parsed.text);
      return 0;
    }
    if (parsed.type === 'no-command') {
      if (!run.telling.wantsJson) run.printer.note(parsed.help);
      throw parsed.error;
    }
    run.command = parsed.spec.name;
    const result = await carryOut(run, parsed, signal);
    return end(run, result.failure ?? null, result);
  } catch (error) {
    return end(run, error, null);
  }
}

/** Settles what was asked, opens the listeners, and runs the command. */
async function carryOut(
  run: Run,
  { spec, invocation }: Extract<Parsed<Command>, { type: 'run' }>,
  signal: AbortSignal,
): Promise<CommandResult> {
  // In a process of somebody else's the engine is not ours to set.
  if (run.process === globalThis.process) setEngineFlags();
  const stages = await import('./session/stages.ts');
  // Every part and every wait listens to it.
  setMaxListeners(0, signal);
  signal.throwIfAborted();
  const tell = (event: AppEvent): void => emit(run, event);

  const settled = await stages.settle(spec, invocation, run.process, run.backends ?? stages.builtin);
  const { json, verbose } = settled.settings.values;
  run.telling = { ...run.telling, wantsJson: json === true, isVerbose: verbose === true };
  run.rehearsal = () => stages.rehearsalOf(settled.settings.values, run.session?.isOnLoopback() === true);

  const shown = await stages.openConsole(
    settled.settings.values,
    { begins: spec.journal === 'begins', backends: settled.backends },
    run,
  );
  run.telling = { ...run.telling, paint: shown.paint, paintResult: shown.paintResult };
  run.listeners.push(shown.listener);
  const reports = await stages.openReportsOf(settled, run, shown.write, tell);
  run.listeners.push(...reports.listeners);
  reports.warnOfMissing();
  for (const warning of settled.warnings) tell({ type: 'warning', ...warning });
  if (settled.decided.length > 0) tell({ type: 'note', message: stages.wordsOf(settled.decided) });
  const { listener, kept } = await stages.openReceipt(settled, run, signal, tell, () => run.journal);
  run.receipt = listener;
  // Before the reports, which tell where it is.
  run.listeners.splice(1, 0, listener);
  const changed = (facts: JournalFacts): void => {
    for (const one of run.listeners) one.changed?.(facts);
  };
  const journal = stages.createJournal({ kept, now: run.clock.date, changed });
  run.journal = journal;

  const ctx = { signal, emit: tell, record: journal.record, journal, clock: run.clock };
  const printNow = (result: CommandResult): void => run.printer.result(result, outcomeOf(run, null, result));
  const session = await stages.openSession(settled, { shell: run, commands: COMMANDS, ctx, printNow });
  run.session = session;
  try {
    tell({ type: 'run.start', command: spec.name, version: VERSION });
    return await spec.run(session);
  } finally {
    await session.close();
  }
}

function emit(run: Run, event: AppEvent): void {
  if (event.type === 'http.request') run.hasAsked = true;
  if (event.type === 'warning') run.warnings.push({ code: event.code, message: event.message });
  for (const listener of run.listeners) listener.event?.(event);
}

/** An error that nobody caught is a bug of ours, and ends the run as tidily as any other. */
function catchStrays(process: Host, run: Run): void {
  const onStray = (error: unknown): void => {
    // After the end there is nothing left to clean up, and the exit code has been decided.
    if (run.hasEnded) return;
    process.exit(end(run, error, null));
  };
  process.on('uncaughtException', onStray);
  process.on('unhandledRejection', onStray);
}

/**
 * Tells how a run ended; `thrown` is `null` when all is well. Gives the exit code. Synchronous, so that it can be the last thing that a
 * process does; a second call changes nothing.
 */
function end(run: Run, thrown: unknown, result: CommandResult | null): number {
  const known = thrown === null ? null : asAppToolError(thrown);
  if (run.hasEnded) return known?.exitCode ?? 0;
  run.hasEnded = true;
  const failure = known === null ? null : explained(run, known);
  for (const step of run.journal.current)
    if (!step.isTarget && step.error === undefined) step.tell({ type: 'ended', error: failure });
  for (const path of run.journal.temporaryPaths) rmSync(path, { force: true, recursive: true });
  const endWith = (error: AppToolError | null) => ({
    document: documentOf(outcomeOf(run, error, result)),
    receipt: run.receipt?.written() ?? null,
    link: result?.link ?? null,
  });
  const unwritten = endListeners(run.listeners, failure, endWith, (event) => emit(run, event));
  run.listeners.length = 0;
  const error = failure ?? unwritten;
  const outcome = outcomeOf(run, error, result);
  if (error !== null) run.printer.failure(error, result, outcome);
  else if (result !== null) run.printer.result(result, outcome);
  return outcome.error?.exitCode ?? result?.exitCode ?? 0;
}

/** With what to do next, where only the run knows it. */
function explained(run: Run, error: AppToolError): AppToolError {
  if (error instanceof CancelledError) return explainCancelled(error, run.journal);
  const step = run.journal.current.find(({ isTarget }) => !isTarget);
  return step === undefined ? error : toldOfStep(error, step, { hasAsked: run.hasAsked });
}

/** What is known of the run so far. */
function outcomeOf(run: Run, error: AppToolError | null, result: CommandResult | null): Outcome {
  const { command, journal, warnings, startedAt, clock } = run;
  const rehearsal = run.rehearsal();
  const around = {
    givesBack: (id: string) => run.session?.backends.find((one) => one.id === id)?.capabilities.protects === true,
    isEmbedded: run.session?.settings.values.sandbox === true,
    next: result?.next,
  };
  return { command, rehearsal, journal, around, warnings, result, error, durationMs: clock.now() - startedAt };
}

import { backends } from '../../backends/index.ts';
import { metadataFromEnvironment } from '../../ci/build/metadata-from-environment.ts';
import { readBuildMetadata } from '../../ci/build/read-build-metadata.ts';
import type { Report } from '../../ci/reports/report.ts';
import type { BuildMetadata } from '../../contract/build-metadata.ts';
import type { Clock } from '../../contract/context.ts';
import type { Env } from '../../contract/env.ts';
import { LocalIoError, UsageError } from '../../contract/errors.ts';
import type { AppEvent } from '../../contract/events.ts';
import type { Redactor } from '../../contract/text/redact.ts';
import { safeLine } from '../../contract/text/safe-text.ts';
import type { Trace } from '../../run/trace.ts';
import type { Sandbox } from '../../sandbox/server.ts';
import { COMMANDS } from '../commands/index.ts';
import type { CommandResult, Invocation } from '../line/command.ts';
import { FLAGS, variableOf } from '../line/flags.ts';
import { createRenderer, type Renderer } from '../output/render/renderer.ts';
import type { TextStream } from '../output/streams.ts';
import { createConfirm } from '../process/confirm.ts';
import type { Host } from '../process/host.ts';
import { questionsOn } from '../process/questions.ts';
import { VERSION } from '../process/version.ts';
import { checkReceiptPath, receiptAt, unfinishedIn } from '../receipt/receipt.ts';
import { createReceiptKeeper, type ReceiptKeeper } from '../receipt/receipt-keeper.ts';
import { findConfig, NO_CONFIG, readNamedConfig } from '../settings/config/config-file.ts';
import { type ResolvedSettings, resolveSettings } from '../settings/resolve-settings.ts';
import type { SettingValues } from '../settings/settings.ts';
import { type FoundDecision, foundDecisions, wordsOf } from './found-decisions.ts';
import { filesRead, warningsOfLinks } from './linked-files.ts';
import { createSession, readValueFile, type Session } from './session.ts';

/** What the outermost layer gives a run, and wants to be told. */
export interface Surroundings {
  readonly process: Host;
  readonly clock: Clock;
  readonly redactor: Redactor;
  readonly signal: AbortSignal;
  readonly emit: (event: AppEvent) => void;
  readonly trace: Trace;
  readonly printNow: (result: CommandResult) => void;
  readonly stderr: TextStream;
  readonly onSettings: (settings: SettingValues) => void;
  readonly onRenderer: (renderer: Renderer, paint: (line: string) => string) => void;
  readonly onReports: (reports: readonly Report[]) => void;
  readonly onReceipts: (receipts: ReceiptKeeper) => void;
  readonly onCredentials: (backend: string, ifRefused: string) => void;
}

/** Reads config and settings, chooses how to show progress, starts the embedded sandbox where it is wanted. */
export async function prepare(
  asked: Invocation,
  around: Surroundings,
): Promise<{ readonly session: Session; close(): Promise<void> }> {
  const { process, clock, redactor, signal, emit, trace } = around;
  const cwd = workingDirectory(process);
  const invocation = withVariables(asked, process.env);
  const { config: path } = invocation.flags;
  const { file, warnings } =
    typeof path === 'string'
      ? { file: await readNamedConfig(path, cwd), warnings: [] }
      : await (ignoresFoundConfig(invocation) ? NO_CONFIG : findConfig(cwd));
  const resolveWith = (environment: Env) =>
    resolveSettings({
      flags: invocation.flags,
      environment,
      config: file,
      backends,
      readValueFile: (name) => readValueFile(name, cwd),
    });

  const first = resolveWith(process.env);
  around.onSettings(first.values);
  const writeStderr = await chooseRenderer(first.values, around);
  await openReportsOf(invocation, first.values, writeStderr, around);
  for (const { code, message } of warnings) emit({ type: 'warning', code, message });
  for (const message of warningsOfLinks(filesRead(invocation, first, backends), cwd))
    emit({ type: 'warning', code: 'linked-file', message });
  const flags = COMMANDS.find(({ name }) => name === invocation.command)?.flags ?? [];
  const decided = foundDecisions(invocation, flags, first, file, backends);
  if (decided.length > 0) emit({ type: 'note', message: wordsOf(decided) });

  const sandbox = await embeddedFor(invocation, first, around);
  try {
    const session = await sessionOver(sandbox);
    return {
      session,
      close: async () => {
        await session.close();
        await sandbox?.close();
      },
    };
  } catch (error) {
    // A server that goes on listening would keep the process alive for ever.
    await sandbox?.close();
    throw error;
  }

  async function sessionOver(embedded: Sandbox | null): Promise<Session> {
    const environment = embedded === null ? process.env : withSandbox(process.env, embedded.variables);
    const settings = embedded === null ? first : resolveWith(environment);
    // A receipt that nobody asked for is written when the process is about to end: too late to ask git.
    const receipt = receiptPath(invocation, settings);
    const build =
      receipt === undefined
        ? metadataFromEnvironment(environment)
        : await readBuildMetadata({ environment, cwd, signal });
    let known: Promise<BuildMetadata> | null = null;
    const receipts = keepReceipts(invocation.command, receipt, settings, { build, decided }, around);
    around.onReceipts(receipts);
    const questions = questionsOn(process, signal);
    return createSession({
      invocation,
      settings,
      config: file,
      environment,
      backends,
      commands: COMMANDS,
      redactor,
      questions,
      confirm: createConfirm(questions),
      build: () => {
        known ??= readBuildMetadata({ environment, cwd, signal });
        return known;
      },
      ctx: { signal, emit, record: trace.record, trace, clock },
      carryOn: receipts.carryOn,
      printNow: around.printNow,
      onCredentials: around.onCredentials,
    });
  }
}

function ignoresFoundConfig({ command }: Invocation): boolean {
  return COMMANDS.some((spec) => spec.name === command && spec.ignoresFoundConfig === true);
}

/** The flags that set no setting, from their variables where they were not given. A list takes one value a line. */
function withVariables(asked: Invocation, environment: Env): Invocation {
  const flags = { ...asked.flags };
  for (const flag of FLAGS) {
    const value = environment[variableOf(flag)] ?? '';
    if (flag.key !== null || flag.type === 'switch' || value === '' || flags[flag.name] !== undefined) continue;
    flags[flag.name] = flag.isList === true ? value.split('\n') : value;
  }
  return { ...asked, flags };
}

/** Throws `LocalIoError` where the working directory has been deleted. */
function workingDirectory(process: Host): string {
  try {
    // Libraries ask for the home directory, and fail where the user has none; nothing of ours is kept there.
    process.env.HOME ??= '/';
    return process.cwd();
  } catch (cause) {
    throw new LocalIoError('the working directory does not exist any more', {
      cause,
      hint: 'change into one that does',
    });
  }
}

/**
 * Where this run's receipt goes; `undefined` for a rehearsal and for commands that keep none. Throws `LocalIoError` for a file that is no
 * receipt: that would be lost.
 */
function receiptPath({ command }: Invocation, { values }: ResolvedSettings): string | undefined {
  const { receipt, dryRun } = values;
  const keepsOne = COMMANDS.some(({ name, flags }) => name === command && flags.includes('receipt'));
  if (receipt === undefined || dryRun === true || !keepsOne) return undefined;
  checkReceiptPath(receipt);
  return receipt;
}

function keepReceipts(
  command: string,
  path: string | undefined,
  settings: ResolvedSettings,
  known: { readonly build: BuildMetadata; readonly decided: readonly FoundDecision[] },
  { clock, redactor, emit }: Surroundings,
): ReceiptKeeper {
  // What sends a file begins a receipt, and the others go on with one.
  const isOwnBeginning = COMMANDS.some(({ name, operands }) => name === command && operands.includes('file'));
  const before = isOwnBeginning && path !== undefined ? receiptAt(path) : null;
  const facts = {
    command,
    isOwnBeginning,
    leftovers: before === null ? [] : unfinishedIn(before),
    ...known,
    version: VERSION,
    startedAt: clock.date().toISOString(),
    environment: settings.values.environment ?? null,
    hostOf: (id: string) => {
      const [address] = backends.find((backend) => backend.id === id)?.addresses ?? [];
      const value = String(settings.backends[id]?.values[address ?? ''] ?? '');
      return URL.canParse(value) ? new URL(value).host : null;
    },
  };
  return createReceiptKeeper(path, facts, redactor, clock.date, emit);
}

/** A sandbox for this one run, where one was asked for. Says so: what looks like a release here is none. */
async function embeddedFor(
  invocation: Invocation,
  settings: ResolvedSettings,
  { emit, trace }: Surroundings,
): Promise<Sandbox | null> {
  if (settings.values.dryRun === true)
    emit({ type: 'warning', code: 'dry-run', message: 'this is a dry run: nothing that writes is sent' });
  if (settings.values.sandbox !== true || invocation.command === 'sandbox') return null;
  const assigned = backends
    .flatMap(({ id, addresses }) => addresses.map((key) => settings.backends[id]?.sources[key] ?? ''))
    .find((source) => source.startsWith('--set '));
  if (assigned !== undefined)
    throw new UsageError(`${assigned} does not go with --sandbox`, { hint: 'leave one of them out' });
  const [{ startSandbox }, { SANDBOX_DEFAULTS }] = await Promise.all([
    import('../../sandbox/server.ts'),
    import('../../sandbox/part.ts'),
  ]);
  const sandbox = await startSandbox(backends, SANDBOX_DEFAULTS, { record: trace.record });
  emit({
    type: 'warning',
    code: 'sandbox',
    message: 'this run uses the embedded sandbox: nothing leaves this machine',
  });
  return sandbox;
}

/** The environment with the sandbox's addresses and credentials in place of any others; nothing on loopback goes through a proxy. */
function withSandbox(environment: Env, variables: Readonly<Record<string, string>>): Env {
  const files = Object.keys(variables).map((name) => [`${name}_FILE`, '']);
  return { ...environment, ...Object.fromEntries(files), ...variables, NO_PROXY: '127.0.0.1', no_proxy: '127.0.0.1' };
}

/** The reports that are written besides what is printed, where any are wanted. */
async function openReportsOf(
  invocation: Invocation,
  settings: SettingValues,
  writeStderr: (text: string) => void,
  { process: { env: environment }, clock, redactor, emit, onReports }: Surroundings,
): Promise<void> {
  const { command, operands } = invocation;
  const flags = COMMANDS.find(({ name }) => name === command)?.flags ?? [];
  const isForRelease = flags.includes('github');
  if (settings.events === undefined && !isForRelease) return;
  const { openReports, warnOfMissing } = await import('../../ci/reports/index.ts');
  const provider = metadataFromEnvironment(environment).provider?.id ?? null;
  const warn = (code: string, message: string) => emit({ type: 'warning', code, message });
  const output = flags.includes('output') ? await outputPath(invocation, settings) : undefined;
  const files = { operands, output, receipt: flags.includes('receipt') ? settings.receipt : undefined };
  const input = { command, isForRelease, settings, files, environment, provider, redactor, clock };
  onReports(openReports({ ...input, writeStderr, warn }));
  warnOfMissing({ ...input, writeStderr, warn });
}

/** Where the output goes, as far as that is known before a server has named it. */
async function outputPath({ command, operands }: Invocation, settings: SettingValues): Promise<string | undefined> {
  const { output, detach } = settings;
  if (detach === true) return undefined;
  if (output !== undefined || command !== 'protect') return output;
  const { protectedPath } = await import('../../run/protect.ts');
  return protectedPath(operands[0] ?? '');
}

/**
 * A live line and colours on a terminal that can show them; plain lines, without an escape code, elsewhere and where colour is unwanted. Events
 * on stderr leave it to warnings and errors: they say the same. Resolves with what writes text on stderr beside them, as it is.
 */
async function chooseRenderer(settings: SettingValues, around: Surroundings): Promise<(text: string) => void> {
  const { process, clock, redactor, stderr } = around;
  const { env } = process;
  const { isCi } = metadataFromEnvironment(env);
  const wantsProgress = settings.noProgress !== true;
  const isQuiet = settings.quiet === true || settings.events === '-';
  // A terminal that says it has no columns would make the live line wrap for ever.
  const isFit = stderr.isTerminal && stderr.raw.columns > 0 && env.TERM !== 'dumb' && !isCi;
  const canPaint = isFit && settings.noColor !== true && (env.NO_COLOR ?? '') === '';
  const live =
    canPaint && wantsProgress && !isQuiet
      ? (await import('../output/render/live-line.ts')).createLiveLine(stderr.raw)
      : null;
  const paint = canPaint ? (await import('../output/render/paint.ts')).createPainter() : (line: string) => line;
  const safe = (text: string) => safeLine(text, redactor);
  const out = { live, safe, writeLine: (text: string) => stderr.write(`${paint(safe(text))}\n`) };
  const renderer = createRenderer(
    out,
    { quiet: isQuiet, verbose: settings.verbose === true, progress: wantsProgress },
    clock.now,
  );
  around.onRenderer(renderer, paint);
  return (text) => (live === null ? stderr.write(text) : live.interrupt(() => stderr.write(text)));
}

import type { SandboxOptions } from '../../contract/backend/sandbox.ts';
import type { Env } from '../../contract/env.ts';
import { UsageError } from '../../contract/errors.ts';
import { SANDBOX_DEFAULTS } from '../../sandbox/part.ts';
import { type Sandbox, startSandbox } from '../../sandbox/server.ts';
import { untilAborted } from '../../transfer/deadline.ts';
import type { CommandResult } from '../line/command.ts';
import type { FlagValues } from '../line/flags.ts';
import type { SandboxVariables } from '../output/command-data.ts';
import { runInside, watchParent } from '../process/run-inside.ts';
import type { Session } from '../session/session.ts';
import { duration } from '../settings/durations.ts';

/**
 * `apptool sandbox`: prints the variables to export, then serves until it is stopped, which is its normal end. With a command: runs it with
 * these variables, and ends with its exit code. The sandbox ends with the process that started it, too.
 */
export async function sandboxCommand(session: Session): Promise<CommandResult<SandboxVariables>> {
  const { flags, operands } = session.invocation;
  if (operands.length > 0 && session.settings.values.json === true)
    throw new UsageError('--json cannot be combined with a command: stdout belongs to the command', {
      hint: 'leave one of them out',
    });
  const options = readOptions(flags);
  const port = readNumber(flags, 'port', 0, 65_535) ?? 0;
  return await untilStopped(session, async (signal) => {
    const sandbox = await startSandbox(session.backends, options, { port, record: session.ctx.record });
    try {
      if (operands.length > 0) return await runCommand(session, operands, sandbox.variables, signal);
      return await serve(session, sandbox, signal);
    } finally {
      await sandbox.close();
    }
  });
}

async function serve(
  session: Session,
  { variables, apiOrigin }: Sandbox,
  signal: AbortSignal,
): Promise<CommandResult<SandboxVariables>> {
  const exports = Object.entries(variables).map(([name, value]) => `export ${name}=${value}`);
  const result = { text: exports.join('\n'), data: { variables: { ...variables } } };
  session.printNow(result);
  session.ctx.emit({ type: 'serving', address: apiOrigin });
  await untilAborted(signal);
  return result;
}

async function runCommand(
  session: Session,
  command: readonly string[],
  variables: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<CommandResult<SandboxVariables>> {
  const env = insideEnvironment(session.environment, variables);
  const exitCode = await runInside(command, env, signal);
  return { text: null, exitCode };
}

/** With a signal that is aborted when the run is stopped, or the process that started it has ended. */
async function untilStopped<T>({ ctx, parentPid }: Session, use: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const orphaned = new AbortController();
  const unwatch = watchParent(parentPid, ctx.clock, () => orphaned.abort());
  try {
    return await use(AbortSignal.any([ctx.signal, orphaned.signal]));
  } finally {
    unwatch();
  }
}

/** The environment with the addresses and credentials of the sandbox in place of any others. What else the command reaches goes as before. */
function insideEnvironment(environment: Env, variables: Readonly<Record<string, string>>): Env {
  const files = Object.keys(variables).map((name) => [`${name}_FILE`, '']);
  const direct = [environment.no_proxy || environment.NO_PROXY, '127.0.0.1'].filter(Boolean).join(',');
  return { ...environment, ...Object.fromEntries(files), ...variables, NO_PROXY: direct, no_proxy: direct };
}

function readOptions(flags: FlagValues): SandboxOptions {
  const { result } = flags;
  if (result !== undefined && result !== 'completed' && result !== 'failed')
    throw new UsageError('--result must be completed or failed');
  return {
    ...SANDBOX_DEFAULTS,
    processingMs: readDuration(flags, 'processing-time') ?? SANDBOX_DEFAULTS.processingMs,
    appearMs: readDuration(flags, 'appear-time') ?? SANDBOX_DEFAULTS.appearMs,
    result: result ?? SANDBOX_DEFAULTS.result,
    concurrencyLimit: readNumber(flags, 'concurrency-limit', 0, 1000) ?? SANDBOX_DEFAULTS.concurrencyLimit,
    weeklyLimit: readNumber(flags, 'weekly-limit', 0, 1000) ?? SANDBOX_DEFAULTS.weeklyLimit,
  };
}

/** Of a job in the sandbox. */
const TIME = duration('0s', '24h', '30s');

function readDuration(flags: FlagValues, name: string): number | null {
  const given = flags[name];
  if (given === undefined) return null;
  const parsed = TIME.safeParse(given);
  if (!parsed.success) throw new UsageError(`--${name} ${parsed.error.issues[0]?.message}`);
  return parsed.data;
}

function readNumber(flags: FlagValues, name: string, least: number, most: number): number | null {
  const given = flags[name];
  if (given === undefined) return null;
  const value = /^\d{1,5}$/.test(String(given)) ? Number(given) : Number.NaN;
  if (!(value >= least && value <= most))
    throw new UsageError(`--${name} must be a whole number from ${least} to ${most}`);
  return value;
}

import type { SandboxOptions } from '../../contract/backend/sandbox.ts';
import { UsageError } from '../../contract/errors.ts';
import { SANDBOX_DEFAULTS } from '../../sandbox/part.ts';
import { startSandbox } from '../../sandbox/server.ts';
import { untilAborted } from '../../transfer/deadline.ts';
import type { CommandResult } from '../line/command.ts';
import type { FlagValues } from '../line/flags.ts';
import type { SandboxVariables } from '../output/command-data.ts';
import type { Session } from '../session/session.ts';
import { parseDuration } from '../settings/durations.ts';

/** `apptool sandbox`: prints the variables to export, then serves until it is stopped, which is its normal end. */
export async function sandboxCommand(session: Session): Promise<CommandResult<SandboxVariables>> {
  const { flags } = session.invocation;
  const options = readOptions(flags);
  const port = readNumber(flags, 'port', 0, 65_535) ?? 0;
  const sandbox = await startSandbox(session.backends, options, { port, record: session.ctx.record });
  try {
    const { variables } = sandbox;
    const exports = Object.entries(variables).map(([name, value]) => `export ${name}=${value}`);
    const result = { text: exports.join('\n'), data: { variables: { ...variables } } };
    session.printNow(result);
    session.ctx.emit({ type: 'serving', address: sandbox.apiOrigin });
    await untilAborted(session.ctx.signal);
    return result;
  } finally {
    await sandbox.close();
  }
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

function readDuration(flags: FlagValues, name: string): number | null {
  const given = flags[name];
  if (given === undefined) return null;
  const value = parseDuration(String(given));
  if (value === null) throw new UsageError(`--${name} must be a duration, for example 30s`);
  return value;
}

function readNumber(flags: FlagValues, name: string, least: number, most: number): number | null {
  const given = flags[name];
  if (given === undefined) return null;
  const value = /^\d{1,5}$/.test(String(given)) ? Number(given) : Number.NaN;
  if (!(value >= least && value <= most))
    throw new UsageError(`--${name} must be a whole number from ${least} to ${most}`);
  return value;
}

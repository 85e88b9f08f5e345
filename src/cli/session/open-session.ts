import { metadataFromEnvironment } from '../../ci/build/metadata-from-environment.ts';
import { readBuildMetadata } from '../../ci/build/read-build-metadata.ts';
import type { BuildMetadata } from '../../contract/build-metadata.ts';
import type { Env } from '../../contract/env.ts';
import { UsageError } from '../../contract/errors.ts';
import type { RunContext } from '../../run/journal/journal.ts';
import type { Sandbox } from '../../sandbox/server.ts';
import type { CommandResult, CommandSpec } from '../line/command.ts';
import { createConfirm } from '../process/confirm.ts';
import { questionsOn } from '../process/questions.ts';
import { isSet, sourceText } from '../settings/source.ts';
import { createSession, type Session } from './session.ts';
import type { Settled } from './settle.ts';
import type { Shell } from './shell.ts';

/** What a command works with besides what was settled. */
export interface Around {
  readonly shell: Shell;
  /** apptool's own commands. */
  readonly commands: readonly CommandSpec[];
  readonly ctx: RunContext;
  readonly printNow: (result: CommandResult) => void;
}

/** What the command works with; starts the embedded sandbox where one is wanted. To be closed in every case. */
export async function openSession(settled: Settled, around: Around): Promise<Session> {
  const sandbox = await embeddedFor(settled, around.ctx);
  try {
    const session = sessionOver(sandbox, settled, around);
    return {
      ...session,
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
}

function sessionOver(
  sandbox: Sandbox | null,
  { backends, invocation, config, env, cwd, settings, settingsWith }: Settled,
  { shell: { process, redactor }, commands, ctx, printNow }: Around,
): Session {
  const environment = sandbox === null ? env : withSandbox(env, sandbox.variables);
  // Some CIs give a job a terminal (buildkite.com/docs/agent/self-hosted/configure, no-pty), but nobody sits at it.
  const questions = metadataFromEnvironment(environment).isCi ? () => null : questionsOn(process, ctx.signal);
  let known: Promise<BuildMetadata> | null = null;
  return createSession({
    invocation,
    settings: sandbox === null ? settings : settingsWith(environment),
    settingsOver: (held) => settingsWith(environment, held),
    config,
    environment,
    backends,
    commands,
    redactor,
    stdin: () => process.stdin,
    questions,
    confirm: createConfirm(questions),
    build: () => {
      known ??= readBuildMetadata({ environment, cwd, signal: ctx.signal });
      return known;
    },
    pid: process.pid,
    parentPid: () => process.ppid,
    ctx,
    printNow,
  });
}

/** A sandbox for this one run, where one was asked for. Says so: what looks like a release here is none. */
async function embeddedFor(
  { backends, spec, settings }: Settled,
  { emit, record }: RunContext,
): Promise<Sandbox | null> {
  if (settings.values.dryRun === true)
    emit({ type: 'warning', code: 'dry-run', message: 'this is a dry run: nothing that writes is sent' });
  if (settings.values.sandbox !== true || spec.name === 'sandbox') return null;
  const assigned = backends
    .flatMap(({ id, addresses }) => addresses.map((key) => settings.backends[id]?.sources[key]))
    .find(isSet);
  if (assigned !== undefined)
    throw new UsageError(`${sourceText(assigned)} does not go with --sandbox`, { hint: 'leave one of them out' });
  const [{ startSandbox }, { SANDBOX_DEFAULTS }] = await Promise.all([
    import('../../sandbox/server.ts'),
    import('../../sandbox/part.ts'),
  ]);
  const sandbox = await startSandbox(backends, SANDBOX_DEFAULTS, { record });
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

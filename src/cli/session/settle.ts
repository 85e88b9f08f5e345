import type { BackendDefinition } from '../../contract/backend/definition.ts';
import type { Env } from '../../contract/env.ts';
import { LocalIoError, UsageError } from '../../contract/errors.ts';
import type { CommandSpec, Invocation } from '../line/command.ts';
import { FLAGS, variableOf } from '../line/flags.ts';
import type { Host } from '../process/host.ts';
import { readVariables } from '../process/variables.ts';
import { type ConfigFile, findConfig, NO_CONFIG, readNamedConfig } from '../settings/config/config-file.ts';
import { type ResolvedSettings, readSwitch, resolveSettings } from '../settings/resolve-settings.ts';
import { slipsIn } from '../settings/variable-names.ts';
import { type FoundDecision, foundDecisions } from './found-decisions.ts';
import { filesRead, warningsOfLinks } from './linked-files.ts';
import { readValueFile } from './session.ts';

/** What was asked, and what holds for it: before anything is opened, and before anything is told. */
export interface Settled {
  readonly backends: readonly BackendDefinition[];
  readonly spec: CommandSpec;
  readonly invocation: Invocation;
  readonly config: ConfigFile | null;
  readonly settings: ResolvedSettings;
  /** The settings with other variables. */
  readonly settingsWith: (environment: Env, config?: ConfigFile | null) => ResolvedSettings;
  readonly env: Env;
  readonly cwd: string;
  /** What there is to say of the config. */
  readonly warnings: readonly { readonly code: string; readonly message: string }[];
  /** What a config decides of a release that nobody named. */
  readonly decided: readonly FoundDecision[];
}

/** The first stage of a run: reads config, variables and flags. Throws `UsageError`, `PolicyError` or `LocalIoError`. */
export async function settle(
  spec: CommandSpec,
  asked: Invocation,
  process: Host,
  backends: readonly BackendDefinition[],
): Promise<Settled> {
  const cwd = workingDirectory(process);
  const variables = readVariables(process.env);
  const given = withVariables(asked, variables);
  const { config: path } = given.flags;
  const { file, warnings } =
    typeof path === 'string'
      ? { file: await readNamedConfig(path, cwd), warnings: [] }
      : await (spec.config === 'named' ? NO_CONFIG : findConfig(cwd));
  const typed = { invocation: given, env: variables, config: file, backends };
  const { invocation, env, config } = (await spec.standsFor?.(typed)) ?? typed;
  const settingsWith = (environment: Env, held: ConfigFile | null = config): ResolvedSettings =>
    resolveSettings({
      flags: invocation.flags,
      environment,
      config: held,
      backends,
      readValueFile: (name) => readValueFile(name, cwd),
    });
  const settings = settingsWith(env);
  const ofLinks = warningsOfLinks(filesRead(invocation, settings, backends), cwd);
  return {
    backends,
    spec,
    invocation,
    config,
    settings,
    settingsWith,
    env,
    cwd,
    warnings: [
      ...warnings,
      ...slipsIn(env, backends).map((message) => ({ code: 'unknown-variable', message })),
      ...ofLinks.map((message) => ({ code: 'linked-file', message })),
    ],
    decided: foundDecisions(spec, invocation, settings, config, backends),
  };
}

/** The flags that set no setting, from their variables where they were not given. A list takes one value a line. */
function withVariables(asked: Invocation, environment: Env): Invocation {
  const flags = { ...asked.flags };
  for (const flag of FLAGS) {
    const value = environment[variableOf(flag)] ?? '';
    if (flag.key !== null || value === '' || flags[flag.name] !== undefined) continue;
    if (flag.type === 'switch') {
      if (!STEERING.includes(flag.name) && isOn(variableOf(flag), value)) flags[flag.name] = true;
    } else flags[flag.name] = flag.isList === true ? value.split('\n') : value;
  }
  return { ...asked, flags };
}

/** Those that are over when a command is read. */
const STEERING = ['version', 'help'];

function isOn(variable: string, value: string): boolean {
  const is = readSwitch(value);
  if (is === null) throw new UsageError(`${variable} expected true or false`);
  return is;
}

/** Throws `LocalIoError` where the working directory has been deleted. */
function workingDirectory(process: Host): string {
  try {
    return process.cwd();
  } catch (cause) {
    throw new LocalIoError('the working directory no longer exists', {
      cause,
      hint: 'change to a directory that exists',
    });
  }
}

import type { BackendDefinition } from '../../contract/backend/definition.ts';
import { type Parsed, parseCommandLine, SecretOnLine } from '../line/program.ts';
import { inOurSpelling } from '../line/spellings.ts';
import { VERSION } from '../process/version.ts';
import { backendCommands } from './backend/backend-commands.ts';
import type { Command } from './command.ts';
import { COMMANDS } from './index.ts';

/** What a command line asks for, of the backends that come with apptool for `null`. Rejects with `UsageError` for what it cannot be. */
export async function readCommandLine(
  given: readonly string[],
  backends: readonly BackendDefinition[] | null,
): Promise<Parsed<Command>> {
  const argv = inOurSpelling(given);
  try {
    return await parseWithHelp(argv, backends);
  } catch (error) {
    throw error instanceof SecretOnLine ? await namingVariables(error, argv, backends) : error;
  }
}

async function parseWithHelp(
  argv: readonly string[],
  backends: readonly BackendDefinition[] | null,
): Promise<Parsed<Command>> {
  const commands = [...COMMANDS, ...(await backendCommands(backends))];
  const withTexts = async (): Promise<Parsed<Command>> => {
    const { settingTexts } = await import('../line/setting-texts.ts');
    return parseCommandLine(argv, commands, VERSION, await settingTexts());
  };
  // Read once where it is plain what is asked for.
  if (argv.length === 0 || argv.includes('--help') || argv.includes('-h')) return await withTexts();
  const parsed = parseCommandLine(argv, commands, VERSION);
  return parsed.type === 'help' || parsed.type === 'no-command' ? await withTexts() : parsed;
}

async function namingVariables(
  error: SecretOnLine,
  argv: readonly string[],
  given: readonly BackendDefinition[] | null,
): Promise<SecretOnLine> {
  const backends = given ?? (await import('../../backends/index.ts')).backends;
  const { secretVariables } = await import('../line/secret-variables.ts');
  return error.naming(secretVariables(argv, backends));
}

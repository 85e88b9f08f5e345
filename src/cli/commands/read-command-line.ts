import type { BackendDefinition } from '../../contract/backend/definition.ts';
import { UsageError } from '../../contract/errors.ts';
import { UnknownCommand } from '../line/mistakes/commands.ts';
import { SecretOnLine } from '../line/mistakes/options.ts';
import { type Parsed, parseCommandLine, withoutWords } from '../line/program.ts';
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
    if (error instanceof SecretOnLine) throw await namingVariables(error, argv, backends);
    throw error instanceof UnknownCommand ? await namingBackend(error, backends) : error;
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
  const words = withoutWords(argv);
  if (words.length === 0 || words.includes('--help') || words.includes('-h')) return await withTexts();
  const parsed = parseCommandLine(argv, commands, VERSION);
  return parsed.type === 'help' || parsed.type === 'no-command' ? await withTexts() : parsed;
}

async function namingVariables(
  error: SecretOnLine,
  argv: readonly string[],
  given: readonly BackendDefinition[] | null,
): Promise<SecretOnLine> {
  const backends = await backendsOr(given);
  const { secretVariables } = await import('../line/secret-variables.ts');
  return error.naming(secretVariables(argv, backends));
}

/** A backend that has no commands of its own is no command. */
async function namingBackend(error: UnknownCommand, given: readonly BackendDefinition[] | null): Promise<UsageError> {
  const found = (await backendsOr(given)).find(({ id }) => id === error.word.toLowerCase());
  if (found === undefined || (found.commands ?? []).length > 0) return error;
  return new UsageError(`${found.id} has no commands of its own`, { next: { do: 'upload', backend: found.id } });
}

async function backendsOr(given: readonly BackendDefinition[] | null): Promise<readonly BackendDefinition[]> {
  return given ?? (await import('../../backends/index.ts')).backends;
}

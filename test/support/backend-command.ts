import type { BackendDefinition, CommandInput, CommandOutput } from '../../src/backends/definition.ts';
import type { TestContext } from './context.ts';
import { openInput } from './open-backend.ts';

export type CommandAsk = Partial<Pick<CommandInput<never>, 'operands' | 'flags' | 'limit' | 'dryRun'>>;

/** Runs a backend's own command as the command line does, without its rendering. */
export async function runBackendCommand(
  definition: BackendDefinition,
  variables: Readonly<Record<string, string>>,
  name: string,
  asked: CommandAsk,
  ctx: TestContext,
): Promise<CommandOutput> {
  const command = definition.commands?.find((one) => one.name === name);
  if (command === undefined) throw new Error(`no command ${name}`);
  const usual = { operands: [], flags: {}, limit: 50, dryRun: false };
  return await command.run({ ...openInput(definition, variables), ...usual, ...asked } as never, ctx);
}

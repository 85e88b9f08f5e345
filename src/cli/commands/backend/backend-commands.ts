import type { BackendDefinition } from '../../../contract/backend/definition.ts';
import type { BackendCommandText, Command } from '../command.ts';

/** The build puts the texts here, so that the command line is read without loading the backends. */
declare const BUILT_BACKEND_COMMANDS: string | undefined;

/** The commands that only one backend has, each below its id; of the backends that come with apptool for `null`. */
export async function backendCommands(backends: readonly BackendDefinition[] | null): Promise<readonly Command[]> {
  const texts = await textsOf(backends);
  return texts.map(({ backend, ...spec }) => ({
    ...spec,
    run: async (session) => (await import('./backend-command.ts')).backendCommand(session, backend),
  }));
}

async function textsOf(given: readonly BackendDefinition[] | null): Promise<readonly BackendCommandText[]> {
  if (given === null && typeof BUILT_BACKEND_COMMANDS !== 'undefined') return JSON.parse(BUILT_BACKEND_COMMANDS);
  const backends = given ?? (await import('../../../backends/index.ts')).backends;
  return (await import('./backend-command-texts.ts')).backendCommandTexts(backends);
}

import type { BackendCommandText, Command } from '../command.ts';

/** The build puts the texts here, so that the command line is read without loading the backends. */
declare const BUILT_BACKEND_COMMANDS: readonly BackendCommandText[] | undefined;

/** The commands that only one backend has, each below its id. */
export async function backendCommands(): Promise<readonly Command[]> {
  const texts =
    typeof BUILT_BACKEND_COMMANDS === 'undefined'
      ? (await import('./backend-command-texts.ts')).backendCommandTexts()
      : BUILT_BACKEND_COMMANDS;
  return texts.map(({ backend, ...spec }) => ({
    ...spec,
    run: async (session) => (await import('./backend-command.ts')).backendCommand(session, backend),
  }));
}

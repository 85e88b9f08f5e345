import type { BackendDefinition } from '../../../contract/backend/definition.ts';
import type { BackendCommandText } from '../command.ts';

/** Reads the texts out of the backends' definitions. */
export function backendCommandTexts(backends: readonly BackendDefinition[]): readonly BackendCommandText[] {
  return backends.flatMap(({ id, commands = [] }) =>
    commands.map(({ name, operands, flags, summary, example, destroys }) => ({
      backend: id,
      name: `${id} ${name}`,
      operands,
      flags: destroys === undefined ? flags : [...flags, 'yes'],
      summary,
      example,
    })),
  );
}

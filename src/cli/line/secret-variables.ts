import type { BackendDefinition } from '../../contract/backend/definition.ts';

/**
 * The variables that hold the credentials of the backends that a command line means: those that it names, in a flag, a job or a command;
 * where it names no backend, of the one that protects where `protect` is asked for.
 */
export function secretVariables(argv: readonly string[], backends: readonly BackendDefinition[]): string[] {
  const words = argv.flatMap((argument) => argument.split(/[=,:]/));
  const named = backends.filter(({ id }) => words.some((word) => word === id || word.startsWith(`--${id}-`)));
  const protector = backends.find(({ capabilities }) => capabilities.protects);
  const meant = named.length > 0 ? named : argv.includes('protect') && protector !== undefined ? [protector] : [];
  return meant.flatMap(({ credentials }) => credentials.map(({ variable }) => variable));
}

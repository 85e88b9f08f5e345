import { ArchiveProblem } from './zip/archive-file.ts';

/** Throws `ArchiveProblem` for an id that would steer a terminal or break a line. */
export function refuseControlCharacters(what: 'package name' | 'bundle id', id: string | null): void {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
  if (id !== null && /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/.test(id))
    throw new ArchiveProblem(`${what} has control characters: ${id.slice(0, 200)}`);
}

import type { CommandInput } from '../../../contract/backend/definition.ts';

/** The flags that have a text. */
export function textFlags({ flags }: Pick<CommandInput<unknown>, 'flags'>): Readonly<Partial<Record<string, string>>> {
  return Object.fromEntries(
    Object.entries(flags).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}

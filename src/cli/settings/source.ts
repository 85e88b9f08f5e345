/** Where the value of a setting came from. `at` is `file:line:column`. */
export type Source =
  | { readonly from: 'flag' | 'set' | 'variable'; readonly name: string }
  | { readonly from: 'config'; readonly at: string }
  | { readonly from: 'default' };

export const DEFAULT: Source = { from: 'default' };

/** Whether somebody gave it. */
export function isGiven(source: Source = DEFAULT): boolean {
  return source.from !== 'default';
}

/** Whether it was given on this command line, as a flag of its own. */
export function isFlag(source: Source = DEFAULT): boolean {
  return source.from === 'flag';
}

/** Whether `--set` has given it. */
export function isSet(source: Source = DEFAULT): boolean {
  return source.from === 'set';
}

/** As `config show` has it: `--timeout`, `APPTOOL_TIMEOUT`, `apptool.config.json:3:5` or `default`. */
export function sourceText(source: Source = DEFAULT): string {
  if (source.from === 'default') return 'default';
  return source.from === 'config' ? source.at : source.name;
}

/** The beginning of a message about a value: what it was given with, or its key in the config. */
export function subjectOf(source: Source | undefined, key: string): string {
  if (source === undefined || source.from === 'default') return key;
  return source.from === 'config' ? `${source.at}: ${key}:` : source.name;
}

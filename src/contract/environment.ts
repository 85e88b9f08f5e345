/** The spellings of AppTego's configuration versions, "case-insensitive": Automation API, "Request Body". */
const CANONICAL: ReadonlyMap<string, string> = new Map([
  ['dev', 'development'],
  ['development', 'development'],
  ['stg', 'staging'],
  ['staging', 'staging'],
  ['prod', 'production'],
  ['production', 'production'],
]);

/** `development`, `staging` or `production` by any of its spellings; `null` for what is none. */
export function canonicalEnvironment(name: string): string | null {
  return CANONICAL.get(name.toLowerCase()) ?? null;
}

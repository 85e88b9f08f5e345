/** The names of an environment, as `--environment` takes them, by what they stand for. */
const ENVIRONMENTS: Readonly<Record<string, string>> = {
  dev: 'development',
  development: 'development',
  stg: 'staging',
  staging: 'staging',
  prod: 'production',
  production: 'production',
};

/** What a name stands for, in any case; `undefined` for one that is none of these. */
export function canonicalEnvironment(name: string | undefined): string | undefined {
  return ENVIRONMENTS[name?.toLowerCase() ?? ''];
}

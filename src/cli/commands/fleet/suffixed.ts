import type { BackendDefinition, CredentialSpec } from '../../../contract/backend/definition.ts';
import type { Env } from '../../../contract/env.ts';

/** The variables of an app, and which of them are its own. */
export interface SuffixedVariables {
  readonly env: Env;
  /** As they are set: `<VARIABLE>_<SUFFIX>`. */
  readonly own: readonly string[];
}

/**
 * The environment as it holds for an app: `<VARIABLE>_<SUFFIX>` takes the place of `<VARIABLE>`, for credentials and settings of every backend.
 * Where an app has a credential of its own at a backend that takes one of several, the others of that backend are not its own and go: it would
 * be sent to the app of somebody else.
 */
export function suffixedVariables(environment: Env, suffix: string, backends: readonly BackendDefinition[]): SuffixedVariables {
  const env: Record<string, string | undefined> = { ...environment };
  const own: string[] = [];
  const isGiven = (name: string) => (environment[name] ?? '') !== '';
  /** Takes what is set with the suffix, in the order in which the plain ones are looked at. */
  const take = (names: readonly string[]): boolean => {
    const all = names.flatMap((name) => [
      { plain: name, set: `${name}_${suffix}` },
      { plain: `${name}_FILE`, set: `${name}_FILE_${suffix}` },
      { plain: `${name}_FILE`, set: `${name}_${suffix}_FILE` },
    ]);
    const given = all.filter(({ set }) => isGiven(set));
    if (given.length === 0) return false;
    for (const { plain } of all) env[plain] = '';
    for (const { plain, set } of given) {
      env[plain] = environment[set];
      own.push(set);
    }
    return true;
  };
  for (const { credentials, commands = [], variables } of backends) {
    const taken = credentials.filter((spec) => take(namesOf(spec)));
    if (taken.length > 0)
      for (const spec of credentials)
        if (spec.isOptional === true && !taken.includes(spec)) for (const name of namesOf(spec)) clear(name);
    for (const spec of commands.flatMap(({ credentials: more = [] }) => more)) take(namesOf(spec));
    for (const name of Object.values(variables)) if (name !== undefined) take([name]);
  }
  return { env, own: [...new Set(own)] };

  function clear(name: string): void {
    env[name] = '';
    env[`${name}_FILE`] = '';
  }
}

function namesOf({ variable, fallback }: CredentialSpec): string[] {
  return [variable, ...(fallback === undefined ? [] : [fallback])];
}

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
 * Where an app has a credential of its own at a backend that takes one of several, the others of that backend are not its own and go: its file
 * would be sent to the app of somebody else.
 */
export function suffixedVariables(
  environment: Env,
  suffix: string,
  backends: readonly BackendDefinition[],
): SuffixedVariables {
  const changes = backends.flatMap((backend) => changesFor(backend, environment, suffix));
  const values = changes.map(({ plain, set }) => [plain, set === null ? '' : environment[set]]);
  const own = changes.flatMap(({ set }) => set ?? []);
  return { env: { ...environment, ...Object.fromEntries(values) }, own: [...new Set(own)] };
}

/** A plain variable that gets the value of another, or none. */
interface Change {
  readonly plain: string;
  readonly set: string | null;
}

function changesFor(
  { credentials, commands = [], variables }: BackendDefinition,
  environment: Env,
  suffix: string,
): Change[] {
  const take = (names: readonly string[]) => taken(names, environment, suffix);
  const others = commands.flatMap((command) => command.credentials ?? []).map(namesOf);
  const settings = Object.values(variables).flatMap((name) => (name === undefined ? [] : [[name]]));
  const isOwn = credentials.some((spec) => take(namesOf(spec)).length > 0);
  const left = credentials.filter((spec) => isOwn && spec.isOptional === true && take(namesOf(spec)).length === 0);
  return [
    ...credentials.flatMap((spec) => take(namesOf(spec))),
    ...left.flatMap((spec) => cleared(namesOf(spec))),
    ...[...others, ...settings].flatMap(take),
  ];
}

/** What is set with the suffix takes the place of all that is set without. */
function taken(names: readonly string[], environment: Env, suffix: string): Change[] {
  const given = names
    .flatMap((name) => [
      { plain: name, set: `${name}_${suffix}` },
      { plain: `${name}_FILE`, set: `${name}_FILE_${suffix}` },
      { plain: `${name}_FILE`, set: `${name}_${suffix}_FILE` },
    ])
    .filter(({ set }) => (environment[set] ?? '') !== '');
  return given.length === 0 ? [] : [...cleared(names), ...given];
}

function cleared(names: readonly string[]): Change[] {
  return names.flatMap((name) => [name, `${name}_FILE`]).map((plain) => ({ plain, set: null }));
}

function namesOf({ variable, fallback }: CredentialSpec): string[] {
  return [variable, ...(fallback === undefined ? [] : [fallback])];
}

import type { BackendDefinition, CredentialSpec } from '../../contract/backend/definition.ts';
import type { Env } from '../../contract/env.ts';
import { editDistance } from '../../contract/text/suggest.ts';
import { FLAGS, variableOf } from '../line/flags.ts';
import { FLAGS_ELSEWHERE, NO_SETTINGS } from '../line/mistakes/names-elsewhere.ts';

const FURTHEST_SLIP = 2;
const LEAST_SEGMENTS = 2;
const PREFIX = 'APPTOOL_';
/** What the recipes set for themselves, and what a run hands to the next stage. */
const NOT_READ = /^APPTOOL_(?:RESULT(?:_.*)?|URL|INTEGRITY|NPMRC|HOME)$/;
/** A word of the name that is about a secret. */
const IS_SECRET =
  /(?:^|-)(?:api-?keys?|keys?|tokens?|secrets?|passwords?|passphrase|credentials?|auth|login|pass|pwd)(?:-|$)/;
/** What people add to a name: what its value is. */
const KIND_OF_VALUE = /_(?:FILE|PATH|NAME|VALUE|MS|SEC|SECS|SECONDS|MIN|MINUTES|DURATION)$/;

/** What to say of variables that are nearly, but not, the names of ours: whoever set one waits in vain for what it does. */
export function slipsIn(environment: Env, backends: readonly BackendDefinition[]): readonly string[] {
  const known = FLAGS.map(variableOf);
  return Object.keys(environment).flatMap((name) => {
    const isOther = !name.toUpperCase().startsWith(PREFIX) || known.includes(name) || NOT_READ.test(name);
    if (isOther || (environment[name] ?? '') === '') return [];
    const said = whatIsMeant(name.toUpperCase(), known, backends);
    return said === null ? [] : `the variable ${name} is ignored${said}`;
  });
}

/** By its letters, by the name of a backend's variable behind the prefix, by what it is called elsewhere, or as something secret. */
function whatIsMeant(name: string, known: readonly string[], backends: readonly BackendDefinition[]): string | null {
  const meant =
    nearestName(name, known) ?? variableOfBackend(name, backends) ?? sameElsewhere(name) ?? withoutKind(name, known);
  if (meant !== null) return `; did you mean ${meant}?`;
  const word = wordOf(name);
  if (IS_SECRET.test(word)) {
    const [example = ''] = backends.flatMap(({ credentials }) => credentials.map(({ variable }) => variable));
    return `: each backend has variables of its own for its credentials, such as ${example}; apptool backends lists them`;
  }
  const advice = NO_SETTINGS[word];
  return advice === undefined ? null : `: ${advice}`;
}

/** `POLL_INTERVAL` as a flag is spelt. */
function wordOf(name: string): string {
  return name.slice(PREFIX.length).toLowerCase().replaceAll('_', '-');
}

function variableOfBackend(name: string, backends: readonly BackendDefinition[]): string | null {
  const rest = name.slice(PREFIX.length);
  const variables = backends.flatMap(({ credentials, variables: settings }) => [
    ...credentials.flatMap(({ variable, fallback = variable }) => [variable, fallback]),
    ...Object.values(settings).filter((variable) => variable !== undefined),
  ]);
  const all = variables.flatMap((variable) => [variable, `${variable}_FILE`]);
  return all.find((variable) => variable === rest) ?? null;
}

function sameElsewhere(name: string): string | null {
  const same = FLAGS_ELSEWHERE[wordOf(name)];
  const flag = FLAGS.find((candidate) => candidate.name === same);
  return flag === undefined ? null : variableOf(flag);
}

function withoutKind(name: string, known: readonly string[]): string | null {
  const shorter = name.replace(KIND_OF_VALUE, '');
  if (shorter === name || shorter.length <= PREFIX.length) return null;
  return known.includes(shorter) ? shorter : sameElsewhere(shorter);
}

/** A variable that is set and nearly called like a credential: `APPTEGO_APIKEY`, `APPTEGO_KEY`. `null` where there is none. */
export function slipOfCredential({ variable, fallback }: CredentialSpec, environment: Env): string | null {
  const names = [variable, ...(fallback === undefined ? [] : [fallback])].flatMap((name) => [name, `${name}_FILE`]);
  const isNear = (name: string): boolean =>
    (environment[name] ?? '') !== '' && !names.includes(name) && isSlipOf(name.toUpperCase(), variable);
  return Object.keys(environment).find(isNear) ?? null;
}

function nearestName(name: string, known: readonly string[]): string | null {
  const near = known.map((candidate) => ({ candidate, distance: editDistance(name, candidate) }));
  const [best] = near.sort((a, b) => a.distance - b.distance);
  if (best === undefined) return null;
  // A short word is soon near another one.
  const furthest = Math.min(FURTHEST_SLIP, Math.max(1, Math.floor((best.candidate.length - PREFIX.length) / 4)));
  return best.distance <= furthest ? best.candidate : null;
}

/** Letters that were swapped or lost, or words of the name that were left out. */
function isSlipOf(name: string, variable: string): boolean {
  if (editDistance(name, variable) <= FURTHEST_SLIP) return true;
  const [given, wanted] = [name.split('_'), variable.split('_')];
  let at = 0;
  for (const segment of wanted) if (segment === given[at]) at += 1;
  return at === given.length && given.length >= LEAST_SEGMENTS && given[0] === wanted[0];
}

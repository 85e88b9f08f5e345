import type { CredentialSpec } from '../../contract/backend/definition.ts';
import type { Env } from '../../contract/env.ts';
import { editDistance } from '../../contract/text/suggest.ts';
import { FLAGS, variableOf } from '../line/flags.ts';

const FURTHEST_SLIP = 2;
const LEAST_SEGMENTS = 2;
const PREFIX = 'APPTOOL_';

/** What to say of variables that are nearly, but not, the names of ours: whoever set one waits in vain for what it does. */
export function slipsIn(environment: Env): readonly string[] {
  const known = FLAGS.map(variableOf);
  return Object.keys(environment).flatMap((name) => {
    if (!name.toUpperCase().startsWith(PREFIX) || known.includes(name) || (environment[name] ?? '') === '') return [];
    const meant = nearestName(name.toUpperCase(), known);
    return meant === null ? [] : `the variable ${name} is ignored; did you mean ${meant}?`;
  });
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

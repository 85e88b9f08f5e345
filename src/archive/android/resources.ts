import { type Configuration, isBetterForDevice, isForDevice } from './configuration.ts';
import type { ResValue } from './res-chunks.ts';

/** One value of a resource, and the devices that it is for. */
export interface ResourceCandidate extends Configuration {
  readonly value: ResValue;
}

/** All values of a resource, by its id. */
export type ResourceLookup = (id: number) => Promise<readonly ResourceCandidate[]>;

const LONGEST_CHAIN = 8;
/** How many resources one value may lead to; an honest one leads to two or three. */
const MOST_RESOURCES = 32;
/** `DENSITY_ANY` and `DENSITY_NONE` of ResourceTypes.h: for any screen at all, such as an adaptive icon. */
const ANY_DENSITY = 0xfffe;

/**
 * What a value comes to for the device that aapt2 reads a manifest for: the newest Android, in no language in particular. References are
 * followed.
 */
export async function resolve(value: ResValue | undefined, lookup: ResourceLookup): Promise<ResValue | undefined> {
  return await follow(value, lookup, (candidates) => {
    const fitting = candidates.filter(isForDevice);
    // As aapt2: of two for the same devices the last one counts.
    return fitting.reduce<ResourceCandidate | undefined>(
      (best, next) => (best === undefined || !isBetterForDevice(best, next) ? next : best),
      undefined,
    );
  });
}

/** As `resolve`, for the sharpest of several pictures. */
export async function resolveSharpest(
  value: ResValue | undefined,
  lookup: ResourceLookup,
): Promise<ResValue | undefined> {
  return await follow(value, lookup, (candidates) => {
    const [first, ...others] = candidates.filter(({ isAnyLanguage }) => isAnyLanguage);
    return first && others.reduce((best, next) => (sharpness(next) > sharpness(best) ? next : best), first);
  });
}

/**
 * All that a value may come to, on whatever device: references are followed through every value of a resource. One that leads nowhere
 * stands for itself.
 */
export async function resolveAll(value: ResValue | undefined, lookup: ResourceLookup): Promise<readonly ResValue[]> {
  const found: ResValue[] = [];
  const seen = new Set<number>();
  const open = value === undefined ? [] : [value];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (next.type !== 'reference' || next.id === 0 || seen.size === MOST_RESOURCES) found.push(next);
    else if (!seen.has(next.id)) {
      seen.add(next.id);
      const candidates = await lookup(next.id);
      if (candidates.length === 0) found.push(next);
      open.push(...candidates.map((candidate) => candidate.value));
    }
  }
  return found;
}

/** `choose` finds the one that fits; where it finds none, the first one has to do. */
async function follow(
  value: ResValue | undefined,
  lookup: ResourceLookup,
  choose: (candidates: readonly ResourceCandidate[]) => ResourceCandidate | undefined,
): Promise<ResValue | undefined> {
  let current = value;
  for (let step = 0; current?.type === 'reference' && step < LONGEST_CHAIN; step += 1) {
    const candidates = await lookup(current.id);
    current = (choose(candidates) ?? candidates[0])?.value;
  }
  return current;
}

function sharpness({ density }: ResourceCandidate): number {
  return density >= ANY_DENSITY ? 0 : density;
}

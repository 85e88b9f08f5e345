import type { ResValue } from './res-chunks.ts';

/** One value of a resource, and the devices that it is for. */
export interface ResourceCandidate {
  readonly value: ResValue;
  /** Whether it is for every language. */
  readonly isAnyLanguage: boolean;
  /** Dots per inch; 0 where none is said. */
  readonly density: number;
}

/** All values of a resource, by its id. */
export type ResourceLookup = (id: number) => Promise<readonly ResourceCandidate[]>;

const LONGEST_CHAIN = 8;
/** `DENSITY_ANY` and `DENSITY_NONE` of ResourceTypes.h: for any screen at all, such as an adaptive icon. */
const ANY_DENSITY = 0xfffe;

/** What a value comes to, for a device in no language in particular: references are followed. */
export async function resolve(value: ResValue | undefined, lookup: ResourceLookup): Promise<ResValue | undefined> {
  return await follow(value, lookup, ([first]) => first);
}

/** As `resolve`, for the sharpest of several pictures. */
export async function resolveSharpest(
  value: ResValue | undefined,
  lookup: ResourceLookup,
): Promise<ResValue | undefined> {
  return await follow(value, lookup, (candidates) =>
    candidates.reduce((best, next) => (sharpness(next) > sharpness(best) ? next : best)),
  );
}

async function follow(
  value: ResValue | undefined,
  lookup: ResourceLookup,
  choose: (candidates: readonly [ResourceCandidate, ...ResourceCandidate[]]) => ResourceCandidate,
): Promise<ResValue | undefined> {
  let current = value;
  for (let step = 0; current?.type === 'reference' && step < LONGEST_CHAIN; step += 1) {
    const candidates = await lookup(current.id);
    const general = candidates.filter(({ isAnyLanguage }) => isAnyLanguage);
    const [first, ...others] = general.length > 0 ? general : candidates;
    current = first === undefined ? undefined : choose([first, ...others]).value;
  }
  return current;
}

function sharpness({ density }: ResourceCandidate): number {
  return density >= ANY_DENSITY ? 0 : density;
}

import { UnreadablePart } from './zip/archive-file.ts';

/** Reading this many takes half a second; the largest resource table of a real app, with its signatures, has far fewer. */
const MOST_VALUES = 500_000;

/**
 * How much work one archive may make, over all of its parts: a limit for each part alone can be used up by many parts. Every reader that
 * walks a list of the archive's own length spends a value for each element that it looks at, again each time it looks at it.
 */
export interface Budget {
  /** Throws `UnreadablePart` where the archive has used up what it has. */
  spend(values: number): void;
}

export function createBudget(mostValues: number = MOST_VALUES): Budget {
  let spent = 0;
  return {
    spend(values) {
      spent += values;
      if (spent > mostValues)
        throw new UnreadablePart(`has more than is left of the ${mostValues} values of an archive`, {
          isHostile: true,
        });
    },
  };
}

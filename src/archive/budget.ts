import { BeyondLimit } from './zip/archive-file.ts';

/** Reading this many takes about half a second; the largest resource table of a real app, with its signatures, has far fewer. */
const MOST_VALUES = 500_000;

/**
 * How much work one archive may make, over all of its parts: a limit for each part alone can be used up by many parts. Every reader that
 * walks a list of the archive's own length spends a value for each element that it looks at, again each time it looks at it.
 */
export interface Budget {
  /** Throws `BeyondLimit` where the archive has used up what it has. */
  spend(values: number): void;
}

export function createBudget(): Budget {
  let spent = 0;
  return {
    spend(values) {
      spent += values;
      if (spent > MOST_VALUES)
        throw new BeyondLimit(`has too many values: apptool reads at most ${MOST_VALUES} in an archive`);
    },
  };
}

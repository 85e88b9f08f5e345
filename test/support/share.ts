/** Chooses what a day's `npm test` takes of the long harnesses. `APPTOOL_SEED` gives it; otherwise it is the day (UTC), as in 20261130. */
export const SEED = Number(process.env.APPTOOL_SEED ?? new Date().toISOString().slice(0, 10).replaceAll('-', ''));

/** Whether the long harnesses run whole: `npm run test:all`. */
export const IS_WHOLE = process.env.APPTOOL_WHOLE === '1';

/**
 * Whether the case at `index` has its turn today, which it has every `of` days; every one has it where all is run. Each day takes as many of a
 * list as the other days, give or take one, and the next day takes others.
 */
export function takesTurn(index: number, of: number): boolean {
  return IS_WHOLE || isTurn(SEED, index, of);
}

/** Those of a list that have their turn today: one of them where `of` is not given. */
export function ofToday<T>(cases: readonly T[], of = cases.length): T[] {
  return cases.filter((_, index) => takesTurn(index, of));
}

/** What `takesTurn` says, with any seed. One that is a day counts as its number in the calendar, so that the turns go on over the end of a month. */
export function isTurn(seed: number, index: number, of: number): boolean {
  return (countOf(seed) + index) % of === 0;
}

function countOf(seed: number): number {
  const [year, month, day] = [Math.floor(seed / 10_000), Math.floor(seed / 100) % 100, seed % 100];
  if (year < 1970 || year > 9999 || month < 1 || month > 12 || day < 1 || day > 31) return seed;
  return Date.UTC(year, month - 1, day) / 86_400_000;
}

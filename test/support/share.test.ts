import { expect, test } from 'vitest';
import { IS_WHOLE, isTurn, ofToday, SEED, takesTurn } from './share.ts';

/** Which of so many cases have their turn with a seed. */
function turns(seed: number, count: number, of: number): number[] {
  return [...Array(count).keys()].filter((index) => isTurn(seed, index, of));
}

test('every case has its turn once in so many days, also over the end of a month, of a February and of a year', () => {
  for (const days of [
    [20261129, 20261130, 20261201],
    [20260227, 20260228, 20260301],
    [20280228, 20280229, 20280301],
    [20261230, 20261231, 20270101],
    [1, 2, 3],
  ])
    expect(days.flatMap((seed) => turns(seed, 3, 3)).sort(), String(days)).toEqual([0, 1, 2]);
});

test('each day takes as many of a list, give or take one', () => {
  for (const seed of [20261129, 20261130, 20261201, 20261202, 7])
    expect([3, 4], String(seed)).toContain(turns(seed, 10, 3).length);
});

test('today is the day of the seed, and all have their turn where all is run', () => {
  const today = [0, 1, 2].map((index) => takesTurn(index, 3));
  expect(today).toEqual([0, 1, 2].map((index) => IS_WHOLE || isTurn(SEED, index, 3)));
  expect(ofToday(['a', 'b', 'c'])).toHaveLength(IS_WHOLE ? 3 : 1);
});

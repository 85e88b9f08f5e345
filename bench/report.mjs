// Medians and ratios of runs, and the lines that tell them.

/** Runs of each way, and how many count. */
let pairs = 5;
export const setPairs = (count) => {
  pairs = count;
};

export function report(what, figure, goal = '') {
  console.log([what.padEnd(66), figure.padEnd(54), goal].join(' ').trimEnd());
}
const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];
export const of = (runs, key) => median(runs.map((run) => run[key]));
export const figures = (runs) =>
  `${of(runs, 'wall').toFixed(2)} s wall, ${of(runs, 'cpu').toFixed(2)} s CPU, ${of(runs, 'memory').toFixed(0)} MB`;
export const ratio = (ours, theirs, key) => median(ours.map((run, index) => run[key] / theirs[index][key])).toFixed(2);
/** What two ways cost each other, in wall and in CPU. */
export const ratios = (ours, theirs) => `wall ${ratio(ours, theirs, 'wall')} x, CPU ${ratio(ours, theirs, 'cpu')} x`;

/** Runs the ways in turn, after one warm-up of each. Resolves with each way's runs. */
export async function inTurn(ways, { least = 1, most = Number.POSITIVE_INFINITY } = {}) {
  const runs = Object.fromEntries(Object.keys(ways).map((name) => [name, []]));
  const times = Math.min(Math.max(pairs, least), most);
  for (let round = 0; round <= times; round += 1) {
    for (const [name, run] of Object.entries(ways)) {
      const result = await run();
      if (round > 0) runs[name].push(result);
    }
  }
  return runs;
}

import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { makeFleet } from '../fleet.mjs';
import { APPTOOL, folder, measure, node } from '../processes.mjs';
import { figures, inTurn, ratio, report } from '../report.mjs';

const APPS = 1000;
/** The hashes of a plan hold once the files are older than it by some seconds. */
const OLDER_MS = 3_000;

export async function fleet() {
  const { plan, receipts, flags } = makeFleet(join(folder, 'fleet'), APPS);
  const run = (args, environment) => () => measure(node(), [APPTOOL, 'fleet', ...args, '-q'], environment);
  const planned = ['plan', ...flags, '-o', plan];
  await setTimeout(OLDER_MS);
  await run(planned)();
  const runs = await inTurn({
    node: () => measure(node(), ['-e', '0']),
    plan: run(planned),
    next: run(['plan', ...flags, '--resume', receipts]),
    status: run(['status', receipts, '--plan', plan], { EXPECTED_EXIT: '12' }),
  });
  const goal = 'P12 <= 2 s, <= 150 MB';
  report('fleet plan of 1,000 apps with known hashes', figures(runs.plan), goal);
  report('fleet plan of the next wave, by 1,000 receipts', figures(runs.next), goal);
  report('fleet status of 1,000 receipts with three targets each', figures(runs.status), goal);
  const against = ['plan', 'next', 'status'].map((name) => `${ratio(runs[name], runs.node, 'wall')} x`);
  report('  wall of the three against node -e 0', against.join(', '));
}

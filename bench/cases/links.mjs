// Links that are slow in some way, imitated by the sink: wall against what the link allows.
import { statSync } from 'node:fs';
import { makeApk, startSink, upload } from '../processes.mjs';
import { inTurn, of, report } from '../report.mjs';
import { GIB, MIB, PART } from './sizes.mjs';

const DELAY_MS = 200;
const CAP = 20e6;

export async function latency() {
  const path = await makeApk(256 * MIB);
  const parts = Math.ceil(statSync(path).size / PART);
  for (const inFlight of [4, 8]) {
    const rounds = Math.ceil(parts / inFlight);
    const quick = await startSink();
    const slow = await startSink({ delay: DELAY_MS });
    const runs = await inTurn(
      { quick: upload(quick, path, inFlight), slow: upload(slow, path, inFlight) },
      { most: 3 },
    );
    quick.stop();
    slow.stop();
    const ideal = of(runs.quick, 'wall') + (rounds * DELAY_MS) / 1000;
    reportIdeal(`200 ms a part, 256 MiB, ${inFlight} at once`, of(runs.slow, 'wall'), ideal);
    const capped = await startSink({ connection: CAP });
    const { capped: cappedRuns } = await inTurn({ capped: upload(capped, path, inFlight) }, { most: 3 });
    capped.stop();
    reportIdeal(`20 MB/s a connection, 256 MiB, ${inFlight} at once`, of(cappedRuns, 'wall'), (rounds * PART) / CAP);
  }
}

function reportIdeal(what, wall, ideal) {
  const figure = `${wall.toFixed(2)} s; ideal ${ideal.toFixed(2)} s: ${(wall / ideal).toFixed(2)} x`;
  report(what, figure, 'P4 <= 1.05 x');
}

const LINKS = [
  ['20 MB/s a connection, 100 ms a part, 1 GiB', GIB, { connection: 20e6, delay: 100 }],
  ['50 MB/s in all, 100 ms a part, 1 GiB', GIB, { total: 50e6, delay: 100 }],
  ['200 ms a part, 1 GiB', GIB, { delay: 200 }],
  ['8 MB/s in all, 100 MiB', 100 * MIB, { total: 8e6 }],
  ['60 MB/s a connection, 200 MB/s in all, 1 GiB', GIB, { connection: 60e6, total: 200e6 }],
];

export async function links() {
  for (const [name, sizeBytes, link] of LINKS) {
    const path = await makeApk(sizeBytes);
    const sink = await startSink(link);
    const walls = {};
    for (const inFlight of [4, 8, 16, 'auto']) walls[inFlight] = (await upload(sink, path, inFlight)()).wall;
    sink.stop();
    const best = Math.min(walls[4], walls[8], walls[16]);
    const all = Object.entries(walls).map(([inFlight, wall]) => `${inFlight}: ${wall.toFixed(2)}`);
    report(name, `${all.join('  ')} s`);
    report('  auto against the best fixed number', `${(walls.auto / best).toFixed(2)} x`, 'P4 <= 1.1 x');
  }
}

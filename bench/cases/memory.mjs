import { rmSync } from 'node:fs';
import { makeApk, startFastSink, upload } from '../processes.mjs';
import { inTurn, of, report } from '../report.mjs';
import { FIXTURE_PATH, GIB, MIB, PART } from './sizes.mjs';

export async function memory() {
  const sink = await startFastSink('https', FIXTURE_PATH);
  const peaks = [];
  for (const sizeBytes of [200 * MIB, 2 * GIB - PART]) {
    const path = await makeApk(sizeBytes);
    const { apptool: runs } = await inTurn({ apptool: upload(sink, path, 4) }, { most: 5 });
    rmSync(path);
    peaks.push(of(runs, 'memory'));
  }
  sink.stop();
  const [small, large] = peaks;
  const growth = ((large / small - 1) * 100).toFixed(0);
  report('peak memory, 2 GiB over https, 4 at once', `${large.toFixed(0)} MB`, 'P5 <= 100 MB');
  report('  against 200 MiB', `${small.toFixed(0)} MB, so ${growth} % more`, 'P5 <= 10 %');
}

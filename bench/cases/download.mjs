import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { apptool, folder, makeApk, measure, measureBoth, startFastSink, startSink } from '../processes.mjs';
import { figures, inTurn, of, ratios, report } from '../report.mjs';
import { GIB } from './sizes.mjs';

const CAP = 40e6;
const LANES = 8;

export async function download() {
  const output = join(folder, 'output.apk');
  const byApptool = (sink) => async () => {
    rmSync(output, { force: true });
    return await apptool(['download', 'apptego:1700000001', '-o', output], sink);
  };
  const served = await makeApk(GIB);
  const fast = await startFastSink('https', served);
  const byCurl = join(folder, 'curl.apk');
  const curl = ['-sSf', '-o', byCurl, `${fast.data}/get/${GIB}`];
  const runs = await inTurn({
    curl: () => measure('curl', curl),
    hashed: () => measureBoth('curl', curl, `openssl dgst -sha256 ${byCurl}`, 'after'),
    apptool: byApptool(fast),
  });
  fast.stop();
  report('https download of 1 GiB: curl -o', figures(runs.curl));
  report('https download of 1 GiB: curl -o, then openssl dgst -sha256', figures(runs.hashed));
  report('https download of 1 GiB: apptool, checked and hashed', figures(runs.apptool));
  report('  against curl and openssl', ratios(runs.apptool, runs.hashed), 'P6 wall <= 0.9 x');
  const capped = await startSink({ connection: CAP, file: served });
  const { apptool: cappedRuns } = await inTurn({ apptool: byApptool(capped) }, { most: 3 });
  capped.stop();
  const wall = of(cappedRuns, 'wall');
  const one = `${wall.toFixed(2)} s; one connection would take ${(GIB / CAP).toFixed(1)} s`;
  report('download of 1 GiB at 40 MB/s a connection: apptool', one);
  report('  against the ideal of 8 ranges at once', `${(wall / (GIB / CAP / LANES)).toFixed(2)} x`, 'P6 <= 1.1 x');
}

import { APPTOOL, bundle, makeApk, measure, node } from '../processes.mjs';
import { figures, inTurn, ratios, report } from '../report.mjs';
import { GIB } from './sizes.mjs';

export async function inspect() {
  const path = await makeApk(GIB, 'make-signed-apk');
  const alone = await bundle('verify-alone');
  const runs = await inTurn({
    sha256: () => measure('openssl', ['dgst', '-sha256', path]),
    check: () => measure(node(), [alone, path]),
    inspect: () => measure(node(), [APPTOOL, 'inspect', path, '-q']),
  });
  report('SHA-256 of 1 GiB by openssl, on one core', figures(runs.sha256));
  report('check of the signatures of an APK of 1 GiB, v2 and v3', figures(runs.check));
  report('  against that SHA-256', ratios(runs.check, runs.sha256), 'P11 wall <= 0.6 x');
  report('inspect of an APK of 1 GiB, signed v2 and v3', figures(runs.inspect));
  report('  against that SHA-256, which it also prints', ratios(runs.inspect, runs.sha256));
}

import { apptool, buildFastStore, bundle, makeApk, measure, node, startFastSink } from '../processes.mjs';
import { figures, inTurn, ratio, report } from '../report.mjs';
import { FIXTURE_PATH, GIB } from './sizes.mjs';

export async function form() {
  if (buildFastStore() === null) return report('form upload', 'needs cc and OpenSSL');
  const path = await makeApk(GIB);
  const alone = await bundle('form-alone');
  const sink = await startFastSink('https', FIXTURE_PATH);
  const url = `${sink.data}/v1/integrations/builds`;
  const runs = await inTurn({
    alone: () => measure(node(), [alone, sink.data, path]),
    curl: () => measure('curl', ['-sSf', '-o', '/dev/null', '-F', `build=@${path}`, url]),
    apptool: () =>
      apptool(['upload', path, '--to', 'applivery', '--set', 'applivery.deployer=false'], sink, {
        APPLIVERY_UPLOAD_URL: sink.data,
        APPLIVERY_APP_TOKEN: 'bench',
      }),
  });
  sink.stop();
  report('https form of 1 GiB: curl -F', figures(runs.curl));
  report("https form of 1 GiB: apptool's transfer alone", figures(runs.alone));
  report('  CPU against curl -F', `${ratio(runs.alone, runs.curl, 'cpu')} x`, 'P10 <= 1.2 x');
  report('https form of 1 GiB: apptool upload --to applivery, with SHA-256', figures(runs.apptool));
  report('  CPU against curl -F', `${ratio(runs.apptool, runs.curl, 'cpu')} x`);
}

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { apptool, folder, measure, node, startSink } from '../processes.mjs';
import { inTurn, of, ratios, report } from '../report.mjs';
import { FIXTURE_PATH, SIGNED_PATH } from './sizes.mjs';

export async function protect() {
  const sink = await startSink({ file: SIGNED_PATH });
  const output = join(folder, 'protected.apk');
  const line = ['protect', FIXTURE_PATH, '-e', 'dev', '-o', output, '--poll-interval', '1ms'];
  const runs = await inTurn(
    {
      node: () => measure(node(), ['-e', '0']),
      apptool: async () => {
        rmSync(output, { force: true });
        return await apptool(line, sink);
      },
    },
    { least: 15 },
  );
  sink.stop();
  const wall = `${(of(runs.apptool, 'wall') * 1000).toFixed(0)} ms`;
  report('protect of a small file on a server without delay', wall);
  report('  against node -e 0', ratios(runs.apptool, runs.node), 'P8 wall <= 8 x');
}

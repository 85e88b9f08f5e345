// Other programs that upload to S3, from npm: installed for a run of the benchmark alone, and gone with its folder.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { folder, measure, node } from './processes.mjs';

const PACKAGES = ['@aws-sdk/client-s3', '@aws-sdk/lib-storage', 'minio'];
const PROGRAM = fileURLToPath(new URL('programs/peer-upload.mjs', import.meta.url));

/** Their uploads by name; empty where they cannot be installed. */
export function peerUploads(origin, path) {
  const place = join(folder, 'peers');
  if (!existsSync(place)) {
    mkdirSync(place);
    const quiet = ['--no-save', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel', 'error'];
    spawnSync('npm', ['install', '--prefix', place, ...quiet, ...PACKAGES], { cwd: place, stdio: 'inherit' });
  }
  const has = (name) => existsSync(join(place, 'node_modules', name));
  const names = [...(has('@aws-sdk/lib-storage') ? ['lib-storage'] : []), ...(has('minio') ? ['minio'] : [])];
  return Object.fromEntries(names.map((name) => [name, () => measure(node(), [PROGRAM, name, place, origin, path])]));
}

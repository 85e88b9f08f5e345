// The main job, end to end, on the embedded sandbox: protects a fixture and shows what came out.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const output = join(mkdtempSync(join(tmpdir(), 'apptool-demo-')), 'v2-protected.apk');
const args = [
  'protect',
  join(root, 'fixtures', 'v2.apk'),
  '--sandbox',
  '--environment',
  'staging',
  '--poll-interval',
  '500ms',
];

console.log(`$ apptool ${args.join(' ')} --output ${output}`);
const { status } = spawnSync(process.execPath, [join(root, 'bin', 'apptool.js'), ...args, '--output', output], {
  stdio: 'inherit',
});
if (status !== 0) process.exit(status ?? 1);

const bytes = readFileSync(output);
console.log(`path    ${output}`);
console.log(`size    ${bytes.length} bytes`);
console.log(`sha256  ${createHash('sha256').update(bytes).digest('hex')}`);

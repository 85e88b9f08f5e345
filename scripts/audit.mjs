// Asks the registry's advisory database about every package, those in the bundle too: they are devDependencies, which `npm audit --omit=dev` would not see.
// Ends with 1 for an advisory of a bundled package, and of any other that is high or critical.

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const list = join(root, 'dist', 'bundled-packages.json');
if (!existsSync(list)) {
  console.error('dist/bundled-packages.json is missing: run npm run build first');
  process.exit(2);
}
const bundled = new Set(JSON.parse(readFileSync(list, 'utf8')).map(({ name }) => name));

const { stdout } = spawnSync('npm', ['audit', '--json'], { cwd: root, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
const report = parsed(stdout);
if (report?.vulnerabilities === undefined) {
  console.log(`left out: the registry has no advisory service here (${report?.message ?? 'no readable response'})`);
  process.exit(0);
}

const found = Object.values(report.vulnerabilities);
const graveOf = ({ name, severity }) => bundled.has(name) || severity === 'high' || severity === 'critical';
for (const { name, severity, range } of found)
  console.log(`${severity}  ${name} ${range}  ${bundled.has(name) ? 'in the bundle' : 'builds and tests only'}`);
console.log(`${found.length} packages with advisories, ${bundled.size} packages in the bundle`);
process.exit(found.some(graveOf) ? 1 : 0);

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

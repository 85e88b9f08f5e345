// Writes docs/reference.md from the code: every command, flag, variable and default. A test fails where the page differs.

import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const entry = join(root, 'dist', 'reference.mjs');
await build({
  absWorkingDir: root,
  entryPoints: ['src/cli/output/published-schemas.ts'],
  outfile: entry,
  bundle: true,
  format: 'esm',
  platform: 'node',
  packages: 'external',
  logLevel: 'warning',
});
try {
  const { reference } = await import(entry);
  await writeFile(join(root, 'docs/reference.md'), reference());
} finally {
  await rm(entry);
}

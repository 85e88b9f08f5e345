// Runs a file of the sources, for what scripts take from the code itself: schemas, texts, pages.

import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

export const root = fileURLToPath(new URL('..', import.meta.url));

/** What a source file exports. It is bundled beside the packages that it imports, and gone again afterwards. */
export async function runSource(source) {
  const outfile = join(root, 'dist', `source-${process.pid}.mjs`);
  await mkdir(join(root, 'dist'), { recursive: true });
  const common = { bundle: true, format: 'esm', platform: 'node', packages: 'external', logLevel: 'warning' };
  await build({ absWorkingDir: root, entryPoints: [source], outfile, ...common });
  try {
    return await import(outfile);
  } finally {
    await rm(outfile);
  }
}

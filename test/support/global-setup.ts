import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { IS_WHOLE, SEED } from './share.ts';

let folder = '';

/** Vitest's `globalSetup`: says what is taken of the long harnesses, and makes a place for the large files that tests copy. */
export function setup(): void {
  // Each project of the config asks for it.
  if (process.env.APPTOOL_LARGE_FILES !== undefined) return;
  const what = IS_WHOLE ? 'the long harnesses run whole' : 'a share of the long harnesses runs';
  process.stdout.write(`${what}; APPTOOL_SEED=${SEED}\n`);
  process.env.APPTOOL_SEED = String(SEED);
  folder = mkdtempSync(join(tmpdir(), 'apptool-large-files-'));
  process.env.APPTOOL_LARGE_FILES = folder;
}

export function teardown(): void {
  if (folder !== '') rmSync(folder, { recursive: true, force: true });
}

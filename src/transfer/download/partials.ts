import { type FileHandle, lstat, readdir, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Context } from '../../contract/context.ts';
import type { OutputFile } from './output-file.ts';

/** The names that `createOutput` gives its temporary files. */
const PARTIAL = /^\.apptool-[0-9a-f]{16}\.partial$/;
/** No download stands still for so long (ms). */
const STALE_MS = 24 * 3600 * 1000;

/**
 * Removes what killed runs of the same user left beside the output once it is a day old, and names the rest for `--verbose`: it may
 * belong to a run that is at work. Never throws.
 */
export async function clearPartials(own: OutputFile, ctx: Context): Promise<void> {
  const folder = dirname(own.temporaryPath);
  const names = await readdir(folder).catch(() => []);
  for (const name of names) {
    if (!PARTIAL.test(name) || name === basename(own.temporaryPath)) continue;
    const path = join(folder, name);
    const isRemoved = await removeIfStale(path, own.handle).catch(() => false);
    const fate = isRemoved ? 'removed' : 'left alone';
    ctx.emit({ type: 'debug', message: `${fate} the unfinished download of another run: ${path}` });
  }
}

/** The age is measured from the file that this run has just made, by the clock of the file system. */
async function removeIfStale(path: string, own: FileHandle): Promise<boolean> {
  const [mine, there] = await Promise.all([own.stat(), lstat(path)]);
  const isStale = there.isFile() && there.uid === mine.uid && mine.mtimeMs - there.mtimeMs > STALE_MS;
  if (isStale) await unlink(path);
  return isStale;
}

import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { checkOutsideGit } from '../../contract/text/repository-path.ts';

/**
 * Writes a file so that a reader finds the old one or the new one, whole; a symbolic link is replaced, not followed. Synchronous: it is
 * written at moments after which nothing may run any more. When it returns, a power cut leaves the new one: what is done next, such as
 * sending a file, is never ahead of what stands there. Throws the system's error.
 */
export function replaceFile(path: string, text: string, mode: number): void {
  checkOutsideGit(path, path);
  const temporary = join(dirname(path), `.apptool-${randomBytes(6).toString('hex')}.tmp`);
  const fd = openSync(temporary, 'wx', mode);
  try {
    writeFileSync(fd, text);
    fsyncSync(fd);
    closeSync(fd);
    renameSync(temporary, path);
    syncFolder(dirname(path));
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/** A rename is on the disk when its folder is: https://man7.org/linux/man-pages/man2/fsync.2.html. Some systems sync no folder. */
function syncFolder(path: string): void {
  try {
    const fd = openSync(path, 'r');
    try {
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  } catch {
    // Windows opens none, and some network file systems refuse: there the rename has to do.
  }
}

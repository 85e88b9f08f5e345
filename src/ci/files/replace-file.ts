import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { checkOutsideGit } from '../../contract/text/repository-path.ts';

/**
 * Writes a file so that a reader finds the old one or the new one, whole; a symbolic link is replaced, not followed. Synchronous: it is
 * written at moments after which nothing may run any more. Throws the system's error.
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
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

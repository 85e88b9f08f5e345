import { accessSync, closeSync, constants, lstatSync, openSync, readSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { LocalIoError } from '../../contract/errors.ts';
import { checkOutsideGit } from '../../contract/text/repository-path.ts';
import { cannotWrite, whyNot } from './refusal.ts';
import { replaceFile } from './replace-file.ts';

/** In characters; what says whose a file is stands well before. */
const LONGEST_HEAD = 100;

/**
 * A report that is written whole at the end, with the function that is returned. Throws `LocalIoError` where it cannot be written, and where
 * it would take the place of what is no such report; `head` is how one begins.
 */
export function openReplaced(name: string, path: string, head: string): (text: string) => void {
  check(name, path, head);
  return (text) => {
    // The run itself may have written something there.
    check(name, path, head);
    replaceFile(path, text, 0o644);
  };
}

/** Removes the report of an earlier run: whatever becomes of this one, nobody may take that for its report. Throws `LocalIoError`. */
export function removeEarlier(name: string, path: string): void {
  try {
    rmSync(path, { force: true });
  } catch (cause) {
    throw cannotWrite(name, whyNot(cause), cause);
  }
}

function check(name: string, path: string, head: string): void {
  checkOutsideGit(path, name);
  let isOurs: boolean;
  try {
    accessSync(dirname(path), constants.W_OK);
    const stats = lstatSync(path, { throwIfNoEntry: false });
    if (stats?.isSymbolicLink() === true) throw cannotWrite(name, 'it is a symbolic link');
    if (stats !== undefined && !stats.isFile()) throw cannotWrite(name, 'not a regular file');
    isOurs = stats === undefined || stats.size === 0 || beginningOf(path).startsWith(head);
  } catch (cause) {
    throw cause instanceof LocalIoError ? cause : cannotWrite(name, whyNot(cause), cause);
  }
  if (isOurs) return;
  throw cannotWrite(name, `it would replace ${path}, which is not a report of this kind`).with({
    hint: 'name another file, or remove this one',
  });
}

function beginningOf(path: string): string {
  const bytes = Buffer.alloc(LONGEST_HEAD);
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    return bytes.toString('utf8', 0, readSync(fd, bytes));
  } finally {
    closeSync(fd);
  }
}

import { realpathSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { PolicyError } from '../errors.ts';

/**
 * Spellings of `.git` that some file system takes for it: without case (macOS, Windows), with dots and spaces behind it, and its short name
 * (Windows). They are those that git itself refuses in a checkout (`verify_path` in its read-cache.c).
 */
const GIT_FOLDER = /^(?:\.git|git~1)[. ]*$/i;

/** Throws `PolicyError` for a file that would lie in a repository's own folder: git runs what stands there. `what` names it in the message. */
export function checkOutsideGit(path: string, what: string): void {
  const absolute = resolve(path);
  const parts = [absolute, nearestReal(dirname(absolute))].flatMap((whole) => whole.split(/[/\\]/));
  if (parts.some((part) => GIT_FOLDER.test(part)))
    throw new PolicyError(`refusing to write ${what} into .git`, {
      hint: 'git acts by what stands there: choose another path',
    });
}

/** Where a folder really is, or the nearest one above it that exists: a link on the way leads the rest of it elsewhere. */
export function nearestReal(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    const above = dirname(path);
    return above === path ? path : resolve(nearestReal(above), path.slice(above.length).replace(/^[/\\]+/, ''));
  }
}

import { existsSync, realpathSync } from 'node:fs';
import { dirname, isAbsolute, join, relative, resolve } from 'node:path';
import { PolicyError } from '../../../contract/errors.ts';
import { nearestReal } from '../../../contract/text/repository-path.ts';
import type { ConfigFile } from './config-file.ts';

/** A setting that names a file: its text, and how a sentence about it begins. */
interface NamedPath {
  readonly value: string;
  readonly subject: string;
}

/**
 * A path in a config is relative to that config's folder. A config that was only found may not name what lies out of it, nor what a link leads
 * to out of it: what is read is sent, and whoever can add a file to a checkout can add a link. Throws `PolicyError`.
 */
export function pathInProject({ value, subject }: NamedPath, config: ConfigFile, use: 'write' | 'read'): string {
  const path = resolve(config.folder, value);
  if (!config.wasFound) return path;
  const root = nearestReal(config.folder);
  if (!isInside(root, nearestReal(dirname(path))))
    throw new PolicyError(`${subject}a project config must not ${use} outside the project`, {
      hint: 'use a flag instead',
    });
  if (use === 'write') return path;
  const real = realPath(path);
  if (real === null) return path;
  if (isInside(root, real)) return real;
  throw new PolicyError(`${subject}path leaves the project directory: it is a link`, {
    hint: 'a project config must not read outside the project; use a flag instead',
  });
}

/** Where a path of a project leads out of it by a link; `null` where it does not, and for what was named outside of it. */
export function linkOutOf(cwd: string, path: string): string | null {
  const root = projectAround(cwd);
  const absolute = resolve(cwd, path);
  if (!isInside(root, absolute)) return null;
  const real = realPath(absolute);
  return real === null || isInside(nearestReal(root), real) ? null : real;
}

/** What the system makes up when it is read: `/proc/self/environ` holds every secret of the job. */
export function isMadeUp(realPathOfFile: string): boolean {
  return /^\/(?:proc|sys)\//.test(realPathOfFile);
}

function projectAround(cwd: string): string {
  for (let folder = cwd; ; folder = dirname(folder)) {
    if (existsSync(join(folder, '.git'))) return folder;
    if (dirname(folder) === folder) return cwd;
  }
}

function isInside(root: string, path: string): boolean {
  const way = relative(root, path);
  return way === '' || !(way === '..' || /^\.\.[/\\]/.test(way) || isAbsolute(way));
}

function realPath(path: string): string | null {
  try {
    return realpathSync(path);
  } catch {
    return null;
  }
}

import { constants } from 'node:fs';
import { access, realpath, stat } from 'node:fs/promises';
import { delimiter, dirname, isAbsolute, join, relative } from 'node:path';
import type { Env } from '../../contract/env.ts';

/** Where git can be asked, and by which program. */
export interface GitPlace {
  /** The folder that holds `.git`. */
  readonly root: string;
  readonly program: string;
  /** The folders in which git may look for its own programs. */
  readonly path: string;
}

/**
 * The repository around `cwd`, and a git to ask of it that is no part of it. `null` where there is none of either, and in a folder that only
 * looks like a repository: its config would be the checkout's, and git did not always refuse to act by it.
 */
export async function findGit(cwd: string, environment: Env): Promise<GitPlace | null> {
  const root = await repositoryAround(cwd);
  if (root === null) return null;
  const folders: string[] = [];
  for (const folder of (environment.PATH ?? '').split(delimiter)) {
    if (isAbsolute(folder) && !(await isInside(root, folder))) folders.push(folder);
  }
  const name = process.platform === 'win32' ? 'git.exe' : 'git';
  for (const folder of folders) {
    const program = join(folder, name);
    if (await isExecutable(program)) return { root, program, path: folders.join(delimiter) };
  }
  return null;
}

async function repositoryAround(cwd: string): Promise<string | null> {
  for (let folder = await realpath(cwd).catch(() => cwd); ; folder = dirname(folder)) {
    if ((await kindOf(join(folder, '.git'))) !== null) return folder;
    if (await looksBare(folder)) return null;
    if (dirname(folder) === folder) return null;
  }
}

/** What git takes for a bare repository: `is_git_directory` in its setup.c. */
async function looksBare(folder: string): Promise<boolean> {
  const [head, objects, refs] = await Promise.all(
    ['HEAD', 'objects', 'refs'].map((name) => kindOf(join(folder, name))),
  );
  return head === 'file' && objects === 'folder' && refs === 'folder';
}

async function kindOf(path: string): Promise<'file' | 'folder' | null> {
  const stats = await stat(path).catch(() => null);
  if (stats === null) return null;
  return stats.isDirectory() ? 'folder' : 'file';
}

/** npm puts `node_modules/.bin` of the checkout before all others. */
async function isInside(root: string, folder: string): Promise<boolean> {
  const real = await realpath(folder).catch(() => folder);
  const way = relative(root, real);
  return way === '' || !(way.startsWith('..') || isAbsolute(way));
}

async function isExecutable(path: string): Promise<boolean> {
  const isThere = await access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
  return isThere && (await kindOf(path)) === 'file';
}

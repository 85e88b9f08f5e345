import { realpath, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Env } from '../../contract/env.ts';
import { type FoundProgram, findProgram } from '../files/find-program.ts';

/** Where git can be asked, and by which program. */
export interface GitPlace extends FoundProgram {
  /** The folder that holds `.git`. */
  readonly root: string;
}

/**
 * The repository around `cwd`, and a git to ask of it that is no part of it. `null` where there is none of either, and in a folder that only
 * looks like a repository: its config would be the checkout's, and git did not always refuse to act by it.
 */
export async function findGit(cwd: string, environment: Env): Promise<GitPlace | null> {
  const root = await repositoryAround(cwd);
  if (root === null) return null;
  const found = findProgram('git', environment.PATH, root);
  return found === null ? null : { root, ...found };
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

import { accessSync, constants, realpathSync, statSync } from 'node:fs';
import { delimiter, isAbsolute, join, relative } from 'node:path';

export interface FoundProgram {
  readonly program: string;
  /** The folders in which it may look for programs of its own. */
  readonly path: string;
}

/**
 * A program by its name, from the folders of `PATH` that are no part of `root`: a checkout must not choose what runs, and npm puts
 * `node_modules/.bin` of it before all others. `null` where there is none.
 */
export function findProgram(name: string, path: string | undefined, root: string): FoundProgram | null {
  const inside = realFolder(root);
  const folders = (path ?? '')
    .split(delimiter)
    .filter((folder) => isAbsolute(folder) && !isIn(inside, realFolder(folder)));
  const file = process.platform === 'win32' ? `${name}.exe` : name;
  const program = folders.map((folder) => join(folder, file)).find(isExecutable);
  return program === undefined ? null : { program, path: folders.join(delimiter) };
}

function realFolder(folder: string): string {
  try {
    return realpathSync(folder);
  } catch {
    // What is not there holds no program.
    return folder;
  }
}

function isIn(root: string, folder: string): boolean {
  const way = relative(root, folder);
  return !(/^\.\.(?:[/\\]|$)/.test(way) || isAbsolute(way));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

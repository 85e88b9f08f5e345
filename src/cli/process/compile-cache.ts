import { existsSync, lstatSync, mkdirSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';

/** Write permission for the group or for others. */
const OTHERS_WRITE = 0o022;

/**
 * Lets Node.js keep its compiled code between runs, where it can (22.1 and later) and where a folder of the user's own can hold it: code that is
 * read back from a folder which others can write to would be theirs. What is in the way leaves it at that. NODE_DISABLE_COMPILE_CACHE turns it off,
 * as everywhere.
 */
export function enableCompileCache({ env, getuid }: Pick<NodeJS.Process, 'env' | 'getuid'> = process): void {
  const { enableCompileCache: enable } = process.getBuiltinModule('node:module') as {
    readonly enableCompileCache?: (folder: string) => unknown;
  };
  if (enable === undefined || getuid === undefined || isTurnedOff(env)) return;
  const folder = compileCacheFolder(env, getuid());
  if (folder !== null) enable(folder);
}

/**
 * A build machine most often begins with an empty disk, and a job that is not trusted may have run there as the same user. The others are of
 * somebody who has decided.
 */
const TURN_IT_OFF = [
  ...['CI', 'JENKINS_URL', 'TF_BUILD', 'TEAMCITY_VERSION'],
  ...['NODE_COMPILE_CACHE', 'NODE_DISABLE_COMPILE_CACHE'],
];

function isTurnedOff(env: NodeJS.ProcessEnv): boolean {
  return TURN_IT_OFF.some((name) => (env[name] ?? '') !== '');
}

/** `apptool` in the user's folder for caches (XDG Base Directory Specification), made where it is missing; `null` where it is not the user's alone. */
export function compileCacheFolder(
  { XDG_CACHE_HOME: given = '', HOME: home = '' }: NodeJS.ProcessEnv,
  uid: number,
): string | null {
  const [base, below] = isAbsolute(given) ? [given, ['apptool']] : [home, ['.cache', 'apptool']];
  const folders = below.map((_, index) => join(base, ...below.slice(0, index + 1)));
  if (!isAbsolute(base)) return null;
  try {
    if (!isOwn(base, uid)) return null;
    for (const folder of folders) {
      // Not `recursive`: then Node.js tries for ever where the file system says ENOENT, as /proc does.
      if (!existsSync(folder)) mkdirSync(folder, { mode: 0o700 });
      if (!isOwn(folder, uid)) return null;
    }
    return folders.at(-1) ?? null;
  } catch {
    // Without it the start takes longer, and nothing else changes.
    return null;
  }
}

function isOwn(folder: string, uid: number): boolean {
  const stats = lstatSync(folder);
  return stats.isDirectory() && stats.uid === uid && (stats.mode & OTHERS_WRITE) === 0;
}

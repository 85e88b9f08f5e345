import { type BigIntStats, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { UsageError } from '../../contract/errors.ts';

/** A file of a run, by what messages call it: a flag, a variable, "the input". */
export type NamedFile = readonly [name: string, path: string];

/** Throws `UsageError` where two of them are one: by their paths, or, of what is there, by what these lead to. */
export function assertDistinct(files: readonly NamedFile[]): void {
  const known = new Map<string, string>();
  for (const [name, path] of files) {
    const keys = keysOf(path);
    const other = keys.map((key) => known.get(key)).find((found) => found !== undefined);
    if (other !== undefined)
      throw new UsageError(`${other} and ${name} are the same file: ${path}`, { hint: 'give each a file of its own' });
    for (const key of keys) known.set(key, name);
  }
}

/** None for a device such as `/dev/null`, of which nothing is lost. */
function keysOf(path: string): string[] {
  const stats = statsOf(path);
  if (stats?.isCharacterDevice() === true) return [];
  return [join(realFolder(dirname(path)), basename(path)), ...(stats === null ? [] : [`${stats.dev}:${stats.ino}`])];
}

function statsOf(path: string): BigIntStats | null {
  try {
    return statSync(path, { bigint: true });
  } catch {
    return null;
  }
}

function realFolder(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    // What is not there is found out by whoever writes into it.
    return resolve(path);
  }
}

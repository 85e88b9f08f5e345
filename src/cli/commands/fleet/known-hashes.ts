import { statSync } from 'node:fs';
import { LocalIoError } from '../../../contract/errors.ts';
import type { FleetPlan } from '../../../contract/record/fleet-plan.ts';
import { fileProblem } from '../../../contract/text/file-problem.ts';
import { sha256At } from '../../../run/release/file-at.ts';

/** So much younger than its file's last change (ms) a plan has to be: the times of a file system are no finer than some milliseconds. */
const LEAST_AGE_MS = 2_000;

interface HashedFile {
  readonly size: number;
  readonly sha256: string;
  readonly seen: string;
}

/** Hashes files, or takes the hash of an earlier plan. */
export interface Hashes {
  of(file: string): Promise<HashedFile>;
}

/**
 * An earlier plan's hash holds as long as the file is the same one (inode) with the same size, time of change and time of the last change of its
 * inode, which no program can set; as git's index does it. A cell hashes its file again in any case before it is sent.
 */
export function hashesKnownBy(earlier: FleetPlan | null, signal: AbortSignal): Hashes {
  const known = new Map<string, HashedFile & { readonly plannedMs: number }>();
  if (earlier !== null) {
    const plannedMs = Date.parse(earlier.createdAt);
    for (const app of [...earlier.cells, ...earlier.deferred, ...earlier.look, ...earlier.done])
      known.set(app.file, { ...app, plannedMs });
  }
  return {
    async of(file) {
      const stats = statsOf(file);
      const seen = [stats.dev, stats.ino, stats.size, stats.mtimeNs, stats.ctimeNs].join('-');
      const before = known.get(file);
      const isSame = before?.seen === seen && before.plannedMs - Number(stats.ctimeMs) > LEAST_AGE_MS;
      const sha256 = isSame ? before.sha256 : await sha256At(file, signal);
      if (sha256 === null) throw new LocalIoError(`cannot read ${file}`);
      return { size: Number(stats.size), sha256, seen };
    },
  };
}

function statsOf(file: string) {
  try {
    return statSync(file, { bigint: true });
  } catch (cause) {
    throw new LocalIoError(`cannot read ${file}: ${fileProblem(cause)}`, { cause });
  }
}

import { createHash } from 'node:crypto';

/** By how much a lane may be fuller than its share before an app goes to another one. */
const MOST_OVER_SHARE = 1.25;

/**
 * The lane of each app, by its id; never more lanes than slots. An app's lane follows from its id, so that it stays the same from wave to
 * wave; only what would make its lane much longer than the others goes to the shortest one, the smallest apps first of all.
 */
export function lanesOf(
  apps: readonly { readonly id: string; readonly size: number }[],
  slots: number,
): ReadonlyMap<string, number> {
  const loads = Array.from({ length: Math.min(slots, apps.length) }, () => 0);
  const share = apps.reduce((sum, { size }) => sum + size, 0) / Math.max(1, loads.length);
  const ranked = apps
    .map(({ id, size }) => ({ id, size, hash: hashOf(id) }))
    .sort((one, other) => other.size - one.size || one.hash - other.hash);
  const lanes = new Map<string, number>();
  for (const { id, size, hash } of ranked) {
    const own = hash % loads.length;
    const shortest = loads.indexOf(Math.min(...loads));
    const fits = (loads[own] ?? 0) === 0 || (loads[own] ?? 0) + size <= share * MOST_OVER_SHARE;
    const lane = fits ? own : shortest;
    loads[lane] = (loads[lane] ?? 0) + size;
    lanes.set(id, lane);
  }
  return lanes;
}

function hashOf(id: string): number {
  return createHash('sha256').update(id).digest().readUInt32BE();
}

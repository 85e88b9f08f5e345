import { LocalIoError } from '../../../contract/errors.ts';
import { unite } from '../../../run/journal/unite.ts';
import type { ReleaseSource } from './release-view.ts';

/**
 * The releases that receipts tell of: those of the same input are united, in the order in which they were named. The same file sent
 * twice, as two jobs of one backend, stays two releases.
 */
export function groupReceipts(sources: readonly ReleaseSource[]): readonly ReleaseSource[] {
  const releases: ReleaseSource[] = [];
  for (const source of sources) {
    const index = releases.findIndex((release) => isSame(release, source));
    const united = index < 0 ? null : unitedWith(releases[index] as ReleaseSource, source);
    if (united === null) releases.push(source);
    else releases[index] = united;
  }
  return releases;
}

function isSame({ receipt: one }: ReleaseSource, { receipt: other }: ReleaseSource): boolean {
  const [first, second] = [one.input?.sha256 ?? null, other.input?.sha256 ?? null];
  if (first === null || second === null) return false;
  return first === second || one.output?.sha256 === second || other.output?.sha256 === first;
}

/** `null` where they have two jobs for one step. The receipt that was written last has the path that commands name. */
function unitedWith(release: ReleaseSource, source: ReleaseSource): ReleaseSource | null {
  const [first, second] =
    source.receipt.output?.sha256 === release.receipt.input?.sha256 ? [source, release] : [release, source];
  // What the later stage sent is the output of the earlier one.
  const later = { ...second.receipt, input: first.receipt.input };
  const isLast = second.receipt.updatedAt >= first.receipt.updatedAt;
  try {
    const receipt = unite(first, later);
    return {
      path: (isLast ? second : first).path,
      receipt: { ...receipt, updatedAt: (isLast ? second : first).receipt.updatedAt },
    };
  } catch (error) {
    if (error instanceof LocalIoError) return null;
    throw error;
  }
}

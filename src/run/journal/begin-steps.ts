import type { UploadOptions } from '../../contract/adapter.ts';
import type { Artifact } from '../../contract/artifact.ts';
import type { InputRecord } from '../../contract/record/journal.ts';
import type { RunContext } from './journal.ts';

/**
 * Begins the steps that were drafted, with the file that is open. Rejects with `LocalIoError` where the receipt that is kept is of another
 * release, or says that such a step is on its way already; nothing has been sent then.
 */
export async function beginSteps(
  artifact: Artifact,
  { environment }: Pick<UploadOptions, 'environment'>,
  { journal, signal, emit }: RunContext,
): Promise<void> {
  const known = journal.artifact as InputRecord;
  const sha256 = journal.needsHash ? await artifact.sha256(signal) : known.sha256;
  journal.begin({ ...known, sha256 }, environment ?? null);
  for (const { id, earlier } of journal.current) {
    const last = earlier.at(-1);
    if (last?.state?.phase !== 'succeeded') continue;
    const message = `the receipt says that ${id} was done before: ${last.job?.ref}; this run makes another build`;
    emit({ type: 'warning', code: 'done-before', message });
  }
}

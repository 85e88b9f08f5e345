import type { InputRecord, StepFacts } from '../../contract/record/journal.ts';
import { checkArtifactName } from '../../transfer/artifact-name.ts';
import type { SentArtifact } from './output-proof.ts';

/** What a journal tells of the file that a step has sent; `null` where the step sent another file. */
export function sentIn(
  input: InputRecord | null,
  { sha256 }: Pick<StepFacts, 'sha256'>,
  signingKey: SentArtifact['signingKey'] = null,
): SentArtifact | null {
  if (input === null || (sha256 !== null && input.sha256 !== null && sha256 !== input.sha256)) return null;
  // Nothing is known of what is in such a file.
  if (input.platform === 'other') return null;
  const { name, size: sizeBytes, packageName, versionName, versionCode } = input;
  const identity = { packageName, versionName, versionCode };
  return { kind: checkArtifactName(name).kind, sizeBytes, sha256: input.sha256, identity, signingKey };
}

import type { AppIdentity, Artifact } from '../../contract/artifact.ts';
import type { AppRecord, InputRecord } from '../../contract/record/journal.ts';

export function inputRecord(artifact: Artifact, sha256: string | null, signers: AppRecord['signers']): InputRecord {
  const { path, name, sizeBytes: size, platform, identity } = artifact;
  return { path, name, size, sha256, platform, ...appRecord(identity, signers) };
}

export function appRecord(identity: AppIdentity | null, signers: AppRecord['signers']): AppRecord {
  const { packageName = null, versionName = null, versionCode = null } = identity ?? {};
  return { packageName, versionName, versionCode, signers };
}

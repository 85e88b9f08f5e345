import type { AppIdentity, Artifact } from '../../contract/artifact.ts';
import type { AppRecord, InputRecord, Signed } from '../../contract/record/journal.ts';

/** Of a file whose signature was not read. */
export const SIGNERS_NOT_KNOWN: Signed = { signers: null, signedBy: null };

export function inputRecord(artifact: Artifact, sha256: string | null, signed: Signed): InputRecord {
  const { path, name, sizeBytes: size, platform, identity } = artifact;
  return { path, name, size, sha256, platform, ...appRecord(identity, signed) };
}

export function appRecord(identity: AppIdentity | null, { signers, signedBy }: Signed): AppRecord {
  const { packageName = null, versionName = null, versionCode = null } = identity ?? {};
  return { packageName, versionName, versionCode, signers, signedBy };
}

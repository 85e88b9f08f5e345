import type { AppIdentity, Artifact } from '../../contract/artifact.ts';
import type { AppRecord, InputRecord, Signed } from '../../contract/record/journal.ts';

/** Of a file whose signature was not read. */
export const SIGNERS_NOT_KNOWN: Signed = { signers: null, signedBy: null };

export function inputRecord(artifact: Artifact, sha256: string | null, signed: Signed): InputRecord {
  const { path, name, sizeBytes: size, platform, identity } = artifact;
  return { path, name, size, sha256, platform, ...appRecord(identity, signed) };
}

/** More of them would make a receipt too large to be read again. */
const MOST_PERMISSIONS = 500;
const LONGEST_PERMISSION = 200;

export function appRecord(identity: AppIdentity | null, { signers, signedBy }: Signed): AppRecord {
  const { packageName = null, versionName = null, versionCode = null } = identity ?? {};
  return { packageName, versionName, versionCode, signers, signedBy, permissions: permissionsOf(identity) };
}

function permissionsOf(identity: AppIdentity | null): AppRecord['permissions'] {
  if (identity === null) return null;
  const names = identity.permissions.map(({ name }) => name);
  const isTooMuch = names.length > MOST_PERMISSIONS || names.some(({ length }) => length > LONGEST_PERMISSION);
  return isTooMuch ? null : names.sort();
}

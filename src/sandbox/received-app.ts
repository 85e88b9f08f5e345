import { type FileHandle, open } from 'node:fs/promises';
import { openAppArchive } from '../archive/archive-kind.ts';
import { identityOf, inspectArchive } from '../archive/inspect.ts';
import { ArchiveProblem } from '../archive/zip/archive-file.ts';
import type { AppIdentity, ArtifactKind } from '../contract/artifact.ts';
import type { StoredObject } from '../contract/backend/sandbox.ts';

/** What a stand-in sees in a file that it was sent. */
export interface ReceivedApp {
  readonly kind: ArtifactKind;
  readonly identity: AppIdentity | null;
  /** Whether there is any signature, and one by a key for debug builds; neither is verified. */
  readonly isSigned: boolean;
  readonly isDebugSigned: boolean;
}

/** Reads what has arrived; `null` for what is no whole APK, AAB or IPA. */
export async function readReceivedApp({ path, sizeBytes }: StoredObject): Promise<ReceivedApp | null> {
  const handle = await open(path);
  try {
    const archive = await openAppArchive({ sizeBytes, fill: (buffer, position) => fill(handle, buffer, position) });
    const { facts } = await inspectArchive(archive);
    const signatures = facts.kind === 'ipa' ? [] : facts.signatures;
    return {
      kind: facts.kind,
      identity: identityOf(facts),
      isSigned: signatures.length > 0,
      isDebugSigned: signatures.some(({ signers }) => signers.some(({ androidDebug }) => androidDebug)),
    };
  } catch (error) {
    if (error instanceof ArchiveProblem) return null;
    throw error;
  } finally {
    await handle.close();
  }
}

async function fill(handle: FileHandle, buffer: Buffer, position: number): Promise<void> {
  const { bytesRead } = await handle.read(buffer, 0, buffer.length, position);
  if (bytesRead < buffer.length) throw new ArchiveProblem('archive is incomplete');
}

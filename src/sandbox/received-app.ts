import { type FileHandle, open } from 'node:fs/promises';
import { readAppIdentity } from '../archive/app-identity.ts';
import { ArchiveProblem, readAt } from '../archive/archive-file.ts';
import { type AppArchive, openAppArchive } from '../archive/archive-kind.ts';
import type { AppIdentity, ArtifactKind } from '../types.ts';
import type { StoredObject } from './object-store.ts';

/** What a stand-in sees in a file that it was sent. */
export interface ReceivedApp {
  readonly kind: ArtifactKind;
  readonly identity: AppIdentity | null;
  /** Whether there is any signature, by whomever; it is not verified. */
  readonly isSigned: boolean;
}

/** Reads what has arrived; `null` for what is no whole APK, AAB or IPA. */
export async function readReceivedApp({ path, sizeBytes }: StoredObject): Promise<ReceivedApp | null> {
  const handle = await open(path);
  try {
    const archive = await openAppArchive({ sizeBytes, fill: (buffer, position) => fill(handle, buffer, position) });
    return { kind: archive.kind, identity: await readAppIdentity(archive, []), isSigned: await isSigned(archive) };
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

const BLOCK_MAGIC = Buffer.from('APK Sig Block 42', 'latin1');

/** A JAR signature (scheme v1), or a signing block right before the directory (v2 and later: source.android.com, "APK signing"). */
async function isSigned({ file, zip }: AppArchive): Promise<boolean> {
  if (zip.names.some((name) => /^META-INF\/[^/]+\.(RSA|DSA|EC)$/i.test(name))) return true;
  const magicAt = zip.end.directoryAt - BLOCK_MAGIC.length;
  return magicAt >= 0 && (await readAt(file, BLOCK_MAGIC.length, magicAt)).equals(BLOCK_MAGIC);
}

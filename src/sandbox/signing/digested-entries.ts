import { createHash } from 'node:crypto';
import { type AppArchive, openAppArchive } from '../../archive/archive-kind.ts';
import type { ArchiveFile } from '../../archive/zip/archive-file.ts';
import { createEntryReader } from '../../archive/zip/entry-contents.ts';
import { type DigestedEntry, isJarSignatureFile } from './jar-files.ts';

/** What an app archive is, and the digests of what a JAR signature of it covers. Rejects for what cannot be read whole. */
export async function digestEntries(
  file: ArchiveFile,
): Promise<{ readonly kind: AppArchive['kind']; readonly entries: readonly DigestedEntry[] }> {
  const { kind, zip } = await openAppArchive(file);
  if (kind === 'ipa') return { kind, entries: [] };
  const reader = createEntryReader(file, zip.end.directoryAt);
  const inOrder = zip.names.map((_, index) => zip.entryAt(index)).sort((a, b) => a.headerAt - b.headerAt);
  const entries: DigestedEntry[] = [];
  for (const entry of inOrder) {
    if (entry.name.endsWith('/') || isJarSignatureFile(entry.name)) continue;
    const hash = createHash('sha256');
    await reader.read(entry, (piece) => hash.update(piece));
    entries.push({ name: entry.name, sha256: hash.digest('base64') });
  }
  return { kind, entries };
}

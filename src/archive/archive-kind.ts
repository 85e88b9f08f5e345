import type { ArtifactKind } from '../contract/artifact.ts';
import { type Budget, createBudget } from './budget.ts';
import { type ArchiveFile, ArchiveProblem, readAt } from './zip/archive-file.ts';
import { readZipDirectory, type ZipDirectory } from './zip/zip-directory.ts';

const LONGEST_HEAD = 512;

/** An open app archive: what it is, and the way to what is in it. */
export interface AppArchive {
  readonly kind: ArtifactKind;
  readonly file: ArchiveFile;
  readonly zip: ZipDirectory;
  /** What reading its parts may cost, all of them together. */
  readonly budget: Budget;
}

/**
 * Opens an app archive: reads the directory of the zip, extracts nothing. Throws `ArchiveProblem` for everything that is not a whole
 * APK, AAB or IPA.
 */
export async function openAppArchive(file: ArchiveFile): Promise<AppArchive> {
  const head = await readAt(file, Math.min(LONGEST_HEAD, file.sizeBytes), 0);
  if (!head.subarray(0, 4).equals(Buffer.from('PK\x03\x04', 'latin1'))) throw new ArchiveProblem(describeHead(head));
  const zip = await readZipDirectory(file);
  const kind = kindOfNames(zip.names);
  if (kind === null)
    throw new ArchiveProblem('not an APK, AAB or IPA: it is a zip without AndroidManifest.xml or Payload/*.app');
  return { kind, file, zip, budget: createBudget() };
}

/** An AAB keeps each module's manifest below `<module>/manifest/`; an APK's is at the root; an IPA holds `Payload/<name>.app/`. */
function kindOfNames(names: readonly string[]): ArtifactKind | null {
  if (names.includes('BundleConfig.pb') || names.includes('base/manifest/AndroidManifest.xml')) return 'aab';
  if (names.includes('AndroidManifest.xml')) return 'apk';
  return names.some((name) => /^Payload\/[^/]+\.app\//.test(name)) ? 'ipa' : null;
}

function describeHead(head: Buffer): string {
  const text = head.toString('latin1').trimStart();
  if (text.startsWith('version https://git-lfs.github.com/spec/')) {
    return 'not an app archive: this is a Git LFS pointer; run git lfs pull';
  }
  if (/^<(!doctype|html)/i.test(text)) return 'not an app archive: this is an HTML page';
  if (text.startsWith('<?xml') || text.startsWith('<')) return 'not an app archive: this is XML';
  if (/^[\s\x20-\x7e]*$/.test(text)) return 'not an app archive: this is text';
  return 'not an app archive: it does not start as a zip does';
}

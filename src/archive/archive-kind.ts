import type { ArtifactKind } from '../contract/artifact.ts';
import { APK_SET_HINT, SPLIT_APKS_HINT } from '../contract/text/split-apks.ts';
import { type Budget, createBudget } from './budget.ts';
import { type ArchiveFile, ArchiveProblem, readAt } from './zip/archive-file.ts';
import type { Remarks } from './zip/remarks.ts';
import { readZipDirectory, renamed, type ZipDirectory } from './zip/zip-directory.ts';

const LONGEST_HEAD = 512;

/** An open app archive: what it is, and the way to what is in it. */
export interface AppArchive {
  readonly kind: ArtifactKind;
  readonly file: ArchiveFile;
  readonly zip: ZipDirectory;
  /** Where the app of an IPA is, such as `Payload/Name.app/`; empty for the other kinds. */
  readonly appFolder: string;
  /** What reading its parts may cost, all of them together. */
  readonly budget: Budget;
}

/**
 * Opens an app archive: reads the directory of the zip, extracts nothing. Throws `ArchiveProblem` for everything that is not a whole
 * APK, AAB or IPA.
 */
export async function openAppArchive(file: ArchiveFile): Promise<AppArchive> {
  const head = await readAt(file, Math.min(LONGEST_HEAD, file.sizeBytes), 0);
  if (!head.subarray(0, 4).equals(Buffer.from('PK\x03\x04', 'latin1')))
    throw new ArchiveProblem(describeHead(head), { isDamaged: true });
  const zip = await readZipDirectory(file);
  const kind = kindOfNames(zip.names);
  const budget = createBudget();
  if (kind !== null) return { kind, file, zip, appFolder: '', budget };
  const iosZip = renamed(zip, zip.names.map(asExtracted));
  const appFolder = appFolderOf(iosZip.names);
  if (appFolder === null) throw noApp(zip.names);
  return { kind: 'ipa', file, zip: iosZip, appFolder, budget };
}

/** What of an archive is not as an honest tool writes it: what does no harm, and what a device refuses. */
export async function remarksOn({ kind, zip }: AppArchive): Promise<Omit<Remarks, 'faultsOfApk'>> {
  const { faultsOfApk, ...remarks } = await zip.remarks();
  return kind === 'apk' ? { ...remarks, faults: [...remarks.faults, ...faultsOfApk] } : remarks;
}

/**
 * An APK's manifest is at the root; a bundle keeps that of each module below `<module>/manifest/`. The root comes first: an APK may hold
 * the `BundleConfig.pb` of the bundle that it was made from, and Android reads its manifest all the same.
 */
function kindOfNames(names: readonly string[]): ArtifactKind | null {
  if (names.includes('AndroidManifest.xml')) return 'apk';
  return names.includes('BundleConfig.pb') || names.includes('base/manifest/AndroidManifest.xml') ? 'aab' : null;
}

/** A name as unzip would write it: bsdtar puts `./` first, and PowerShell of Windows has its own separator. */
function asExtracted(name: string): string {
  const separated = /^(?:\.\\)?Payload\\/.test(name) ? name.replaceAll('\\', '/') : name;
  return separated.replace(/^(?:\.\/)+/, '');
}

/**
 * The folder of the app in an IPA, `Payload/<name>.app/`: the one that has an `Info.plist`, or else the first one; `null` where there is
 * none. Throws `ArchiveProblem` for two apps: which one would be installed, nobody can tell.
 */
function appFolderOf(names: readonly string[]): string | null {
  const apps = names.flatMap((name) => /^(Payload\/[^/]+\.app\/)Info\.plist$/.exec(name)?.[1] ?? []);
  const [app] = apps;
  const another = apps.find((folder) => folder !== app);
  if (app !== undefined && another !== undefined)
    throw new ArchiveProblem(`archive holds more than one app: ${app}, ${another}`, {
      hint: 'pack one app: its folder alone below Payload/',
    });
  const first = names.find((name) => /^Payload\/[^/]+\.app\//.test(name));
  return app ?? (first === undefined ? null : first.slice(0, first.indexOf('/', 'Payload/'.length) + 1));
}

/** What is not an app, with a hint where it is known what it is: `toc.pb` is bundletool's, `info.json` APKMirror's. */
function noApp(names: readonly string[]): ArchiveProblem {
  const inside = names.find((name) => /\.(?:apk|aab|ipa)$/i.test(name));
  const message = 'not an APK, AAB or IPA: it is a zip without AndroidManifest.xml or Payload/*.app';
  if (names.includes('toc.pb')) return new ArchiveProblem(`${message}, but with a set of APKs`, { hint: APK_SET_HINT });
  if (inside === undefined) return new ArchiveProblem(message, unpackedHint(names));
  const isSplit = names.includes('manifest.json') || names.includes('info.json');
  return isSplit
    ? new ArchiveProblem(`${message}, but with the APKs of one app`, { hint: SPLIT_APKS_HINT })
    : new ArchiveProblem(`${message}, but with ${inside} in it`, { hint: `unpack it, and name ${inside}` });
}

/** For an app that was unpacked, and packed again with its folder or without one. */
function unpackedHint(names: readonly string[]): { readonly hint?: string } {
  if (names.some((name) => /^[^/]+\.app\/(?:Info\.plist|Contents\/)/.test(name)))
    return { hint: 'an IPA has its app below Payload/: export it with xcodebuild -exportArchive' };
  return names.some((name) => /^[^/]+\/AndroidManifest\.xml$/.test(name))
    ? { hint: 'it holds an APK in a folder: name the file that the build wrote' }
    : {};
}

function describeHead(head: Buffer): string {
  if (head.length === 0) return 'not an app archive: it is empty';
  const text = head.toString('latin1').trimStart();
  if (text.startsWith('version https://git-lfs.github.com/spec/')) {
    return 'not an app archive: this is a Git LFS pointer; run git lfs pull';
  }
  if (/^<(!doctype|html)/i.test(text)) return 'not an app archive: this is an HTML page';
  if (text.startsWith('<?xml') || text.startsWith('<')) return 'not an app archive: this is XML';
  if (/^[\s\x20-\x7e]*$/.test(text)) return 'not an app archive: this is text';
  return 'not an app archive: it does not begin like a zip file';
}

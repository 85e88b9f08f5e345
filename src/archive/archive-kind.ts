import { type Entry, fromFdPromise, getFileNameLowLevel, validateFileName, type ZipFile } from 'yauzl';
import type { ArtifactKind } from '../types.ts';

/** More than any real app holds; reading the names of this many takes about a second. */
const MOST_ENTRIES = 200_000;
const ENCRYPTED_FLAG = 0x1;
const LONGEST_HEAD = 512;
const STORED = 0;
const DEFLATE_LIMIT = 1032;
const END_BYTES = 22;
const LONGEST_COMMENT = 0xffff;

/** Why a file is not an app archive. The caller decides whose fault that is: the user's input, or the server's output. */
export class ArchiveProblem extends Error {
  override readonly name = 'ArchiveProblem';
}

/** Positioned reads of the file to judge; `fd` belongs to the caller and stays open. */
export interface ArchiveFile {
  readonly fd: number;
  readonly sizeBytes: number;
  read(length: number, position: number): Promise<Buffer>;
}

/**
 * What kind of app archive a file is, by its contents: reads the directory of the zip, extracts nothing.
 * Throws `ArchiveProblem` for everything that is not a whole APK, AAB or IPA.
 */
export async function readArchiveKind(file: ArchiveFile): Promise<ArtifactKind> {
  const head = await file.read(Math.min(LONGEST_HEAD, file.sizeBytes), 0);
  if (!head.subarray(0, 4).equals(Buffer.from('PK\x03\x04', 'latin1'))) throw new ArchiveProblem(describeHead(head));
  await refuseSplit(file);
  const zip = await openZip(file.fd);
  if (zip.entryCount > MOST_ENTRIES) throw new ArchiveProblem('archive has too many entries');
  const kind = kindOfNames(await readNames(zip, file.sizeBytes));
  if (kind === null)
    throw new ArchiveProblem('not an APK, AAB or IPA: it is a zip without AndroidManifest.xml or Payload/*.app');
  return kind;
}

async function openZip(fd: number): Promise<ZipFile> {
  try {
    return await fromFdPromise(fd, { autoClose: false, lazyEntries: true, decodeStrings: false });
  } catch (cause) {
    throw new ArchiveProblem('archive is incomplete: its directory at the end is missing or damaged', { cause });
  }
}

async function readNames(zip: ZipFile, fileBytes: number): Promise<string[]> {
  const names: string[] = [];
  let compressedBytes = 0;
  try {
    for await (const entry of zip.eachEntry()) {
      names.push(nameOf(entry));
      compressedBytes += entry.compressedSize;
      if (compressedBytes > fileBytes || !isPossible(entry))
        throw new ArchiveProblem('archive declares an impossible size');
    }
  } catch (cause) {
    if (cause instanceof ArchiveProblem) throw cause;
    throw new ArchiveProblem('archive directory is inconsistent', { cause });
  }
  return names;
}

/** Deflate makes at most 1032 bytes of one (zlib's technical notes); what is stored is as long as it is. */
function isPossible({ compressionMethod, compressedSize, uncompressedSize }: Entry): boolean {
  if (compressionMethod === STORED) return uncompressedSize === compressedSize;
  return uncompressedSize <= DEFLATE_LIMIT * compressedSize;
}

/** The end record of an archive in several files names another disk than the first (APPNOTE.TXT, section 4.3.16). */
async function refuseSplit(file: ArchiveFile): Promise<void> {
  const length = Math.min(file.sizeBytes, END_BYTES + LONGEST_COMMENT);
  const tail = await file.read(length, file.sizeBytes - length);
  const at = tail.lastIndexOf(Buffer.from('PK\x05\x06', 'latin1'));
  if (at < 0 || at + END_BYTES > tail.length) return;
  const disk = tail.readUInt16LE(at + 4);
  if (disk !== 0 && disk !== 0xffff) throw new ArchiveProblem('multi-disk archives are not supported');
}

function nameOf(entry: Entry): string {
  if ((entry.generalPurposeBitFlag & ENCRYPTED_FLAG) !== 0)
    throw new ArchiveProblem('encrypted archives are not supported');
  const name = getFileNameLowLevel(entry.generalPurposeBitFlag, entry.fileNameRaw, entry.extraFields, true);
  if (name.includes('\0') || validateFileName(name) !== null)
    throw new ArchiveProblem('archive contains an unsafe entry name');
  return name;
}

/** An AAB keeps each module's manifest below `<module>/manifest/`; an APK's is at the root; an IPA holds `Payload/<name>.app/`. */
function kindOfNames(names: readonly string[]): ArtifactKind | null {
  const all = new Set(names);
  if (all.has('BundleConfig.pb') || all.has('base/manifest/AndroidManifest.xml')) return 'aab';
  if (all.has('AndroidManifest.xml')) return 'apk';
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

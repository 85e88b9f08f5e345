import type { AppArchive } from '../../archive-kind.ts';
import { BeyondLimit, UnreadablePart, withinBounds } from '../../zip/archive-file.ts';
import { createEntryReader, type EntryReader } from '../../zip/entry-contents.ts';
import { readSignedData, type SignedData } from '../cms/signed-data.ts';
import { attributesOf, jarSectionsOf } from './jar-sections.ts';

const SIGNATURE_BLOCK = /^META-INF\/[^/]+\.(?:RSA|DSA|EC)$/i;
/** Android takes no more signers; one more is enough to know that there are too many. */
export const MOST_BLOCKS = 10;
const LARGEST_PART = 16 * 1024 * 1024;
const SUSPECT_BYTES = 1024 * 1024;
const SUSPECT_RATIO = 200;
const LONGEST_MAIN_SECTION = 64 * 1024;

/** A signature block with the signature file that it signs. */
export interface JarBlock {
  readonly name: string;
  /** `null` where it cannot be read. */
  readonly signedData: SignedData | null;
  /** `null` where there is none. */
  readonly signatureFile: Buffer | null;
  /** The numbers of the newer schemes that the signature file says there are. */
  readonly newerSchemes: readonly string[];
  /** What cannot be read of them, and why not. */
  readonly failure: { readonly part: string; readonly cause: UnreadablePart } | null;
}

/** The signature blocks of an archive, one more than there may be. */
export async function readJarBlocks(archive: AppArchive): Promise<JarBlock[]> {
  const names = archive.zip.names.filter((name) => SIGNATURE_BLOCK.test(name)).slice(0, MOST_BLOCKS + 1);
  const reader = createEntryReader(archive.file, archive.zip.end.directoryAt);
  const blocks: JarBlock[] = [];
  for (const name of names) blocks.push(await readBlock(archive, name, reader));
  return blocks;
}

async function readBlock(archive: AppArchive, name: string, reader: EntryReader): Promise<JarBlock> {
  const fileName = signatureFileOf(name, archive);
  let part = name;
  let signedData: SignedData | null = null;
  let signatureFile: Buffer | null = null;
  try {
    const block = await readJarPart(archive, name, reader);
    signedData = block === null ? null : withinBounds(() => readSignedData(block, archive.budget));
    part = fileName;
    signatureFile = await readJarPart(archive, fileName, reader);
    const newerSchemes = signatureFile === null ? [] : newerSchemesIn(signatureFile, archive);
    return { name, signedData, signatureFile, newerSchemes, failure: null };
  } catch (cause) {
    if (!(cause instanceof UnreadablePart)) throw cause;
    return { name, signedData, signatureFile, newerSchemes: [], failure: { part, cause } };
  }
}

/** The capitals of the two may differ in a bundle; Java takes them all the same. */
function signatureFileOf(block: string, { zip }: AppArchive): string {
  const exact = block.replace(/[^.]+$/, 'SF');
  if (zip.names.includes(exact)) return exact;
  return zip.names.find((name) => name.toUpperCase() === exact.toUpperCase()) ?? exact;
}

/** An entry of META-INF; `null` where there is none. Rejects with `UnreadablePart`. */
export async function readJarPart({ zip }: AppArchive, name: string, reader: EntryReader): Promise<Buffer | null> {
  const index = zip.names.indexOf(name);
  if (index < 0) return null;
  if (zip.names.includes(name, index + 1)) throw new UnreadablePart('is there twice', { isHostile: true });
  const entry = zip.entryAt(index);
  if (entry.sizeBytes > LARGEST_PART) throw new BeyondLimit('is larger than 16 MiB');
  if (entry.sizeBytes > SUSPECT_BYTES && entry.sizeBytes > SUSPECT_RATIO * entry.compressedBytes)
    throw new BeyondLimit(`expands to more than ${SUSPECT_RATIO} times its size`);
  const pieces: Buffer[] = [];
  await reader.read(entry, (piece) => pieces.push(Buffer.from(piece)));
  return Buffer.concat(pieces);
}

function newerSchemesIn(signatureFile: Buffer, { budget }: AppArchive): string[] {
  const start = signatureFile.subarray(0, LONGEST_MAIN_SECTION);
  const [main] = jarSectionsOf(start, budget);
  const ids = main === undefined ? '' : (attributesOf(start, main).get('x-android-apk-signed') ?? '');
  return ids.split(',').map((id) => id.trim());
}

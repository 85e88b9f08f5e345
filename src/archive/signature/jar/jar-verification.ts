import type { AppArchive } from '../../archive-kind.ts';
import { BeyondLimit, UnreadablePart } from '../../zip/archive-file.ts';
import { createEntryReader, type EntryReader } from '../../zip/entry-contents.ts';
import { type Finding, notChecked, untrue } from '../finding.ts';
import { type JarUse, signerOfBlock } from './block-signer.ts';
import { type JarBlock, MOST_BLOCKS, readJarPart } from './jar-blocks.ts';
import { checkEntries } from './jar-entries.ts';
import { checkSignatureFile, type JarManifest, readJarManifest } from './jar-manifest.ts';

const MANIFEST = 'META-INF/MANIFEST.MF';

/**
 * Checks a JAR signature: each block's signature of its signature file, each signature file against the manifest, and the manifest against the
 * contents of every entry. Gives the certificates (DER) of those who signed, or why it is not true. The rules are those of `V1SchemeVerifier` of
 * AOSP's apksig. Rejects with the signal's reason.
 */
export async function verifyJar(
  archive: AppArchive,
  blocks: readonly JarBlock[],
  use: JarUse,
  signal: AbortSignal,
): Promise<readonly Buffer[] | Finding> {
  const reader = createEntryReader(archive.file, archive.zip.end.directoryAt, signal);
  try {
    return await verifyWith(reader, archive, blocks, use);
  } catch (cause) {
    if (cause instanceof BeyondLimit) return notChecked(`it ${cause.message}`);
    if (cause instanceof UnreadablePart) return untrue(`it ${cause.message}`);
    throw cause;
  }
}

async function verifyWith(
  reader: EntryReader,
  archive: AppArchive,
  blocks: readonly JarBlock[],
  use: JarUse,
): Promise<readonly Buffer[] | Finding> {
  const looked = blocks.filter(
    ({ name }) => use.isBundle || name === name.replace(/[^.]+$/, (end) => end.toUpperCase()),
  );
  const complete = looked.filter(({ signatureFile, failure }) => signatureFile !== null || failure !== null);
  if (complete.length === 0) return untrue(`the signature file is missing for ${blocks[0]?.name}`);
  if (complete.length > MOST_BLOCKS) return untrue(`it has more than ${MOST_BLOCKS} signers`);
  const bytes = await readJarPart(archive, MANIFEST, reader);
  if (bytes === null) return untrue(`there is no ${MANIFEST}`);
  const manifest = readJarManifest(bytes, archive.budget);
  if (manifest.trouble !== null) return untrue(manifest.trouble);
  const certificates: Buffer[] = [];
  for (const block of complete) {
    const signer = signerOf(block, use, archive);
    if (!Buffer.isBuffer(signer)) return signer;
    certificates.push(signer);
  }
  return await verifyFiles(complete, certificates, manifest, use, archive, reader);
}

function signerOf(
  { signedData, signatureFile, failure }: JarBlock,
  use: JarUse,
  { budget }: AppArchive,
): Buffer | Finding {
  if (failure !== null) {
    const reason = `${failure.part} ${failure.cause.message}`;
    return failure.cause instanceof BeyondLimit ? notChecked(reason) : untrue(reason);
  }
  if (signedData === null || signatureFile === null) return untrue('a signature block was removed');
  return signerOfBlock(signedData, signatureFile, use, budget);
}

async function verifyFiles(
  blocks: readonly JarBlock[],
  certificates: readonly Buffer[],
  manifest: JarManifest,
  { minSdk }: JarUse,
  archive: AppArchive,
  reader: EntryReader,
): Promise<readonly Buffer[] | Finding> {
  const counting: { readonly names: ReadonlySet<string>; readonly certificate: Buffer }[] = [];
  for (const [index, { signatureFile }] of blocks.entries()) {
    const { names, trouble } = checkSignatureFile(signatureFile as Buffer, manifest, minSdk, archive.budget);
    if (trouble !== null) return untrue(trouble);
    if (names !== null) counting.push({ names, certificate: certificates[index] as Buffer });
  }
  if (counting.length === 0) return untrue('none of its signature files is valid');
  const signedNames = counting.map(({ names }) => names);
  const signers = await checkEntries(archive, manifest, signedNames, minSdk, reader);
  return 'reason' in signers ? signers : signers.map((index) => counting[index]?.certificate as Buffer);
}

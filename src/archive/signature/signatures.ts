import { readSigningDemands } from '../android/android-app.ts';
import type { AppArchive } from '../archive-kind.ts';
import { type BlockSignatures, NO_BLOCK, readBlockSignatures } from './block/block-signatures.ts';
import { type JarSignature, readJarSignature } from './jar/jar-signature.ts';
import type { SignatureScheme } from './signature-scheme.ts';
import { LEAST_DEMANDS, type SigningDemands } from './signing-demands.ts';

/** How an app is signed, from small reads, and the way to what takes reading all of the file. */
export interface Signatures {
  /** The oldest first; empty for an IPA, whose signature is not read. */
  readonly schemes: readonly SignatureScheme[];
  /** Whether there is a signature, true or not; `null` where that cannot be told. */
  readonly isSigned: boolean | null;
  /** Whether all who have signed did it with a certificate for Android debug builds; `null` where that cannot be told. */
  readonly isDebugSigned: boolean | null;
  /** The schemes, checked where that can be. Rejects with the signal's reason. */
  verify(signal: AbortSignal): Promise<readonly SignatureScheme[]>;
}

/** What cannot be read of them is told in `problems`. */
export async function readSignatures(archive: AppArchive, problems: string[]): Promise<Signatures> {
  if (archive.kind === 'ipa') {
    const isSigned = archive.zip.names.includes(`${archive.appFolder}_CodeSignature/CodeResources`);
    return { schemes: [], isSigned, isDebugSigned: false, verify: async () => [] };
  }
  const own: string[] = [];
  const block = archive.kind === 'apk' ? await readBlockSignatures(archive, own) : NO_BLOCK;
  const demands = archive.kind === 'apk' ? await readSigningDemands(archive) : LEAST_DEMANDS;
  const jar = await readJarSignature(archive, block.found, demands, own);
  problems.push(...own);
  const schemes = [...(jar === null ? [] : [jar.scheme]), ...block.schemes];
  const isWhole = own.length === 0;
  return {
    schemes,
    isSigned: schemes.length > 0 || (isWhole ? false : null),
    isDebugSigned: areDebugSigned(schemes, isWhole),
    verify: (signal) => verifyAll(block, jar, demands, signal),
  };
}

async function verifyAll(
  block: BlockSignatures,
  jar: JarSignature | null,
  demands: SigningDemands,
  signal: AbortSignal,
): Promise<SignatureScheme[]> {
  const [v1, inBlock] = await Promise.all([jar?.verify(signal) ?? null, block.verify(demands, signal)]);
  const finding = block.findingBeside(v1?.certificates ?? [], inBlock, demands);
  return [
    ...(v1 === null ? [] : [v1.scheme]),
    ...inBlock.map((one) => (one.scheme === finding?.scheme ? { ...one, ...finding } : one)),
  ];
}

/**
 * Hex SHA-256 of the certificates of the newest scheme, by which Android goes; empty for what is not signed, `null` where that cannot be
 * told.
 */
export function signersOf({ schemes, isSigned }: Pick<Signatures, 'schemes' | 'isSigned'>): string[] | null {
  const signers = schemes.at(-1)?.signers.map(({ sha256 }) => sha256) ?? [];
  return signers.length > 0 || isSigned === false ? signers : null;
}

/** The same signers as people know them: by the subject of the certificate, or else its SHA-256. */
export function signerNamesOf({ schemes, isSigned }: Pick<Signatures, 'schemes' | 'isSigned'>): string[] | null {
  const names = schemes.at(-1)?.signers.map(({ subject, sha256 }) => subject ?? sha256) ?? [];
  return names.length > 0 || isSigned === false ? names : null;
}

function areDebugSigned(schemes: readonly SignatureScheme[], isWhole: boolean): boolean | null {
  const signers = schemes.flatMap((scheme) => scheme.signers);
  if (signers.some(({ androidDebug }) => !androidDebug)) return false;
  if (!isWhole || schemes.some((scheme) => scheme.signers.length === 0)) return null;
  return signers.length > 0;
}

import type { AppArchive } from '../archive-kind.ts';
import { readBlockSignatures } from './block/block-signatures.ts';
import { readJarSignature } from './jar/jar-signature.ts';
import type { SignatureScheme } from './signature-scheme.ts';

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
  const block = archive.kind === 'apk' ? await readBlockSignatures(archive, own) : null;
  const inBlock = block?.schemes ?? [];
  const jar = await readJarSignature(archive, new Set(inBlock.map(({ scheme }) => scheme)), own);
  problems.push(...own);
  const behindJar = (others: readonly SignatureScheme[]) => [...(jar === null ? [] : [jar]), ...others];
  const schemes = behindJar(inBlock);
  const isWhole = own.length === 0;
  return {
    schemes,
    isSigned: schemes.length > 0 || (isWhole ? false : null),
    isDebugSigned: areDebugSigned(schemes, isWhole),
    verify: async (signal) => behindJar((await block?.verify(signal)) ?? []),
  };
}

/**
 * Hex SHA-256 of the certificates of the newest scheme, by which Android goes; empty for what is not signed, `null` where that cannot be
 * told.
 */
export function signersOf({ schemes, isSigned }: Pick<Signatures, 'schemes' | 'isSigned'>): string[] | null {
  const signers = schemes.at(-1)?.signers.map(({ sha256 }) => sha256) ?? [];
  return signers.length > 0 || isSigned === false ? signers : null;
}

function areDebugSigned(schemes: readonly SignatureScheme[], isWhole: boolean): boolean | null {
  const signers = schemes.flatMap((scheme) => scheme.signers);
  if (signers.some(({ androidDebug }) => !androidDebug)) return false;
  if (!isWhole || schemes.some((scheme) => scheme.signers.length === 0)) return null;
  return signers.length > 0;
}

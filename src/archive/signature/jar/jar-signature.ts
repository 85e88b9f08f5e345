import type { AppArchive } from '../../archive-kind.ts';
import { type Certificate, describeCertificate } from '../certificate.ts';
import { type Finding, notChecked, untrue } from '../finding.ts';
import type { SignatureScheme } from '../signature-scheme.ts';
import type { SigningDemands } from '../signing-demands.ts';
import { type JarBlock, readJarBlocks } from './jar-blocks.ts';
import { verifyJar } from './jar-verification.ts';

/** From here on Android looks at the JAR signature only where there is no newer one. */
const SDK_OF_BLOCKS = 24;
/** An app that targets this one or a later one has to have a newer signature: developer.android.com/about/versions/11/behavior-changes-11 */
const TARGET_WITHOUT_JAR = 30;
const SANDBOX_WITHOUT_JAR = 2;

/** The JAR signature of an APK (its v1) or of a bundle, not yet checked. */
export interface JarSignature {
  readonly scheme: SignatureScheme;
  /** Checks it against all entries, where anything goes by it. Rejects with the signal's reason. */
  verify(signal: AbortSignal): Promise<CheckedJarSignature>;
}

interface CheckedJarSignature {
  readonly scheme: SignatureScheme;
  /** DER, of the signers of a true signature. */
  readonly certificates: readonly Buffer[];
}

/**
 * Reads whose the JAR signature is; `null` where there is none. `newer`: the schemes that Android finds in the signing block.
 * Sources: docs.oracle.com/en/java/javase/21/docs/specs/jar/jar.html, "Signed JAR File";
 * source.android.com/docs/security/features/apksigning/v2, "Rollback protections".
 */
export async function readJarSignature(
  archive: AppArchive,
  newer: readonly string[],
  demands: SigningDemands,
  problems: string[],
): Promise<JarSignature | null> {
  const blocks = await readJarBlocks(archive);
  if (blocks.length === 0) return null;
  const signers = blocks.flatMap((block) => signerOf(block, problems));
  const early = findingOfRemoved(blocks, newer) ?? decidedBefore(archive, demands, newer);
  const result = (finding: Finding): SignatureScheme => ({ scheme: 'v1', signers, ...finding });
  return {
    scheme: result(early ?? notChecked('not checked')),
    async verify(signal) {
      if (early !== null) return { scheme: result(early), certificates: [] };
      const minSdk = archive.kind === 'aab' ? SDK_OF_BLOCKS : demands.minSdk;
      const checked = await verifyJar(archive, blocks, { isBundle: archive.kind === 'aab', minSdk }, signal);
      if ('reason' in checked) return { scheme: result(checked), certificates: [] };
      const scheme = { scheme: 'v1', signers: checked.map(describeCertificate), verified: true, reason: null } as const;
      return { scheme, certificates: checked };
    },
  };
}

/** What decides before the contents are read. */
function decidedBefore({ kind }: AppArchive, demands: SigningDemands, newer: readonly string[]): Finding | null {
  if (kind === 'aab') return null;
  const { minSdk, targetSdk, targetSandbox } = demands;
  if (newer.length > 0)
    return minSdk < SDK_OF_BLOCKS ? null : notChecked('no Android version that the app supports uses it');
  if (targetSdk >= TARGET_WITHOUT_JAR)
    return untrue(
      `the app targets SDK ${targetSdk}, and from ${TARGET_WITHOUT_JAR} on Android wants v2 or a newer signature`,
    );
  if (targetSandbox >= SANDBOX_WITHOUT_JAR)
    return untrue(`the app targets sandbox ${targetSandbox}, for which Android wants v2 or a newer signature`);
  return null;
}

/** A block whose signer cannot be named is told: it is no reason to say that nobody has signed. */
function signerOf({ name, signedData, failure }: JarBlock, problems: string[]): Certificate[] {
  const certificate = signedData === null ? null : certificateOf(signedData);
  if (failure !== null) problems.push(`cannot read ${failure.part}: it ${failure.cause.message}`);
  else if (certificate === null) problems.push(`cannot read ${name}: the certificate that it names is missing`);
  return certificate === null ? [] : [describeCertificate(certificate)];
}

/**
 * The certificate that the first signer names; where it names none, the one with its serial number, or the only one: the name is not signed, so
 * that the certificate is known all the same.
 */
function certificateOf({ signerInfos: [signer], certificates }: NonNullable<JarBlock['signedData']>): Buffer | null {
  const bySerial = certificates.filter(({ serialNumber }) => serialNumber === signer?.serialNumber);
  const [only = null] = bySerial.length === 1 ? bySerial : certificates.length === 1 ? certificates : [];
  return certificates.find(({ id }) => id === signer?.certificateId)?.der ?? only?.der ?? null;
}

/** The newer schemes that a signature file says the APK was signed with, and that are not there. */
function findingOfRemoved(blocks: readonly JarBlock[], newer: readonly string[]): Finding | null {
  const said = new Set(blocks.flatMap(({ newerSchemes }) => newerSchemes));
  const removed = ['v2', 'v3'].filter((scheme) => said.has(scheme.slice(1)) && !newer.includes(scheme));
  return removed.length === 0
    ? null
    : untrue(`a newer signature that belongs to it was removed: ${removed.join(', ')}`);
}

import type { AppArchive } from '../../archive-kind.ts';
import type { Budget } from '../../budget.ts';
import { UnreadablePart, withinBounds } from '../../zip/archive-file.ts';
import { type Certificate, describeCertificate } from '../certificate.ts';
import type { SignatureScheme } from '../signature-scheme.ts';
import { readSignedData, type SignedData, type SignerInfo } from './signed-data.ts';

const SIGNATURE_BLOCK = /^META-INF\/[^/]+\.(?:RSA|DSA|EC)$/i;
/** More than any real app is signed with. */
const MOST_SIGNERS = 10;
const LONGEST_MAIN_SECTION = 8 * 1024;

/**
 * The JAR signature of an APK (its v1) or of a bundle: whose it is. `null` where there is none. Whether the entries are what was signed
 * is not checked, only whether a newer signature that belongs to it, by what it says itself, is among those `present`.
 * Sources: docs.oracle.com/en/java/javase/21/docs/specs/jar/jar.html, "Signed JAR File";
 * source.android.com/docs/security/features/apksigning/v2, "Rollback protections".
 */
export async function readJarSignature(
  archive: AppArchive,
  present: ReadonlySet<SignatureScheme['scheme']>,
  problems: string[],
): Promise<SignatureScheme | null> {
  const blocks = archive.zip.names.filter((name) => SIGNATURE_BLOCK.test(name)).slice(0, MOST_SIGNERS);
  if (blocks.length === 0) return null;
  const signers: Certificate[] = [];
  const removed = new Set<string>();
  for (const name of blocks) {
    const block = await readPart(archive, name, problems);
    if (block !== null) signers.push(...signersIn(block, name, archive.budget, problems));
    const signed = await readPart(archive, name.replace(/[^.]+$/, 'SF'), problems);
    for (const scheme of schemesIn(signed?.toString('latin1') ?? '')) if (!present.has(scheme)) removed.add(scheme);
  }
  if (removed.size === 0)
    return { scheme: 'v1', signers, verified: null, reason: 'a JAR signature is not checked here' };
  const reason = `a newer signature that belongs to it was removed: ${[...removed].join(', ')}`;
  return { scheme: 'v1', signers, verified: false, reason };
}

async function readPart({ zip }: AppArchive, name: string, problems: string[]): Promise<Buffer | null> {
  try {
    return await zip.read(name);
  } catch (cause) {
    if (!(cause instanceof UnreadablePart)) throw cause;
    problems.push(`cannot read ${name}: it ${cause.message}`);
    return null;
  }
}

/** A signature block without a signer that can be named is told: it is no reason to say that nobody has signed. */
function signersIn(block: Buffer, name: string, budget: Budget, problems: string[]): Certificate[] {
  try {
    const { certificates, signerInfos } = withinBounds(() => readSignedData(block, budget));
    return signerInfos.map((signer) => {
      const certificate = certificateOf(signer, certificates);
      if (certificate === null) throw new UnreadablePart('names a certificate that is not in it', { isHostile: false });
      return describeCertificate(certificate);
    });
  } catch (cause) {
    if (!(cause instanceof UnreadablePart)) throw cause;
    problems.push(`cannot read ${name}: it ${cause.message}`);
    return [];
  }
}

/** The newer schemes that a signature file says the APK was signed with. */
function schemesIn(signatureFile: string): SignatureScheme['scheme'][] {
  const [mainSection = ''] = signatureFile.slice(0, LONGEST_MAIN_SECTION).split(/\r?\n\r?\n/);
  const [, ids = ''] = /^X-Android-APK-Signed: *([0-9, ]+)/m.exec(mainSection) ?? [];
  const named = ids.split(',').map((id) => id.trim());
  return (['v2', 'v3'] as const).filter((scheme) => named.includes(scheme.slice(1)));
}

/** The certificate that a signer names; where it names none, the one with its serial number, or the only one: nothing signs the name. */
function certificateOf(
  { certificateId, serialNumber }: SignerInfo,
  certificates: SignedData['certificates'],
): Buffer | null {
  const named = certificates.find(({ id }) => id === certificateId);
  if (named !== undefined) return named.der;
  const [only, ...others] = certificates.filter((one) => one.serialNumber === serialNumber);
  if (only !== undefined && others.length === 0) return only.der;
  return certificates.length === 1 ? (certificates[0]?.der ?? null) : null;
}

import type { AppArchive } from '../archive-kind.ts';
import { UnreadablePart, withinBounds } from '../zip/archive-file.ts';
import type { SignatureScheme } from './apk-signature.ts';
import { type Certificate, describeCertificate } from './certificate.ts';
import { CONTEXT_0, derChild, derValues, INTEGER, SEQUENCE, SET } from './der.ts';

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
    if (block !== null) signers.push(...signersIn(block, name, problems));
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

function signersIn(block: Buffer, name: string, problems: string[]): Certificate[] {
  try {
    return withinBounds(() => signersOf(block));
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

/**
 * The certificates of those who signed a PKCS #7 `SignedData` (RFC 2315, section 9): of all that are in it, those that a signer
 * names by issuer and serial number.
 */
function signersOf(bytes: Buffer): Certificate[] {
  const contentInfo = derChild(bytes, SEQUENCE).contents;
  const signedData = derChild(derChild(contentInfo, CONTEXT_0).contents, SEQUENCE).contents;
  const certificates = [...derValues(derChild(signedData, CONTEXT_0).contents)].map(({ whole }) => whole);
  // The digest algorithms are a set too, and come first.
  const signerInfos = [...derValues(signedData)].filter(({ tag }) => tag === SET).at(-1);
  const named = [...derValues(signerInfos?.contents ?? Buffer.alloc(0))]
    .slice(0, MOST_SIGNERS)
    .map(({ contents }) => derChild(contents, SEQUENCE).contents);
  return named.flatMap((issuerAndSerial) => {
    const own = certificates.find((der) => issuerAndSerialOf(der).equals(issuerAndSerial));
    return own === undefined ? [] : [describeCertificate(own)];
  });
}

/** Issuer and serial number of a certificate (RFC 5280, section 4.1), as a signer names them. */
function issuerAndSerialOf(certificate: Buffer): Buffer {
  const fields = derChild(derChild(certificate, SEQUENCE).contents, SEQUENCE).contents;
  const serial = derChild(fields, INTEGER).whole;
  // The algorithm of the signature is a sequence too, and comes first.
  const [, issuer] = [...derValues(fields)].filter(({ tag }) => tag === SEQUENCE);
  return Buffer.concat([issuer?.whole ?? Buffer.alloc(0), serial]);
}

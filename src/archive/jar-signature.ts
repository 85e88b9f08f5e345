import type { SignatureScheme } from './apk-signature.ts';
import { UnreadablePart, withinBounds } from './archive-file.ts';
import type { AppArchive } from './archive-kind.ts';
import { type Certificate, describeCertificate } from './certificate.ts';
import { CONTEXT_0, derChild, derValues, INTEGER, SEQUENCE, SET } from './der.ts';

const SIGNATURE_BLOCK = /^META-INF\/[^/]+\.(?:RSA|DSA|EC)$/i;
/** More than any real app is signed with. */
const MOST_SIGNERS = 10;

/**
 * The JAR signature of an APK (its v1) or of a bundle: whose it is. Whether it is true is not checked. `null` where there is none.
 * Source: docs.oracle.com/en/java/javase/21/docs/specs/jar/jar.html, "Signed JAR File".
 */
export async function readJarSignature({ zip }: AppArchive, problems: string[]): Promise<SignatureScheme | null> {
  const blocks = zip.names.filter((name) => SIGNATURE_BLOCK.test(name)).slice(0, MOST_SIGNERS);
  if (blocks.length === 0) return null;
  const signers: Certificate[] = [];
  for (const name of blocks) {
    try {
      const bytes = await zip.read(name);
      if (bytes !== null) signers.push(...withinBounds(() => signersOf(bytes)));
    } catch (cause) {
      if (!(cause instanceof UnreadablePart)) throw cause;
      problems.push(`cannot read ${name}: it ${cause.message}`);
    }
  }
  return { scheme: 'v1', signers, verified: null, reason: 'a JAR signature is not checked here' };
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
  const named = [...derValues(signerInfos?.contents ?? Buffer.alloc(0))].map(
    ({ contents }) => derChild(contents, SEQUENCE).contents,
  );
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

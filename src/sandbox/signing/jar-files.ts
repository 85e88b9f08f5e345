import { createHash, sign } from 'node:crypto';
import { integer, octets, oid, sequence, set, tagged } from './der.ts';
import { ISSUER, SERIAL, type SigningKey } from './signing-key.ts';

/** An entry of an archive, and the SHA-256 of its contents in base64. */
export interface DigestedEntry {
  readonly name: string;
  readonly sha256: string;
}

interface JarFile {
  readonly name: string;
  readonly data: Buffer;
}

const LONGEST_LINE_BYTES = 72;
/** PKCS #7 (RFC 2315, section 14) and RFC 5754, section 2.2; Android takes the key's own algorithm for that of the signature. */
const DATA = oid('2a864886f70d010701');
const SIGNED_DATA = oid('2a864886f70d010702');
const SHA256 = sequence(oid('608648016503040201'));
const EC_PUBLIC_KEY = sequence(oid('2a8648ce3d0201'));
/** What "Signed JAR File" of the JAR File Specification takes for files of a signature. */
const SIGNATURE_FILE = /^META-INF\/(?:MANIFEST\.MF|[^/]+\.(?:SF|RSA|DSA|EC)|SIG-[^/]*)$/i;

export function isJarSignatureFile(name: string): boolean {
  return SIGNATURE_FILE.test(name);
}

/** The files by which a JAR is signed: manifest, signature file and block. `mainLines` go to the main section of the signature file. */
export function jarSignatureFiles(
  entries: readonly DigestedEntry[],
  key: SigningKey,
  mainLines: readonly string[],
): JarFile[] {
  const sections = entries.map(({ name, sha256 }) => section(name, sha256));
  const manifest = Buffer.concat([Buffer.from('Manifest-Version: 1.0\r\n\r\n'), ...sections]);
  const main = ['Signature-Version: 1.0', ...mainLines, `SHA-256-Digest-Manifest: ${digestOf(manifest)}`];
  const signed = entries.map(({ name }, index) => section(name, digestOf(sections[index] ?? Buffer.alloc(0))));
  const signatureFile = Buffer.concat([Buffer.from(`${main.join('\r\n')}\r\n\r\n`), ...signed]);
  return [
    { name: 'META-INF/MANIFEST.MF', data: manifest },
    { name: 'META-INF/SANDBOX.SF', data: signatureFile },
    { name: 'META-INF/SANDBOX.EC', data: signedData(sign('sha256', signatureFile, key.privateKey), key) },
  ];
}

function section(name: string, sha256: string): Buffer {
  return Buffer.concat([...wrapped(`Name: ${name}`), Buffer.from(`SHA-256-Digest: ${sha256}\r\n\r\n`)]);
}

/** A line of more than 72 bytes goes on in the next one, behind a space. */
function wrapped(line: string): Buffer[] {
  const bytes = Buffer.from(line);
  const lines = [bytes.subarray(0, LONGEST_LINE_BYTES - 2), Buffer.from('\r\n')];
  const step = LONGEST_LINE_BYTES - 3;
  for (let at = LONGEST_LINE_BYTES - 2; at < bytes.length; at += step)
    lines.push(Buffer.from(' '), bytes.subarray(at, at + step), Buffer.from('\r\n'));
  return lines;
}

function digestOf(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('base64');
}

/** A `SignedData` of RFC 2315, section 9, without its content and without attributes. */
function signedData(signature: Buffer, { certificate }: SigningKey): Buffer {
  const issuerAndSerial = sequence(ISSUER, integer(SERIAL));
  const signer = sequence(integer(1), issuerAndSerial, SHA256, EC_PUBLIC_KEY, octets(signature));
  const contents = sequence(integer(1), set(SHA256), sequence(DATA), tagged(0, certificate), set(signer));
  return sequence(SIGNED_DATA, tagged(0, contents));
}

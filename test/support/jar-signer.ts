import { createHash, sign } from 'node:crypto';
import { asSet, commonName, signedAttributes, signedData, signerInfo } from './der.ts';
import type { SigningKey } from './signing-key.ts';

interface File {
  readonly name: string;
  readonly data: Buffer;
}

interface JarSignatureOptions {
  /** Lines for the main section of the signature file. */
  readonly lines?: readonly string[];
  /** Signs attributes in place of the signature file itself; `other` are those of another file. */
  readonly attributes?: 'true' | 'other';
  /** Leaves the digest of the whole manifest out, so that those of its sections count. */
  readonly bySections?: boolean;
  readonly name?: string;
  /** The certificate that is put into the block, where that is another one. */
  readonly certificate?: Buffer;
}

/** The files that sign others in the way of a JAR. */
export function signJar(files: readonly File[], key: SigningKey, options: JarSignatureOptions = {}): File[] {
  const { lines = [], attributes, bySections = false, name = 'CERT' } = options;
  const sections = files.map((file) =>
    `Name: ${file.name}\r\nSHA-256-Digest: ${sha256(file.data)}\r\n\r\n`.replace(/^(.{70})(.+)$/gm, '$1\r\n $2'),
  );
  const manifest = Buffer.from(`Manifest-Version: 1.0\r\n\r\n${sections.join('')}`);
  const whole = bySections ? [] : [`SHA-256-Digest-Manifest: ${sha256(manifest)}`];
  const main = ['Signature-Version: 1.0', ...lines, ...whole].join('\r\n');
  const signed = files.map(
    (file, index) => `Name: ${file.name}\r\nSHA-256-Digest: ${sha256(Buffer.from(sections[index] ?? ''))}\r\n\r\n`,
  );
  const signatureFile = Buffer.from(`${main}\r\n\r\n${signed.join('')}`);
  const digest = createHash('sha256')
    .update(attributes === 'other' ? 'other' : signatureFile)
    .digest();
  const values = attributes === undefined ? undefined : signedAttributes(digest);
  const signature = sign('sha256', values === undefined ? signatureFile : asSet(values), key.privateKey);
  const signer = signerInfo({
    issuer: commonName(key.name),
    serial: 1,
    signature,
    ...(values && { attributes: values }),
  });
  return [
    { name: 'META-INF/MANIFEST.MF', data: manifest },
    { name: `META-INF/${name}.SF`, data: signatureFile },
    { name: `META-INF/${name}.EC`, data: signedData([options.certificate ?? key.certificate], [signer]) },
  ];
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('base64');
}

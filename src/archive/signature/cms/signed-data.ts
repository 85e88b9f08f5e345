import type { Budget } from '../../budget.ts';
import { UnreadablePart } from '../../zip/archive-file.ts';
import { type BerValue, berValues, expectTag, octetsOf, TAG } from './ber.ts';
import { x500NameKey } from './x500-name.ts';

/** More than any real signature has. */
const MOST_SIGNERS = 10;
/** Object identifiers, the bytes in hex: `id-signedData`, `contentType` and `messageDigest` of RFC 5652, sections 5.1, 11.1 and 11.2. */
const SIGNED_DATA = '2a864886f70d010702';
const CONTENT_TYPE = '2a864886f70d010903';
const MESSAGE_DIGEST = '2a864886f70d010904';

/** A CMS `SignedData` (RFC 5652, section 5.1; PKCS #7 before), as far as a JAR signature uses it: what is signed stands elsewhere. */
export interface SignedData {
  /** Object identifiers are the hex of their bytes, here and below. */
  readonly contentType: string;
  readonly certificates: readonly SigningCertificate[];
  /** Never empty. */
  readonly signerInfos: readonly SignerInfo[];
}

interface SigningCertificate {
  readonly der: Buffer;
  /** Issuer and serial number, by which a signer names it. */
  readonly id: string;
  readonly serialNumber: string;
}

export interface SignerInfo {
  readonly certificateId: string;
  readonly serialNumber: string;
  readonly digestAlgorithm: string;
  readonly signatureAlgorithm: string;
  readonly signature: Buffer;
  /** `null` where the signature is made over the content itself. */
  readonly signedAttributes: SignedAttributes | null;
}

interface SignedAttributes {
  /** What the signature is made over. */
  readonly encoded: Buffer;
  readonly contentType: string | null;
  readonly messageDigest: Buffer | null;
}

/** Throws `UnreadablePart`, or reads past the end. */
export function readSignedData(bytes: Buffer, budget: Budget): SignedData {
  const [contentInfo] = berValues(bytes, budget);
  const [type, content] = berValues(expectTag(contentInfo, TAG.sequence).contents, budget);
  if (objectIdentifier(type) !== SIGNED_DATA) throw new UnreadablePart('is in an unknown format', { isHostile: false });
  const [signedData] = berValues(expectTag(content, TAG.context0).contents, budget);
  const fields = berValues(expectTag(signedData, TAG.sequence).contents, budget);
  const [, , encapsulated] = fields;
  const [contentType] = berValues(expectTag(encapsulated, TAG.sequence).contents, budget);
  const certificates = fields.find(({ tag }) => tag === TAG.context0)?.contents ?? Buffer.alloc(0);
  // The digest algorithms are a set too, and come first.
  const signerInfos = berValues(expectTag(fields.slice(3).at(-1), TAG.set).contents, budget);
  if (signerInfos.length === 0) throw new UnreadablePart('has no signer', { isHostile: false });
  if (signerInfos.length > MOST_SIGNERS)
    throw new UnreadablePart(`has more than ${MOST_SIGNERS} signers`, { isHostile: true });
  return {
    contentType: objectIdentifier(contentType),
    certificates: berValues(certificates, budget).map((certificate) => readCertificate(certificate, budget)),
    signerInfos: signerInfos.map((signer) => readSignerInfo(signer, budget)),
  };
}

function objectIdentifier(value: BerValue | undefined): string {
  return expectTag(value, TAG.objectIdentifier).contents.toString('hex');
}

/** RFC 5280, section 4.1. */
function readCertificate(certificate: BerValue, budget: Budget): SigningCertificate {
  const [toBeSigned] = berValues(expectTag(certificate, TAG.sequence).contents, budget);
  const fields = berValues(expectTag(toBeSigned, TAG.sequence).contents, budget);
  // The version comes first where it is not 1.
  const [serial, , issuer] = fields[0]?.tag === TAG.context0 ? fields.slice(1) : fields;
  return { der: certificate.whole, ...certificateId(issuer, serial, budget) };
}

function certificateId(issuer: BerValue | undefined, serial: BerValue | undefined, budget: Budget) {
  // Leading zeros are not part of the number.
  const serialNumber = expectTag(serial, TAG.integer)
    .contents.toString('hex')
    .replace(/^(?:00)+(?=..)/, '');
  return { id: `${serialNumber} ${x500NameKey(expectTag(issuer, TAG.sequence), budget)}`, serialNumber };
}

/** RFC 5652, section 5.3. A signer that names a key in place of a certificate is not known to Android. */
function readSignerInfo(signer: BerValue, budget: Budget): SignerInfo {
  const fields = berValues(expectTag(signer, TAG.sequence).contents, budget);
  const [, issuerAndSerial, digestAlgorithm] = fields;
  const [issuer, serial] = berValues(expectTag(issuerAndSerial, TAG.sequence).contents, budget);
  const named = certificateId(issuer, serial, budget);
  const attributes = fields[3]?.tag === TAG.context0 ? fields[3] : null;
  const [signatureAlgorithm, signature] = fields.slice(attributes === null ? 3 : 4);
  return {
    certificateId: named.id,
    serialNumber: named.serialNumber,
    digestAlgorithm: algorithmOf(digestAlgorithm, budget),
    signatureAlgorithm: algorithmOf(signatureAlgorithm, budget),
    signature: octetsOf(expectValue(signature), budget),
    signedAttributes: attributes === null ? null : readSignedAttributes(attributes, budget),
  };
}

function expectValue(value: BerValue | undefined): BerValue {
  if (value === undefined) throw new UnreadablePart('is in an unknown format', { isHostile: false });
  return value;
}

function algorithmOf(algorithm: BerValue | undefined, budget: Budget): string {
  const [id] = berValues(expectTag(algorithm, TAG.sequence).contents, budget);
  return objectIdentifier(id);
}

/** RFC 5652, section 5.4: they are signed as a set, whatever tag they have in the signer. */
function readSignedAttributes({ whole, contents }: BerValue, budget: Budget): SignedAttributes {
  const encoded = Buffer.from(whole);
  encoded.writeUInt8(TAG.set, 0);
  const values = new Map<string, BerValue>();
  for (const attribute of berValues(contents, budget)) {
    const [type, set] = berValues(expectTag(attribute, TAG.sequence).contents, budget);
    const id = objectIdentifier(type);
    const [value, second] = berValues(expectTag(set, TAG.set).contents, budget);
    if (value === undefined) continue;
    if (values.has(id) || ((id === CONTENT_TYPE || id === MESSAGE_DIGEST) && second !== undefined))
      throw new UnreadablePart('has the same attribute twice', { isHostile: true });
    values.set(id, value);
  }
  const [type, digest] = [values.get(CONTENT_TYPE), values.get(MESSAGE_DIGEST)];
  return {
    encoded,
    contentType: type === undefined ? null : objectIdentifier(type),
    messageDigest: digest === undefined ? null : octetsOf(digest, budget),
  };
}

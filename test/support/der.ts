/** Values of DER, ITU-T X.690, written by hand so that they can be wrong. */
function der(tag: number, ...parts: Buffer[]): Buffer {
  const contents = Buffer.concat(parts);
  const { length } = contents;
  if (length < 0x80) return Buffer.concat([Buffer.from([tag, length]), contents]);
  const size = Buffer.from(
    length.toString(16).padStart(length > 0xff_ffff ? 8 : length > 0xffff ? 6 : length > 0xff ? 4 : 2, '0'),
    'hex',
  );
  return Buffer.concat([Buffer.from([tag, 0x80 | size.length]), size, contents]);
}

const tagged = (number: number, ...parts: Buffer[]) => der(0xa0 + number, ...parts);
export const sequence = (...parts: Buffer[]) => der(0x30, ...parts);
const set = (...parts: Buffer[]) => der(0x31, ...parts);
export const oid = (hex: string) => der(0x06, Buffer.from(hex, 'hex'));
export const integer = (value: number) => der(0x02, Buffer.from([value]));
const octets = (bytes: Buffer) => der(0x04, bytes);
const nothing = der(0x05);

export const generalizedTime = (text: string) => der(0x18, Buffer.from(text));
export const bitString = (bytes: Buffer) => der(0x03, Buffer.from([0]), bytes);
/** The version of a certificate: 3 is written as 2. */
export const version3 = tagged(0, integer(2));

/** A name of one CN. */
export function commonName(text: string): Buffer {
  return sequence(set(sequence(oid('550403'), der(0x0c, Buffer.from(text)))));
}

const DATA = '2a864886f70d010701';
const SIGNED_DATA = '2a864886f70d010702';
const SHA256 = '608648016503040201';
const EC_PUBLIC_KEY = '2a8648ce3d0201';

/** What looks like a certificate and has no key: who reads it goes by its issuer and its serial number. */
export function certificateShell(serial: number, extraValues = 0): Buffer {
  const fill = Array.from({ length: extraValues }, () => nothing);
  return sequence(sequence(integer(serial), sequence(), commonName('shell'), ...fill));
}

interface SignerParts {
  readonly issuer: Buffer;
  readonly serial: number;
  readonly signature: Buffer;
  /** The attributes that are signed, where there are any. */
  readonly attributes?: readonly Buffer[];
  readonly digestAlgorithm?: string;
  readonly signatureAlgorithm?: string;
}

export function signerInfo({
  issuer,
  serial,
  signature,
  attributes,
  digestAlgorithm = SHA256,
  signatureAlgorithm = EC_PUBLIC_KEY,
}: SignerParts): Buffer {
  return sequence(
    integer(1),
    sequence(issuer, integer(serial)),
    sequence(oid(digestAlgorithm)),
    ...(attributes === undefined ? [] : [tagged(0, ...attributes)]),
    sequence(oid(signatureAlgorithm)),
    octets(signature),
  );
}

/** The attributes of a signer that say what is signed; the digest may be another one. */
export function signedAttributes(digest: Buffer): Buffer[] {
  const attribute = (id: string, value: Buffer) => sequence(oid(id), set(value));
  return [attribute('2a864886f70d010903', oid(DATA)), attribute('2a864886f70d010904', octets(digest))];
}

/** Attributes as they are signed. */
export const asSet = (values: readonly Buffer[]) => set(...values);

/** A CMS message without content. */
export function signedData(certificates: readonly Buffer[], signerInfos: readonly Buffer[]): Buffer {
  const contents = sequence(integer(1), set(), sequence(oid(DATA)), tagged(0, ...certificates), set(...signerInfos));
  return sequence(oid(SIGNED_DATA), tagged(0, contents));
}

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

const sequence = (...parts: Buffer[]) => der(0x30, ...parts);
const set = (...parts: Buffer[]) => der(0x31, ...parts);
const oid = (hex: string) => der(0x06, Buffer.from(hex, 'hex'));
const integer = (value: number) => der(0x02, Buffer.from([value]));
const octets = (bytes: Buffer) => der(0x04, bytes);
const nothing = der(0x05);
const tagged = (number: number, ...parts: Buffer[]) => der(0xa0 + number, ...parts);

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

/** A CMS message without content. */
export function signedData(certificates: readonly Buffer[], signerInfos: readonly Buffer[]): Buffer {
  const contents = sequence(integer(1), set(), sequence(oid(DATA)), tagged(0, ...certificates), set(...signerInfos));
  return sequence(oid(SIGNED_DATA), tagged(0, contents));
}

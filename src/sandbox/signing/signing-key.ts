import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { bitString, commonName, generalizedTime, integer, oid, sequence, tagged } from './der.ts';

/** `ecdsa-with-SHA256`: RFC 5758, section 3.2. */
const ECDSA_SHA256 = sequence(oid('2a8648ce3d040302'));
/** The serial number of the certificate. */
export const SERIAL = 1;
export const ISSUER = commonName('apptool sandbox');

/** A key with a certificate that it has signed itself. */
export interface SigningKey {
  readonly privateKey: KeyObject;
  /** DER, SubjectPublicKeyInfo. */
  readonly publicKey: Buffer;
  /** DER, X.509. */
  readonly certificate: Buffer;
}

let key: SigningKey | null = null;

/** The key that this process's sandboxes sign with, an EC key on P-256 that is made when it is first asked for, and never written down. */
export function sandboxKey(): SigningKey {
  key ??= createKey();
  return key;
}

/** The certificate is that of RFC 5280, section 4.1, version 3 without extensions. */
function createKey(): SigningKey {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  const validity = sequence(generalizedTime('20200101000000Z'), generalizedTime('21200101000000Z'));
  const version3 = tagged(0, integer(2));
  const toBeSigned = sequence(version3, integer(SERIAL), ECDSA_SHA256, ISSUER, validity, ISSUER, spki);
  const certificate = sequence(toBeSigned, ECDSA_SHA256, bitString(sign('sha256', toBeSigned, privateKey)));
  return { privateKey, publicKey: spki, certificate };
}

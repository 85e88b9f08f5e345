import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { bitString, commonName, generalizedTime, integer, oid, sequence, version3 } from './der.ts';

const ECDSA_SHA256 = sequence(oid('2a8648ce3d040302'));

/** A key with a certificate that it signed itself. */
export interface SigningKey {
  readonly name: string;
  readonly privateKey: KeyObject;
  /** DER, SubjectPublicKeyInfo. */
  readonly publicKey: Buffer;
  readonly certificate: Buffer;
  readonly sha256: string;
}

/** An EC key on P-256. */
export function createSigningKey(name: string): SigningKey {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  const subject = commonName(name);
  const validity = sequence(generalizedTime('20200101000000Z'), generalizedTime('20500101000000Z'));
  const toBeSigned = sequence(version3, integer(1), ECDSA_SHA256, subject, validity, subject, spki);
  const certificate = sequence(toBeSigned, ECDSA_SHA256, bitString(sign('sha256', toBeSigned, privateKey)));
  const sha256 = createHash('sha256').update(certificate).digest('hex');
  return { name, privateKey, publicKey: spki, certificate, sha256 };
}

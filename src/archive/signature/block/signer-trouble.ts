import { createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';
import { ALGORITHMS, isTrueSignature } from './algorithms.ts';
import type { ApkSigner, Tagged } from './apk-signers.ts';

/** Why what a signer signed is not what it says, by itself; `null` where it is. An algorithm that is not known proves nothing either way. */
export function troubleOfSigner(signer: ApkSigner): string | null {
  const { signedData, digests, certificates, signatures, range } = signer;
  const key = keyOf(signer);
  if (key === null) return 'the key does not match the certificate';
  if (!certificates.every(isCertificate)) return 'a certificate cannot be read';
  if (range === null) return 'its range of Android versions was changed after signing';
  const algorithms = (tagged: readonly Tagged[]) => tagged.map(({ algorithm }) => algorithm).join();
  if (signatures.length === 0 || algorithms(signatures) !== algorithms(digests))
    return 'its digests and its signatures have different algorithms';
  const isSigned = signatures.every(({ algorithm, bytes }) => {
    const known = ALGORITHMS.get(algorithm);
    return known === undefined || isTrueSignature(known, signedData, key, bytes);
  });
  return isSigned ? null : 'the signed data was changed';
}

/** The signer's key, where it is the one of its certificate. */
function keyOf({ publicKey, certificates: [certificate] }: ApkSigner): KeyObject | null {
  if (certificate === undefined) return null;
  try {
    const key = createPublicKey({ key: publicKey, format: 'der', type: 'spki' });
    return new X509Certificate(certificate).publicKey.equals(key) ? key : null;
  } catch {
    return null;
  }
}

function isCertificate(der: Buffer): boolean {
  try {
    return new X509Certificate(der).raw.length > 0;
  } catch {
    return false;
  }
}

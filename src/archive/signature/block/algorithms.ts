import { constants, type KeyObject, verify } from 'node:crypto';
import type { DigestName } from './apk-digest.ts';

export interface Algorithm {
  readonly digest: 'sha256' | 'sha512';
  /** The digest of the file's contents that goes with it. */
  readonly contentDigest: DigestName;
  readonly key: 'rsa' | 'ec' | 'dsa';
  readonly isPss: boolean;
}

/**
 * source.android.com/docs/security/features/apksigning/v2, "Signature algorithm IDs". The last three, of which the page says nothing, are in
 * `SignatureAlgorithm` of AOSP's apksig.
 */
export const ALGORITHMS: ReadonlyMap<number, Algorithm> = new Map<number, Algorithm>([
  [0x0101, { digest: 'sha256', contentDigest: 'sha256', key: 'rsa', isPss: true }],
  [0x0102, { digest: 'sha512', contentDigest: 'sha512', key: 'rsa', isPss: true }],
  [0x0103, { digest: 'sha256', contentDigest: 'sha256', key: 'rsa', isPss: false }],
  [0x0104, { digest: 'sha512', contentDigest: 'sha512', key: 'rsa', isPss: false }],
  [0x0201, { digest: 'sha256', contentDigest: 'sha256', key: 'ec', isPss: false }],
  [0x0202, { digest: 'sha512', contentDigest: 'sha512', key: 'ec', isPss: false }],
  [0x0301, { digest: 'sha256', contentDigest: 'sha256', key: 'dsa', isPss: false }],
  [0x0421, { digest: 'sha256', contentDigest: 'verity', key: 'rsa', isPss: false }],
  [0x0423, { digest: 'sha256', contentDigest: 'verity', key: 'ec', isPss: false }],
  [0x0425, { digest: 'sha256', contentDigest: 'verity', key: 'dsa', isPss: false }],
]);

export function isTrueSignature(algorithm: Algorithm, data: Buffer, key: KeyObject, signature: Buffer): boolean {
  if (key.asymmetricKeyType !== algorithm.key) return false;
  const padding = algorithm.isPss ? constants.RSA_PKCS1_PSS_PADDING : constants.RSA_PKCS1_PADDING;
  try {
    if (algorithm.key !== 'rsa') return verify(algorithm.digest, data, key, signature);
    const saltLength = algorithm.isPss ? constants.RSA_PSS_SALTLEN_DIGEST : undefined;
    return verify(algorithm.digest, data, { key, padding, saltLength }, signature);
  } catch {
    // A signature that is none, such as one of the wrong length.
    return false;
  }
}

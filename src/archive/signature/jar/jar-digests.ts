import { createHash } from 'node:crypto';
import type { JarAttributes } from './jar-sections.ts';

/** A digest that a manifest or a signature file says of something. */
export interface JarDigest {
  readonly algorithm: 'md5' | 'sha1' | 'sha256' | 'sha384' | 'sha512';
  /** Base64, without what pads it. */
  readonly value: string;
}

/** Android 4.3 and later look at the strongest alone. */
const SDK_OF_STRONGEST = 18;
const STRONGEST_FIRST = [
  ['sha-512', 'sha512'],
  ['sha-384', 'sha384'],
  ['sha-256', 'sha256'],
  ['sha1', 'sha1'],
] as const;
/** By their names in capitals: what Android before 4.3 knows, and from which SDK on. */
const EARLIER: ReadonlyMap<string, { readonly algorithm: JarDigest['algorithm']; readonly sdk: number }> = new Map([
  ['MD5', { algorithm: 'md5', sdk: 0 }],
  ['SHA', { algorithm: 'sha1', sdk: 0 }],
  ['SHA1', { algorithm: 'sha1', sdk: 0 }],
  ['SHA-1', { algorithm: 'sha1', sdk: 0 }],
  ['SHA-256', { algorithm: 'sha256', sdk: 0 }],
  ['SHA-384', { algorithm: 'sha384', sdk: 9 }],
  ['SHA-512', { algorithm: 'sha512', sdk: 9 }],
]);

/**
 * The digests that have to be true for every Android version from `minSdk` on; empty where one of them finds none. The attribute's name ends
 * in `suffix`, as `-Digest`. Which ones: `V1SchemeVerifier.getDigestsToVerify` of AOSP's apksig.
 */
export function digestsToCheck(attributes: JarAttributes, suffix: string, minSdk: number): JarDigest[] {
  const earlier = minSdk < SDK_OF_STRONGEST ? earlierDigest(attributes, suffix, minSdk) : null;
  if (minSdk < SDK_OF_STRONGEST && earlier === null) return [];
  const strongest = STRONGEST_FIRST.flatMap(
    ([name, algorithm]) => digestIn(attributes, name + suffix, algorithm) ?? [],
  );
  return [...(earlier === null ? [] : [earlier]), ...strongest.slice(0, 1)];
}

function earlierDigest(attributes: JarAttributes, suffix: string, minSdk: number): JarDigest | null {
  for (const name of (attributes.get('digest-algorithms') ?? 'SHA SHA1').split(/\s+/)) {
    const known = EARLIER.get(name.toUpperCase());
    if (known === undefined || known.sdk > minSdk) continue;
    const digest = digestIn(attributes, name + suffix, known.algorithm);
    if (digest !== null) return digest;
  }
  return null;
}

function digestIn(attributes: JarAttributes, name: string, algorithm: JarDigest['algorithm']): JarDigest | null {
  const value = attributes.get(name.toLowerCase());
  return value === undefined ? null : { algorithm, value: withoutPadding(value) };
}

/** Collects what the digests are made over, a piece at a time. */
export function createDigestCheck(digests: readonly JarDigest[]) {
  const hashes = digests.map(({ algorithm }) => createHash(algorithm));
  return {
    add(piece: Buffer): void {
      for (const hash of hashes) hash.update(piece);
    },
    areTrue: () => digests.every(({ value }, index) => withoutPadding(hashes[index]?.digest('base64') ?? '') === value),
  };
}

export function areDigestsOf(digests: readonly JarDigest[], bytes: Buffer): boolean {
  const check = createDigestCheck(digests);
  check.add(bytes);
  return check.areTrue();
}

function withoutPadding(base64: string): string {
  return base64.replace(/=+$/, '');
}

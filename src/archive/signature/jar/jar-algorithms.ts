/** Digests by the hex of their object identifiers: RFC 3370, RFC 5754. */
const DIGESTS: ReadonlyMap<string, string> = new Map([
  ['2a864886f70d0205', 'md5'],
  ['2b0e03021a', 'sha1'],
  ['608648016503040204', 'sha224'],
  ['608648016503040201', 'sha256'],
  ['608648016503040202', 'sha384'],
  ['608648016503040203', 'sha512'],
]);

type KeyType = 'rsa' | 'dsa' | 'ec';

/** For each digest that an algorithm goes with, the SDK from which on every Android version takes it: `OidConstants` of AOSP's apksig. */
interface SignatureAlgorithm {
  readonly key: KeyType;
  readonly sdks: Readonly<Record<string, number>>;
}

/** By the hex of their object identifiers. */
const SIGNATURES: ReadonlyMap<string, SignatureAlgorithm> = new Map<string, SignatureAlgorithm>([
  ['2a864886f70d010101', { key: 'rsa', sdks: { md5: 0, sha1: 0, sha224: 21, sha256: 18, sha384: 18, sha512: 18 } }],
  ['2a864886f70d010104', { key: 'rsa', sdks: { md5: 21 } }],
  ['2a864886f70d010105', { key: 'rsa', sdks: { sha1: 0 } }],
  ['2a864886f70d01010e', { key: 'rsa', sdks: { sha224: 21 } }],
  ['2a864886f70d01010b', { key: 'rsa', sdks: { sha256: 18 } }],
  ['2a864886f70d01010c', { key: 'rsa', sdks: { sha384: 21 } }],
  ['2a864886f70d01010d', { key: 'rsa', sdks: { sha512: 21 } }],
  ['2a8648ce380401', { key: 'dsa', sdks: { sha1: 0, sha224: 22, sha256: 22 } }],
  ['2a8648ce380403', { key: 'dsa', sdks: { sha1: 9 } }],
  ['608648016503040301', { key: 'dsa', sdks: { sha224: 21 } }],
  ['608648016503040302', { key: 'dsa', sdks: { sha256: 21 } }],
  ['2a8648ce3d0201', { key: 'ec', sdks: { sha1: 18, sha224: 21, sha256: 18, sha384: 18, sha512: 18 } }],
  ['2a8648ce3d0401', { key: 'ec', sdks: { sha1: 18 } }],
  ['2a8648ce3d040301', { key: 'ec', sdks: { sha224: 21 } }],
  ['2a8648ce3d040302', { key: 'ec', sdks: { sha256: 21 } }],
  ['2a8648ce3d040303', { key: 'ec', sdks: { sha384: 21 } }],
  ['2a8648ce3d040304', { key: 'ec', sdks: { sha512: 21 } }],
]);

/** How a JAR signature is made, and from which SDK on every Android version takes it; `null` for what none takes. */
export function jarAlgorithmOf(
  digestAlgorithm: string,
  signatureAlgorithm: string,
): { readonly digest: string; readonly key: KeyType; readonly fromSdk: number } | null {
  const digest = DIGESTS.get(digestAlgorithm);
  const signature = SIGNATURES.get(signatureAlgorithm);
  const fromSdk = digest === undefined ? undefined : signature?.sdks[digest];
  if (digest === undefined || signature === undefined || fromSdk === undefined) return null;
  return { digest, key: signature.key, fromSdk };
}

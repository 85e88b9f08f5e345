import { constants, createPublicKey, type KeyObject, verify, X509Certificate } from 'node:crypto';
import type { AppArchive } from '../../archive-kind.ts';
import { UnreadablePart, withinBounds } from '../../zip/archive-file.ts';
import { describeCertificate } from '../certificate.ts';
import type { SignatureScheme } from '../signature-scheme.ts';
import { type DigestName, digestApk } from './apk-digest.ts';
import { type ApkSigner, readApkSigners, type Tagged } from './apk-signers.ts';
import { readSigningBlock, type SigningBlock } from './signing-block.ts';

/** Ids in the signing block: source.android.com/docs/security/features/apksigning/v2 and …/v3; v3.1: ApkSigningBlockUtils of AOSP's apksig. */
const SCHEMES = [
  { scheme: 'v2', id: 0x7109871a, hasRange: false },
  { scheme: 'v3', id: 0xf05368c0, hasRange: true },
  { scheme: 'v3.1', id: 0x1b93ad61, hasRange: true },
] as const;
/** An attribute of a v2 signer: the scheme that has to be there too, so that nobody can take it away. */
const STRIPPING_PROTECTION = 0xbeeff00d;

interface Algorithm {
  readonly digest: DigestName;
  readonly key: 'rsa' | 'ec' | 'dsa';
  readonly isPss: boolean;
}

/** source.android.com/docs/security/features/apksigning/v2, "Signature algorithm IDs". */
const ALGORITHMS: ReadonlyMap<number, Algorithm> = new Map([
  [0x0101, { digest: 'sha256', key: 'rsa', isPss: true }],
  [0x0102, { digest: 'sha512', key: 'rsa', isPss: true }],
  [0x0103, { digest: 'sha256', key: 'rsa', isPss: false }],
  [0x0104, { digest: 'sha512', key: 'rsa', isPss: false }],
  [0x0201, { digest: 'sha256', key: 'ec', isPss: false }],
  [0x0202, { digest: 'sha512', key: 'ec', isPss: false }],
  [0x0301, { digest: 'sha256', key: 'dsa', isPss: false }],
]);

/** The signatures that are in the signing block of an APK, not yet checked. */
export interface BlockSignatures {
  readonly schemes: readonly SignatureScheme[];
  /** Checks them against the file, reading all of it once. Rejects with the signal's reason. */
  verify(signal: AbortSignal): Promise<SignatureScheme[]>;
}

interface ReadScheme {
  readonly scheme: SignatureScheme['scheme'];
  readonly signers: readonly ApkSigner[];
  readonly trouble: string | null;
}

const NOT_CHECKED = 'not checked';

/** Reads the v2, v3 and v3.1 signatures of an APK. A signature that cannot be read does not verify. */
export async function readBlockSignatures(archive: AppArchive, problems: string[]): Promise<BlockSignatures> {
  const block = await readBlock(archive, problems);
  if (block === null) return { schemes: [], verify: async () => [] };
  const found = SCHEMES.flatMap(({ scheme, id, hasRange }) => {
    const value = block.values.get(id);
    return value === undefined ? [] : [readScheme(scheme, value, hasRange)];
  });
  return {
    schemes: found.map((one) => asResult(one, one.trouble === null ? null : false, one.trouble ?? NOT_CHECKED)),
    verify: (signal) => verifyAll(archive, block, found, signal),
  };
}

async function readBlock({ file, zip }: AppArchive, problems: string[]): Promise<SigningBlock | null> {
  try {
    return await readSigningBlock(file, zip.end);
  } catch (cause) {
    if (!(cause instanceof UnreadablePart)) throw cause;
    problems.push(`cannot read the APK signing block: it ${cause.message}`);
    return null;
  }
}

function readScheme(scheme: SignatureScheme['scheme'], value: Buffer, hasRange: boolean): ReadScheme {
  try {
    const signers = withinBounds(() => readApkSigners(value, hasRange));
    return { scheme, signers, trouble: signers.length === 0 ? 'there is no signer' : null };
  } catch (cause) {
    if (!(cause instanceof UnreadablePart)) throw cause;
    return { scheme, signers: [], trouble: `the signature ${cause.message}` };
  }
}

function asResult({ scheme, signers }: ReadScheme, verified: boolean | null, reason: string | null): SignatureScheme {
  const certificates = signers.flatMap((signer) => signer.certificates.slice(0, 1));
  return { scheme, signers: certificates.map(describeCertificate), verified, reason };
}

async function verifyAll(
  { file, zip }: AppArchive,
  block: SigningBlock,
  found: readonly ReadScheme[],
  signal: AbortSignal,
): Promise<SignatureScheme[]> {
  const present = new Set(found.map(({ scheme }) => scheme));
  const checked = found.map((one) => ({ one, trouble: one.trouble ?? troubleOfSigners(one, present) }));
  const names = new Set<DigestName>();
  for (const { one, trouble } of checked) {
    if (trouble === null) for (const { name } of one.signers.flatMap(knownDigests)) names.add(name);
  }
  if (names.size === 0) return checked.map(({ one, trouble }) => verdict(one, trouble));
  const actual = await digestApk(file, zip.end, block.startsAt, names, signal);
  return checked.map(({ one, trouble }) => verdict(one, trouble ?? troubleOfContents(one, actual)));
}

function verdict(one: ReadScheme, trouble: string | null): SignatureScheme {
  if (trouble !== null) return asResult(one, false, trouble);
  const isKnown = one.signers.every((signer) => knownDigests(signer).length > 0);
  return isKnown ? asResult(one, true, null) : asResult(one, null, 'it is made in a way that is not known here');
}

/** The digests of the algorithms that are known here. */
function knownDigests({ digests }: ApkSigner): { readonly name: DigestName; readonly bytes: Buffer }[] {
  return digests.flatMap(({ algorithm, bytes }) => {
    const known = ALGORITHMS.get(algorithm);
    return known === undefined ? [] : [{ name: known.digest, bytes }];
  });
}

function troubleOfContents({ signers }: ReadScheme, actual: ReadonlyMap<DigestName, Buffer>): string | null {
  const isSame = signers.flatMap(knownDigests).every(({ name, bytes }) => actual.get(name)?.equals(bytes) ?? false);
  return isSame ? null : 'the file was changed after it was signed';
}

function troubleOfSigners({ signers }: ReadScheme, present: ReadonlySet<string>): string | null {
  for (const signer of signers) {
    const trouble = troubleOfSigner(signer);
    if (trouble !== null) return trouble;
    const needed = signer.attributes.get(STRIPPING_PROTECTION);
    if (needed !== undefined && needed.length >= 4 && needed.readUInt32LE(0) === 3 && !present.has('v3'))
      return 'the v3 signature that belongs to it was removed';
  }
  return null;
}

function troubleOfSigner({
  signedData,
  digests,
  certificates,
  signatures,
  publicKey,
  isRangeTrue,
}: ApkSigner): string | null {
  const key = keyOf(publicKey);
  const [certificate] = certificates;
  if (key === null || certificate === undefined || !isKeyOf(certificate, key))
    return 'the key is not that of the certificate';
  if (!isRangeTrue) return 'the Android versions that it is for were changed';
  const algorithms = (tagged: readonly Tagged[]) => tagged.map(({ algorithm }) => algorithm).join();
  if (signatures.length === 0 || algorithms(signatures) !== algorithms(digests))
    return 'it has other algorithms for its digests than for its signatures';
  const isSigned = signatures.every(({ algorithm, bytes }) =>
    isTrueSignature(ALGORITHMS.get(algorithm), signedData, key, bytes),
  );
  return isSigned ? null : 'what is signed was changed';
}

/** True for what cannot be checked; that is told otherwise. */
function isTrueSignature(algorithm: Algorithm | undefined, data: Buffer, key: KeyObject, signature: Buffer): boolean {
  if (algorithm === undefined) return true;
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

function keyOf(der: Buffer): KeyObject | null {
  try {
    return createPublicKey({ key: der, format: 'der', type: 'spki' });
  } catch {
    return null;
  }
}

function isKeyOf(certificate: Buffer, key: KeyObject): boolean {
  try {
    return new X509Certificate(certificate).publicKey.equals(key);
  } catch {
    return false;
  }
}

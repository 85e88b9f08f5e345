import { prefixed, prefixedItems } from './prefixed.ts';

/** Android takes no more signers, and an algorithm signs once; without bounds, reading and checking could take for ever. */
const MOST_SIGNERS = 10;
const MOST_SIGNATURES = 10;
const MOST_ITEMS = 100;

/** One signer of a v2, v3 or v3.1 block. */
export interface ApkSigner {
  /** What the signatures are made over. */
  readonly signedData: Buffer;
  readonly digests: readonly Tagged[];
  /** DER; the first is the signer's. */
  readonly certificates: readonly Buffer[];
  /** Numbers that the signed data holds beside digests and certificates, by their id. */
  readonly attributes: ReadonlyMap<number, Buffer>;
  readonly signatures: readonly Tagged[];
  /** DER, SubjectPublicKeyInfo. */
  readonly publicKey: Buffer;
  /** v3: the Android versions that it is for; `null` where there are others inside than outside of what is signed. */
  readonly range: SdkRange | null;
}

/** Of SDK versions, both ends included. */
export interface SdkRange {
  readonly min: number;
  readonly max: number;
}

/** The last that a signer can be for: it is for all that are to come. */
export const LAST_SDK = 0x7fff_ffff;

/** Bytes that belong to a signature algorithm, by its id. */
export interface Tagged {
  readonly algorithm: number;
  readonly bytes: Buffer;
}

/**
 * The signers of a block. Formats: source.android.com/docs/security/features/apksigning/v2 and …/v3, "Format". Throws `UnreadablePart`,
 * or reads past the end.
 */
export function readApkSigners(block: Buffer, hasRange: boolean): ApkSigner[] {
  const [signers] = prefixed(block, 1);
  return prefixedItems(signers, MOST_SIGNERS, 'signers').map((signer) => readSigner(signer, hasRange));
}

function readSigner(signer: Buffer, hasRange: boolean): ApkSigner {
  const [signedData] = prefixed(signer, 1);
  const range = signer.subarray(4 + signedData.length, 4 + signedData.length + (hasRange ? 8 : 0));
  const [signatures, publicKey] = prefixed(signer.subarray(4 + signedData.length + range.length), 2);
  const [digests, certificates] = prefixed(signedData, 2);
  const afterCertificates = 8 + digests.length + certificates.length;
  const signedRange = signedData.subarray(afterCertificates, afterCertificates + range.length);
  const [attributes] = prefixed(signedData.subarray(afterCertificates + range.length), 1);
  return {
    signedData,
    digests: prefixedItems(digests, MOST_ITEMS, 'digests').map(tagged),
    certificates: prefixedItems(certificates, MOST_ITEMS, 'certificates'),
    attributes: new Map(
      prefixedItems(attributes, MOST_ITEMS, 'attributes').map((one) => [one.readUInt32LE(0), one.subarray(4)]),
    ),
    signatures: prefixedItems(signatures, MOST_SIGNATURES, 'signatures').map(tagged),
    publicKey,
    range: signedRange.equals(range) ? rangeOf(range) : null,
  };
}

/** v2 has none: it is for every version that knows of it. */
function rangeOf(range: Buffer): SdkRange {
  return range.length === 0 ? { min: 0, max: LAST_SDK } : { min: range.readInt32LE(0), max: range.readInt32LE(4) };
}

function tagged(pair: Buffer): Tagged {
  const [bytes] = prefixed(pair.subarray(4), 1);
  return { algorithm: pair.readUInt32LE(0), bytes };
}

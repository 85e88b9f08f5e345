import { UnreadablePart } from '../../zip/archive-file.ts';

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
  /** v3: whether the Android versions that it is for are the same inside and outside of what is signed. */
  readonly isRangeTrue: boolean;
}

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
  return items(signers, MOST_SIGNERS, 'signers').map((signer) => readSigner(signer, hasRange));
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
    digests: items(digests, MOST_ITEMS, 'digests').map(tagged),
    certificates: items(certificates, MOST_ITEMS, 'certificates'),
    attributes: new Map(
      items(attributes, MOST_ITEMS, 'attributes').map((one) => [one.readUInt32LE(0), one.subarray(4)]),
    ),
    signatures: items(signatures, MOST_SIGNATURES, 'signatures').map(tagged),
    publicKey,
    isRangeTrue: signedRange.equals(range),
  };
}

function tagged(pair: Buffer): Tagged {
  const [bytes] = prefixed(pair.subarray(4), 1);
  return { algorithm: pair.readUInt32LE(0), bytes };
}

/** The first `count` values, each behind its length in 32 bits. */
function prefixed(bytes: Buffer, count: 1): [Buffer];
function prefixed(bytes: Buffer, count: 2): [Buffer, Buffer];
function prefixed(bytes: Buffer, count: number): Buffer[] {
  const values: Buffer[] = [];
  for (let at = 0; values.length < count; ) {
    const end = at + 4 + bytes.readUInt32LE(at);
    if (end > bytes.length) throw new UnreadablePart('has a part that is larger than the whole', { isHostile: true });
    values.push(bytes.subarray(at + 4, end));
    at = end;
  }
  return values;
}

/** All values of a sequence, each behind its length; `what` they are, for messages. */
function items(sequence: Buffer, most: number, what: string): Buffer[] {
  const values: Buffer[] = [];
  // Each turn goes on by a length of four bytes at least.
  for (let at = 0; at < sequence.length; ) {
    if (values.length === most) throw new UnreadablePart(`has more than ${most} of ${what}`, { isHostile: true });
    const [value] = prefixed(sequence.subarray(at), 1);
    values.push(value);
    at += 4 + value.length;
  }
  return values;
}

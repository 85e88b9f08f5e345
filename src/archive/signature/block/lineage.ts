import { X509Certificate } from 'node:crypto';
import { UnreadablePart, withinBounds } from '../../zip/archive-file.ts';
import { ALGORITHMS, isTrueSignature } from './algorithms.ts';
import { prefixed, prefixedItems } from './prefixed.ts';

const VERSION = 1;
const MOST_CERTIFICATES = 100;

/** A proof that keys followed each other: each certificate but the first is signed by the key of the one before it. */
export interface Lineage {
  /** DER, the oldest first. */
  readonly certificates: readonly Buffer[];
  /** Whether every signature of the chain is true, and no certificate is in it twice. */
  isProven(): boolean;
}

interface Node {
  readonly signedData: Buffer;
  readonly certificate: Buffer;
  /** The algorithm that the certificate before it was to sign with, as the signature covers it. */
  readonly parentAlgorithm: number;
  /** The algorithm that it signs the next one with. */
  readonly algorithm: number;
  readonly signature: Buffer;
}

/**
 * Reads a proof of rotation. Format: source.android.com/docs/security/features/apksigning/v3, "Proof-of-rotation"; what makes it
 * true: `V3SigningCertificateLineage` of AOSP's apksig. Throws `UnreadablePart`.
 */
export function readLineage(attribute: Buffer): Lineage {
  const nodes = withinBounds(() => readNodes(attribute));
  const certificates = nodes.map(({ certificate }) => certificate);
  const isUnique = new Set(certificates.map((one) => one.toString('latin1'))).size === certificates.length;
  return {
    certificates,
    isProven: () => isUnique && nodes.slice(1).every((node, index) => isSignedBy(node, nodes[index] as Node)),
  };
}

function readNodes(attribute: Buffer): Node[] {
  if (attribute.readUInt32LE(0) !== VERSION) throw new UnreadablePart('is in an unknown format', { isHostile: false });
  const nodes = prefixedItems(attribute.subarray(4), MOST_CERTIFICATES, 'certificates').map(readNode);
  if (nodes.length === 0) throw new UnreadablePart('names no certificate', { isHostile: true });
  return nodes;
}

function readNode(node: Buffer): Node {
  const [signedData] = prefixed(node, 1);
  const algorithmAt = 4 + signedData.length + 4;
  const [signature] = prefixed(node.subarray(algorithmAt + 4), 1);
  const [certificate] = prefixed(signedData, 1);
  return {
    signedData,
    certificate,
    parentAlgorithm: signedData.readUInt32LE(4 + certificate.length),
    algorithm: node.readUInt32LE(algorithmAt),
    signature,
  };
}

function isSignedBy({ signedData, parentAlgorithm, signature }: Node, parent: Node): boolean {
  const algorithm = ALGORITHMS.get(parent.algorithm);
  if (algorithm === undefined || parentAlgorithm !== parent.algorithm) return false;
  try {
    return isTrueSignature(algorithm, signedData, new X509Certificate(parent.certificate).publicKey, signature);
  } catch {
    // A certificate that is none.
    return false;
  }
}

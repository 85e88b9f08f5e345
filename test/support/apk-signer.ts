import { createHash, sign } from 'node:crypto';
import type { SigningKey } from './signing-key.ts';

/** Ids of the schemes in a signing block, and of the attributes of their signers. */
export const BLOCK = { v2: 0x7109871a, v3: 0xf05368c0, v31: 0x1b93ad61, v32: 0x70e1c89f } as const;
export const ATTRIBUTE = {
  strippingProtection: 0xbeeff00d,
  proofOfRotation: 0x3ba06f8c,
  rotationMinSdk: 0x559f8b02,
  hybridMinSdk: 0xbf940529,
} as const;

const PADDING = 0x42726577;
const PAGE_BYTES = 4096;
const CHUNK_BYTES = 1024 * 1024;
const ECDSA_SHA256 = 0x0201;
const VERITY_ECDSA_SHA256 = 0x0423;
export const LAST_SDK = 0x7fff_ffff;

export interface BlockSigner {
  readonly key: SigningKey;
  /** v3: from and up to which SDK. */
  readonly range?: readonly [number, number];
  readonly attributes?: readonly (readonly [id: number, value: Buffer | number])[];
  /** Also signs this digest of the hash tree. */
  readonly verity?: Buffer;
}

/** Signs a zip by putting a signing block into it, without a thought whether that makes sense. */
export function signApk(
  zip: Buffer,
  schemes: readonly (readonly [id: number, signers: readonly BlockSigner[]])[],
): Buffer {
  const endAt = zip.length - 22;
  const directoryAt = zip.readUInt32LE(endAt + 16);
  const parts = [zip.subarray(0, directoryAt), zip.subarray(directoryAt, endAt), zip.subarray(endAt)];
  const digest = chunkedDigest(parts);
  const block = signingBlock(
    schemes.map(([id, signers]) => [id, prefixed(...signers.map((one) => signer(one, digest)))]),
  );
  const end = Buffer.from(zip.subarray(endAt));
  end.writeUInt32LE(directoryAt + block.length, 16);
  return Buffer.concat([zip.subarray(0, directoryAt), block, zip.subarray(directoryAt, endAt), end]);
}

function signer({ key, range, attributes = [], verity }: BlockSigner, digest: Buffer): Buffer {
  const sdks = range === undefined ? Buffer.alloc(0) : u32(...range);
  const digests = [
    prefixed(u32(ECDSA_SHA256), prefixed(digest)),
    ...(verity === undefined ? [] : [prefixed(u32(VERITY_ECDSA_SHA256), prefixed(verity))]),
  ];
  const algorithms = verity === undefined ? [ECDSA_SHA256] : [ECDSA_SHA256, VERITY_ECDSA_SHA256];
  const values = attributes.map(([id, value]) => prefixed(u32(id), typeof value === 'number' ? u32(value) : value));
  const signedData = Buffer.concat([
    prefixed(...digests),
    prefixed(prefixed(key.certificate)),
    sdks,
    prefixed(...values),
  ]);
  const signatures = algorithms.map((algorithm) =>
    prefixed(u32(algorithm), prefixed(sign('sha256', signedData, key.privateKey))),
  );
  return prefixed(prefixed(signedData), sdks, prefixed(...signatures), prefixed(key.publicKey));
}

/** A proof that each key hands over to the next one; `forger` signs in place of the first. */
export function lineage(keys: readonly SigningKey[], forger?: SigningKey): Buffer {
  const nodes = keys.map((key, index) => {
    const signedData = Buffer.concat([prefixed(key.certificate), u32(index === 0 ? 0 : ECDSA_SHA256)]);
    const parent = index === 1 && forger !== undefined ? forger : keys[index - 1];
    const signature = parent === undefined ? Buffer.alloc(0) : sign('sha256', signedData, parent.privateKey);
    const algorithm = index === keys.length - 1 ? 0 : ECDSA_SHA256;
    return prefixed(prefixed(signedData), u32(0, algorithm), prefixed(signature));
  });
  return Buffer.concat([u32(1), ...nodes]);
}

function signingBlock(pairs: readonly (readonly [id: number, value: Buffer])[]): Buffer {
  const pairBytes = (id: number, value: Buffer) => Buffer.concat([u64(value.length + 4), u32(id), value]);
  const signed = Buffer.concat(pairs.map(([id, value]) => pairBytes(id, value)));
  // Size, this pair's own size and id, size again, magic.
  const restBytes = (8 + signed.length + 12 + 24) % PAGE_BYTES;
  const body = Buffer.concat([signed, pairBytes(PADDING, Buffer.alloc(PAGE_BYTES - restBytes))]);
  const size = u64(body.length + 24);
  return Buffer.concat([size, body, size, Buffer.from('APK Sig Block 42')]);
}

function chunkedDigest(parts: readonly Buffer[]): Buffer {
  const digestOf = (...bytes: Buffer[]) => createHash('sha256').update(Buffer.concat(bytes)).digest();
  const pieces = parts.flatMap((part) =>
    Array.from({ length: Math.ceil(part.length / CHUNK_BYTES) }, (_, index) =>
      part.subarray(index * CHUNK_BYTES, (index + 1) * CHUNK_BYTES),
    ),
  );
  const chunks = pieces.map((piece) => digestOf(Buffer.from([0xa5]), u32(piece.length), piece));
  return digestOf(Buffer.from([0x5a]), u32(chunks.length), ...chunks);
}

function prefixed(...parts: Buffer[]): Buffer {
  const contents = Buffer.concat(parts);
  return Buffer.concat([u32(contents.length), contents]);
}

function u32(...values: number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  for (const [index, value] of values.entries()) bytes.writeUInt32LE(value >>> 0, 4 * index);
  return bytes;
}

function u64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

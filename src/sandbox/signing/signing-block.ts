import { createHash, sign } from 'node:crypto';
import type { SigningKey } from './signing-key.ts';

/** source.android.com/docs/security/features/apksigning/v2: "APK Signing Block", "APK Signature Scheme v2 Block", "Integrity-protected contents". */
const V2_BLOCK = 0x7109871a;
const ECDSA_SHA256 = 0x0201;
const CHUNK_BYTES = 1024 * 1024;

/** The digest over the parts of an APK, each of which is given as chunks of at most 1 MiB. */
export function createV2Digest() {
  const chunks: Buffer[] = [];
  return {
    /** All of a part, or a piece of it whose length is a multiple of 1 MiB. */
    update(part: Buffer): void {
      for (let at = 0; at < part.length; at += CHUNK_BYTES) {
        const chunk = part.subarray(at, at + CHUNK_BYTES);
        chunks.push(
          createHash('sha256')
            .update(Buffer.from([0xa5]))
            .update(u32(chunk.length))
            .update(chunk)
            .digest(),
        );
      }
    },
    digest: (): Buffer =>
      createHash('sha256')
        .update(Buffer.concat([Buffer.from([0x5a]), u32(chunks.length), ...chunks]))
        .digest(),
  };
}

/** An APK signing block with one v2 signer. */
export function v2SigningBlock(digest: Buffer, { privateKey, publicKey, certificate }: SigningKey): Buffer {
  const digests = prefixed(prefixed(u32(ECDSA_SHA256), prefixed(digest)));
  const signedData = Buffer.concat([digests, prefixed(prefixed(certificate)), prefixed()]);
  const signature = sign('sha256', signedData, privateKey);
  const signatures = prefixed(prefixed(u32(ECDSA_SHA256), prefixed(signature)));
  const signer = prefixed(prefixed(signedData), signatures, prefixed(publicKey));
  const value = prefixed(signer);
  const body = Buffer.concat([u64(value.length + 4), u32(V2_BLOCK), value]);
  const size = u64(body.length + 24);
  return Buffer.concat([size, body, size, Buffer.from('APK Sig Block 42')]);
}

function prefixed(...parts: readonly Buffer[]): Buffer {
  const contents = Buffer.concat(parts);
  return Buffer.concat([u32(contents.length), contents]);
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function u64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

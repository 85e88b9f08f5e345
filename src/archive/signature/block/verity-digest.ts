import { createHash } from 'node:crypto';
import type { ArchiveFile } from '../../zip/archive-file.ts';

export const PAGE_BYTES = 4096;
const PIECE_BYTES = 256 * PAGE_BYTES;
const HASH_BYTES = 32;
const SALT = Buffer.alloc(8);

/**
 * The digest of the `verity` algorithms: the root of a tree of SHA-256 over pages of 4 KiB, as fs-verity has it, and the length of the data in 64
 * bits. The data are the parts of the file and then `tail`. Source: `VerityTreeBuilder` of AOSP's apksig. Rejects with the signal's reason.
 */
export async function verityDigest(
  file: ArchiveFile,
  parts: readonly (readonly [from: number, to: number])[],
  tail: Buffer,
  signal: AbortSignal,
): Promise<Buffer> {
  const sizeBytes = parts.reduce((sum, [from, to]) => sum + to - from, tail.length);
  const hashes = createPageHashes(sizeBytes);
  const piece = Buffer.allocUnsafeSlow(PIECE_BYTES);
  for (const [from, to] of parts) {
    for (let at = from; at < to; at += PIECE_BYTES) {
      signal.throwIfAborted();
      const bytes = piece.subarray(0, Math.min(PIECE_BYTES, to - at));
      await file.fill(bytes, at);
      hashes.add(bytes);
    }
  }
  hashes.add(tail);
  let level = hashes.finish();
  while (level.length > PAGE_BYTES) {
    const above = createPageHashes(level.length);
    above.add(level);
    level = above.finish();
  }
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(sizeBytes));
  return Buffer.concat([createHash('sha256').update(SALT).update(level).digest(), length]);
}

/** The hashes of the pages of what is added, filled up with zeros to whole pages, as the data are themselves. */
function createPageHashes(sizeBytes: number) {
  const count = Math.ceil(sizeBytes / PAGE_BYTES);
  const hashes = Buffer.alloc(Math.ceil((count * HASH_BYTES) / PAGE_BYTES) * PAGE_BYTES);
  const page = Buffer.alloc(PAGE_BYTES);
  let pages = 0;
  let filled = 0;
  const hash = (bytes: Buffer): void => {
    createHash('sha256')
      .update(SALT)
      .update(bytes)
      .digest()
      .copy(hashes, pages * HASH_BYTES);
    pages += 1;
  };
  return {
    add(bytes: Buffer): void {
      for (let at = 0; at < bytes.length; ) {
        const copied = bytes.copy(page, filled, at, at + PAGE_BYTES - filled);
        filled += copied;
        at += copied;
        if (filled < PAGE_BYTES) return;
        hash(page);
        filled = 0;
      }
    },
    finish(): Buffer {
      if (filled > 0) hash(page.fill(0, filled));
      return hashes;
    },
  };
}

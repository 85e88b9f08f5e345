import { type ArchiveFile, readAt, UnreadablePart, withinBounds } from '../../zip/archive-file.ts';
import type { ZipEnd } from '../../zip/zip-end.ts';

/** source.android.com/docs/security/features/apksigning/v2, "APK Signing Block": it stands right before the zip's directory. */
const MAGIC = 'APK Sig Block 42';
const FOOTER_BYTES = 24;
const LARGEST_BLOCK = 16 * 1024 * 1024;
/** Real blocks hold a handful; what is behind these is not looked at. */
const MOST_PAIRS = 1000;

export interface SigningBlock {
  readonly startsAt: number;
  /** What is in it, by id. */
  readonly values: ReadonlyMap<number, Buffer>;
}

/** The signing block of an APK; `null` where there is none. Rejects with `UnreadablePart`. */
export async function readSigningBlock(file: ArchiveFile, end: ZipEnd): Promise<SigningBlock | null> {
  const { directoryAt, isZip64 } = end;
  // Android takes no zip64 for an APK, so there is nothing that could be signed.
  if (isZip64 || directoryAt < FOOTER_BYTES + 8) return null;
  const footer = await readAt(file, FOOTER_BYTES, directoryAt - FOOTER_BYTES);
  if (footer.toString('latin1', 8) !== MAGIC) return null;
  const sizeBytes = Number(footer.readBigUInt64LE(0));
  const startsAt = directoryAt - sizeBytes - 8;
  if (sizeBytes < FOOTER_BYTES || startsAt < 0 || sizeBytes > LARGEST_BLOCK)
    throw new UnreadablePart('is too large', { isHostile: true });
  const block = await readAt(file, sizeBytes + 8, startsAt);
  if (Number(block.readBigUInt64LE(0)) !== sizeBytes)
    throw new UnreadablePart('has two different sizes', { isHostile: true });
  return { startsAt, values: withinBounds(() => valuesOf(block.subarray(8, -FOOTER_BYTES))) };
}

/** Pairs of an id and a value behind their length. Of several with one id the first counts, as for Android. */
function valuesOf(pairs: Buffer): Map<number, Buffer> {
  const values = new Map<number, Buffer>();
  // Each turn goes on by twelve bytes at least.
  for (let at = 0; at < pairs.length && values.size < MOST_PAIRS; ) {
    const sizeBytes = Number(pairs.readBigUInt64LE(at));
    if (sizeBytes < 4 || at + 8 + sizeBytes > pairs.length)
      throw new UnreadablePart('has a part that is larger than the whole', { isHostile: true });
    const id = pairs.readUInt32LE(at + 8);
    if (!values.has(id)) values.set(id, pairs.subarray(at + 12, at + 8 + sizeBytes));
    at += 8 + sizeBytes;
  }
  return values;
}

import { createHash } from 'node:crypto';
import { type ArchiveFile, readAt } from '../../zip/archive-file.ts';
import type { ZipEnd } from '../../zip/zip-end.ts';
import { CHUNK_BYTES, type Chunk, type ChunkedDigest, digestChunks, digestOfChunk, marked } from './chunk-digests.ts';
import { PAGE_BYTES, verityDigest } from './verity-digest.ts';

/** Over chunks of 1 MiB, or over the pages of a hash tree. */
export type DigestName = ChunkedDigest | 'verity';

const CHUNKED = ['sha256', 'sha512'] as const;
const ALL_MARK = 0x5a;
/** Where the end record says where the directory is. */
const DIRECTORY_AT_FIELD = 16;

/**
 * The digests of an APK's contents that its v2 and v3 signatures are made over: its entries, its directory and its end record, without the signing
 * block. Each is computed once, whichever schemes need it; there is no tree for a signing block that is not of whole pages.
 * Source: source.android.com/docs/security/features/apksigning/v2, "Integrity-protected contents". Rejects with the signal's reason.
 */
export async function digestApk(
  file: ArchiveFile,
  end: ZipEnd,
  blockAt: number,
  names: ReadonlySet<DigestName>,
  signal: AbortSignal,
): Promise<Map<DigestName, Buffer>> {
  const parts = [
    [0, blockAt],
    [end.directoryAt, end.endAt],
  ] as const;
  const isPaged = blockAt % PAGE_BYTES === 0 && end.directoryAt % PAGE_BYTES === 0;
  const tail = await unsignedEnd(file, end, blockAt);
  const chunks = parts.flatMap(([from, to]) => chunksOf(from, to));
  const chunked = CHUNKED.filter((name) => names.has(name));
  const [levels, verity] = await Promise.all([
    chunked.length === 0 ? [] : digestChunks(file, chunks, chunked, signal),
    names.has('verity') && isPaged ? verityDigest(file, parts, tail, signal) : null,
  ]);
  const digests = new Map<DigestName, Buffer>();
  for (const [index, name] of chunked.entries()) {
    const top = createHash(name).update(marked(ALL_MARK, chunks.length + 1));
    digests.set(
      name,
      top
        .update(levels[index] ?? '')
        .update(digestOfChunk(name, tail))
        .digest(),
    );
  }
  return verity === null ? digests : digests.set('verity', verity);
}

function chunksOf(from: number, to: number): Chunk[] {
  const count = Math.ceil((to - from) / CHUNK_BYTES);
  return Array.from({ length: count }, (_, index) => {
    const at = from + index * CHUNK_BYTES;
    return { at, length: Math.min(CHUNK_BYTES, to - at) };
  });
}

/** The end record as it was before there was a signing block. */
async function unsignedEnd(file: ArchiveFile, { endAt }: ZipEnd, blockAt: number): Promise<Buffer> {
  const record = await readAt(file, file.sizeBytes - endAt, endAt);
  record.writeUInt32LE(blockAt, DIRECTORY_AT_FIELD);
  return record;
}

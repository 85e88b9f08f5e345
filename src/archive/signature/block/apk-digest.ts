import { createHash } from 'node:crypto';
import { type ArchiveFile, readAt } from '../../zip/archive-file.ts';
import type { ZipEnd } from '../../zip/zip-end.ts';

export type DigestName = 'sha256' | 'sha512';

const CHUNK_BYTES = 1024 * 1024;
/** Where the end record says where the directory is. */
const DIRECTORY_AT_FIELD = 16;

/**
 * The digests of an APK's contents that its v2 and v3 signatures are made over: its entries, its directory and its end record, cut into
 * chunks of 1 MiB, without the signing block. One pass over the file, in the memory of one chunk.
 * Source: source.android.com/docs/security/features/apksigning/v2, "Integrity-protected contents". Rejects with the signal's reason.
 */
export async function digestApk(
  file: ArchiveFile,
  end: ZipEnd,
  blockAt: number,
  names: ReadonlySet<DigestName>,
  signal: AbortSignal,
): Promise<Map<DigestName, Buffer>> {
  const levels = new Map([...names].map((name) => [name, createLevel(name)]));
  const buffer = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  const add = (chunk: Buffer): void => {
    for (const level of levels.values()) level.add(chunk);
  };
  for (const [from, to] of [
    [0, blockAt],
    [end.directoryAt, end.endAt],
  ] as const) {
    for (let at = from; at < to; at += CHUNK_BYTES) {
      signal.throwIfAborted();
      const chunk = buffer.subarray(0, Math.min(CHUNK_BYTES, to - at));
      await file.fill(chunk, at);
      add(chunk);
    }
  }
  add(await unsignedEnd(file, end, blockAt));
  return new Map([...levels].map(([name, level]) => [name, level.digest()]));
}

/** The end record as it was before there was a signing block. */
async function unsignedEnd(file: ArchiveFile, { endAt }: ZipEnd, blockAt: number): Promise<Buffer> {
  const record = await readAt(file, file.sizeBytes - endAt, endAt);
  record.writeUInt32LE(blockAt, DIRECTORY_AT_FIELD);
  return record;
}

/** A digest of the chunks' digests. */
function createLevel(name: DigestName): { add(chunk: Buffer): void; digest(): Buffer } {
  const chunks: Buffer[] = [];
  return {
    add: (chunk) => {
      chunks.push(createHash(name).update(marked(0xa5, chunk.length)).update(chunk).digest());
    },
    digest: () => {
      const top = createHash(name).update(marked(0x5a, chunks.length));
      for (const chunk of chunks) top.update(chunk);
      return top.digest();
    },
  };
}

function marked(mark: number, value: number): Buffer {
  const bytes = Buffer.alloc(5);
  bytes.writeUInt8(mark);
  bytes.writeUInt32LE(value, 1);
  return bytes;
}

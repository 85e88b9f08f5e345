import type { ArchiveFile } from '../../archive/zip/archive-file.ts';
import { ArchiveProblem } from '../../archive/zip/archive-file.ts';
import { LocalIoError } from '../../contract/errors.ts';
import { openRegularFile } from '../../transfer/artifact.ts';
import { hashOf } from '../../transfer/file-hash.ts';

/** Opens a file for reading, for as long as `use` takes. Throws `LocalIoError` where there is no regular file. */
export async function withFileAt<T>(
  path: string,
  use: (file: ArchiveFile & { readonly fd: number }) => Promise<T>,
): Promise<T> {
  const handle = await openRegularFile(path);
  try {
    const { size: sizeBytes } = await handle.stat();
    const fill = async (buffer: Buffer, position: number) => {
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, position);
      if (bytesRead < buffer.length) throw new ArchiveProblem('file became shorter while it was read');
    };
    return await use({ sizeBytes, fd: handle.fd, fill });
  } finally {
    await handle.close();
  }
}

/** Hex SHA-256 of the file that is there; `null` where there is no readable file. */
export async function sha256At(path: string, signal: AbortSignal): Promise<string | null> {
  try {
    return await withFileAt(path, async ({ sizeBytes, ...file }) => {
      const hash = hashOf(file, signal);
      hash.advance(sizeBytes);
      return await hash.digest(sizeBytes);
    });
  } catch (error) {
    if (error instanceof LocalIoError) return null;
    throw error;
  }
}

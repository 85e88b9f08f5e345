import { open } from 'node:fs/promises';
import { openAppArchive } from '../../src/archive/archive-kind.ts';
import { type AndroidFacts, type AppFacts, inspectArchive } from '../../src/archive/inspect.ts';
import type { ArchiveFile } from '../../src/archive/zip/archive-file.ts';

/** A file that is only in memory. */
export function fileOf(bytes: Buffer): ArchiveFile {
  return {
    sizeBytes: bytes.length,
    fill: async (buffer, position) => {
      const copied = bytes.copy(buffer, 0, position);
      if (copied < buffer.length) throw new Error(`read ${buffer.length} bytes at ${position} of ${bytes.length}`);
    },
  };
}

/** All that an archive tells, its signatures checked. */
export async function inspected(file: ArchiveFile): Promise<AppFacts> {
  const { verify } = await inspectArchive(await openAppArchive(file));
  return await verify(new AbortController().signal);
}

export async function inspectedAt(path: string): Promise<AppFacts> {
  const handle = await open(path);
  try {
    const { size } = await handle.stat();
    const fill = async (buffer: Buffer, position: number) => {
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, position);
      if (bytesRead < buffer.length) throw new Error(`read ${buffer.length} bytes at ${position} of ${size}`);
    };
    return await inspected({ sizeBytes: size, fd: handle.fd, fill });
  } finally {
    await handle.close();
  }
}

export function asAndroid(facts: AppFacts): AndroidFacts {
  if (facts.kind === 'ipa') throw new Error('not an Android app');
  return facts;
}

import { type ArchiveFile, readAt } from './archive-file.ts';
import { type Entries, LOCAL_HEADER_BYTES } from './central-directory.ts';

/** Record layout: PKWARE APPNOTE.TXT, section 4.3.7. */
const LOCAL_HEADER = 0x04034b50;
const DESCRIPTOR_FLAG = 0x8;
const IN_EXTRA_FIELD = 0xffff_ffff;
/** Headers that are no farther apart are read at once, in reads of this size at most. */
const SMALL_GAP_BYTES = 4 * 1024;
const LARGEST_READ_BYTES = 256 * 1024;
const READS_IN_FLIGHT = 16;

/**
 * The entries whose local header contradicts the directory. Which differences count: `FindEntry` of Android's
 * `system/libziparchive/zip_archive.cc`, which opens no such entry ("Inconsistent information").
 */
export async function entriesWithAnotherHeader(
  file: ArchiveFile,
  entries: Entries,
  directoryAt: number,
): Promise<number[]> {
  const runs = runsOf(entries, directoryAt);
  const found: number[] = [];
  for (let at = 0; at < runs.length; at += READS_IN_FLIGHT) {
    const judged = runs.slice(at, at + READS_IN_FLIGHT).map(async ({ from, to, indices }) => {
      const bytes = await readAt(file, to - from, from);
      return indices.filter((index) => differs(bytes, (entries.headersAt[index] ?? 0) - from, entries, index));
    });
    found.push(...(await Promise.all(judged)).flat());
  }
  return found.sort((a, b) => a - b);
}

interface Run {
  readonly from: number;
  to: number;
  readonly indices: number[];
}

/** The entries in the order of the file, grouped by what one read brings. */
function runsOf(entries: Entries, directoryAt: number): Run[] {
  const { headersAt } = entries;
  const inOrder = Array.from(headersAt.keys()).sort((a, b) => (headersAt[a] ?? 0) - (headersAt[b] ?? 0));
  const runs: Run[] = [];
  for (const index of inOrder) {
    const from = headersAt[index] ?? 0;
    const to = Math.min(directoryAt, from + LOCAL_HEADER_BYTES + entries.rawName(index).length);
    const run = runs.at(-1);
    if (run !== undefined && from - run.to <= SMALL_GAP_BYTES && to - run.from <= LARGEST_READ_BYTES) {
      run.to = Math.max(run.to, to);
      run.indices.push(index);
    } else runs.push({ from, to: Math.max(from, to), indices: [index] });
  }
  return runs;
}

function differs(bytes: Buffer, at: number, entries: Entries, index: number): boolean {
  const name = entries.rawName(index);
  const nameAt = at + LOCAL_HEADER_BYTES;
  if (nameAt + name.length > bytes.length || bytes.readUInt32LE(at) !== LOCAL_HEADER) return true;
  if (bytes.readUInt16LE(at + 26) !== name.length || name.compare(bytes, nameAt, nameAt + name.length) !== 0)
    return true;
  // Sizes behind the data, or in the extra field.
  if ((bytes.readUInt16LE(at + 6) & DESCRIPTOR_FLAG) !== 0) return false;
  const [compressed, size] = [bytes.readUInt32LE(at + 18), bytes.readUInt32LE(at + 22)];
  if (compressed === IN_EXTRA_FIELD && size === IN_EXTRA_FIELD) return false;
  return (
    bytes.readUInt32LE(at + 14) !== entries.crcs[index] ||
    compressed !== entries.compressedBytes[index] ||
    size !== entries.sizeBytes[index]
  );
}

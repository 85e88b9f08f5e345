import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import type { ArchiveFile } from './archive-file.ts';
import { type DirectoryOddities, type Entries, saysEncrypted } from './central-directory.ts';
import { entriesWithAnotherHeader } from './local-headers.ts';
import type { StatedEnd } from './zip-end.ts';

/** What of an archive is not as an honest tool writes it. Each is a sentence whose subject is the archive: "has two entries …". */
export interface Remarks {
  /** What does no harm: Android and the stores take such files. */
  readonly oddities: readonly string[];
  /** What Android's own zip library (`system/libziparchive`) refuses to open, whatever the file is. */
  readonly faults: readonly string[];
  /** What it refuses in an APK; harmless in another kind of file. */
  readonly faultsOfApk: readonly string[];
  /** What of it was read, and cannot be: it may have come so over the network. */
  readonly damage: readonly string[];
}

interface Judged {
  readonly file: ArchiveFile;
  readonly end: StatedEnd;
  readonly entries: Entries;
  readonly oddities: DirectoryOddities;
  /** Filled while entries are read: those that inflate to another size than they say. */
  readonly withAnotherSize: ReadonlySet<number>;
  /** Filled likewise: those that do not inflate. */
  readonly damaged: ReadonlySet<number>;
}

const LONGEST_KEY = 256;
/** How many entries a remark names. */
const MOST_NAMED = 3;

/** The remarks on an archive, made when they are first asked for: that takes a look at every entry. */
export function createRemarks({
  file,
  end,
  entries,
  oddities,
  withAnotherSize,
  damaged,
}: Judged): () => Promise<Remarks> {
  const { names } = entries;
  const where = (is: (name: string, index: number) => boolean) =>
    names.flatMap((name, index) => (is(name, index) ? [index] : []));
  const say = (indices: Iterable<number>, what: string): string[] => sentence(names, [...indices], what);
  let otherHeaders: Promise<readonly number[]> | null = null;

  return async () => {
    otherHeaders ??= entriesWithAnotherHeader(file, entries, end.directoryAt);
    const headers = await otherHeaders;
    const sizes = [...withAnotherSize].filter((index) => !headers.includes(index));
    return {
      oddities: [
        ...say(where(leadsOut), 'whose name points outside the folder it is extracted to (apptool extracts nothing)'),
        ...say(
          where((_, index) => saysEncrypted(entries, index)),
          'marked as encrypted, which it is not',
        ),
        ...say(oddities.lyingExtraFields, 'with an extra field that contradicts itself'),
        ...(oddities.isCountCut ? [`counts its ${names.length} entries modulo 65536`] : []),
      ],
      faults: [
        ...say(twice(entries), 'whose name appears twice'),
        ...say(headers, 'whose local header contradicts the directory'),
        ...say(sizes, 'whose decompressed size is not the size that the archive says'),
        ...(oddities.endsElsewhere ? ['has a directory that does not end where its end record begins'] : []),
      ],
      faultsOfApk: say(
        where((name, index) => name.includes('\0') || !isUtf8(entries.rawName(index))),
        'whose name Android does not accept (not UTF-8, or with a NUL)',
      ),
      damage: say(damaged, 'whose compressed data is damaged'),
    };
  };
}

/** `has an entry …`, or `has n entries …`, with the first few names. */
function sentence(names: readonly string[], indices: readonly number[], what: string): string[] {
  if (indices.length === 0) return [];
  const shown = indices.slice(0, MOST_NAMED).map((index) => names[index]);
  const more = indices.length > MOST_NAMED ? ', …' : '';
  const count = indices.length === 1 ? 'an entry' : `${indices.length} entries`;
  return [`has ${count} ${what}: ${shown.join(', ')}${more}`];
}

/** The kinds of names that `validateFileName` of yauzl refuses: absolute, upwards, or with the separator of Windows. */
function leadsOut(name: string): boolean {
  return name.includes('\\') || /^[a-zA-Z]:/.test(name) || name.startsWith('/') || name.split('/').includes('..');
}

/** V8 compares long texts from start to end in each look-up, because it hashes those beyond 16 383 characters by their length alone. */
function keyOf(rawName: Buffer): string {
  return rawName.length > LONGEST_KEY
    ? createHash('sha256').update(rawName).digest('base64')
    : rawName.toString('latin1');
}

/** The first entry of each name that there is more than once, by its bytes. */
function twice({ names, rawName }: Entries): number[] {
  const first = new Map<string, number>();
  const found = new Set<number>();
  for (const index of names.keys()) {
    const name = keyOf(rawName(index));
    const before = first.get(name);
    if (before === undefined) first.set(name, index);
    else found.add(before);
  }
  return [...found];
}

import type { AppArchive } from '../../archive-kind.ts';
import { UnreadablePart } from '../../zip/archive-file.ts';
import type { EntryReader } from '../../zip/entry-contents.ts';
import type { ZipDirectory, ZipEntry } from '../../zip/zip-directory.ts';
import { type Finding, notChecked, untrue } from '../finding.ts';
import { createDigestCheck } from './jar-digests.ts';
import { digestsOfEntry, type JarManifest } from './jar-manifest.ts';

/** Contents that inflate to more than this and to more than this many times the file are not read. */
const SUSPECT_BYTES = 256 * 1024 * 1024;
const SUSPECT_RATIO = 20;

/**
 * Checks the contents of every entry against a manifest whose signers sign these names. Gives the places of the signers who sign all of them, or
 * why the entries are not what was signed. The rules are those of `V1SchemeVerifier` of AOSP's apksig.
 */
export async function checkEntries(
  { file, zip }: AppArchive,
  manifest: JarManifest,
  signedNames: readonly ReadonlySet<string>[],
  minSdk: number,
  reader: EntryReader,
): Promise<readonly number[] | Finding> {
  const { inOrder, inflatedBytes } = orderOf(zip);
  if (inflatedBytes > SUSPECT_BYTES && inflatedBytes > SUSPECT_RATIO * file.sizeBytes)
    return notChecked(`its entries expand to more than ${SUSPECT_RATIO} times their size`);
  const seen = new Set<string>();
  const signers = createCommonSigners(signedNames);
  for (const index of inOrder) {
    const entry = zip.entryAt(index);
    const name = await checkEntry(entry, manifest, minSdk, reader);
    if (typeof name !== 'string') return name;
    const trouble = seen.has(name) ? `${name} is there twice` : isSigned(name) ? signers.troubleOf(name) : null;
    if (trouble !== null) return untrue(trouble);
    seen.add(name);
  }
  const gone = [...manifest.sections.keys()].find((name) => !seen.has(name));
  return gone === undefined
    ? (signers.all() ?? untrue('nothing is signed'))
    : untrue(`${gone} was removed after it was signed`);
}

/** The places of the entries in the order in which they stand in the file: there may be very many, and an entry is an object. */
function orderOf(zip: ZipDirectory): { readonly inOrder: Uint32Array; readonly inflatedBytes: number } {
  const headersAt = new Float64Array(zip.names.length);
  let inflatedBytes = 0;
  for (const index of headersAt.keys()) {
    const { headerAt, sizeBytes } = zip.entryAt(index);
    headersAt[index] = headerAt;
    inflatedBytes += sizeBytes;
  }
  const inOrder = Uint32Array.from(headersAt.keys()).sort(
    (one, other) => (headersAt[one] ?? 0) - (headersAt[other] ?? 0),
  );
  return { inOrder, inflatedBytes };
}

/** Those who sign an entry have to be the same for each. */
function createCommonSigners(signedNames: readonly ReadonlySet<string>[]) {
  let common: readonly number[] | null = null;
  return {
    troubleOf(name: string): string | null {
      const own = signedNames.flatMap((names, index) => (names.has(name) ? [index] : []));
      if (own.length === 0) return `${name} is not signed`;
      common ??= own;
      return own.join() === common.join() ? null : `${name} has other signers than the other entries`;
    },
    all: () => common,
  };
}

/** What is in META-INF and folders is not signed. */
function isSigned(name: string): boolean {
  return !name.startsWith('META-INF/') && !name.endsWith('/');
}

/** The name by which the manifest knows an entry: UTF-8, whatever the flags of the entry say. */
async function checkEntry(
  entry: ZipEntry,
  manifest: JarManifest,
  minSdk: number,
  reader: EntryReader,
): Promise<string | Finding> {
  try {
    const name = entry.rawName.toString('utf8');
    if (!isSigned(name)) return name;
    const digests = digestsOfEntry(manifest, name, minSdk);
    if (digests.length === 0) return untrue(`${name} is not signed`);
    const check = createDigestCheck(digests);
    await reader.read(entry, check.add);
    return check.areTrue() ? name : untrue(`${name} was changed after it was signed`);
  } catch (cause) {
    if (!(cause instanceof UnreadablePart)) throw cause;
    return untrue(`${entry.name} ${cause.message}`);
  }
}

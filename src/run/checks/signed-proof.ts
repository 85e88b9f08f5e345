import { createHash } from 'node:crypto';
import { openAppArchive, remarksOn } from '../../archive/archive-kind.ts';
import { readSignatures } from '../../archive/signature/signatures.ts';
import { type ArchiveFile, ArchiveProblem, UnreadablePart } from '../../archive/zip/archive-file.ts';
import { createEntryReader } from '../../archive/zip/entry-contents.ts';
import type { ArtifactKind } from '../../contract/artifact.ts';
import { IntegrityError } from '../../contract/errors.ts';
import type { Warning } from './preflight.ts';

/** What is in a file, as far as it takes to prove that one is another one signed. */
export interface SignedContents {
  readonly kind: ArtifactKind;
  /** Hex SHA-256 of each entry's contents, inflated, by its name. Folders are not entries. */
  readonly entries: ReadonlyMap<string, EntryContents>;
  readonly isSigned: boolean | null;
  /** Why a signature of it is not true; `null` where none is known to be untrue. */
  readonly untrue: string | null;
  /** Why its newest signature could not be checked; `null` where it was, and for an IPA, whose signature is not read here. */
  readonly unchecked: string | null;
}

interface EntryContents {
  readonly sha256: string;
  /** Whether it is a program of Apple's, into which a signature is written. */
  readonly isMachO: boolean;
}

/** How many entries a message names. */
const MOST_NAMED = 3;

/**
 * Signature files of an APK or a bundle: "Signed JAR File" of the JAR File Specification, and the source stamp of apksig
 * (`SourceStampConstants`). The APK signing block and the padding of zipalign are in no entry.
 */
const OF_JAR = /^(?:META-INF\/(?:MANIFEST\.MF|[^/]+\.(?:SF|RSA|DSA|EC)|SIG-[^/]*)|stamp-cert-sha256)$/i;
/** What codesign writes: Apple's TN3125 and TN2206. */
const OF_CODESIGN =
  /(?:^|\/)(?:_CodeSignature\/[^/]+|embedded\.mobileprovision|archived-expanded-entitlements\.xcent)$/;
/** `mach-o/loader.h` and `mach-o/fat.h`, in both orders of bytes. */
const MACH_O: ReadonlySet<string> = new Set(['feedface', 'feedfacf', 'cefaedfe', 'cffaedfe', 'cafebabe', 'cafebabf']);

/**
 * Reads all of a file. Throws `IntegrityError` for what is no sound archive: of an entry that is there twice, nobody knows which one
 * counts. Rejects with the signal's reason.
 */
export async function readSignedContents(file: ArchiveFile, signal: AbortSignal): Promise<SignedContents> {
  try {
    const archive = await openAppArchive(file);
    const { faults } = await remarksOn(archive);
    if (faults.length > 0) throw new ArchiveProblem(`it ${faults.join('; it ')}`);
    const signatures = await readSignatures(archive, []);
    const schemes = await signatures.verify(signal);
    const untrue = schemes.find(({ verified }) => verified === false);
    const newest = schemes.at(-1);
    const unchecked = newest?.verified === null ? newest.reason : null;
    const { kind, zip } = archive;
    const reader = createEntryReader(file, zip.end.directoryAt, signal);
    const inOrder = zip.names.map((_, index) => zip.entryAt(index)).sort((a, b) => a.headerAt - b.headerAt);
    const entries = new Map<string, EntryContents>();
    for (const entry of inOrder) {
      if (entry.name.endsWith('/') && entry.sizeBytes === 0) continue;
      const hash = createHash('sha256');
      let head = '';
      await reader.read(entry, (piece) => {
        if (head === '') head = piece.toString('hex', 0, 4);
        hash.update(piece);
      });
      entries.set(entry.name, { sha256: hash.digest('hex'), isMachO: MACH_O.has(head) });
    }
    return { kind, entries, isSigned: signatures.isSigned, untrue: untrue?.reason ?? null, unchecked };
  } catch (cause) {
    if (!(cause instanceof ArchiveProblem || cause instanceof UnreadablePart)) throw cause;
    throw new IntegrityError(`it is not a valid archive: ${cause.message}`, { cause });
  }
}

/**
 * Proves that a file is the output, signed: the same entries with the same contents, but for signature files, alignment and the signing
 * block. Throws `IntegrityError` where it is not, or where it is not signed; gives what could not be proved as warnings.
 */
export function proveSigned(output: SignedContents, signed: SignedContents): readonly Warning[] {
  if (signed.kind !== output.kind)
    throw refused(`it is an ${signed.kind.toUpperCase()}, the output an ${output.kind.toUpperCase()}`);
  const isSignatureFile = (name: string) => (output.kind === 'ipa' ? OF_CODESIGN : OF_JAR).test(name);
  const [before, after] = [namesOf(output, isSignatureFile), namesOf(signed, isSignatureFile)];
  const missing = before.filter((name) => !signed.entries.has(name));
  const added = after.filter((name) => !output.entries.has(name));
  const different = before.filter((name) => {
    const [is, was] = [signed.entries.get(name), output.entries.get(name)];
    return is !== undefined && is.sha256 !== was?.sha256;
  });
  // A signature of Apple's is in the programs themselves.
  const isReSigned = (name: string) =>
    output.kind === 'ipa' && output.entries.get(name)?.isMachO === true && signed.entries.get(name)?.isMachO === true;
  const changed = different.filter((name) => !isReSigned(name));
  const differences = [
    ...say('lacks', missing),
    ...say('has entries that the output lacks:', added),
    ...say('has different contents in', changed),
  ];
  if (differences.length > 0) throw refused(`it ${differences.join('; it ')}`);
  if (signed.isSigned === false) throw refused('it is not signed');
  if (signed.untrue !== null) throw refused(`its signature is not valid: ${signed.untrue}`);
  return [
    ...(signed.isSigned === null
      ? [{ code: 'unreadable-signature', message: 'cannot tell whether it is signed' }]
      : []),
    ...(signed.unchecked === null
      ? []
      : [{ code: 'unreadable-signature', message: `cannot tell whether its signature is valid: ${signed.unchecked}` }]),
    ...say('not compared, because signing changes them:', different.filter(isReSigned)).map((message) => ({
      code: 'not-compared',
      message,
    })),
  ];
}

function namesOf({ entries }: SignedContents, isSignatureFile: (name: string) => boolean): string[] {
  return [...entries.keys()].filter((name) => !isSignatureFile(name));
}

function say(what: string, names: readonly string[]): string[] {
  if (names.length === 0) return [];
  const more = names.length > MOST_NAMED ? ` and ${names.length - MOST_NAMED} more` : '';
  return [`${what} ${names.slice(0, MOST_NAMED).join(', ')}${more}`];
}

function refused(why: string): IntegrityError {
  return new IntegrityError(`the signed file is not the output: ${why}`, {
    hint: 'sign the unchanged output of this run, and give that file',
  });
}

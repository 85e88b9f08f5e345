import type { Budget } from '../../budget.ts';
import { areDigestsOf, digestsToCheck, type JarDigest } from './jar-digests.ts';
import { attributesOf, type JarAttributes, type JarSection, jarSectionsOf, nameOf } from './jar-sections.ts';

/** The manifest of a signed archive: the sections by the names of the entries. */
export interface JarManifest {
  readonly bytes: Buffer;
  readonly main: JarSection | null;
  readonly sections: ReadonlyMap<string, JarSection>;
  /** Why it is not one; `null` where it is. */
  readonly trouble: string | null;
}

/** Throws `BeyondLimit`. */
export function readJarManifest(bytes: Buffer, budget: Budget): JarManifest {
  const [main = null, ...others] = jarSectionsOf(bytes, budget);
  const sections = new Map<string, JarSection>();
  let trouble: string | null = null;
  for (const section of others) {
    const name = nameOf(bytes, section);
    if (name === null) trouble ??= 'its manifest has a section without a name';
    else if (sections.has(name)) trouble ??= `its manifest names ${name} twice`;
    else sections.set(name, section);
  }
  return { bytes, main, sections, trouble };
}

/** The digests of an entry, of which each has to be true; empty where there are none. */
export function digestsOfEntry({ bytes, sections }: JarManifest, name: string, minSdk: number): JarDigest[] {
  const section = sections.get(name);
  return section === undefined ? [] : digestsToCheck(attributesOf(bytes, section), '-digest', minSdk);
}

/** What a signature file says of the manifest. */
export interface SignatureFileResult {
  /** The entries that it signs; `null` for a signature file that counts for nothing. */
  readonly names: ReadonlySet<string> | null;
  /** Why the manifest is not the one that was signed. */
  readonly trouble: string | null;
}

const COUNTS_FOR_NOTHING: SignatureFileResult = { names: null, trouble: null };

/** Checks a manifest against a signature file, by the rules of `V1SchemeVerifier` of AOSP's apksig. Throws `BeyondLimit`. */
export function checkSignatureFile(
  file: Buffer,
  manifest: JarManifest,
  minSdk: number,
  budget: Budget,
): SignatureFileResult {
  const [mainSection, ...sections] = jarSectionsOf(file, budget);
  if (mainSection === undefined) return COUNTS_FOR_NOTHING;
  const main = attributesOf(file, mainSection);
  if (!main.has('signature-version')) return COUNTS_FOR_NOTHING;
  const bySigntool = (main.get('created-by') ?? '').includes('signtool');
  const isWhole = isWholeManifest(main, manifest, bySigntool, minSdk);
  if (!isWhole && !bySigntool && !isMainSection(main, manifest, minSdk))
    return { names: null, trouble: 'its manifest was changed after it was signed' };
  const names = new Set<string>();
  for (const section of sections) {
    const name = nameOf(file, section);
    if (name === null || names.has(name)) return COUNTS_FOR_NOTHING;
    names.add(name);
    if (isWhole) continue;
    const signed = manifest.sections.get(name);
    if (signed === undefined) return COUNTS_FOR_NOTHING;
    const digests = digestsToCheck(attributesOf(file, section), '-digest', minSdk);
    const trouble = troubleOfSection(digests, sectionBytes(manifest, signed, bySigntool), name);
    if (trouble !== null) return { names: null, trouble };
  }
  return { names, trouble: null };
}

function troubleOfSection(digests: readonly JarDigest[], bytes: Buffer, name: string): string | null {
  if (digests.length === 0) return `${name} is not signed`;
  return areDigestsOf(digests, bytes) ? null : `the manifest's section of ${name} was changed after it was signed`;
}

/** A signature file that names a digest of all of the manifest needs no others; where it is another one, the sections decide. */
function isWholeManifest(main: JarAttributes, { bytes }: JarManifest, bySigntool: boolean, minSdk: number): boolean {
  const digests = digestsToCheck(main, bySigntool ? '-digest' : '-digest-manifest', minSdk);
  return digests.length > 0 && areDigestsOf(digests, bytes);
}

function isMainSection(main: JarAttributes, manifest: JarManifest, minSdk: number): boolean {
  const digests = digestsToCheck(main, '-digest-manifest-main-attributes', minSdk);
  if (digests.length === 0 || manifest.main === null) return digests.length === 0;
  return areDigestsOf(digests, sectionBytes(manifest, manifest.main, false));
}

/** signtool does not count the second of two line feeds that end a section. */
function sectionBytes({ bytes }: JarManifest, { from, to }: JarSection, bySigntool: boolean): Buffer {
  const endsTwice = bytes[to - 1] === 0x0a && bytes[to - 2] === 0x0a;
  return bytes.subarray(from, bySigntool && endsTwice ? to - 1 : to);
}

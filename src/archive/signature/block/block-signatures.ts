import type { AppArchive } from '../../archive-kind.ts';
import { UnreadablePart, withinBounds } from '../../zip/archive-file.ts';
import { describeCertificate } from '../certificate.ts';
import { type Finding, notChecked, untrue } from '../finding.ts';
import type { SignatureScheme } from '../signature-scheme.ts';
import type { SigningDemands } from '../signing-demands.ts';
import { ALGORITHMS } from './algorithms.ts';
import { type DigestName, digestApk } from './apk-digest.ts';
import { type ApkSigner, readApkSigners } from './apk-signers.ts';
import { type BlockScheme, findingBeside, findingOf, type ReadScheme, type ReadSchemes } from './scheme-findings.ts';
import { readSigningBlock, type SigningBlock } from './signing-block.ts';

/** Ids in the signing block: source.android.com/docs/security/features/apksigning/v2 and …/v3; v3.1 and v3.2: `V3SchemeConstants` of AOSP's apksig. */
const SCHEMES = [
  { scheme: 'v2', id: 0x7109871a, hasRange: false },
  { scheme: 'v3', id: 0xf05368c0, hasRange: true },
  { scheme: 'v3.1', id: 0x1b93ad61, hasRange: true },
  { scheme: 'v3.2', id: 0x70e1c89f, hasRange: true },
] as const;

/** The signatures that are in the signing block of an APK, not yet checked. */
export interface BlockSignatures {
  readonly schemes: readonly SignatureScheme[];
  /** The schemes that Android finds: none where it does not look at the block. */
  readonly found: readonly BlockScheme[];
  /** Checks them against the file, reading all of it once. Rejects with the signal's reason. */
  verify(demands: SigningDemands, signal: AbortSignal): Promise<SignatureScheme[]>;
  /** What the checked schemes have against each other and against a true JAR signature by `v1` (DER). */
  findingBeside(
    v1: readonly Buffer[],
    checked: readonly SignatureScheme[],
    demands: SigningDemands,
  ): (Finding & { readonly scheme: BlockScheme }) | null;
}

export const NO_BLOCK: BlockSignatures = {
  schemes: [],
  found: [],
  verify: async () => [],
  findingBeside: () => null,
};

/** Reads the v2 and v3 signatures of an APK. A signature that cannot be read does not verify. */
export async function readBlockSignatures(archive: AppArchive, problems: string[]): Promise<BlockSignatures> {
  const block = await readBlock(archive, problems);
  if (block === null) return NO_BLOCK;
  const { directoryAt, directoryBytes, endAt } = archive.zip.end;
  const isLookedAt = directoryAt + directoryBytes === endAt;
  const found = SCHEMES.flatMap(({ scheme, id, hasRange }) => {
    const value = block.values.get(id);
    return value === undefined ? [] : [readScheme(scheme, value, hasRange, isLookedAt)];
  });
  const all: ReadSchemes = new Map(found.map((one) => [one.scheme, one]));
  return {
    schemes: found.map((one) => asResult(one, one.trouble === null ? notChecked('not checked') : untrue(one.trouble))),
    found: isLookedAt ? found.map(({ scheme }) => scheme) : [],
    verify: (demands, signal) => verifyAll(archive, block, all, demands, signal),
    findingBeside(v1, checked, demands) {
      const isTrue = (scheme: BlockScheme) => checked.some((one) => one.scheme === scheme && one.verified === true);
      return findingBeside(v1, all, isTrue, demands);
    },
  };
}

async function readBlock({ file, zip }: AppArchive, problems: string[]): Promise<SigningBlock | null> {
  try {
    return await readSigningBlock(file, zip.end);
  } catch (cause) {
    if (!(cause instanceof UnreadablePart)) throw cause;
    problems.push(`cannot read the APK signing block: it ${cause.message}`);
    return null;
  }
}

/** Of a v3.2 signature, only who signed is of use here, where that can be read. */
function readScheme(scheme: BlockScheme, value: Buffer, hasRange: boolean, isLookedAt: boolean): ReadScheme {
  try {
    const signers = withinBounds(() => readApkSigners(value, hasRange));
    const trouble = isLookedAt ? null : 'the directory of the archive does not end where the end record begins';
    return { scheme, signers, trouble: signers.length === 0 ? 'there is no signer' : trouble };
  } catch (cause) {
    if (!(cause instanceof UnreadablePart)) throw cause;
    return { scheme, signers: [], trouble: scheme === 'v3.2' ? null : `the signature ${cause.message}` };
  }
}

function asResult({ scheme, signers }: ReadScheme, finding: Finding | null): SignatureScheme {
  const certificates = signers.flatMap((signer) => signer.certificates.slice(0, 1));
  const { verified, reason } = finding ?? { verified: true, reason: null };
  return { scheme, signers: certificates.map(describeCertificate), verified, reason };
}

async function verifyAll(
  { file, zip }: AppArchive,
  block: SigningBlock,
  all: ReadSchemes,
  demands: SigningDemands,
  signal: AbortSignal,
): Promise<SignatureScheme[]> {
  const checked = [...all.values()].map((one) => ({ one, finding: findingOf(one, all, demands) }));
  const names = new Set<DigestName>();
  for (const { one, finding } of checked) {
    if (finding?.verified !== false) for (const { name } of one.signers.flatMap(knownDigests)) names.add(name);
  }
  if (names.size === 0) return checked.map(({ one, finding }) => asResult(one, finding));
  const actual = await digestApk(file, zip.end, block.startsAt, names, signal);
  return checked.map(({ one, finding }) => {
    const isFalse = finding?.verified === false || one.scheme === 'v3.2';
    return asResult(one, (isFalse ? null : findingOfContents(one, actual)) ?? finding);
  });
}

/** The digests of the algorithms that are known here. */
function knownDigests({ digests }: ApkSigner): { readonly name: DigestName; readonly bytes: Buffer }[] {
  return digests.flatMap(({ algorithm, bytes }) => {
    const known = ALGORITHMS.get(algorithm);
    return known === undefined ? [] : [{ name: known.contentDigest, bytes }];
  });
}

function findingOfContents({ signers }: ReadScheme, actual: ReadonlyMap<DigestName, Buffer>): Finding | null {
  const isSame = signers.flatMap(knownDigests).every(({ name, bytes }) => actual.get(name)?.equals(bytes) ?? false);
  return isSame ? null : untrue('the file was changed after it was signed');
}

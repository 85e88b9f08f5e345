import { UnreadablePart } from '../../zip/archive-file.ts';
import { type Finding, notChecked, untrue } from '../finding.ts';
import type { SigningDemands } from '../signing-demands.ts';
import { ALGORITHMS } from './algorithms.ts';
import { type ApkSigner, LAST_SDK, type SdkRange } from './apk-signers.ts';
import { type Lineage, readLineage } from './lineage.ts';
import { troubleOfSigner } from './signer-trouble.ts';

export type BlockScheme = 'v2' | 'v3' | 'v3.1' | 'v3.2';

/** The signers of a scheme, not yet checked. */
export interface ReadScheme {
  readonly scheme: BlockScheme;
  readonly signers: readonly ApkSigner[];
  /** Why it cannot be read. */
  readonly trouble: string | null;
}

export type ReadSchemes = ReadonlyMap<BlockScheme, ReadScheme>;

/**
 * Attributes of a signer, by which nobody can take a newer scheme away: `V2SchemeConstants` and `V3SchemeConstants` of AOSP's apksig. That of
 * v2 holds the number of a scheme; the others hold the SDK from which on, and up to which, the newer one is for.
 */
const ATTRIBUTE = {
  strippingProtection: 0xbeeff00d,
  proofOfRotation: 0x3ba06f8c,
  rotationMinSdk: 0x559f8b02,
  hybridMinSdk: 0xbf940529,
  hybridMaxSdk: 0x9f06b79c,
  developmentRelease: 0xc2a6b3ba,
} as const;
const SDK_OF_V3 = 28;

/** Why a scheme is not true, the digest of the contents aside; `null` where there is nothing against it. */
export function findingOf(one: ReadScheme, all: ReadSchemes, demands: SigningDemands): Finding | null {
  if (one.scheme === 'v3.2') return notChecked('apptool does not check the v3.2 scheme');
  const trouble =
    one.trouble ??
    firstOf(one.signers, troubleOfSigner) ??
    (one.scheme === 'v2' ? troubleOfV2(one, all) : troubleOfV3(one, all, demands));
  if (trouble !== null) return untrue(trouble);
  return one.signers.every(({ digests }) => digests.some(({ algorithm }) => ALGORITHMS.has(algorithm)))
    ? null
    : notChecked('apptool does not know its algorithm');
}

function troubleOfV2({ signers }: ReadScheme, all: ReadSchemes): string | null {
  const isStripped = signers.some((signer) => numberIn(signer, ATTRIBUTE.strippingProtection) === 3 && !all.has('v3'));
  return isStripped ? removed('v3') : null;
}

/** The rules of `V3SchemeVerifier` of AOSP's apksig, for v3 and v3.1. */
function troubleOfV3(one: ReadScheme, all: ReadSchemes, demands: SigningDemands): string | null {
  if (one.scheme === 'v3.1' && !all.has('v3')) return 'the v3 signature that it extends is missing';
  return (
    firstOf(one.signers, troubleOfLineage) ??
    firstOf(one.signers, (signer) => troubleOfNewer(signer, one.scheme, all)) ??
    troubleOfRanges(one, all, demands) ??
    troubleOfLineages(one)
  );
}

function firstOf(signers: readonly ApkSigner[], troubleOf: (signer: ApkSigner) => string | null): string | null {
  for (const signer of signers) {
    const trouble = troubleOf(signer);
    if (trouble !== null) return trouble;
  }
  return null;
}

function removed(scheme: BlockScheme): string {
  return `the ${scheme} signature that it mentions was removed`;
}

function numberIn({ attributes }: ApkSigner, id: number): number | null {
  const value = attributes.get(id);
  return value !== undefined && value.length >= 4 ? value.readInt32LE(0) : null;
}

/** `null` where there is none. Throws `UnreadablePart`. */
function lineageOf({ attributes }: ApkSigner): Lineage | null {
  const attribute = attributes.get(ATTRIBUTE.proofOfRotation);
  return attribute === undefined ? null : readLineage(attribute);
}

/** Of one that cannot be read another finding says so. */
function readableLineageOf(signer: ApkSigner): Lineage | null {
  try {
    return lineageOf(signer);
  } catch (cause) {
    if (!(cause instanceof UnreadablePart)) throw cause;
    return null;
  }
}

function troubleOfLineage(signer: ApkSigner): string | null {
  try {
    const lineage = lineageOf(signer);
    if (lineage === null) return null;
    if (!lineage.isProven()) return 'its proof of rotation is not valid';
    const [own] = signer.certificates;
    return own !== undefined && lineage.certificates.at(-1)?.equals(own)
      ? null
      : 'its proof of rotation is for another certificate';
  } catch (cause) {
    if (!(cause instanceof UnreadablePart)) throw cause;
    return `its proof of rotation ${cause.message}`;
  }
}

/** A newer scheme that a signer says is there has to be there, for just those Android versions. */
function troubleOfNewer(signer: ApkSigner, scheme: BlockScheme, all: ReadSchemes): string | null {
  const rotationMin = numberIn(signer, ATTRIBUTE.rotationMinSdk);
  const hybridMin = numberIn(signer, ATTRIBUTE.hybridMinSdk);
  const hybridMax = numberIn(signer, ATTRIBUTE.hybridMaxSdk);
  if (rotationMin !== null) {
    const rotated = scheme === 'v3' ? spanOf(all.get('v3.1')) : null;
    if (rotated === null) return removed('v3.1');
    if (rotated.min !== rotationMin) return 'the v3.1 signature covers other Android versions than it says';
  }
  if (hybridMin === null && hybridMax === null) return null;
  const hybrid = spanOf(all.get('v3.2'));
  if (hybrid === null) return removed('v3.2');
  return hybrid.min === hybridMin && (hybridMax === null || hybrid.max === hybridMax)
    ? null
    : 'the v3.2 signature covers other Android versions than it says';
}

function spanOf(one: ReadScheme | undefined): SdkRange | null {
  const ranges = one?.signers.flatMap(({ range }) => range ?? []) ?? [];
  if (ranges.length === 0) return null;
  return { min: Math.min(...ranges.map(({ min }) => min)), max: Math.max(...ranges.map(({ max }) => max)) };
}

/** The signers take turns without a gap, from the first Android version of the app that knows the scheme on. */
function troubleOfRanges({ scheme, signers }: ReadScheme, all: ReadSchemes, { minSdk }: SigningDemands): string | null {
  const turns = signers
    .map((signer) => ({
      ...(signer.range as SdkRange),
      isForNext: signer.attributes.has(ATTRIBUTE.developmentRelease),
    }))
    .sort((one, other) => one.max - other.max);
  if (turns.some(({ min, max }) => min < 0 || min > max)) return 'its range of Android versions is impossible';
  for (const [index, turn] of turns.slice(1).entries()) {
    const before = turns[index]?.max ?? 0;
    if (turn.min !== before + 1 && !(turn.min === before && turn.isForNext))
      return 'the Android versions of its signers overlap or leave a gap';
  }
  const first = turns[0]?.min ?? LAST_SDK;
  const last = turns.at(-1)?.max ?? 0;
  const rotated = scheme === 'v3' ? spanOf(all.get('v3.1')) : null;
  const startsLate = scheme === 'v3' && first > Math.max(minSdk, SDK_OF_V3);
  return startsLate || last < (rotated === null ? LAST_SDK : rotated.min - 1)
    ? 'it does not cover all Android versions that the app supports'
    : null;
}

/** Of signers that take turns, the later one goes on from the earlier one. */
function troubleOfLineages({ signers }: ReadScheme): string | null {
  const inTurn = signers.toSorted((one, other) => (one.range?.max ?? 0) - (other.range?.max ?? 0));
  let before: readonly Buffer[] = [];
  for (const { certificates } of inTurn.flatMap((signer) => readableLineageOf(signer) ?? [])) {
    if (!before.every((one, index) => certificates[index]?.equals(one)))
      return 'the proofs of rotation of its signers contradict each other';
    before = certificates;
  }
  return null;
}

/**
 * What schemes that are true each by itself have against each other: Android goes by one or the other, and the signers have to be the same.
 * `v1`: the certificates (DER) of a true JAR signature that some Android version goes by.
 */
export function findingBeside(
  v1: readonly Buffer[],
  all: ReadSchemes,
  isTrue: (scheme: BlockScheme) => boolean,
  { minSdk }: SigningDemands,
): (Finding & { readonly scheme: BlockScheme }) | null {
  const isV2Used = isTrue('v2') && (minSdk < SDK_OF_V3 || !all.has('v3'));
  const v2 = isV2Used ? certificatesOf(all.get('v2')) : [];
  if (v1.length > 0 && v2.length > 0 && !areSame(v1, v2))
    return { scheme: 'v2', ...untrue('its signers differ from the signers of the v1 signature') };
  const past = v1.length > 0 ? v1 : v2;
  if (past.length === 0 || !isTrue('v3') || isSuccession(past, all)) return null;
  const reason = 'its signer differs from the signer of the older signatures, and no proof of rotation connects them';
  return { scheme: 'v3', ...untrue(reason) };
}

function certificatesOf(one: ReadScheme | undefined): Buffer[] {
  return one?.signers.flatMap(({ certificates }) => certificates.slice(0, 1)) ?? [];
}

function areSame(some: readonly Buffer[], others: readonly Buffer[]): boolean {
  const isIn = (all: readonly Buffer[]) => (one: Buffer) => all.some((other) => other.equals(one));
  return some.every(isIn(others)) && others.every(isIn(some));
}

/** Whether v3 has the signer of the older signatures, or a proof of rotation that starts with that one. */
function isSuccession([only, ...others]: readonly Buffer[], all: ReadSchemes): boolean {
  const v3 = all.get('v3')?.signers ?? [];
  const [lineage] = [...(all.get('v3.1')?.signers ?? []), ...v3].flatMap((signer) => readableLineageOf(signer) ?? []);
  const start = lineage === undefined && v3.length === 1 ? v3[0]?.certificates[0] : lineage?.certificates[0];
  return others.length === 0 && only !== undefined && start?.equals(only) === true;
}

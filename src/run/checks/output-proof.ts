import { readAppIdentity } from '../../archive/app-identity.ts';
import { type AppArchive, openAppArchive, remarksOn } from '../../archive/archive-kind.ts';
import { readSignatures, signersOf } from '../../archive/signature/signatures.ts';
import { type ArchiveFile, ArchiveProblem } from '../../archive/zip/archive-file.ts';
import type { AppIdentity, ArtifactKind, Permission } from '../../contract/artifact.ts';
import { IntegrityError } from '../../contract/errors.ts';
import type { Warning } from './preflight.ts';

/** What was sent for protection, as far as it is known: what is absent or `null` is compared with nothing. */
export interface SentArtifact {
  readonly kind: ArtifactKind;
  readonly sizeBytes: number;
  readonly sha256: string | null;
  readonly identity: SentIdentity | null;
  /** The signing key that was asked for, or `none`; `undefined` for the tenant's, `null` where it is not known. */
  readonly signingKey: string | undefined | null;
}

interface SentIdentity
  extends Pick<AppIdentity, 'packageName' | 'versionName' | 'versionCode'>,
    Partial<Pick<AppIdentity, 'minSdk' | 'permissions' | 'debuggable'>> {}

const UNUSABLE_HINT = 'look at the build in the portal: fetching it again gives the same file';

/** What of an output has to be proved; what could not be read is in `problems`. */
interface OutputFacts {
  readonly kind: ArtifactKind;
  readonly sha256: string;
  readonly identity: AppIdentity | null;
  readonly isSigned: boolean | null;
  readonly signers: string[] | null;
  readonly problems: readonly string[];
}

/** Reads an output. Throws `IntegrityError` for what is no whole archive. */
export async function readOutput(file: ArchiveFile, sha256: string): Promise<OutputFacts> {
  const archive = await openOutput(file);
  const problems: string[] = [];
  const identity = await readable(() => readAppIdentity(archive, problems), problems);
  const signatures = await readable(() => readSignatures(archive, problems), problems);
  const isSigned = signatures?.isSigned ?? null;
  const signers = signatures === null ? null : signersOf(signatures);
  const { oddities, faults } = await remarksOn(archive);
  if (faults.length > 0)
    throw new IntegrityError(`the output is not a sound archive: it ${faults.join('; it ')}`, { hint: UNUSABLE_HINT });
  problems.push(...oddities.map((oddity) => `it ${oddity}`));
  return { kind: archive.kind, sha256, identity, isSigned, signers, problems };
}

async function openOutput(file: ArchiveFile): Promise<AppArchive> {
  try {
    return await openAppArchive(file);
  } catch (cause) {
    if (!(cause instanceof ArchiveProblem)) throw cause;
    const { message, isDamaged: mayBeTransit } = cause;
    if (mayBeTransit)
      throw new IntegrityError(`download is not a complete archive: ${message}`, { cause, mayBeTransit });
    throw new IntegrityError(`the output cannot be used: ${message}`, { cause, hint: UNUSABLE_HINT });
  }
}

/** `null` for what no honest build makes: a protection may well make it. */
async function readable<T>(read: () => Promise<T>, problems: string[]): Promise<T | null> {
  try {
    return await read();
  } catch (cause) {
    if (!(cause instanceof ArchiveProblem)) throw cause;
    problems.push(cause.message);
    return null;
  }
}

/**
 * Compares an output with what was sent. Throws `IntegrityError` where it is not the same app protected; gives the other differences as
 * warnings.
 */
export function proveOutput(output: OutputFacts, sent: SentArtifact): readonly Warning[] {
  if (output.sha256 === sent.sha256) {
    throw new IntegrityError('the output is byte for byte the input: it is not protected', {
      hint: 'check the enabled protections in the portal',
    });
  }
  if (output.kind !== sent.kind)
    throw new IntegrityError(`the output is an ${output.kind.toUpperCase()}, the input an ${sent.kind.toUpperCase()}`);
  const [is, was] = [output.identity?.packageName ?? null, sent.identity?.packageName ?? null];
  if (is !== null && was !== null && is !== was)
    throw new IntegrityError(`the output is the app ${is}, the input ${was}`, {
      hint: 'look for your build in the portal',
    });
  const unreadable = output.problems.map((problem) => ({
    code: 'unreadable-part',
    message: `of the output: ${problem}`,
  }));
  const differences = output.identity === null || sent.identity === null ? [] : compare(output.identity, sent.identity);
  return [
    ...unreadable,
    ...differences.map((message) => ({ code: 'output-differs', message })),
    ...signerWarnings(output.isSigned, sent.signingKey),
  ];
}

/** Whether the tenant has a key, with which a build is signed that names none, nobody knows here. */
function signerWarnings(isSigned: boolean | null, signingKey: SentArtifact['signingKey']): Warning[] {
  if (signingKey === 'none' || signingKey === null || isSigned === true) return [];
  const isKeyAsked = signingKey !== undefined;
  if (isKeyAsked && isSigned === false) {
    throw new IntegrityError(`the output is not signed, but the signing key ${signingKey} was asked for`, {
      hint: 'check the signing key in the portal',
    });
  }
  if (isSigned === false) return [{ code: 'unsigned-output', message: 'the output is not signed' }];
  return isKeyAsked ? [{ code: 'unsigned-output', message: 'cannot tell whether the output is signed' }] : [];
}

/** A line for each thing that is not as it was. */
function compare(output: AppIdentity, sent: SentIdentity): string[] {
  const { minSdk, permissions, debuggable } = sent;
  return [
    ...(sent.versionName === null ? [] : changed('version name', output.versionName, sent.versionName)),
    ...(sent.versionCode === null ? [] : changed('version code', output.versionCode, sent.versionCode)),
    ...(minSdk === undefined ? [] : changed('minimum SDK', output.minSdk, minSdk)),
    ...(debuggable === undefined || output.debuggable === debuggable
      ? []
      : [`the output is ${debuggable ? 'not ' : ''}debuggable, the input is${debuggable ? '' : ' not'}`]),
    ...(permissions === undefined ? [] : changedPermissions(output.permissions.map(asText), permissions.map(asText))),
  ];
}

function changed(what: string, is: number | string | null, was: number | string | null): string[] {
  return is === was ? [] : [`the ${what} of the output is ${is ?? 'not said'}, that of the input ${was ?? 'not said'}`];
}

function asText({ name, maxSdk }: Permission): string {
  return maxSdk === null ? name : `${name} (up to SDK ${maxSdk})`;
}

function changedPermissions(is: readonly string[], was: readonly string[]): string[] {
  const [added, removed] = [without(is, was), without(was, is)];
  return [
    ...(added.length === 0 ? [] : [`the output has permissions that the input has not: ${added.join(', ')}`]),
    ...(removed.length === 0 ? [] : [`the output lacks permissions of the input: ${removed.join(', ')}`]),
  ];
}

function without(all: readonly string[], those: readonly string[]): string[] {
  return all.filter((one) => !those.includes(one));
}

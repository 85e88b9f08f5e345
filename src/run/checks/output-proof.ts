import { readAppIdentity } from '../../archive/app-identity.ts';
import { type AppArchive, openAppArchive, remarksOn } from '../../archive/archive-kind.ts';
import { readSignatures, signerNamesOf, signersOf } from '../../archive/signature/signatures.ts';
import { type ArchiveFile, ArchiveProblem } from '../../archive/zip/archive-file.ts';
import type { AppIdentity, Artifact, ArtifactKind } from '../../contract/artifact.ts';
import { IntegrityError } from '../../contract/errors.ts';
import { differences, notCompared, type SentIdentity } from './identity-differences.ts';
import type { Warning } from './preflight.ts';

/** What was sent for protection, as far as it is known: what is absent or `null` is compared with nothing. */
export interface SentArtifact {
  readonly kind: Artifact['kind'];
  readonly sizeBytes: number;
  readonly sha256: string | null;
  readonly identity: SentIdentity | null;
  /** The signing key that was asked for, or `none`; `undefined` for the tenant's, `null` where it is not known. */
  readonly signingKey: string | undefined | null;
  /** Who had signed it, in words; absent or empty where nobody had, or where that is not known. */
  readonly signedBy?: readonly string[] | undefined;
}

const UNUSABLE_HINT = 'look at the build in the portal: downloading it again gives the same file';

/** What of an output has to be proved; what could not be read is in `problems`. */
interface OutputFacts {
  readonly kind: ArtifactKind;
  readonly sha256: string;
  readonly identity: AppIdentity | null;
  readonly isSigned: boolean | null;
  readonly signers: string[] | null;
  readonly signedBy: string[] | null;
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
  const signedBy = signatures === null ? null : signerNamesOf(signatures);
  const { oddities, faults, damage } = await remarksOn(archive);
  if (damage.length > 0)
    throw new IntegrityError(`download is damaged: it ${damage.join('; it ')}`, { mayBeTransit: true });
  if (faults.length > 0)
    throw new IntegrityError(`the output is not a valid archive: it ${faults.join('; it ')}`, { hint: UNUSABLE_HINT });
  problems.push(...oddities.map((oddity) => `it ${oddity}`));
  return { kind: archive.kind, sha256, identity, isSigned, signers, signedBy, problems };
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
    throw new IntegrityError('the output is identical to the input: it is not protected', {
      hint: 'check the enabled protections in the portal',
    });
  }
  if (output.kind !== sent.kind)
    throw new IntegrityError(`the output is an ${output.kind.toUpperCase()}, the input an ${sent.kind.toUpperCase()}`);
  const [is, was] = [output.identity?.packageName ?? null, sent.identity?.packageName ?? null];
  if (is !== null && was !== null && is !== was)
    throw new IntegrityError(`the output is the app ${is}, the input ${was}`, {
      hint: 'find your own build in the portal',
    });
  const warn = (code: string, messages: readonly string[]): Warning[] => messages.map((message) => ({ code, message }));
  const isBothKnown = output.identity !== null && sent.identity !== null;
  return [
    ...warn(
      'unreadable-part',
      output.problems.map((problem) => `in the output: ${problem}`),
    ),
    ...warn('output-differs', isBothKnown ? differences(output.identity, sent.identity) : []),
    ...warn('not-compared', unproved(output, sent)),
    ...signerWarnings(output.isSigned, sent),
  ];
}

/** What nothing proves. A proof that says nothing of a thing has to have compared it. */
function unproved({ identity, kind }: OutputFacts, sent: SentArtifact): string[] {
  const packageName = sent.identity?.packageName ?? null;
  const [is, input] = [identity?.packageName ?? null, sent.identity];
  const missing = notCompared(identity, input, kind !== 'ipa');
  const whose = identity === null ? 'the output' : 'the input';
  return [
    ...(packageName !== null && is === null
      ? [`the output does not say its package, so it cannot be checked that it is ${packageName}`]
      : []),
    ...(packageName === null
      ? [`the package of the input is unknown, so it cannot be checked that the output is the same app`]
      : []),
    ...(sent.sha256 === null
      ? ['the SHA-256 of the input is not known, so it cannot be checked that the output differs from it']
      : []),
    ...(missing.length === 0 ? [] : [`not compared, because it is unknown for ${whose}: ${missing.join(', ')}`]),
  ];
}

/** Whether the tenant has a key, with which a build is signed that names none, nobody knows here. */
function signerWarnings(isSigned: boolean | null, { signingKey, signedBy = [] }: SentArtifact): Warning[] {
  if (signingKey === 'none' || signingKey === null || isSigned === true) return [];
  const isKeyAsked = signingKey !== undefined;
  if (isKeyAsked && isSigned === false) {
    throw new IntegrityError(`the output is not signed, but signing key ${signingKey} was requested`, {
      hint: 'check the signing key in the portal',
    });
  }
  if (isSigned === false) return [{ code: 'unsigned-output', message: unsignedMessage(signedBy) }];
  return isKeyAsked ? [{ code: 'unsigned-output', message: 'cannot tell whether the output is signed' }] : [];
}

function unsignedMessage(signedBy: readonly string[]): string {
  const before = signedBy.length === 0 ? '' : ` (the input was signed by ${signedBy.join(' and ')})`;
  return `the output has no signature${before}: ${HOW_TO_SIGN}`;
}

/** Protection takes the signature of the input away, so whoever publishes the output has to sign it anew. */
const HOW_TO_SIGN =
  'give a signing key, set a default key in the portal, or sign the output elsewhere (apksigner, codesign) before you publish it';

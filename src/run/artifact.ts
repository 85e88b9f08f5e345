import { basename } from 'node:path';
import { readAppIdentity } from '../archive/app-identity.ts';
import { type AppArchive, openAppArchive, remarksOn } from '../archive/archive-kind.ts';
import { readSignatures, type Signatures, signerNamesOf, signersOf } from '../archive/signature/signatures.ts';
import { type ArchiveFile, ArchiveProblem } from '../archive/zip/archive-file.ts';
import type { UploadOptions } from '../contract/adapter.ts';
import type { Artifact, Platform } from '../contract/artifact.ts';
import { LocalIoError, UsageError } from '../contract/errors.ts';
import type { PlannedRequest } from '../contract/planned-request.ts';
import { endingOf } from '../contract/text/file-ending.ts';
import { type Judgement, openArtifact } from '../transfer/artifact.ts';
import { checkFileName, hintForName } from '../transfer/artifact-name.ts';
import { type OpenBackend, stageOf } from './backend.ts';
import { asksForSignatures, type Expectations, preflight } from './checks/preflight.ts';
import { inputRecord, SIGNERS_NOT_KNOWN } from './journal/files.ts';
import type { RunContext } from './journal/journal.ts';

/** A local file on its way, and what the user says of it. */
export interface ArtifactInput {
  readonly path: string;
  /** What the user says that the file is for, where they say so. */
  readonly platform: Platform | undefined;
  readonly options: UploadOptions;
  /** The options of each backend, where they differ. */
  readonly optionsOf?: (backend: OpenBackend) => UploadOptions;
  readonly expected: Expectations;
  /** True for a file that this run has made: then the run is about another. */
  readonly isMadeHere?: boolean;
}

export interface UploadInput extends ArtifactInput {
  readonly backend: OpenBackend;
}

/**
 * Opens the artifact and makes every check that needs no request: its name, its contents, the backend's limits and needs, what the user
 * expects of it. `use` gets it open; it is closed afterwards whatever happens.
 */
export async function withArtifact<T>(
  input: UploadInput,
  ctx: RunContext,
  use: (artifact: Artifact, plan: PlannedRequest, signedBy: readonly string[]) => Promise<T>,
): Promise<T> {
  return await withArtifactFor([input.backend], input, ctx, async (artifact, [plan], signedBy) =>
    use(artifact, plan as PlannedRequest, signedBy),
  );
}

/** The same for several backends: it is opened once, and refused when any of them would refuse it. */
export async function withArtifactFor<T>(
  backends: readonly OpenBackend[],
  input: ArtifactInput,
  ctx: RunContext,
  use: (artifact: Artifact, plans: readonly PlannedRequest[], signedBy: readonly string[]) => Promise<T>,
): Promise<T> {
  const { path, platform, options, optionsOf = () => options, expected } = input;
  for (const backend of backends) checkInputName(backend, path);
  const checkSize = (name: string, sizeBytes: number): void => {
    for (const backend of backends) checkLimit(backend, name, sizeBytes);
  };
  const reader = createReader(path, asksForSignatures(backends, expected), ctx);
  const otherFiles = backends.flatMap((backend) => backend.otherFiles ?? []);
  const artifact = await openArtifact(path, { judge: reader.judge, checkSize, otherFiles });
  try {
    if (input.isMadeHere !== true) ctx.journal.note({ artifact: inputRecord(artifact, null, reader.signed()) });
    checkPlatform(artifact, platform);
    tellIfUnread(artifact, ctx);
    const { name, identity } = artifact;
    const isForProduction = backends.some((backend) => stageOf(backend, optionsOf(backend)) === 'production');
    const signatures = await reader.signatures(expected.signer !== undefined);
    const now = ctx.clock.date();
    for (const warning of preflight({ name, identity, signatures, backends, isForProduction, expected, now }))
      ctx.emit({ type: 'warning', ...warning });
    const plans = await Promise.all(
      backends.map(async (backend) => await backend.adapter.plan(artifact, optionsOf(backend), ctx)),
    );
    ctx.emit({ type: 'artifact.ready', name: artifact.name, kind: artifact.kind, sizeBytes: artifact.sizeBytes });
    return await use(artifact, plans, reader.signedBy());
  } finally {
    await artifact.close();
  }
}

/** The files that a backend takes. */
type FilesOf = Pick<OpenBackend, 'id' | 'files' | 'otherFiles'>;

/** From the name alone, so that a file of the wrong kind is refused even where it cannot be read. */
export function checkInputName(backend: FilesOf, path: string): void {
  const name = checkFileName(path);
  const taken = [...backend.files, ...(backend.otherFiles ?? [])];
  if (endingOf(name, taken) !== null) return;
  const list = taken.map((ending) => `.${ending}`).join(', ');
  throw new UsageError(`cannot use ${name}: ${backend.id} takes ${list} only`, { hint: hintForKind(name, backend) });
}

/** How to get a file of the kind that a backend takes from one that it does not. */
function hintForKind(name: string, { files }: FilesOf): string | undefined {
  const takesAndroid = files.includes('apk') || files.includes('aab');
  const kind = endingOf(name, ['aab', 'apk', 'ipa']);
  if (kind === 'aab' && files.includes('apk'))
    return 'send an APK: the one of your build, or a universal one (bundletool build-apks --mode=universal)';
  if (kind === 'apk' && files.includes('aab')) return 'send the bundle of your build (gradlew bundleRelease)';
  if (kind === 'ipa' && takesAndroid && !files.includes('ipa'))
    return 'this backend takes Android apps, and this is an iOS app';
  return hintForName(name);
}

function checkPlatform({ name, platform }: Artifact, given: Platform | undefined): void {
  if (given === undefined || given === platform) return;
  const is = { ios: 'an iOS file', android: 'an Android file', other: 'neither an Android nor an iOS file' }[platform];
  throw new UsageError(`${name} is ${is} but platform is ${given}`, {
    hint: 'leave the platform out',
    next: { do: 'set', setting: 'platform' },
  });
}

/** What nothing looks into, nothing vouches for. */
function tellIfUnread({ kind, name }: Artifact, { emit }: RunContext): void {
  if (kind !== 'other') return;
  emit({ type: 'note', message: `${name} is sent as it is: apptool does not check its app, version or signature` });
}

export function checkLimit({ id, limit }: OpenBackend, name: string, sizeBytes: number): void {
  if (limit === null || sizeBytes <= limit.bytes) return;
  throw new UsageError(`${name}: file is larger than ${limit.words}, the limit of ${id}`);
}

/** What the file does not tell of the app is a warning: that is no reason not to send it. */
function createReader(path: string, needsSignatures: boolean, ctx: RunContext) {
  let found: Signatures | null = null;
  return {
    judge: async (file: ArchiveFile): Promise<Judgement> =>
      await readInput(path, async () => {
        const archive = await openAppArchive(file);
        const problems: string[] = [];
        const identity = await readAppIdentity(archive, problems);
        found = needsSignatures ? await readSignatures(archive, problems) : await signaturesToKeep(archive);
        warnOf(problems, ctx);
        await warnOfRemarks(archive, path, ctx);
        return { kind: archive.kind, identity };
      }),
    /** Those of the file that was judged; verifying them reads all of it. */
    signatures: async (isToVerify: boolean) => {
      if (found === null) return null;
      return isToVerify ? { ...found, schemes: await found.verify(ctx.signal) } : found;
    },
    signed: () => (found === null ? SIGNERS_NOT_KNOWN : { signers: signersOf(found), signedBy: signerNamesOf(found) }),
    /** Who has signed it, as people know them. */
    signedBy: () => (found === null ? [] : (signerNamesOf(found) ?? [])),
  };
}

/** For the record alone: where they cannot be read, that is no reason for anything. */
async function signaturesToKeep(archive: AppArchive): Promise<Signatures | null> {
  try {
    return await readSignatures(archive, []);
  } catch (error) {
    if (error instanceof ArchiveProblem) return null;
    throw error;
  }
}

export function warnOf(problems: readonly string[], { emit }: RunContext): void {
  for (const message of problems) emit({ type: 'warning', code: 'unreadable-part', message });
}

/** What is odd about an archive, and what no device takes: neither is a reason not to send a file. */
export async function warnOfRemarks(archive: AppArchive, path: string, { emit }: RunContext): Promise<void> {
  const { oddities, faults } = await remarksOn(archive);
  const name = basename(path);
  for (const oddity of oddities) emit({ type: 'warning', code: 'odd-archive', message: `${name} ${oddity}` });
  const at = archive.kind === 'apk' ? 'Android' : 'a store';
  for (const fault of faults)
    emit({ type: 'warning', code: 'broken-archive', message: `${name} ${fault}; ${at} may refuse such a file` });
}

/** Reads the user's file: what is wrong with it is theirs to mend. */
export async function readInput<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    if (!(cause instanceof ArchiveProblem)) throw cause;
    throw new LocalIoError(`cannot use ${path}: ${cause.message}`, {
      cause,
      hint: cause.hint ?? 'check the build that made the file',
    });
  }
}

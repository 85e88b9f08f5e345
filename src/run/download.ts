import { basename } from 'node:path';
import { ArchiveProblem } from '../archive/zip/archive-file.ts';
import type { Artifact } from '../contract/artifact.ts';
import {
  AuthError,
  detailsOf,
  IntegrityError,
  LimitError,
  LocalIoError,
  PendingError,
  PolicyError,
  RejectedError,
  UnavailableError,
  UsageError,
} from '../contract/errors.ts';
import type { DownloadLink, JobRef } from '../contract/job.ts';
import type { Next } from '../contract/next.ts';
import type { AppRecord } from '../contract/record/journal.ts';
import { endingOf } from '../contract/text/file-ending.ts';
import { type Downloaded, downloadToFile } from '../transfer/download/download.ts';
import { checkOutput, type OutputFile, type OutputTarget } from '../transfer/download/output-file.ts';
import { readyLink } from '../transfer/download/ready-link.ts';
import { jobFailed } from '../transfer/wait/poll.ts';
import { downloadOf, type OpenBackend } from './backend.ts';
import { proveOutput, readOutput, type SentArtifact } from './checks/output-proof.ts';
import { appRecord, SIGNERS_NOT_KNOWN } from './journal/files.ts';
import type { StepContext } from './journal/journal.ts';
import { status } from './wait.ts';

export interface DownloadInput {
  readonly backend: OpenBackend;
  readonly job: JobRef;
  readonly output: OutputTarget;
  /** A link that was asked for already, to be used before another is. */
  readonly link?: DownloadLink;
  /** What was sent, where this run knows it: the output must be the same app, and not the same bytes. */
  readonly sent: SentArtifact | null;
  /** True for `apptool download` itself: then there is no other command to go on with. */
  readonly isOwnCommand: boolean;
}

/** Fetches a finished job's output, judges it, and puts it in place. */
export async function fetchOutput(input: DownloadInput, ctx: StepContext): Promise<Downloaded> {
  const { backend, job, output, sent, isOwnCommand } = input;
  const download = downloadOf(backend);
  let app: AppRecord | null = null;
  let known = input.link;
  const link = async () => {
    const first = known;
    known = undefined;
    return first ?? (await download(job.id, endingNamed(output.path, backend), ctx));
  };
  ctx.step.tell({ type: 'fetching' });
  try {
    const done = await downloadToFile(
      {
        link,
        storage: backend.storage,
        target: output,
        inputBytes: sent?.sizeBytes ?? input.link?.sizeBytes ?? null,
        verify: async (file, received) => {
          app = await verify(file, received, input, ctx);
        },
      },
      ctx,
    );
    const { path, sizeBytes: size, sha256 } = done;
    ctx.journal.note({
      output: { path, name: basename(path), size, sha256, ...(app ?? appRecord(null, SIGNERS_NOT_KNOWN)) },
    });
    ctx.step.tell({ type: 'fetched' });
    // Stopped while it was put in place: it is there, and the run was stopped.
    ctx.signal.throwIfAborted();
    return done;
  } catch (error) {
    throw withWayOn(error, { do: 'download', job: job.text, path: output.path }, isOwnCommand);
  }
}

export interface DownloadCommandInput {
  readonly backend: OpenBackend;
  readonly job: JobRef;
  readonly output: string | undefined;
  readonly force: boolean;
  /** What was sent, where a receipt tells. */
  readonly sent: SentArtifact | null;
  /** Check everything up to the transfer, and leave it at that. */
  readonly dryRun: boolean;
}

/** `apptool download`: refuses at once what is not finished. Without a path, the output is named after the job's file. */
export async function download(
  input: DownloadCommandInput,
  ctx: StepContext,
): Promise<{ readonly path: string; readonly isWritten: boolean }> {
  const { backend, job, force } = input;
  const mint = downloadOf(backend);
  backend.adapter.assertDownloadable?.(job.id);
  if (input.output !== undefined) {
    if (input.sent !== null && backend.protects) assertKindOfOutput(input.output, input.sent.kind);
    await checkOutput({ path: input.output, force }, null);
  }
  const state = await status(backend, job, ctx);
  if (state.phase === 'failed') throw jobFailed(job.text, state);
  if (state.phase !== 'succeeded') {
    throw new PendingError(`${job.text} is not finished: status ${state.status}`, {
      next: { do: 'wait', job: job.text },
    });
  }
  if (input.output !== undefined && input.dryRun) return { path: input.output, isWritten: false };
  const wanted = input.output === undefined ? null : endingNamed(input.output, backend);
  const ask = () => readyLink(() => mint(job.id, wanted, ctx), ctx);
  const told = await toldOf(backend, job, wanted, ask, ctx);
  const { fileName } = told;
  const path = input.output ?? defaultName(fileName, backend);
  if (input.output === undefined) await checkOutput({ path, force }, null);
  else assertEnding(input.output, wanted, fileName, backend);
  if (input.dryRun) return { path, isWritten: false };
  const link = told.link ?? (await ask());
  // What is not protected comes back as it is, or as another kind of file.
  const sent = backend.protects ? input.sent : null;
  await fetchOutput({ backend, job, output: { path, force }, link, sent, isOwnCommand: true }, ctx);
  return { path, isWritten: true };
}

/** What the output's file is called, with the link that told it; a link that is for one use is not made to be told a name. */
async function toldOf(
  { adapter: { outputName } }: OpenBackend,
  { id }: JobRef,
  wanted: string | null,
  ask: () => Promise<DownloadLink>,
  ctx: StepContext,
): Promise<{ readonly fileName: string; readonly link?: DownloadLink }> {
  if (outputName !== undefined) return { fileName: await outputName(id, wanted, ctx) };
  const link = await ask();
  return { fileName: link.fileName, link };
}

/** The server's name is only a suggestion: taken when it is a plain file name, in the working directory. */
function defaultName(fileName: string, backend: OpenBackend): string {
  const ending = endingNamed(fileName, backend);
  const stem = fileName.slice(0, -`.${ending}`.length);
  if (ending === null || !/^[A-Za-z0-9_][A-Za-z0-9_ .()+-]{0,120}$/.test(stem))
    throw new UsageError('the server suggests no usable file name', {
      hint: 'choose a name for the output',
      next: { do: 'set', setting: 'output' },
    });
  return backend.protects ? `${stem}-protected.${ending}` : fileName;
}

/** Judges the output; resolves with which app it is. */
async function verify(
  file: OutputFile,
  { sizeBytes, sha256 }: { readonly sizeBytes: number; readonly sha256: string },
  { backend, sent, output, link }: DownloadInput,
  ctx: StepContext,
): Promise<AppRecord> {
  const expected = link?.sizeBytes ?? sizeBytes;
  if (sizeBytes !== expected)
    throw new IntegrityError(`received ${sizeBytes} bytes, but ${backend.id} says the file has ${expected}`, {
      mayBeTransit: true,
    });
  // Nothing here can look into such a file.
  if (isOther(link === undefined ? output.path : link.fileName, backend)) return appRecord(null, SIGNERS_NOT_KNOWN);
  const fill = async (buffer: Buffer, position: number) => {
    const { bytesRead } = await file.handle.read(buffer, 0, buffer.length, position);
    if (bytesRead < buffer.length) throw new ArchiveProblem('archive became shorter while it was read');
  };
  const facts = await readOutput({ sizeBytes, fill }, sha256);
  const named = endingNamed(output.path, backend);
  if (sent === null && named !== null && named !== facts.kind)
    throw new IntegrityError(`the output is an ${facts.kind.toUpperCase()}, not what its name says`);
  for (const warning of sent === null ? [] : proveOutput(facts, sent)) ctx.emit({ type: 'warning', ...warning });
  return appRecord(facts.identity, facts);
}

/** Throws `UsageError` where the output's name promises another kind of file than what went in: protection keeps the kind. */
export function assertKindOfOutput(path: string, kind: Artifact['kind']): void {
  const named = endingOf(path, APPS);
  if (named === null || named === kind) return;
  throw new UsageError(`the output is named ${basename(path)}, but the input is an ${kind.toUpperCase()}`, {
    hint: `give the output a name that ends in .${kind}`,
    next: { do: 'set', setting: 'output' },
  });
}

const APPS = ['apk', 'aab', 'ipa'] as const;

/** What the name of a path promises, of what the backend may give; `null` where it promises nothing. */
function endingNamed(path: string, { otherFiles = [] }: OpenBackend): string | null {
  return endingOf(path, [...APPS, ...otherFiles]);
}

function isOther(name: string, { otherFiles = [] }: OpenBackend): boolean {
  return endingOf(name, otherFiles) !== null;
}

/** Throws `UsageError` where the output's name promises another file than the backend has. An app archive is judged by what is in it. */
function assertEnding(path: string, named: string | null, fileName: string, backend: OpenBackend): void {
  const is = endingNamed(fileName, backend);
  if (named === null || is === null || named === is) return;
  if (!isOther(path, backend) && !isOther(fileName, backend)) return;
  throw new UsageError(`the output is named ${basename(path)}, but ${backend.id} has a .${is} file`, {
    hint: `give the output a name that ends in .${is}`,
    next: { do: 'set', setting: 'output' },
  });
}

/**
 * The job is done and its output waits: whatever failed here, the way on is to download it, not to run everything again. `isOwnCommand`
 * when the command that failed is that download.
 */
function withWayOn(error: unknown, next: Extract<Next, { do: 'download' }>, isOwnCommand: boolean): unknown {
  const isLocal = error instanceof LocalIoError;
  // Where it says what to do, that comes first.
  if ((isLocal || error instanceof IntegrityError) && error.hint === null)
    return error.with({ hint: isLocal ? 'fix that first' : null, next });
  if (isOwnCommand) return error;
  const hint = 'the job is done';
  // Never "run again": the same command would make another build.
  if (error instanceof UnavailableError || error instanceof LimitError)
    return new PendingError(error.message, { ...detailsOf(error), hint, next });
  if (error instanceof RejectedError || error instanceof AuthError || error instanceof PolicyError)
    return error.with({ hint: error.hint === null ? hint : `${hint}; ${error.hint}`, next });
  return error;
}

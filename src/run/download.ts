import { basename } from 'node:path';
import { ArchiveProblem } from '../archive/zip/archive-file.ts';
import type { ArtifactKind } from '../contract/artifact.ts';
import {
  IntegrityError,
  LocalIoError,
  PendingError,
  RejectedError,
  UnavailableError,
  UsageError,
} from '../contract/errors.ts';
import type { DownloadLink } from '../contract/job.ts';
import { type Downloaded, downloadToFile } from '../transfer/download/download.ts';
import { checkOutput, type OutputFile, type OutputTarget } from '../transfer/download/output-file.ts';
import { readyLink } from '../transfer/download/ready-link.ts';
import { jobFailed } from '../transfer/wait/poll.ts';
import { downloadOf, jobRef, type OpenBackend } from './backend.ts';
import { proveOutput, readOutput, type SentArtifact } from './checks/output-proof.ts';
import { type AppRecord, appRecord, type RunContext } from './trace.ts';
import { status } from './wait.ts';

export interface DownloadInput {
  readonly backend: OpenBackend;
  readonly id: string;
  readonly output: OutputTarget;
  /** What was sent, where this run knows it: the output must be the same app, and not the same bytes. */
  readonly sent: SentArtifact | null;
  /** True for `apptool download` itself: then there is no other command to go on with. */
  readonly isOwnCommand: boolean;
}

/** Fetches a finished job's output, judges it, and puts it in place. */
export async function fetchOutput(input: DownloadInput, ctx: RunContext): Promise<Downloaded> {
  const { backend, id, output, sent, isOwnCommand } = input;
  const download = downloadOf(backend);
  let app: AppRecord | null = null;
  try {
    const done = await downloadToFile(
      {
        link: () => download(id, kindNamed(output.path), ctx),
        storage: backend.storage,
        target: output,
        inputBytes: sent?.sizeBytes ?? null,
        verify: async (file, received) => {
          app = await verify(file, received, input, ctx);
        },
      },
      ctx,
    );
    const { path, sizeBytes: size, sha256 } = done;
    ctx.trace.note({ output: { path, name: basename(path), size, sha256, ...(app ?? appRecord(null, null)) } });
    // Stopped while it was put in place: it is there, and the run was stopped.
    ctx.signal.throwIfAborted();
    return done;
  } catch (error) {
    throw withWayOn(error, `apptool download ${jobRef(backend, id)} -o ${output.path}`, isOwnCommand);
  }
}

export interface DownloadCommandInput {
  readonly backend: OpenBackend;
  readonly id: string;
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
  ctx: RunContext,
): Promise<{ readonly path: string; readonly isWritten: boolean }> {
  const { backend, id, force } = input;
  const mint = downloadOf(backend);
  backend.adapter.assertDownloadable?.(id);
  if (input.output !== undefined) await checkOutput({ path: input.output, force }, null);
  const state = await status(backend, id, ctx);
  const job = jobRef(backend, id);
  if (state.phase === 'failed') throw jobFailed(job, state);
  if (state.phase !== 'succeeded') {
    throw new PendingError(`${job} is not finished: status ${state.status}`, {
      hint: `to wait for it: apptool wait ${job}`,
    });
  }
  const path = input.output ?? defaultName(await readyLink(() => mint(id, null, ctx), ctx), backend.protects);
  if (input.output === undefined) await checkOutput({ path, force }, null);
  if (input.dryRun) return { path, isWritten: false };
  // What is not protected comes back as it is, or as another kind of file.
  const sent = backend.protects ? input.sent : null;
  await fetchOutput({ backend, id, output: { path, force }, sent, isOwnCommand: true }, ctx);
  return { path, isWritten: true };
}

/** The server's name is only a suggestion: taken when it is a plain file name, in the working directory. */
function defaultName({ fileName }: DownloadLink, isProtected: boolean): string {
  const [, stem, extension] = /^([A-Za-z0-9_][A-Za-z0-9_ .()+-]{0,120})\.(apk|aab|ipa)$/.exec(fileName) ?? [];
  if (stem === undefined)
    throw new UsageError('the server gives no usable file name', { hint: 'give one with --output' });
  return isProtected ? `${stem}-protected.${extension}` : fileName;
}

/** Judges the output; resolves with which app it is. */
async function verify(
  file: OutputFile,
  { sizeBytes, sha256 }: { readonly sizeBytes: number; readonly sha256: string },
  { sent, output }: DownloadInput,
  ctx: RunContext,
): Promise<AppRecord> {
  const fill = async (buffer: Buffer, position: number) => {
    const { bytesRead } = await file.handle.read(buffer, 0, buffer.length, position);
    if (bytesRead < buffer.length) throw new ArchiveProblem('archive became shorter while it was read');
  };
  const facts = await readOutput({ sizeBytes, fill }, sha256);
  const named = kindNamed(output.path);
  if (sent === null && named !== null && named !== facts.kind)
    throw new IntegrityError(`the output is an ${facts.kind.toUpperCase()}, not what its name says`);
  for (const warning of sent === null ? [] : proveOutput(facts, sent)) ctx.emit({ type: 'warning', ...warning });
  return appRecord(facts.identity, facts.signers);
}

/** What the name of a path promises; `null` where it promises nothing. */
function kindNamed(path: string): ArtifactKind | null {
  const extension = path.toLowerCase().split('.').pop();
  return extension === 'apk' || extension === 'aab' || extension === 'ipa' ? extension : null;
}

/**
 * The job is done and its output waits: whatever failed here, the way on is to download it, not to run everything again. `isOwnCommand`
 * when the command that failed is that download.
 */
function withWayOn(error: unknown, command: string, isOwnCommand: boolean): unknown {
  if (error instanceof UnavailableError && !isOwnCommand) {
    const { message, httpStatus, serverText } = error;
    const details = { cause: error, httpStatus: httpStatus ?? undefined, serverText: serverText ?? undefined };
    return new UnavailableError(message, {
      ...details,
      hint: `the job is done; to fetch its output: ${command}`,
      retryable: false,
    });
  }
  if (error instanceof LocalIoError) error.hint ??= `when that is mended: ${command}`;
  if (error instanceof IntegrityError) error.hint ??= `to fetch it again: ${command}`;
  if (error instanceof RejectedError && !isOwnCommand)
    error.hint = `the job is done; to try to fetch its output: ${command}`;
  return error;
}

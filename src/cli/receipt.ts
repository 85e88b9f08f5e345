import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as z from 'zod';
import type { BuildMetadata } from '../build-metadata.ts';
import { errorCode, LocalIoError, UsageError } from '../errors.ts';
import type { Trace } from '../run/trace.ts';

const LARGEST_RECEIPT = 256 * 1024;

const Job = z.object({ ref: z.string(), id: z.string() }).nullable();
const State = z.object({ phase: z.string(), status: z.string() }).nullable();
const Ended = z.object({ exitCode: z.int(), errorClass: z.string().nullable() }).nullable();
const Unfinished = z.object({ session: z.record(z.string(), z.string()), mayHaveLanded: z.boolean() }).nullable();

/**
 * What a release keeps of a run, and what a later run on another machine goes on from. Holds names, sizes and hashes; never a secret,
 * a signed URL or a path.
 */
export const Receipt = z.object({
  receiptVersion: z.literal(1),
  tool: z.object({ name: z.literal('apptool'), version: z.string() }),
  command: z.string(),
  startedAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
  /** How the run ended; `null` while it runs, or when it was killed. */
  ended: Ended,
  backend: z.string().nullable(),
  /** Host of the backend's address. */
  host: z.string().nullable(),
  environment: z.string().nullable(),
  /** The build that ran apptool; receipts of earlier versions have none. */
  build: z
    .object({
      provider: z.string().nullable(),
      commit: z.string().nullable(),
      branch: z.string().nullable(),
      tag: z.string().nullable(),
      pullRequest: z.string().nullable(),
      buildNumber: z.string().nullable(),
      buildUrl: z.string().nullable(),
      repositoryUrl: z.string().nullable(),
    })
    .nullable()
    .default(null),
  job: Job,
  state: State,
  artifact: z
    .object({
      name: z.string(),
      size: z.int(),
      sha256: z.string().nullable(),
      platform: z.enum(['android', 'ios']),
      packageName: z.string().nullable(),
      versionName: z.string().nullable(),
      versionCode: z.int().nullable(),
    })
    .nullable(),
  output: z.object({ name: z.string(), size: z.int(), sha256: z.string() }).nullable(),
  /** The last byte of what may start a job was out, and nobody has said what became of it. */
  mayHaveLanded: z.boolean().default(false),
  /** A multipart upload that was neither completed nor aborted: what `apptool abort` needs. */
  unfinished: Unfinished,
  /** How it stands with each target, in a run that has several. */
  targets: z
    .array(
      z.object({
        backend: z.string(),
        host: z.string().nullable(),
        job: Job,
        state: State,
        ended: Ended,
        mayHaveLanded: z.boolean().default(false),
        unfinished: Unfinished,
      }),
    )
    .default([]),
});
export type Receipt = z.infer<typeof Receipt>;

/** What a receipt says besides the trace. */
export type ReceiptFacts = Pick<Receipt, 'command' | 'startedAt' | 'environment'> & {
  readonly version: string;
  readonly build: BuildMetadata;
  /** Host of a backend's address. */
  readonly hostOf: (backend: string) => string | null;
};

export function receiptOf(trace: Trace, facts: ReceiptFacts, ended: Receipt['ended'], now: Date): Receipt {
  const { backend, job, state, artifact, output } = trace.report;
  return {
    receiptVersion: 1,
    tool: { name: 'apptool', version: facts.version },
    command: facts.command,
    startedAt: facts.startedAt,
    updatedAt: now.toISOString(),
    ended,
    backend,
    host: backend === null ? null : facts.hostOf(backend),
    environment: facts.environment,
    build: buildOf(facts.build),
    job,
    state: state === null ? null : { phase: state.phase, status: state.status },
    artifact: artifact === null ? null : withoutPath(artifact),
    output: output === null ? null : withoutPath(output),
    mayHaveLanded: mayHaveLanded(trace),
    unfinished: unfinishedOf(trace),
    targets: trace.targets.map((target) => targetOf(target, facts)),
  };
}

function targetOf(trace: Trace, facts: ReceiptFacts): Receipt['targets'][number] {
  const { backend, job, state } = trace.report;
  const { end } = trace;
  return {
    backend: backend ?? '',
    host: facts.hostOf(backend ?? ''),
    job,
    state: state === null ? null : { phase: state.phase, status: state.status },
    mayHaveLanded: mayHaveLanded(trace),
    ended: end === undefined ? null : { exitCode: end?.exitCode ?? 0, errorClass: end?.class ?? null },
    unfinished: unfinishedOf(trace),
  };
}

function mayHaveLanded({ report, leftovers }: Trace): boolean {
  return report.job === null && leftovers.mayHaveLanded;
}

function unfinishedOf({ leftovers: { session, mayHaveLanded } }: Trace): Receipt['unfinished'] {
  return session === null ? null : { session: { ...session }, mayHaveLanded };
}

function buildOf({ provider, ...build }: BuildMetadata): Receipt['build'] {
  const { commit, branch, tag, pullRequest, buildNumber, buildUrl, repositoryUrl } = build;
  return { provider: provider?.id ?? null, commit, branch, tag, pullRequest, buildNumber, buildUrl, repositoryUrl };
}

function withoutPath<T extends { readonly path: string }>({ path: _, ...rest }: T): Omit<T, 'path'> {
  return rest;
}

/**
 * Writes a receipt so that a reader finds the old one or the new one, whole. Synchronous: it is written at moments after which nothing
 * may run any more. Throws the system's error.
 */
export function writeReceipt(path: string, receipt: Receipt): void {
  const temporary = join(dirname(path), `.apptool-${randomBytes(6).toString('hex')}.receipt`);
  const fd = openSync(temporary, 'wx', 0o600);
  try {
    writeSync(fd, `${JSON.stringify(receipt, null, 2)}\n`);
    fsyncSync(fd);
    closeSync(fd);
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/** Throws `LocalIoError` where a receipt would take the place of something else. */
export function checkReceiptPath(path: string): void {
  const stats = statSync(path, { throwIfNoEntry: false });
  // What cannot be written is only warned of: the run is worth more than its receipt.
  if (stats === undefined || stats.size === 0) return;
  try {
    readReceipt(path);
  } catch (cause) {
    throw new LocalIoError(`the receipt would overwrite ${path}, which is no receipt`, {
      cause,
      hint: 'name another file, or remove this one',
    });
  }
}

/** Reads a receipt. Throws `UsageError` for what is none; never quotes it. */
export function readReceipt(path: string): Receipt {
  let text: string;
  try {
    const stats = statSync(path);
    if (!stats.isFile() || stats.size > LARGEST_RECEIPT) throw new UsageError(`${path} is not a receipt`);
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    if (cause instanceof UsageError) throw cause;
    const why = errorCode(cause) === 'ENOENT' ? 'no such file' : (errorCode(cause) ?? 'cannot be read');
    throw new UsageError(`cannot read receipt ${path}: ${why}`, { cause });
  }
  const parsed = Receipt.safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  throw new UsageError(`${path} is not a receipt of apptool`, { hint: 'name the file that --receipt wrote' });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's message quotes the text; what it is not is said by the caller.
    return null;
  }
}

import { lstatSync, readFileSync, statSync } from 'node:fs';
import * as z from 'zod';
import { replaceFile } from '../../ci/files/replace-file.ts';
import { errorCode, LocalIoError, UsageError } from '../../contract/errors.ts';
import { checkOutsideGit } from '../../contract/repository-path.ts';
import type { Redactor } from '../../contract/text/redact.ts';
import { checkPath, safeJson } from '../../contract/text/safe-text.ts';

const LARGEST_RECEIPT = 256 * 1024;

/** Defaults: a receipt of an earlier version does not have them. */
const App = {
  packageName: z.string().nullable().default(null),
  versionName: z.string().nullable().default(null),
  versionCode: z.int().nullable().default(null),
  signers: z
    .array(z.string())
    .nullable()
    .default(null)
    .describe('Hex SHA-256 of the certificates of its newest signature; empty where it is not signed'),
};

const Job = z
  .object({
    ref: z.string(),
    id: z.string(),
    details: z
      .record(z.string(), z.string())
      .default({})
      .describe('What the backend told of the job when it was made and a later question needs'),
  })
  .nullable();
const State = z.object({ phase: z.string(), status: z.string() }).nullable();
const Ended = z
  .object({
    exitCode: z.int(),
    errorClass: z.string().nullable(),
    limit: z
      .enum(['slot', 'week'])
      .nullable()
      .default(null)
      .describe('Which limit of builds was met: of builds at a time, or of builds in a week'),
  })
  .nullable();
const UnfinishedUpload = z.object({ session: z.record(z.string(), z.string()), mayHaveLanded: z.boolean() });
const Unfinished = UnfinishedUpload.nullable();

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
      ...App,
    })
    .nullable(),
  output: z.object({ name: z.string(), size: z.int(), sha256: z.string(), ...App }).nullable(),
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
  /** Unfinished uploads of earlier runs whose receipt this one took the place of. */
  leftovers: z
    .array(z.object({ backend: z.string(), host: z.string().nullable(), job: Job, unfinished: UnfinishedUpload }))
    .default([]),
  /** The runs that made it what it is, this one last: those of the stages before it, where it went on from their receipt. */
  attempts: z
    .array(
      z.object({
        command: z.string(),
        version: z.string(),
        startedAt: z.iso.datetime(),
        /** When it last wrote the receipt. */
        updatedAt: z.iso.datetime(),
        ended: Ended,
        retries: z.int().describe('Requests that were sent again'),
        /** Page of the build that it ran in. */
        buildUrl: z.string().nullable().default(null),
        decided: z
          .array(z.object({ setting: z.string(), value: z.string(), source: z.string() }))
          .default([])
          .describe('What a config decided that was found and not named, and where it stands there'),
      }),
    )
    .default([]),
});
/** What a receipt of a later version surely has. */
const Newer = z.object({ receiptVersion: z.int().min(2), tool: z.object({ name: z.literal('apptool') }) });

export type Receipt = z.infer<typeof Receipt>;
export type Unfinished = Receipt['leftovers'][number];

/**
 * Throws the system's error. Nobody else on the machine may read it, and it holds no secret: servers' words are redacted like all that leaves the
 * process, but for the page of the build, which may need its query.
 */
export function writeReceipt(path: string, receipt: Receipt, redactor: Redactor): void {
  const text = safeJson(receipt, redactor, { indent: 2, mayHoldQuery: (key) => key === 'buildUrl' });
  replaceFile(path, `${text}\n`, 0o600);
}

/** The unfinished uploads that a receipt tells of, its targets' included. */
export function unfinishedIn({ targets, leftovers, ...own }: Receipt): Unfinished[] {
  return [own, ...targets, ...leftovers].flatMap(({ backend, host, job, unfinished }) =>
    backend === null || unfinished === null ? [] : { backend, host, job, unfinished },
  );
}

/** Throws `LocalIoError` where a receipt would take the place of something else: of a device or a link, too. */
export function checkReceiptPath(path: string): void {
  checkPath(path, 'receipt');
  checkOutsideGit(path, 'the receipt');
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats !== undefined && !stats.isFile())
    throw new LocalIoError(`cannot write the receipt ${path}: it is not a regular file`);
  // What cannot be written is only warned of: the run is worth more than its receipt.
  try {
    receiptAt(path);
  } catch (cause) {
    throw new LocalIoError(`the receipt would overwrite ${path}, which is no receipt`, {
      cause,
      hint: 'name another file, or remove this one',
    });
  }
}

/** The receipt that is there, or `null` for nothing and for an empty file. Throws `UsageError` for what is none. */
export function receiptAt(path: string): Receipt | null {
  const sizeBytes = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  return sizeBytes === 0 ? null : readReceipt(path);
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
  const value = parseJson(text);
  const parsed = Receipt.safeParse(value);
  if (parsed.success) return parsed.data;
  if (Newer.safeParse(value).success)
    throw new UsageError(`${path} is a receipt of a newer apptool`, { hint: 'update apptool in this stage too' });
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

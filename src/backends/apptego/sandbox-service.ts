import { stat } from 'node:fs/promises';
import { posix } from 'node:path';
import * as z from 'zod';
import type { StoredObject } from '../../sandbox/object-store.ts';
import type { SandboxTools } from '../../sandbox/part.ts';
import { protectArchive } from '../../sandbox/protect-archive.ts';

const TENANT = 'tenant-sandbox';
const LARGEST_FILE = 2 * 1024 ** 3;
const WEEK_MS = 7 * 24 * 3600 * 1000;
const CANONICAL: Readonly<Record<string, string>> = {
  dev: 'development',
  development: 'development',
  stg: 'staging',
  staging: 'staging',
  prod: 'production',
  production: 'production',
};

const UploadBody = z.object({
  file_name: z.string(),
  platform: z.string(),
  version: z.string(),
  file_size: z.number().optional(),
  signing_key_id: z.string().optional(),
});
const SessionBody = z.object({ file_path: z.string(), upload_id: z.string() });
const CompleteBody = SessionBody.extend({
  parts: z.array(z.object({ ETag: z.string(), PartNumber: z.int() })).min(1),
});

interface Job {
  readonly id: string;
  readonly fileName: string;
  readonly platform: string;
  readonly version: string;
  /** `null` where the output is not to be signed. */
  readonly signingKey: string | null;
  readonly startedAtMs: number;
  /** `null` until the object has arrived. */
  storedAtMs: number | null;
  finishedAtMs: number | null;
  outcome: 'processing' | 'completed' | 'failed';
  output: StoredObject | null;
}

/** An answer other than success: "Error Response Format". */
export class Refusal extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export type Service = ReturnType<typeof createService>;

/** The jobs and uploads behind the endpoints: each function takes what came and gives the body of a 200, or throws `Refusal`. */
export function createService({ options, store }: SandboxTools) {
  const jobs = new Map<string, Job>();
  const uploads = new Map<
    string,
    { readonly filePath: string; readonly upload: ReturnType<typeof store.beginMultipart> }
  >();

  /** "start_time": Unix seconds, and the job id too. Two jobs in one second would share it, so the next free one is taken. */
  const newJob = (fields: Pick<Job, 'fileName' | 'platform' | 'version' | 'signingKey'>): Job => {
    const startedAtMs = Date.now();
    let seconds = Math.floor(startedAtMs / 1000);
    while (jobs.has(String(seconds))) seconds += 1;
    const rest = { storedAtMs: null, finishedAtMs: null, outcome: 'processing', output: null } as const;
    const job: Job = { id: String(seconds), startedAtMs, ...fields, ...rest };
    jobs.set(job.id, job);
    return job;
  };

  const process = (job: Job, object: StoredObject): void => {
    // A second PUT of the same object does not make a second build of a job that is at work.
    if (job.storedAtMs !== null) return;
    job.storedAtMs = Date.now();
    void finish(job, object).catch(() => {
      job.outcome = 'failed';
      job.finishedAtMs = Date.now();
    });
  };

  const finish = async (job: Job, object: StoredObject): Promise<void> => {
    const path = store.newPath();
    const [size] = await Promise.all([protectedSize(object, path, job), delay(options.processingMs)]);
    job.output = { path, sizeBytes: size };
    job.outcome = options.result;
    job.finishedAtMs = Date.now();
  };

  const upload = (body: unknown): unknown => {
    const fields = parse(UploadBody, body);
    const checked = checkUpload(fields);
    checkLimits([...jobs.values()], checked, options);
    const signingKey =
      fields.signing_key_id === undefined || fields.signing_key_id === 'none' ? null : fields.signing_key_id;
    const job = newJob({ ...checked, signingKey });
    const startTime = Number(job.id);
    const filePath = `${TENANT}/uploads/${checked.platform}/${checked.version}/${job.id}/${checked.fileName}`;
    const common = {
      file_path: filePath,
      start_time: startTime,
      expires_in: Math.floor(options.urlLifetimeMs / 1000),
      signing_key_id: signingKey,
      job_id: job.id,
    };
    const onStored = (object: StoredObject) => process(job, object);
    const sizeBytes = fields.file_size ?? 0;
    if (sizeBytes < options.multipartFromBytes) {
      const url = store.putUrl(options.urlLifetimeMs, onStored);
      return { url, upload_url: url, ...common };
    }
    const parts = Math.ceil(sizeBytes / options.chunkSizeBytes);
    const multipart = store.beginMultipart({ parts, sizeBytes, lifetimeMs: options.urlLifetimeMs, onStored });
    uploads.set(multipart.uploadId, { filePath, upload: multipart });
    return {
      multipart: true,
      upload_id: multipart.uploadId,
      part_urls: multipart.partUrls,
      chunk_size: options.chunkSizeBytes,
      total_parts: parts,
      ...common,
    };
  };

  const findUpload = (session: z.infer<typeof SessionBody>) => {
    if (!session.file_path.startsWith(`${TENANT}/`))
      throw new Refusal(403, 'Upload path does not belong to the authenticated tenant');
    const found = uploads.get(session.upload_id);
    if (found === undefined || found.filePath !== session.file_path) throw new Refusal(404, 'Upload not found');
    return found.upload;
  };

  const findJob = (id: string): Job => {
    if (!/^\d{1,20}$/.test(id)) throw new Refusal(400, 'Invalid job ID');
    const job = jobs.get(id);
    const hasAppeared = job !== undefined && job.storedAtMs !== null && Date.now() - job.storedAtMs >= options.appearMs;
    if (!hasAppeared) throw new Refusal(404, 'Job not found');
    return job;
  };

  return {
    upload,
    complete: async (body: unknown): Promise<unknown> => {
      const { parts, ...session } = parse(CompleteBody, body);
      await findUpload(session).complete(parts);
      return { message: 'Multipart upload completed' };
    },
    abort: async (body: unknown): Promise<unknown> => {
      await findUpload(parse(SessionBody, body)).abort();
      return { message: 'Multipart upload aborted' };
    },
    status: (id: string): unknown => describeJob(findJob(id), options.processingMs),
    download: (id: string): unknown => {
      const job = findJob(id);
      if (job.outcome !== 'completed' || job.output === null) throw new Refusal(400, 'Job is not completed');
      const url = store.getUrl(job.output, options.urlLifetimeMs);
      return {
        job_id: job.id,
        file_name: job.fileName,
        download_url: url,
        expires_in: Math.floor(options.urlLifetimeMs / 1000),
      };
    },
  };
}

function delay(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs).unref());
}

async function protectedSize(object: StoredObject, path: string, job: Job): Promise<number> {
  const mark = `protected by the apptool sandbox as job ${job.id}\n`;
  await protectArchive(object.path, path, mark, { isSigned: job.signingKey !== null });
  return (await stat(path)).size;
}

/** "Path components are stripped. The filename must use a lowercase .apk, .aab, or .ipa extension." */
function checkUpload(fields: z.infer<typeof UploadBody>): Pick<Job, 'fileName' | 'platform' | 'version'> {
  const fileName = posix.basename(fields.file_name.replaceAll('\\', '/'));
  if (!/^[^.].*\.(apk|aab|ipa)$/.test(fileName))
    throw new Refusal(400, 'Invalid filename: expected a lowercase .apk, .aab or .ipa');
  if (fields.platform !== 'android' && fields.platform !== 'ios')
    throw new Refusal(400, 'Invalid platform: expected android or ios');
  if (fileName.endsWith('.ipa') !== (fields.platform === 'ios'))
    throw new Refusal(400, 'Filename does not match the platform');
  const version = CANONICAL[fields.version.toLowerCase()];
  if (version === undefined) throw new Refusal(400, 'Invalid version: expected development, staging or production');
  const size = fields.file_size;
  if (size !== undefined && (!Number.isSafeInteger(size) || size < 1)) throw new Refusal(400, 'Invalid file_size');
  if (size !== undefined && size > LARGEST_FILE) throw new Refusal(400, 'File too large: the limit is 2 GB');
  if (fields.signing_key_id !== undefined && !/^[A-Za-z0-9_-]{1,128}$/.test(fields.signing_key_id)) {
    throw new Refusal(400, 'Invalid signing key selection');
  }
  return { fileName, platform: fields.platform, version };
}

function checkLimits(
  jobs: readonly Job[],
  next: Pick<Job, 'platform' | 'version'>,
  options: SandboxTools['options'],
): void {
  const running = jobs.filter((job) => job.storedAtMs !== null && job.outcome === 'processing');
  if (running.length >= options.concurrencyLimit) {
    throw new Refusal(429, `Concurrent build limit exceeded (${options.concurrencyLimit})`);
  }
  const sinceMs = Date.now() - WEEK_MS;
  const ofThisWeek = jobs.filter(
    (job) => job.platform === next.platform && job.version === next.version && (job.storedAtMs ?? 0) > sinceMs,
  );
  if (options.weeklyLimit !== null && ofThisWeek.length >= options.weeklyLimit) {
    throw new Refusal(429, `Weekly build limit exceeded (${options.weeklyLimit} builds in 7 days)`);
  }
}

function describeJob(job: Job, processingMs: number): unknown {
  const storedAtMs = job.storedAtMs ?? job.startedAtMs;
  const common = {
    job_id: job.id,
    status: job.outcome,
    platform: job.platform,
    version: job.version,
    file_name: job.fileName,
    created_at: Math.floor(job.startedAtMs / 1000),
    updated_at: Math.floor((job.finishedAtMs ?? Date.now()) / 1000),
  };
  if (job.outcome === 'failed') return { ...common, error_message: 'The sandbox was told to fail this job' };
  if (job.outcome === 'completed') return common;
  const stages = ['Queued', 'Applying protection', 'Packaging'];
  const stage = Math.floor((stages.length * (Date.now() - storedAtMs)) / Math.max(1, processingMs));
  return { ...common, progress: stages[Math.min(stage, stages.length - 1)] };
}

function parse<T>(schema: z.ZodType<T>, body: unknown): T {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const fields = [...new Set(parsed.error.issues.map((issue) => issue.path.join('.') || 'body'))];
  throw new Refusal(400, `Missing or invalid fields: ${fields.join(', ')}`);
}

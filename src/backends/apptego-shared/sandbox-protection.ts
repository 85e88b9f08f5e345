import { stat } from 'node:fs/promises';
import { posix } from 'node:path';
import * as z from 'zod';
import type { SandboxTools, StoredObject } from '../../contract/backend/sandbox.ts';
import { parseBody, Refusal } from '../../sandbox/refusal.ts';
import { protectArchive } from './sandbox-protect-archive.ts';

const TENANT = 'tenant-sandbox';
const LARGEST_FILE = 2 * 1024 ** 3;
const WEEK_MS = 7 * 24 * 3600 * 1000;

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

export interface ProtectionJob {
  /** Unix seconds: the `start_time` of both APIs, and the `job_id` of one. */
  readonly startTime: number;
  readonly fileName: string;
  readonly platform: 'android' | 'ios';
  readonly version: string;
  readonly signingKey: string | null;
  readonly startedAtMs: number;
  /** `null` until the object has arrived. */
  storedAtMs: number | null;
  finishedAtMs: number | null;
  outcome: 'processing' | 'completed' | 'failed';
  output: StoredObject | null;
}

/** Where the two AppTego APIs differ in what they take. */
export interface ProtectionRules {
  /** The configuration version by the name that was given; `null` for one that is not taken. */
  versionNamed(name: string): string | null;
  /** The signing key of a build; throws `Refusal` for one that cannot be used. */
  signingKeyFor(given: string | undefined, platform: ProtectionJob['platform']): string | null;
}

/**
 * The builds behind both AppTego APIs: uploads through signed URLs, and what becomes of them. Each function that takes a body throws
 * `Refusal` for one that the APIs refuse.
 */
export function createProtectionService({ options, store }: SandboxTools, rules: ProtectionRules) {
  const jobs = new Map<number, ProtectionJob>();
  const uploads = new Map<
    string,
    { readonly filePath: string; readonly upload: ReturnType<typeof store.beginMultipart> }
  >();
  const expiresInS = Math.floor(options.urlLifetimeMs / 1000);

  /** Two jobs in one second would share their time, so the next free second is taken. */
  const newJob = (fields: Pick<ProtectionJob, 'fileName' | 'platform' | 'version' | 'signingKey'>): ProtectionJob => {
    const startedAtMs = Date.now();
    let startTime = Math.floor(startedAtMs / 1000);
    // There are finitely many jobs.
    while (jobs.has(startTime)) startTime += 1;
    const rest = { storedAtMs: null, finishedAtMs: null, outcome: 'processing', output: null } as const;
    const job: ProtectionJob = { startTime, startedAtMs, ...fields, ...rest };
    jobs.set(startTime, job);
    return job;
  };

  const process = (job: ProtectionJob, object: StoredObject): void => {
    // A second PUT of the same object does not make a second build of a job that is at work.
    if (job.storedAtMs !== null) return;
    job.storedAtMs = Date.now();
    void finish(job, object).catch(() => {
      job.outcome = 'failed';
      job.finishedAtMs = Date.now();
    });
  };

  const finish = async (job: ProtectionJob, object: StoredObject): Promise<void> => {
    const path = store.newPath();
    const [size] = await Promise.all([protectedSize(object, path, job), delay(options.processingMs)]);
    job.output = { path, sizeBytes: size };
    job.outcome = options.result;
    job.finishedAtMs = Date.now();
  };

  const findUpload = (session: z.infer<typeof SessionBody>) => {
    if (!session.file_path.startsWith(`${TENANT}/`))
      throw new Refusal(403, 'Upload path does not belong to the authenticated tenant');
    const found = uploads.get(session.upload_id);
    if (found === undefined || found.filePath !== session.file_path) throw new Refusal(404, 'Upload not found');
    return found.upload;
  };

  return {
    /** The job, and the answer to whoever asked for the upload but for what names the job. */
    upload(body: unknown): { readonly job: ProtectionJob; readonly ticket: Record<string, unknown> } {
      const fields = parseBody(UploadBody, body);
      const checked = checkUpload(fields, rules);
      checkLimits([...jobs.values()], checked, options);
      const job = newJob(checked);
      const filePath = `${TENANT}/uploads/${job.platform}/${job.version}/${job.startTime}/${job.fileName}`;
      const common = {
        file_path: filePath,
        start_time: job.startTime,
        expires_in: expiresInS,
        signing_key_id: job.signingKey,
      };
      const onStored = (object: StoredObject) => process(job, object);
      const sizeBytes = fields.file_size ?? 0;
      if (sizeBytes < options.multipartFromBytes) {
        // A type is documented for the single PUT; as a store's presigner does by default, its address signs the host alone.
        const url = store.putUrl(
          {
            lifetimeMs: options.urlLifetimeMs,
            contentType: null,
            mostBytes: fields.file_size ?? LARGEST_FILE,
          },
          onStored,
        );
        return { job, ticket: { url, ...common } };
      }
      const parts = Math.ceil(sizeBytes / options.chunkSizeBytes);
      const multipart = store.beginMultipart({
        parts,
        sizeBytes,
        partSizeBytes: options.chunkSizeBytes,
        lifetimeMs: options.urlLifetimeMs,
        onStored,
      });
      uploads.set(multipart.uploadId, { filePath, upload: multipart });
      const ticket = {
        multipart: true,
        upload_id: multipart.uploadId,
        part_urls: multipart.partUrls,
        chunk_size: options.chunkSizeBytes,
        total_parts: parts,
        ...common,
      };
      return { job, ticket };
    },
    async complete(body: unknown): Promise<void> {
      const { parts, ...session } = parseBody(CompleteBody, body);
      await findUpload(session).complete(parts);
    },
    async abort(body: unknown): Promise<void> {
      await findUpload(parseBody(SessionBody, body)).abort();
    },
    /** The jobs that have a record, the newest first. */
    jobs(): readonly ProtectionJob[] {
      const hasAppeared = ({ storedAtMs }: ProtectionJob) =>
        storedAtMs !== null && Date.now() - storedAtMs >= options.appearMs;
      return [...jobs.values()].filter(hasAppeared).reverse();
    },
    remove(job: ProtectionJob): void {
      jobs.delete(job.startTime);
    },
    /** An address of the output; throws `Refusal` where there is none. */
    downloadUrl(job: ProtectionJob): { readonly url: string; readonly expiresInS: number } {
      if (job.outcome !== 'completed' || job.output === null) throw new Refusal(400, 'Job is not completed');
      return { url: store.getUrl(job.output, options.urlLifetimeMs), expiresInS };
    },
    /** What a job that is not over is busy with. */
    stageOf(job: ProtectionJob): string {
      const stages = ['Queued', 'Applying protection', 'Packaging'];
      const elapsedMs = Date.now() - (job.storedAtMs ?? job.startedAtMs);
      const stage = Math.floor((stages.length * elapsedMs) / Math.max(1, options.processingMs));
      return stages[Math.min(stage, stages.length - 1)] ?? '';
    },
  };
}

function delay(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs).unref());
}

async function protectedSize(object: StoredObject, path: string, job: ProtectionJob): Promise<number> {
  const mark = `protected by the apptool sandbox as job ${job.startTime}\n`;
  await protectArchive(object.path, path, mark, { isSigned: job.signingKey !== null });
  return (await stat(path)).size;
}

/** "Path components are stripped. The filename must use a lowercase .apk, .aab, or .ipa extension." */
function checkUpload(
  fields: z.infer<typeof UploadBody>,
  rules: ProtectionRules,
): Pick<ProtectionJob, 'fileName' | 'platform' | 'version' | 'signingKey'> {
  const { platform } = fields;
  const fileName = posix.basename(fields.file_name.replaceAll('\\', '/'));
  if (!/^[^.].*\.(apk|aab|ipa)$/.test(fileName))
    throw new Refusal(400, 'Invalid filename: expected a lowercase .apk, .aab or .ipa');
  if (platform !== 'android' && platform !== 'ios') throw new Refusal(400, 'Invalid platform: expected android or ios');
  if (fileName.endsWith('.ipa') !== (platform === 'ios'))
    throw new Refusal(400, 'Filename does not match the platform');
  const version = rules.versionNamed(fields.version);
  if (version === null) throw new Refusal(400, 'Invalid version: expected development, staging or production');
  const size = fields.file_size;
  if (size !== undefined && (!Number.isSafeInteger(size) || size < 1)) throw new Refusal(400, 'Invalid file_size');
  if (size !== undefined && size > LARGEST_FILE) throw new Refusal(400, 'File too large: the limit is 2 GB');
  return { fileName, platform, version, signingKey: rules.signingKeyFor(fields.signing_key_id, platform) };
}

function checkLimits(
  jobs: readonly ProtectionJob[],
  next: Pick<ProtectionJob, 'platform' | 'version'>,
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

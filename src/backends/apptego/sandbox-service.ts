import type { SandboxTools } from '../../contract/backend/sandbox.ts';
import { Refusal } from '../../sandbox/refusal.ts';
import { stageNamed } from '../apptego-shared/environment.ts';
import { createProtectionService, type ProtectionJob } from '../apptego-shared/sandbox-protection.ts';

const DEFAULT_KEY = 'sandbox-default-key';

export type Service = ReturnType<typeof createService>;

/** What is behind the endpoints: each function takes what came and gives the body of a 200, or throws `Refusal`. */
export function createService(tools: SandboxTools) {
  const defaultKey = tools.options.hasDefaultKey ? DEFAULT_KEY : null;
  const builds = createProtectionService(tools, {
    versionNamed: stageNamed,
    signingKeyFor: (given) => signingKeyFor(given, defaultKey),
  });

  const findJob = (id: string): ProtectionJob => {
    if (!/^\d{1,20}$/.test(id)) throw new Refusal(400, 'Invalid job ID');
    const job = builds.jobs().find(({ startTime }) => String(startTime) === id);
    if (job === undefined) throw new Refusal(404, 'Job not found');
    return job;
  };

  return {
    upload: (body: unknown): unknown => {
      const { job, ticket } = builds.upload(body);
      const jobId = { job_id: String(job.startTime) };
      return 'url' in ticket ? { ...ticket, upload_url: ticket.url, ...jobId } : { ...ticket, ...jobId };
    },
    complete: async (body: unknown): Promise<unknown> => {
      await builds.complete(body);
      return { message: 'Multipart upload completed' };
    },
    abort: async (body: unknown): Promise<unknown> => {
      await builds.abort(body);
      return { message: 'Multipart upload aborted' };
    },
    status: (id: string): unknown => {
      const job = findJob(id);
      return describeJob(job, builds.stageOf(job));
    },
    download: (id: string): unknown => {
      const job = findJob(id);
      const { url, expiresInS } = builds.downloadUrl(job);
      return { job_id: id, file_name: job.fileName, download_url: url, expires_in: expiresInS };
    },
  };
}

/** "Omit it to use the tenant default signing key when one is configured, or set none to skip signing-key metadata." */
function signingKeyFor(given: string | undefined, defaultKey: string | null): string | null {
  if (given !== undefined && !/^[A-Za-z0-9_-]{1,128}$/.test(given))
    throw new Refusal(400, 'Invalid signing key selection');
  if (given === undefined) return defaultKey;
  return given === 'none' ? null : given;
}

function describeJob(job: ProtectionJob, stage: string): unknown {
  const common = {
    job_id: String(job.startTime),
    status: job.outcome,
    platform: job.platform,
    version: job.version,
    file_name: job.fileName,
    created_at: Math.floor(job.startedAtMs / 1000),
    updated_at: Math.floor((job.finishedAtMs ?? Date.now()) / 1000),
  };
  if (job.outcome === 'failed') return { ...common, error_message: 'The sandbox was told to fail this job' };
  return job.outcome === 'completed' ? common : { ...common, progress: stage };
}

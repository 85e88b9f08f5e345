import * as z from 'zod';
import type { SandboxTools } from '../../contract/backend/sandbox.ts';
import { parseBody, Refusal } from '../../sandbox/refusal.ts';
import { createProtectionService, type ProtectionJob } from '../apptego-shared/sandbox-protection.ts';
import { createKeys, type SigningMaterial } from './sandbox-keys.ts';

const VERSIONS = ['development', 'staging', 'production'];
const DAY_S = 24 * 3600;
const YOUNGEST_TO_DELETE_S = 7 * DAY_S;

/** "Build Status Interpretation". */
const STATES: Readonly<Record<ProtectionJob['outcome'], object>> = {
  processing: { success: null },
  completed: { success: true, status_message: 'Complete' },
  failed: {
    success: false,
    status_message: 'Failed',
    error_message: 'The sandbox was told to fail this job',
  },
};
const BEING_SIGNED = { success: false, status_message: 'Queued for signing' };

const HistoryBody = z.object({
  version: z.enum(VERSIONS),
  page: z.int().min(1).default(1),
  page_size: z.int().min(1).max(50).default(6),
});
const BuildBody = z.object({
  version: z.enum(VERSIONS),
  platform: z.enum(['android', 'ios']),
  start_time: z.int(),
  file_name: z.string(),
});
const SignBody = z.object({ platform: z.enum(['android', 'ios']), name: z.string(), start_time: z.int() });

/** What is behind the endpoints: each function takes the body that came and gives the body of a 200, or throws `Refusal`. */
export function createService(tools: SandboxTools): Readonly<Record<string, (body: unknown) => unknown>> {
  const keys = createKeys(tools);
  const builds = createProtectionService(tools, {
    versionNamed: (name) => (VERSIONS.includes(name) ? name : null),
    signingKeyFor: keys.keyFor,
  });
  const legacyFiles = new Map<string, SigningMaterial>();
  /** When a build that was sent to be signed is signed (ms). */
  const signedAt = new Map<ProtectionJob, number>();
  /** One that is old enough to be deleted. */
  let oldApps = [applicationOf('app-sandbox', 'android', 'MyApp', nowS() - 30 * DAY_S)];

  /** Every file that was built is an application of its own. */
  const apps = () => {
    const found = new Map(oldApps.map((app) => [app.application_id, app]));
    for (const job of [...builds.jobs()].reverse()) {
      const id = appIdOf(job);
      if (!found.has(id)) found.set(id, applicationOf(id, job.platform, job.fileName, job.startTime));
    }
    return [...found.values()];
  };
  const findApp = (id: string) => {
    const app = apps().find(({ application_id }) => application_id === id);
    if (app === undefined) throw new Refusal(404, 'Application not found');
    return app;
  };
  const findBuild = (body: unknown): ProtectionJob => {
    const { version, platform, start_time, file_name } = parseBody(BuildBody, body);
    return demandBuild(
      builds.jobs().find((job) => isBuild(job, platform, file_name, start_time) && job.version === version),
    );
  };

  /** How far the signature of a finished build is; a key whose file never came signs nothing. */
  const signatureOf = (job: ProtectionJob): 'none' | 'at work' | 'made' | 'failed' => {
    if (job.outcome !== 'completed') return 'none';
    const legacySignedAt = signedAt.get(job);
    if (legacySignedAt !== undefined) return Date.now() < legacySignedAt ? 'at work' : 'made';
    const key = keys.named(job.signingKey);
    if (key === null) return 'none';
    return key.hasFile ? 'made' : 'failed';
  };

  const row = (job: ProtectionJob) => {
    const signature = signatureOf(job);
    const state = signature === 'at work' ? BEING_SIGNED : STATES[job.outcome];
    return {
      start_time: job.startTime,
      end_time: job.finishedAtMs === null ? null : Math.floor(job.finishedAtMs / 1000),
      version: job.version,
      name: job.fileName,
      platform: job.platform,
      error_message: null,
      status_message: builds.stageOf(job),
      ...state,
      signed: signature === 'made',
      signing_key_id: job.signingKey,
      signing_key_name: keys.named(job.signingKey)?.name ?? null,
      deleted: false,
      signing_error_message: signature === 'failed' ? 'The file of the signing key is missing' : null,
    };
  };

  return {
    get_applications: () => ({ applications: apps() }),
    get_application_builds: (body) => {
      const { version, page, page_size } = parseBody(HistoryBody, body);
      const all = builds.jobs();
      const ofVersion = all.filter((job) => job.version === version);
      // "Weekly build limits apply per platform and configuration version": Automation API.
      const sinceS = nowS() - 7 * DAY_S;
      const used = (platform: string) =>
        ofVersion.filter((job) => job.platform === platform && job.startTime > sinceS).length;
      return {
        results: ofVersion.slice((page - 1) * page_size, page * page_size).map(row),
        total_count: ofVersion.length,
        page,
        page_size,
        total_pages: Math.ceil(ofVersion.length / page_size),
        builds_used_apple: used('ios'),
        builds_used_android: used('android'),
        still_waiting: ofVersion.some((job) => job.outcome === 'processing'),
      };
    },
    upload_application_build: (body) => builds.upload(body).ticket,
    complete_multipart_upload: async (body) => {
      await builds.complete(body);
      return { message: 'Upload completed successfully' };
    },
    abort_multipart_upload: async (body) => {
      await builds.abort(body);
      return { message: 'Upload aborted successfully' };
    },
    download_application_build: (body) => ({ url: builds.downloadUrl(findBuild(body)).url }),
    delete_application_build: (body) => {
      builds.remove(findBuild(body));
      return { success: true };
    },
    delete_application: (body) => {
      const app = findApp(parseBody(z.object({ application_id: z.string() }), body).application_id);
      if (nowS() - app.creation_time < YOUNGEST_TO_DELETE_S)
        throw new Refusal(400, 'Applications cannot be deleted within 7 days of creation');
      oldApps = oldApps.filter(({ application_id }) => application_id !== app.application_id);
      return { success: true };
    },
    get_signing_keys: keys.list,
    upload_signing_key: keys.add,
    set_default_signing_key: keys.setDefault,
    delete_signing_key: keys.remove,
    upload_code_signing_file: (body) => {
      const { material, answer } = keys.legacy(body);
      if (findApp(material.id).platform !== material.platform)
        throw new Refusal(400, 'The application is for another platform');
      legacyFiles.set(material.id, material);
      return answer;
    },
    sign_application_build: (body) => {
      const { platform, name, start_time } = parseBody(SignBody, body);
      const job = demandBuild(builds.jobs().find((one) => isBuild(one, platform, name, start_time)));
      if (job.outcome !== 'completed') throw new Refusal(400, 'Build is not completed');
      if (legacyFiles.get(appIdOf(job))?.hasFile !== true)
        throw new Refusal(400, 'The application has no code-signing file');
      signedAt.set(job, Date.now() + tools.options.processingMs);
      return { success: true, message: 'Build queued for signing' };
    },
  };
}

function nowS(): number {
  return Math.floor(Date.now() / 1000);
}

function applicationOf(id: string, platform: string, name: string, createdAtS: number) {
  return {
    platform,
    build_version: '1.0.0',
    build_id: `build-of-${id}`,
    build_name: name,
    build_image: 'https://example.com/icon.png',
    creation_time: createdAtS,
    application_id: id,
  };
}

function appIdOf({ platform, fileName }: ProtectionJob): string {
  return `app-${platform}-${fileName}`;
}

function isBuild(job: ProtectionJob, platform: string, name: string, startTime: number): boolean {
  return job.platform === platform && job.fileName === name && job.startTime === startTime;
}

function demandBuild(job: ProtectionJob | undefined): ProtectionJob {
  if (job === undefined) throw new Refusal(404, 'Build not found');
  return job;
}

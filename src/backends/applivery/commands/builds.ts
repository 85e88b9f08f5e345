import type { CommandInput, CommandOutput } from '../../../contract/backend/definition.ts';
import type { Context } from '../../../contract/context.ts';
import { isNotFound, UsageError } from '../../../contract/errors.ts';
import { CALL_POLICIES } from '../../../transfer/call-policy.ts';
import { type Builds as AppBuilds, createAccess } from '../access.ts';
import type { Settings } from '../settings.ts';
import { type BuildRecord, BuildReply, BuildsReply } from '../wire.ts';
import type { Builds, OneBuild } from './command-data.ts';

/** Largest page that is asked for; the vendor names no limit. */
const PAGE_SIZE = 50;
const LARGEST_PAGE_BYTES = 5 * 1024 * 1024;
const SHOWN = ['status', 'os', 'versionName', 'versionCode', 'createdAt'] as const;

/** `apptool applivery builds list`: page by page until there are enough, or no new ones. */
export async function listBuilds(input: CommandInput<Settings>, ctx: Context): Promise<CommandOutput<Builds>> {
  const builds = createAccess(input).chosen();
  const { limit } = input;
  const { platform: os } = input.flags;
  const pageSize = Math.min(limit, PAGE_SIZE);
  const found = new Map<string, BuildRecord>();
  // A page without a new build is the last.
  for (let page = 1, before = -1; found.size < limit && found.size > before; page += 1) {
    before = found.size;
    const query = new URLSearchParams({
      page: String(page),
      limit: String(pageSize),
      ...(typeof os === 'string' ? { os } : {}),
    });
    const { data } = await builds.reads.call(
      {
        what: 'list the builds',
        method: 'GET',
        path: `${builds.path}?${query.toString()}`,
        policy: CALL_POLICIES.read,
        answer: BuildsReply,
        maxAnswerBytes: LARGEST_PAGE_BYTES,
      },
      ctx,
    );
    for (const record of data) found.set(record.id, record);
    if (data.length < pageSize) break;
  }
  const records = [...found.values()].slice(0, limit).map((record) => ({ ...record, job: jobOf(builds, record.id) }));
  return {
    table: {
      columns: ['job', 'status', 'platform', 'version', 'code', 'created'],
      rows: records.map((record) => [record.job, ...SHOWN.map((key) => record[key] ?? '')]),
    },
    data: { builds: records },
  };
}

/** `apptool applivery builds show <build>` */
export async function showBuild(input: CommandInput<Settings>, ctx: Context): Promise<CommandOutput<OneBuild>> {
  const given = input.operands[0] ?? '';
  if (!/^(?:[\w-]+\/[\w-]+\/)?[\w-]+$/.test(given)) throw new UsageError('a build is <build> or <org>/<app>/<build>');
  const { builds, build } = createAccess(input).ofJob(given);
  const path = `${builds.path}/${build}`;
  const call = { what: 'read the build', method: 'GET', path, policy: CALL_POLICIES.read, answer: BuildReply } as const;
  const record = await builds.reads.call(call, ctx).catch((error: unknown) => {
    if (!isNotFound(error)) throw error;
    const next = { do: 'list', backend: 'applivery', command: 'builds list' } as const;
    throw error.with({ message: `no such build: ${given}`, hint: null, next });
  });
  const { id, tags, changelog } = record;
  const job = jobOf(builds, id);
  const rows = [
    ['job', job],
    ['build', id],
    ...SHOWN.map((key) => [key, record[key] ?? '']),
    ['tags', tags?.join(', ') ?? ''],
    ['changelog', changelog ?? ''],
  ];
  return { table: { columns: ['field', 'value'], rows }, data: { build: { ...record, job } } };
}

/** The reference that the other commands take. */
function jobOf(builds: Pick<AppBuilds, 'jobId'>, build: string): string {
  return `applivery:${builds.jobId(build)}`;
}

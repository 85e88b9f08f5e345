import type { CommandInput, CommandOutput, Planned } from '../../../contract/backend/definition.ts';
import type { Context } from '../../../contract/context.ts';
import { isNotFound, RejectedError, UsageError } from '../../../contract/errors.ts';
import { CALL_POLICIES } from '../../../transfer/call-policy.ts';
import { type Builds as AppBuilds, createAccess } from '../access.ts';
import { firstRows } from '../pages.ts';
import type { Settings } from '../settings.ts';
import { attachedTo, BuildRecord, BuildReply, DeletedReply } from '../wire.ts';
import type { Builds, DeletedBuild, OneBuild } from './command-data.ts';
import { textFlags } from './flag-values.ts';

/** "Allowed values" of the list's filter. */
const STATUSES = ['pending', 'in_progress', 'processed', 'error'];
const SHOWN = ['status', 'os', 'versionName', 'versionCode', 'createdAt'] as const;

/** `apptool applivery builds list` */
export async function listBuilds(input: CommandInput<Settings>, ctx: Context): Promise<CommandOutput<Builds>> {
  const builds = createAccess(input).chosen();
  const { platform: os, status, 'version-name': versionName } = textFlags(input);
  if (status !== undefined && !STATUSES.includes(status))
    throw new UsageError(`a status is one of ${STATUSES.join(', ')}`);
  const { reads, path } = builds;
  const listing = { reads, what: 'list the builds', path, query: { versionName, status, os }, item: BuildRecord };
  const found = await firstRows(listing, input.limit, ctx);
  const records = found.map((record) => ({ ...record, job: jobOf(builds, record.id) }));
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
  const { builds, path } = namedBuild(input);
  const call = { what: 'read the build', method: 'GET', path, policy: CALL_POLICIES.read, answer: BuildReply } as const;
  return shown(builds, await orNoSuchBuild(input, builds.reads.call(call, ctx)));
}

/** `apptool applivery builds edit <build>`: what is not given stays as it is, so doing it again changes nothing. */
export async function editBuild(
  input: CommandInput<Settings>,
  ctx: Context,
): Promise<CommandOutput<OneBuild | Planned>> {
  const { builds, path } = namedBuild(input);
  const { tags, 'version-name': versionName, changelog } = textFlags(input);
  const change = {
    ...(versionName === undefined ? {} : { versionName }),
    // "tags: Array": all of them, those that the build has included.
    ...(tags === undefined ? {} : { tags: readTags(tags) }),
    ...(changelog === undefined ? {} : { changelog }),
  };
  if (Object.keys(change).length === 0)
    throw new UsageError('nothing to change: give a version name, tags or a changelog');
  if (input.dryRun) {
    const { tags: list, ...texts } = change;
    const fields = { ...texts, ...(list === undefined ? {} : { tags: list.join(',') }) };
    const plan = { method: 'PUT', url: `${builds.reads.baseUrl}${path}`, fields };
    return { text: `would change ${Object.keys(change).join(', ')} of build ${input.operands[0]}`, data: { plan } };
  }
  const call = {
    what: 'change the build',
    method: 'PUT',
    path,
    policy: CALL_POLICIES.set,
    answer: BuildReply,
  } as const;
  return shown(builds, await orNoSuchBuild(input, builds.reads.call({ ...call, json: change }, ctx)));
}

/** `apptool applivery builds delete <build>`: "permanent and irreversible". */
export async function deleteBuild(
  input: CommandInput<Settings>,
  ctx: Context,
): Promise<CommandOutput<DeletedBuild | Planned>> {
  const { builds, path, build } = namedBuild(input);
  const job = jobOf(builds, build);
  if (input.dryRun) {
    const plan = { method: 'DELETE', url: `${builds.reads.baseUrl}${path}`, fields: {} };
    return { text: `would delete build ${job}`, data: { plan } };
  }
  const call = { what: 'delete the build', method: 'DELETE', path, policy: CALL_POLICIES.destroy } as const;
  try {
    const { deleted } = await builds.reads.call({ ...call, answer: DeletedReply }, ctx);
    if (deleted === false) throw new RejectedError('could not delete the build: the server answered deleted: false');
  } catch (error) {
    // The try whose answer was lost has deleted it.
    if (!(isNotFound(error) && error.afterLostAnswer)) throw withNoSuchBuild(input, error);
  }
  return { text: `deleted build ${job}`, data: { deleted: job } };
}

/** The build that the first operand names, and its path. */
export function namedBuild(input: CommandInput<Settings>) {
  const given = input.operands[0] ?? '';
  if (!/^(?:[\w-]+\/[\w-]+\/)?[\w-]+$/.test(given)) throw new UsageError('a build is <build> or <org>/<app>/<build>');
  const { builds, build } = createAccess(input).ofJob(given);
  return { builds, build, path: `${builds.path}/${build}` };
}

export async function orNoSuchBuild<T>(input: CommandInput<Settings>, calling: Promise<T>): Promise<T> {
  return await calling.catch((error: unknown) => {
    throw withNoSuchBuild(input, error);
  });
}

function withNoSuchBuild({ operands }: CommandInput<Settings>, error: unknown): unknown {
  if (!isNotFound(error)) return error;
  const next = { do: 'list', backend: 'applivery', command: 'builds list' } as const;
  return error.with({ message: `no such build: ${operands[0]}`, hint: null, next });
}

/** All that the build shall have. */
function readTags(given: string): string[] {
  return given.split(',').map((tag) => tag.trim());
}

function shown(builds: AppBuilds, record: BuildRecord): CommandOutput<OneBuild> {
  const { id, tags, changelog } = record;
  const job = jobOf(builds, id);
  const rows = [
    ['job', job],
    ['build', id],
    ...SHOWN.map((key) => [key, record[key] ?? '']),
    ['tags', tags?.join(', ') ?? ''],
    ['changelog', changelog ?? ''],
    ...attachedTo(record).map((file) => ['file', `${file.id} ${file.name ?? ''}`.trim()]),
  ];
  return { table: { columns: ['field', 'value'], rows }, data: { build: { ...record, job } } };
}

/** The reference that the other commands take. */
function jobOf(builds: Pick<AppBuilds, 'jobId'>, build: string): string {
  return `applivery:${builds.jobId(build)}`;
}

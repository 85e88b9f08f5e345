import type { CommandInput, CommandOutput, Planned } from '../../../contract/backend/definition.ts';
import type { ApiClient } from '../../../contract/backend/http.ts';
import type { Context } from '../../../contract/context.ts';
import { isNotFound, RejectedError, UnknownOutcomeError } from '../../../contract/errors.ts';
import { CALL_POLICIES } from '../../../transfer/call-policy.ts';
import { stageNamed } from '../../apptego-shared/environment.ts';
import { tellOfCut } from '../../rows.ts';
import { type ManagementSettings, openManagementApi } from '../api.ts';
import { buildPages, findBuild, type HistoryPage } from '../build-history.ts';
import { stateOf } from '../build-state.ts';
import { buildFields, buildKeyOf, JOB_ID, jobIdOf } from '../job-id.ts';
import { type Build, SuccessReply } from '../wire.ts';
import { demandSuccess, destroy, listOf, make, planOf } from './changes.ts';
import type { Builds, NamedBuild } from './command-data.ts';

export const VERSIONS = ['development', 'staging', 'production'];

/** `builds list`: of the environment that is given, else of all three. */
export async function listBuilds(
  input: CommandInput<ManagementSettings>,
  ctx: Context,
): Promise<CommandOutput<Builds>> {
  const { flags, limit, settings } = input;
  const api = openManagementApi(input);
  const asked = typeof flags.environment === 'string' ? stageNamed(flags.environment) : null;
  const found: (Build & { readonly version: string })[] = [];
  const history: Builds['history'] = [];
  for (const version of asked === null ? VERSIONS : [asked]) {
    const read = await newestBuilds(api, version, limit, ctx);
    for (const build of read.builds) found.push({ ...build, version });
    if (read.totals !== null) history.push({ version, ...read.totals });
  }
  const builds = found
    .sort((one, other) => Number(other.startTime) - Number(one.startTime))
    .slice(0, limit)
    .map((build) => describe(build, settings));
  const rows = builds.map(({ job, phase, status, signed, key, endedAt, message }) => [
    job ?? '-',
    phase,
    status,
    signed === null ? '-' : signed ? 'yes' : 'no',
    key ?? '-',
    endedAt ?? '-',
    message ?? '',
  ]);
  const columns = ['job', 'phase', 'status', 'signed', 'key', 'ended', 'message'];
  tellOfMore(builds.length, limit, history, ctx);
  return { table: { columns, rows }, data: { builds, history } };
}

/** As many as are wanted, in the server's order. Warns where the server has named more than it gave. */
async function newestBuilds(api: ApiClient, version: string, limit: number, ctx: Context) {
  const builds: Build[] = [];
  let totals: HistoryPage['totals'] | null = null;
  for await (const page of buildPages({ api, version, policy: CALL_POLICIES.read }, ctx)) {
    builds.push(...page.builds);
    totals = page.totals;
    if (builds.length >= limit) break;
  }
  const total = totals?.total ?? null;
  if (builds.length < limit && total !== null && total > builds.length) {
    const message = `could not read the build history of ${version} whole: the server has ${total} builds, but returned ${builds.length}`;
    ctx.emit({ type: 'warning', code: 'incomplete-list', message });
  }
  return { builds: builds.slice(0, limit), totals };
}

/** A list that is cut says so. */
function tellOfMore(shown: number, limit: number, history: Builds['history'], ctx: Context): void {
  if (shown < limit) return;
  const totals = history.map(({ total }) => total);
  const total = totals.reduce((sum, one) => (sum === null || one === null ? null : sum + one), 0);
  tellOfCut({ shown, total }, ctx);
}

function describe(
  build: Build & { readonly version: string },
  { awaitsSigning }: ManagementSettings,
): Builds['builds'][number] {
  const { version, platform, startTime, name, isSigned, signingKeyId, signingKeyName, endedAt } = build;
  const { phase, status, message } = stateOf(build, { awaitsSigning });
  const id = jobIdOf(build);
  // A row that cannot be named cannot be asked for either.
  const job = JOB_ID.test(id) ? `apptego-management:${id}` : null;
  return {
    job,
    version,
    platform,
    startTime,
    name,
    phase,
    status,
    message,
    signed: isSigned,
    key: signingKeyName ?? signingKeyId ?? null,
    endedAt,
  };
}

/** `builds delete <build>` */
export async function deleteBuild(
  input: CommandInput<ManagementSettings>,
  ctx: Context,
): Promise<CommandOutput<NamedBuild | Planned>> {
  const key = buildKeyOf(input.operands[0] ?? '');
  const api = openManagementApi(input);
  const id = jobIdOf(key);
  const changeOf = (name: string) => ({
    what: `delete build ${id}`,
    path: '/delete_application_build',
    json: buildFields({ ...key, name }),
    shownBy: 'builds list',
  });
  const change = changeOf(key.name);
  if (input.dryRun) return { text: `would delete build ${id}`, data: planOf(api, change) };
  const isThere = async (asking: Context): Promise<boolean> => {
    const build = await findBuild({ api, key, policy: CALL_POLICIES.read }, asking);
    return build !== null && !build.isDeleted;
  };
  try {
    await destroy(api, change, isThere, ctx);
  } catch (error) {
    // The history may call it by another name than the upload did, and that is the one to use.
    if (!isNotFound(error)) throw error;
    const build = await findBuild({ api, key, policy: CALL_POLICIES.read }, ctx);
    if (build === null || build.isDeleted || build.name === '' || build.name === key.name) throw error;
    await destroy(api, changeOf(build.name), isThere, ctx);
  }
  return { text: `deleted build ${id}`, data: { build: id } };
}

/**
 * `builds sign <build>`: queues it. Its row is read before, because after a lost answer only a row that has changed tells that it was
 * queued.
 */
export async function signBuild(
  input: CommandInput<ManagementSettings>,
  ctx: Context,
): Promise<CommandOutput<NamedBuild | Planned>> {
  const key = buildKeyOf(input.operands[0] ?? '');
  const api = openManagementApi(input);
  const id = jobIdOf(key);
  const row = (asking: Context) => findBuild({ api, key, policy: CALL_POLICIES.read }, asking);
  const before = await row(ctx);
  if (before === null) throw new RejectedError(`no such build: ${id}`, { next: listOf('builds list') });
  const change = {
    what: `sign build ${id}`,
    path: '/sign_application_build',
    json: { platform: key.platform, name: before.name || key.name, start_time: Number(key.startTime) },
  };
  if (input.dryRun) return { text: `would ${change.what}`, data: planOf(api, change) };
  try {
    demandSuccess(change, await make(api, change, SuccessReply, ctx));
  } catch (error) {
    if (!(error instanceof UnknownOutcomeError)) throw error;
    const after = await row(ctx).catch(() => null);
    const hint = 'it may have been queued: look for it before you run this again';
    if (after === null || !hasChanged(before, after)) throw error.with({ hint, next: listOf('builds list') });
  }
  const job = `apptego-management:${id}`;
  const next = { do: 'wait', job, set: 'apptego-management.awaitsSigning=true' } as const;
  return { text: `build ${id} is queued for signing`, next, data: { build: id } };
}

function hasChanged(before: Build, after: Build): boolean {
  return before.success !== after.success || before.isSigned !== after.isSigned || before.stage !== after.stage;
}

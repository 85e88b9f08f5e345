import type { Platform } from '../../contract/artifact.ts';
import type { AdapterInput } from '../../contract/backend/definition.ts';
import type { Context } from '../../contract/context.ts';
import { CALL_POLICIES } from '../../transfer/call-policy.ts';
import { type ManagementSettings, openManagementApi, readTenants } from './api.ts';
import { buildPages, type HistoryPage } from './build-history.ts';
import type { Build } from './wire.ts';

const PLATFORMS = ['android', 'ios'] as const satisfies readonly Platform[];
/** "Team defaults to 10 builds per platform/version over 7 days; Enterprise is effectively unlimited": Automation API, "Rate Limits And Concurrency". */
const BUILDS_OF_PLAN: Readonly<Record<string, number>> = { TEAM: 10 };
const WEEK_MS = 7 * 24 * 3600_000;

/** How much of the week's builds of one platform and version is used. */
export interface Quota {
  readonly version: string;
  readonly platform: Platform;
  readonly used: number | null;
  readonly limit: number | null;
  /** When the next build is possible, where none is left and the history tells. */
  readonly freeAt: Date | null;
  readonly stillWaiting: boolean | null;
}

interface Question {
  readonly version: string;
  readonly platforms: readonly Platform[];
  readonly policy: (typeof CALL_POLICIES)['proof' | 'read'];
  /** True where it matters only whether a build is left: then the plan is asked for where one may not be. */
  readonly isCheck: boolean;
}

/** How many builds an upload has left. One quick question: the upload itself is refused where nothing is known. */
export async function checkQuota(
  input: AdapterInput<ManagementSettings>,
  { version, platform }: { readonly version: string; readonly platform: Platform },
  ctx: Context,
): Promise<Quota | undefined> {
  const policy = CALL_POLICIES.proof;
  const [quota] = await read(input, { version, platforms: [platform], policy, isCheck: true }, ctx);
  return quota;
}

/** The quotas of both platforms. */
export async function readQuotas(
  input: AdapterInput<ManagementSettings>,
  version: string,
  ctx: Context,
): Promise<readonly Quota[]> {
  return await read(input, { version, platforms: PLATFORMS, policy: CALL_POLICIES.read, isCheck: false }, ctx);
}

/**
 * What the server counts as used (`builds_used_*`), beside the limit that the setting gives, or the default of the tenant's plan. That the
 * count is that of the last 7 days is not said in so many words [assumed].
 */
async function read(
  input: AdapterInput<ManagementSettings>,
  { version, platforms, policy, isCheck }: Question,
  ctx: Context,
): Promise<readonly Quota[]> {
  const pages = buildPages({ api: openManagementApi(input), version, policy }, ctx);
  const first = await pages.next();
  if (first.done === true) return [];
  const { used, stillWaiting } = first.value.totals;
  const counted = platforms.map((platform) => ({ platform, used: used[platform] }));
  const most = isCheck ? Math.max(...counted.map((one) => one.used ?? 0)) : Number.POSITIVE_INFINITY;
  const limit = await limitOf(input, most, policy, ctx);
  const isFull = limit !== null && counted.some((one) => (one.used ?? 0) >= limit);
  const builds = isFull ? await allOf(first.value, pages) : [];
  return counted.map((one) => ({
    ...one,
    version,
    limit,
    freeAt: limit === null || (one.used ?? 0) < limit ? null : freeAt(builds, one.platform, limit, ctx.clock.date()),
    stillWaiting,
  }));
}

/** The plan is asked for where the least limit of any could be reached. */
async function limitOf(
  input: AdapterInput<ManagementSettings>,
  used: number,
  policy: Question['policy'],
  ctx: Context,
): Promise<number | null> {
  const { weeklyBuilds } = input.settings;
  if (weeklyBuilds !== undefined) return weeklyBuilds;
  if (used < Math.min(...Object.values(BUILDS_OF_PLAN))) return null;
  const { configured, tenants } = await readTenants(input, policy, ctx);
  return BUILDS_OF_PLAN[tenants.find(({ id }) => id === configured)?.plan ?? ''] ?? null;
}

async function allOf(
  first: HistoryPage,
  rest: AsyncGenerator<HistoryPage, void, undefined>,
): Promise<readonly Build[]> {
  const builds = [...first.builds];
  for await (const page of rest) builds.push(...page.builds);
  return builds;
}

/** When so many builds have become 7 days old that one less than the limit is left. */
function freeAt(builds: readonly Build[], platform: Platform, limit: number, now: Date): Date | null {
  const starts = builds
    .filter((build) => build.platform === platform)
    .map(({ startTime }) => Number(startTime) * 1000)
    .filter((startMs) => startMs > now.getTime() - WEEK_MS)
    .sort((one, other) => one - other);
  const last = starts[starts.length - limit];
  return last === undefined || limit === 0 ? null : new Date(last + WEEK_MS);
}

import type { ApiClient, CallPolicy } from '../../contract/backend/http.ts';
import type { Context } from '../../contract/context.ts';
import type { BuildKey } from './job-id.ts';
import { type Build, type BuildsPage, BuildsReply } from './wire.ts';

/** "maximum is 50". */
const PAGE_SIZE = 50;
/** A server that always names one page more is not followed for ever. */
const MOST_PAGES = 400;
const LARGEST_PAGE_BYTES = 5 * 1024 * 1024;

interface Question {
  readonly api: ApiClient;
  readonly version: string;
  readonly policy: CallPolicy;
  readonly pageSize?: number;
}

/** The build history of one configuration version, page by page, in the server's order. A page is asked for when it is needed. */
export async function* buildPages(
  { api, version, policy, pageSize = PAGE_SIZE }: Question,
  ctx: Context,
): AsyncGenerator<BuildsPage, void, undefined> {
  for (let page = 1; page <= MOST_PAGES; page += 1) {
    const reply = await api.call(
      {
        what: 'read the build history',
        method: 'POST',
        path: '/get_application_builds',
        json: { version, page, page_size: pageSize },
        policy,
        answer: BuildsReply,
        maxAnswerBytes: LARGEST_PAGE_BYTES,
      },
      ctx,
    );
    yield reply;
    const { builds, totalPages } = reply;
    const isLast = totalPages === null ? builds.length < pageSize : page >= totalPages;
    if (isLast || builds.length === 0) return;
  }
}

/**
 * The build of this key, wherever in the history it stands; `null` where it has no row. "start_time … is also the build job identifier": its
 * name need not be that of the upload, and decides only between builds of one second.
 */
export async function findBuild(
  { api, policy, key }: Omit<Question, 'version'> & { readonly key: BuildKey },
  ctx: Context,
): Promise<Build | null> {
  for await (const { builds } of buildPages({ api, version: key.version, policy }, ctx)) {
    const found = builds.filter(({ startTime, platform }) => startTime === key.startTime && platform === key.platform);
    const build = found.find(({ name }) => name === key.name) ?? found[0];
    if (build !== undefined) return build;
  }
  return null;
}

/** A wrong clock here may differ from the server's by so much (ms). */
const CLOCK_SKEW_MS = 10 * 60_000;

/** The builds of a file that began at a time or later, whichever page they stand on. */
export async function buildsSince(
  question: Question,
  file: { readonly platform: string; readonly name: string; readonly since: Date },
  ctx: Context,
): Promise<readonly BuildKey[]> {
  const { platform, name, since } = file;
  const fromS = (since.getTime() - CLOCK_SKEW_MS) / 1000;
  const found: BuildKey[] = [];
  for await (const { builds } of buildPages(question, ctx)) {
    for (const build of builds) {
      const isOurs = build.platform === platform && build.name === name && Number(build.startTime) >= fromS;
      if (isOurs && !build.isDeleted)
        found.push({ version: question.version, platform, startTime: build.startTime, name });
    }
  }
  return found;
}

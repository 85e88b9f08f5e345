import type { ApiClient, CallPolicy } from '../../contract/backend/http.ts';
import type { Context } from '../../contract/context.ts';
import { turnPages } from '../pages.ts';
import type { BuildKey } from './job-id.ts';
import { type Build, type BuildsPage, BuildsReply } from './wire.ts';

/** "maximum is 50". */
const PAGE_SIZE = 50;
const LARGEST_PAGE_BYTES = 5 * 1024 * 1024;

interface Question {
  readonly api: ApiClient;
  readonly version: string;
  readonly policy: CallPolicy;
}

export interface HistoryPage extends Pick<BuildsPage, 'totals'> {
  /** Without those that a page before it had. */
  readonly builds: readonly Build[];
}

/** The build history of one configuration version, page by page, in the server's order. A page is asked for when it is needed. */
export async function* buildPages(
  { api, version, policy }: Question,
  ctx: Context,
): AsyncGenerator<HistoryPage, void, undefined> {
  const ask = (page: number): Promise<BuildsPage> =>
    api.call(
      {
        what: 'read the build history',
        method: 'POST',
        path: '/get_application_builds',
        json: { version, page, page_size: PAGE_SIZE },
        policy,
        answer: BuildsReply,
        maxAnswerBytes: LARGEST_PAGE_BYTES,
      },
      ctx,
    );
  const keyOf = ({ startTime, platform, name }: Build): string => [startTime, platform, name].join('/');
  for await (const { page, fresh } of turnPages(ask, keyOf)) yield { builds: fresh, totals: page.totals };
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

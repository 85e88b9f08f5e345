import type { Context } from '../../contract/context.ts';
import type { CallPolicy } from '../../transfer/call-policy.ts';
import type { ApiClient } from '../../transfer/http/api.ts';
import type { BuildKey } from './job-id.ts';
import { type Build, BuildsReply } from './wire.ts';

/** "maximum is 50". */
const PAGE_SIZE = 50;
/** A server that always names one page more is not followed for ever. */
const MOST_PAGES = 400;
const LARGEST_PAGE_BYTES = 5 * 1024 * 1024;

interface Question {
  readonly api: ApiClient;
  readonly version: string;
  readonly policy: CallPolicy;
}

/** The build history of one configuration version, page by page, in the server's order. A page is asked for when it is needed. */
export async function* buildPages(
  { api, version, policy }: Question,
  ctx: Context,
): AsyncGenerator<readonly Build[], void, undefined> {
  for (let page = 1; page <= MOST_PAGES; page += 1) {
    const reply = await api.call(
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
    yield reply.results;
    const isLast = reply.total_pages === null ? reply.results.length < PAGE_SIZE : page >= reply.total_pages;
    if (isLast || reply.results.length === 0) return;
  }
}

/** The build of this key, wherever in the history it stands; `null` where it has no row. */
export async function findBuild(
  { api, policy, key }: Omit<Question, 'version'> & { readonly key: BuildKey },
  ctx: Context,
): Promise<Build | null> {
  for await (const builds of buildPages({ api, version: key.version, policy }, ctx)) {
    const found = builds.find(
      ({ startTime, platform, name }) => startTime === key.startTime && platform === key.platform && name === key.name,
    );
    if (found !== undefined) return found;
  }
  return null;
}

import type * as z from 'zod';
import type { ApiClient } from '../../contract/backend/http.ts';
import type { Context } from '../../contract/context.ts';
import { CALL_POLICIES } from '../../transfer/call-policy.ts';
import { turnPages } from '../pages.ts';
import { tellOfCut, warnOfUnread } from '../rows.ts';
import { PageReply } from './wire.ts';

/** What is asked for at most in one page; the vendor names no limit, and a server may give less. */
const PAGE_SIZE = 50;
const LARGEST_PAGE_BYTES = 5 * 1024 * 1024;

interface Listing<Item> {
  readonly reads: ApiClient;
  /** A verb phrase for messages: "list the builds". */
  readonly what: string;
  readonly path: string;
  /** The filters; empty ones are left out. */
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly item: z.ZodType<Item>;
  readonly pageSize?: number;
}

/**
 * The rows of a list page by page, each row once; a page is asked for when it is needed. Warns where the server has named more rows than it
 * gave, and of rows in another form.
 */
async function* pages<Item extends { readonly id: string }>(
  { reads, what, path, query = {}, item, pageSize = PAGE_SIZE }: Listing<Item>,
  ctx: Context,
): AsyncGenerator<{ readonly items: readonly Item[]; readonly total: number | null }, void, undefined> {
  const given = Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== undefined);
  const ask = (page: number) => {
    const asked = new URLSearchParams([['page', String(page)], ['limit', String(pageSize)], ...given]);
    return reads.call(
      {
        what,
        method: 'GET',
        path: `${path}?${asked.toString()}`,
        policy: CALL_POLICIES.read,
        answer: PageReply(item),
        maxAnswerBytes: LARGEST_PAGE_BYTES,
      },
      ctx,
    );
  };
  let missing: string | null = null;
  for await (const { page, fresh, seen } of turnPages(ask, ({ id }: Item) => id)) {
    const { total } = page;
    warnOfUnread(page, what, ctx);
    missing = total !== null && total > seen ? `the server has ${total}, but returned ${seen}` : null;
    yield { items: fresh, total };
  }
  if (missing === null) return;
  ctx.emit({ type: 'warning', code: 'incomplete-list', message: `could not ${what} whole: ${missing}` });
}

/** So many rows, or all there are. A list that is cut says so. */
export async function firstRows<Item extends { readonly id: string }>(
  listing: Omit<Listing<Item>, 'pageSize'>,
  limit: number,
  ctx: Context,
): Promise<readonly Item[]> {
  const items: Item[] = [];
  let total: number | null = null;
  for await (const page of pages({ ...listing, pageSize: Math.min(limit, PAGE_SIZE) }, ctx)) {
    items.push(...page.items);
    total = page.total;
    if (items.length >= limit) break;
  }
  if (items.length >= limit) tellOfCut({ shown: limit, total }, ctx);
  return items.slice(0, limit);
}

/** The rows up to the first page that has nothing wanted any more. */
export async function rowsWhile<Item extends { readonly id: string }>(
  listing: Listing<Item>,
  isWanted: (item: Item) => boolean,
  ctx: Context,
): Promise<readonly Item[]> {
  const wanted: Item[] = [];
  for await (const { items } of pages(listing, ctx)) {
    const some = items.filter(isWanted);
    wanted.push(...some);
    if (some.length === 0) break;
  }
  return wanted;
}

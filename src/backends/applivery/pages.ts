import type * as z from 'zod';
import type { ApiClient } from '../../contract/backend/http.ts';
import type { Context } from '../../contract/context.ts';
import { CALL_POLICIES } from '../../transfer/call-policy.ts';
import { PageReply } from './wire.ts';

/** What is asked for at most in one page; the vendor names no limit, and a server may give less. */
const PAGE_SIZE = 50;
/** A server that always has one page more is not followed for ever. */
const MOST_PAGES = 400;
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

/** The rows that were read, and how many there are where the server says so. */
interface Rows<Item> {
  readonly items: readonly Item[];
  readonly total: number | null;
}

/**
 * The rows of a list page by page, each row once; a page is asked for when it is needed. The last page is the one that the server names
 * (`totalPages`, `totalItems`), else an empty one or one without a new row: a short page proves nothing, because a server may give less than
 * it is asked for. Warns where the server has named more rows than it gave.
 */
async function* pages<Item extends { readonly id: string }>(
  { reads, what, path, query = {}, item, pageSize = PAGE_SIZE }: Listing<Item>,
  ctx: Context,
): AsyncGenerator<Rows<Item>, void, undefined> {
  const seen = new Set<string>();
  let total: number | null = null;
  for (let page = 1; page <= MOST_PAGES; page += 1) {
    const given = Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== undefined);
    const asked = new URLSearchParams([['page', String(page)], ['limit', String(pageSize)], ...given]);
    const reply = await reads.call(
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
    const fresh = reply.items.filter(({ id }) => !seen.has(id));
    for (const { id } of fresh) seen.add(id);
    total = reply.totalItems;
    yield { items: fresh, total };
    if (fresh.length === 0) break;
    if (total !== null && seen.size >= total) return;
    if (total === null && reply.totalPages !== null && page >= reply.totalPages) return;
  }
  if (total === null || seen.size >= total) return;
  const message = `could not ${what} whole: the server has ${total}, and gave ${seen.size}`;
  ctx.emit({ type: 'warning', code: 'incomplete-list', message });
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
  const shown = items.slice(0, limit);
  if (items.length >= limit && (total ?? items.length) > shown.length)
    ctx.emit({ type: 'note', message: `${shown.length} of ${total ?? 'more'}; a higher limit shows more` });
  return shown;
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

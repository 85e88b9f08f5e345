import { createHash } from 'node:crypto';
import type { Rows } from './rows.ts';

/** A server that always has one page more is not followed for ever. */
const MOST_PAGES = 400;

/** One page of a list, with what the server says of the whole; `null` where it does not. */
export interface Page<Item> extends Rows<Item> {
  readonly total: number | null;
  readonly pages: number | null;
}

/** A page, the rows in it that no page before had, and how many those are so far. */
interface Turned<Item, P extends Page<Item>> {
  readonly page: P;
  readonly fresh: readonly Item[];
  readonly seen: number;
}

/**
 * A list page by page, without the rows that an earlier page had, because a list that grows meanwhile moves on; a page is asked for when it is
 * needed. The last page is the one that the server names by all that it says of the whole, else an empty one or one without a new row: a short
 * page proves nothing, because a server may give less than it is asked for.
 */
export async function* turnPages<Item, P extends Page<Item>>(
  ask: (number: number) => Promise<P>,
  keyOf: (item: Item) => string,
): AsyncGenerator<Turned<Item, P>, void, undefined> {
  const known = new Set<string>();
  const isNew = (key: string): boolean => known.size < known.add(key).size;
  let seen = 0;
  for (let number = 1; number <= MOST_PAGES; number += 1) {
    const page = await ask(number);
    const fresh = page.items.filter((item) => isNew(keyOf(item)));
    // A page of nothing but rows in another form is not the last one.
    const unread = page.unread.filter((row) => isNew(digestOf(row)));
    seen += fresh.length;
    yield { page, fresh, seen };
    if (fresh.length + unread.length === 0 || isLast(page, number, seen)) return;
  }
}

function digestOf(row: unknown): string {
  return createHash('sha256').update(JSON.stringify(row)).digest('base64');
}

/** More rows than the total says make it no total. */
function isLast({ total, pages }: Page<unknown>, number: number, seen: number): boolean {
  if (total === null && pages === null) return false;
  return (total === null || seen === total) && (pages === null || number >= pages);
}

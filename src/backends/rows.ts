import * as z from 'zod';
import type { Context } from '../contract/context.ts';

/** The records of a list, each read by itself: one in another form does not make the others unusable. */
export interface Rows<Item> {
  readonly items: readonly Item[];
  /** What is in another form. */
  readonly unread: readonly unknown[];
}

export function readRows<Item>(item: z.ZodType<Item>, rows: readonly unknown[]): Rows<Item> {
  const parsed = rows.map((row) => ({ row, ...item.safeParse(row) }));
  return {
    items: parsed.flatMap(({ data }) => data ?? []),
    unread: parsed.flatMap(({ row, success }) => (success ? [] : [row])),
  };
}

/** The schema of a list of such records, of which those in another form are left out. */
export function rowsOf<Item>(item: z.ZodType<Item>) {
  return z.array(z.unknown()).transform((rows) => readRows(item, rows).items);
}

/** Warns of rows that are left out; `what` is what the call does, as a verb phrase. */
export function warnOfUnread({ unread }: Pick<Rows<unknown>, 'unread'>, what: string, { emit }: Context): void {
  if (unread.length === 0) return;
  const rows = unread.length === 1 ? '1 malformed row is' : `${unread.length} malformed rows are`;
  emit({ type: 'warning', code: 'incomplete-list', message: `could not ${what} whole: ${rows} left out` });
}

/**
 * The list that an answer is, or holds: by the name that it should have, else the only one with records in it, else the only one; or in `data`.
 * `undefined` where that is not clear.
 */
export function listIn(answer: unknown, name: string): readonly unknown[] | undefined {
  if (Array.isArray(answer)) return answer;
  const members = z.looseObject({}).catch({}).parse(answer);
  const named = members[name];
  if (Array.isArray(named)) return named;
  const lists = Object.values(members).filter((member) => Array.isArray(member) && member.every(isRecord));
  const filled = lists.filter((list) => list.length > 0);
  const [only, ...others] = filled.length > 0 ? filled : lists;
  if (only !== undefined) return others.length === 0 ? only : undefined;
  return isRecord(members.data) ? listIn(members.data, name) : undefined;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** As many rows as are wanted, of all that there are. A list that is cut says so. */
export function cutRows<Item>(rows: readonly Item[], limit: number, ctx: Context): Item[] {
  tellOfCut({ shown: Math.min(rows.length, limit), total: rows.length }, ctx);
  return rows.slice(0, limit);
}

/** Tells that a list is cut; `total` is `null` where nobody says how many rows there are. */
export function tellOfCut(
  { shown, total }: { readonly shown: number; readonly total: number | null },
  ctx: Context,
): void {
  if (total !== null && total <= shown) return;
  const message = total === null ? `${shown} shown; there may be more` : `${shown} of ${total}`;
  ctx.emit({ type: 'note', message: `${message}; a higher limit shows more` });
}

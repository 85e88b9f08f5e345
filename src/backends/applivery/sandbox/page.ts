import { Refusal } from './refusal.ts';

/** One page, in the envelope that the one public client of such a list reads. Throws `Refusal` for a query of other names. */
export function pageOf(all: readonly unknown[], query: URLSearchParams, filters: readonly string[]): unknown {
  for (const name of query.keys()) if (![...filters, 'page', 'limit'].includes(name)) throw invalid(name);
  const page = numberIn(query, 'page', 1);
  const limit = numberIn(query, 'limit', 10);
  return {
    items: all.slice((page - 1) * limit, page * limit),
    totalItems: all.length,
    itemsPerPage: limit,
    currentPage: page,
    totalPages: Math.max(1, Math.ceil(all.length / limit)),
  };
}

export function invalid(name: string): Refusal {
  return new Refusal(400, 5006, `${name}: invalid value`);
}

function numberIn(query: URLSearchParams, name: string, otherwise: number): number {
  const given = query.get(name);
  if (given === null) return otherwise;
  if (!/^[1-9]\d{0,5}$/.test(given)) throw invalid(name);
  return Number(given);
}

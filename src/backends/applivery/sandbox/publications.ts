import type { SandboxTools } from '../../../contract/backend/sandbox.ts';
import type { NewPublication } from './json.ts';
import { pageOf } from './page.ts';
import { Refusal } from './refusal.ts';

/** What is not applied: the page's own filter by type, and what the public GitHub action sends and then filters by itself. */
const UNREAD = ['filter-type', 'filterType', 'filterValue', 'sort'];

/** The publications of the app, the newest first. */
export function createPublications({ baseUrl, randomId }: SandboxTools) {
  const all: (Omit<NewPublication, 'password'> & { readonly id: string; readonly createdAt: string })[] = [];
  const describe = (one: (typeof all)[number]): unknown => ({
    ...one,
    distributionUrl: `${baseUrl}/store/${one.slug}`,
  });
  return {
    create: ({ password, ...given }: NewPublication): unknown => {
      if (given.security === 'password' && !password) throw new Refusal(400, 5006, 'password: required');
      if (all.some(({ slug }) => slug === given.slug)) throw new Refusal(400, 5024, 'Slug already used');
      const made = { ...given, id: randomId(), createdAt: new Date().toISOString() };
      all.unshift(made);
      return describe(made);
    },
    list: (query: URLSearchParams): unknown => {
      const named = ['slug', 'security', 'visibility'] as const;
      const wanted = all.filter((one) => named.every((name) => (query.get(name) ?? one[name]) === one[name]));
      return pageOf(wanted.map(describe), query, [...named, ...UNREAD]);
    },
  };
}

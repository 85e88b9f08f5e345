import type { Context } from '../../../contract/context.ts';
import { RejectedError, UnknownOutcomeError, UsageError } from '../../../contract/errors.ts';
import type { Next } from '../../../contract/next.ts';
import { CALL_POLICIES } from '../../../transfer/call-policy.ts';
import type { Listed } from '../access.ts';
import { making } from '../making.ts';
import { firstRows } from '../pages.ts';
import { PublicationRecord, PublicationReply, SLUG_USED } from '../wire.ts';

/** "Only lowercase letters, numbers, and hyphens allowed." */
const SLUG = /^[a-z0-9](?:[a-z0-9-]{0,126}[a-z0-9])?$/;

/** A server that does not filter by the slug gives others too. */
export const MOST_READ = 100;

/** Which builds a publication shows: "last, build, builds, gitBranch, gitTag, tag". */
export interface Filter {
  readonly type: string;
  readonly [member: string]: unknown;
}

export interface NewPublication {
  readonly slug: string;
  readonly security: string;
  readonly visibility: string;
  readonly filter: Filter;
  /** The app that the Workspace API has to be told. */
  readonly application?: string;
}

/** Throws `UsageError`. */
export function checkSlug(slug: string, next: Next | null = null): void {
  if (!SLUG.test(slug)) throw new UsageError('a slug is lowercase letters, digits and hyphens between them', { next });
}

/** The publications, or that with this slug. */
export async function readPublications(
  { api: reads, path }: Listed,
  slug: string | undefined,
  limit: number,
  ctx: Context,
): Promise<readonly PublicationRecord[]> {
  const listing = { reads, what: 'list the publications', path, query: { slug }, item: PublicationRecord };
  return await firstRows(listing, limit, ctx);
}

/**
 * A slug is "unique within your Workspace": where it is taken, or the response was lost, the publication that has it is looked at, and is
 * what was asked for if it is the same.
 */
export async function makePublication(
  listed: Listed,
  asked: NewPublication,
  password: string | null,
  ctx: Context,
): Promise<PublicationRecord> {
  const { api, path } = listed;
  const call = { what: 'create the publication', method: 'POST', path, policy: CALL_POLICIES.make } as const;
  const json = { ...asked, ...(password === null ? {} : { password }) };
  return await making(() => api.call({ ...call, json, answer: PublicationReply }, ctx), ctx).catch(
    async (error: unknown) => {
      const isTaken = error instanceof RejectedError && error.backendCode === SLUG_USED;
      if (!isTaken && !(error instanceof UnknownOutcomeError)) throw error;
      const there = await readPublications(listed, asked.slug, MOST_READ, ctx).catch(() => []);
      const same = there.find((one) => isSame(one, asked));
      if (same !== undefined) return told(same, ctx);
      const next = { do: 'list', backend: 'applivery', command: 'publications list' } as const;
      const hint = isTaken
        ? 'another publication has this slug: choose another one'
        : 'the publication may exist already';
      throw error.with({ hint, next });
    },
  );
}

/** The password is not in the answer, so whether it is the one that was asked for cannot be said. */
function told(publication: PublicationRecord, ctx: Context): PublicationRecord {
  const message = `publication ${publication.slug} existed already: apptool cannot see whether it has the same password`;
  if (publication.security === 'password') ctx.emit({ type: 'warning', code: 'password-not-seen', message });
  return publication;
}

function isSame(there: PublicationRecord, { filter, ...asked }: NewPublication): boolean {
  const isPlainSame = (['slug', 'security', 'visibility'] as const).every((key) => there[key] === asked[key]);
  const isFilterSame = Object.entries(filter).every(
    ([key, value]) => JSON.stringify(there.filter?.[key]) === JSON.stringify(value),
  );
  return isPlainSame && isFilterSame;
}

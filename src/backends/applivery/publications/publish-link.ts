import type { Context } from '../../../contract/context.ts';
import { IntegrityError, RejectedError } from '../../../contract/errors.ts';
import type { Listed } from '../access.ts';
import type { PublicationRecord } from '../wire.ts';
import { MOST_READ, makePublication, readPublications } from './publications.ts';

/** A build that is to be had by a link, and what was sent with it. */
export interface Shared {
  readonly slug: string;
  readonly tags: readonly string[];
  readonly branch: string | null;
  readonly gitTag: string | null;
  /** `null` before it is there. */
  readonly build: string | null;
}

type Publications = Listed & { readonly application: string | null };

/**
 * The publication that has the slug, where there is one. Rejects with `RejectedError` where it would not hand out this build. What it asks of
 * testers is the team's own affair.
 */
export async function readyPublication(
  publications: Publications,
  shared: Shared,
  ctx: Context,
): Promise<PublicationRecord | null> {
  const all = await readPublications(publications, shared.slug, MOST_READ, ctx);
  const there = all.find(({ slug }) => slug === shared.slug);
  if (there === undefined) return null;
  const { application } = there as { readonly application?: unknown };
  const isOfOtherApp =
    publications.application !== null && typeof application === 'string' && application !== publications.application;
  const hint = 'choose another name for the link';
  const next = { do: 'list', backend: 'applivery', command: 'publications list' } as const;
  if (isOfOtherApp) throw new RejectedError(`publication ${shared.slug} is of another app`, { hint, next });
  const doesShow = shows(there, shared);
  if (doesShow === false)
    throw new RejectedError(`publication ${shared.slug} shows ${filterWords(there)}, which is not this build`, {
      hint,
      next,
    });
  if (doesShow === null) {
    const message = `cannot tell whether publication ${shared.slug} shows this build`;
    ctx.emit({ type: 'warning', code: 'link-not-checked', message });
  }
  return there;
}

/** The address at which people get the build, by the publication that is there, or by a new one that shows the newest build to who is logged in. */
export async function linkTo(publications: Publications, shared: Shared, ctx: Context): Promise<string> {
  const { application } = publications;
  const asked = {
    slug: shared.slug,
    security: 'logged',
    visibility: 'unlisted',
    filter: { type: 'last' },
    ...(application === null ? {} : { application }),
  };
  const publication =
    (await readyPublication(publications, shared, ctx)) ?? (await makePublication(publications, asked, null, ctx));
  const { distributionUrl } = publication;
  if (distributionUrl == null || !/^https?:/.test(distributionUrl) || !URL.canParse(distributionUrl))
    throw new IntegrityError(`publication ${shared.slug} has no link`, {
      next: { do: 'list', backend: 'applivery', command: 'publications list' },
    });
  return distributionUrl;
}

/** Whether a publication hands out the build; `null` where that cannot be told. */
function shows({ filter }: PublicationRecord, { tags, branch, gitTag, build }: Shared): boolean | null {
  switch (filter?.type) {
    case 'last':
      return true;
    case 'tag':
      return filter.value != null && tags.includes(filter.value);
    case 'gitBranch':
      return branch === filter.value;
    case 'gitTag':
      return gitTag === filter.value;
    case 'build':
    case 'builds':
      return build !== null && JSON.stringify(filter).includes(`"${build}"`);
    default:
      return null;
  }
}

function filterWords({ filter }: PublicationRecord): string {
  return [filter?.type, filter?.value].filter((word) => word != null).join(' ');
}

import type { CommandInput, CommandOutput, Planned } from '../../../contract/backend/definition.ts';
import type { Context } from '../../../contract/context.ts';
import { AuthError, RejectedError, UnknownOutcomeError, UsageError } from '../../../contract/errors.ts';
import { CALL_POLICIES } from '../../../transfer/call-policy.ts';
import { createAccess, type Listed } from '../access.ts';
import { firstRows } from '../pages.ts';
import type { Settings } from '../settings.ts';
import { BuildReply, PublicationRecord, PublicationReply, SLUG_USED } from '../wire.ts';
import type { OnePublication, Publications } from './command-data.ts';
import { textFlags } from './flag-values.ts';
import { making } from './making.ts';

type Input = CommandInput<Settings>;

/** "Allowed values". */
const SECURITY = ['public', 'password', 'logged'];
const VISIBILITY = ['active', 'inactive', 'unlisted'];
/** "Only lowercase letters, numbers, and hyphens allowed." */
const SLUG = /^[a-z0-9](?:[a-z0-9-]{0,126}[a-z0-9])?$/;
/** `filter.type` by the word of the command line: "last, build, builds, gitBranch, gitTag, tag". */
const FILTERS: Readonly<Record<string, string>> = { tag: 'tag', branch: 'gitBranch', 'git-tag': 'gitTag' };
/** The platforms that have a member of their own in `filter`. */
const OWN_MEMBER = ['ios', 'android', 'macos', 'windows'];

/** Which builds a publication shows. */
interface Filter {
  readonly type: string;
  readonly [member: string]: unknown;
}

/** `apptool applivery publications list` */
export async function listPublications(input: Input, ctx: Context): Promise<CommandOutput<Publications>> {
  const publications = await read(createAccess(input).publications(), undefined, input.limit, ctx);
  const rows = publications.map(({ id, slug, visibility, security, filter, distributionUrl }) => [
    id,
    slug ?? '-',
    visibility ?? '-',
    security ?? '-',
    [filter?.type, filter?.value].filter(Boolean).join(':') || '-',
    distributionUrl ?? '-',
  ]);
  const columns = ['publication', 'slug', 'visibility', 'security', 'shows', 'link'];
  return { table: { columns, rows }, data: { publications: [...publications] } };
}

/**
 * `apptool applivery publications create <slug>`. A slug is "unique within your Workspace": where it is taken, or the response was lost, the
 * publication that has it is looked at, and is what was asked for if it is the same.
 */
export async function createPublication(input: Input, ctx: Context): Promise<CommandOutput<OnePublication | Planned>> {
  const asked = readAsked(input);
  const access = createAccess(input);
  const { api, path, application } = access.publications();
  const filter = await filterOf(input, asked.shows, ctx);
  const { slug, security, visibility } = asked;
  const json = { slug, security, visibility, filter, ...(application === null ? {} : { application }) };
  if (input.dryRun) {
    const fields = { ...json, filter: JSON.stringify(filter) };
    const plan = { method: 'POST', url: `${api.baseUrl}${path}`, fields };
    return { text: `would create publication ${slug}, which shows ${asked.shows}`, data: { plan } };
  }
  const password = security === 'password' ? { password: passwordOf(input) } : {};
  const call = { what: 'create the publication', method: 'POST', path, policy: CALL_POLICIES.make } as const;
  const publication = await making(
    () => api.call({ ...call, json: { ...json, ...password }, answer: PublicationReply }, ctx),
    ctx,
  ).catch(async (error: unknown) => {
    const isTaken = error instanceof RejectedError && error.backendCode === SLUG_USED;
    if (!isTaken && !(error instanceof UnknownOutcomeError)) throw error;
    const there = await read({ api, path }, slug, 2, ctx).catch(() => []);
    const same = there.find((one) => isSame(one, json));
    if (same !== undefined) return told(same, ctx);
    const next = { do: 'list', backend: 'applivery', command: 'publications list' } as const;
    const hint = isTaken ? 'another publication has this slug: choose another one' : 'it may be there all the same';
    throw error.with({ hint, next });
  });
  return { text: publication.distributionUrl ?? publication.id, data: { publication } };
}

function readAsked(input: Input) {
  const flags = textFlags(input);
  const slug = input.operands[0] ?? '';
  if (!SLUG.test(slug)) throw new UsageError('a slug is lowercase letters, digits and hyphens between them');
  const hasPassword = input.credentials.publicationPassword !== undefined;
  const security = oneOf('security', flags.security ?? (hasPassword ? 'password' : 'logged'), SECURITY);
  return {
    slug,
    security,
    visibility: oneOf('visibility', flags.visibility ?? 'unlisted', VISIBILITY),
    shows: flags.shows ?? 'last',
  };
}

function oneOf(what: string, given: string, words: readonly string[]): string {
  if (words.includes(given)) return given;
  throw new UsageError(`${what} is one of ${words.join(', ')}`);
}

/** `last`, `tag:rc`, `branch:main`, `git-tag:v1`, `build:<id>`. A build's platform is asked for: each has a place of its own. */
async function filterOf(input: Input, shows: string, ctx: Context): Promise<Filter> {
  if (shows === 'last') return { type: 'last' };
  const [, kind = '', value = ''] = /^([a-z-]+):(.+)$/s.exec(shows) ?? [];
  const type = Object.hasOwn(FILTERS, kind) ? FILTERS[kind] : undefined;
  if (type !== undefined) return { type, value };
  const id = /^(?:applivery:)?((?:[\w-]+\/[\w-]+\/)?[\w-]+)$/.exec(value)?.[1];
  if (kind !== 'build' || id === undefined)
    throw new UsageError('what a publication shows is last, tag:<tag>, branch:<name>, git-tag:<name> or build:<build>');
  const { builds, build } = createAccess(input).ofJob(id);
  const call = { what: 'read the build', method: 'GET', path: `${builds.path}/${build}` } as const;
  const { os } = await builds.reads.call({ ...call, policy: CALL_POLICIES.read, answer: BuildReply }, ctx);
  if (os !== null && os !== undefined && OWN_MEMBER.includes(os)) return { type: 'builds', [os]: build };
  return { type: 'builds', builds: [{ buildPlatform: os ?? 'android', id: build }] };
}

function passwordOf({ credentials }: Input): string {
  if (credentials.publicationPassword !== undefined) return credentials.publicationPassword.reveal();
  throw new AuthError('no password for the publication: set APPLIVERY_PUBLICATION_PASSWORD, or its _FILE');
}

async function read(
  { api: reads, path }: Listed,
  slug: string | undefined,
  limit: number,
  ctx: Context,
): Promise<readonly PublicationRecord[]> {
  const listing = { reads, what: 'list the publications', path, query: { slug }, item: PublicationRecord };
  return await firstRows(listing, limit, ctx);
}

/** The password is not in the answer, so whether it is the one that was asked for cannot be said. */
function told(publication: PublicationRecord, ctx: Context): PublicationRecord {
  const message = `publication ${publication.slug} was there: whether its password is this one cannot be seen`;
  if (publication.security === 'password') ctx.emit({ type: 'warning', code: 'password-not-seen', message });
  return publication;
}

function isSame(
  there: PublicationRecord,
  asked: { readonly slug: string; readonly security: string; readonly visibility: string; readonly filter: Filter },
): boolean {
  const { filter, ...plain } = asked;
  const isPlainSame = (['slug', 'security', 'visibility'] as const).every((key) => there[key] === plain[key]);
  const isFilterSame = Object.entries(filter).every(
    ([key, value]) => JSON.stringify(there.filter?.[key]) === JSON.stringify(value),
  );
  return isPlainSame && isFilterSame;
}

import type { CommandInput, CommandOutput, Planned } from '../../../contract/backend/definition.ts';
import type { Context } from '../../../contract/context.ts';
import { AuthError, UsageError } from '../../../contract/errors.ts';
import { CALL_POLICIES } from '../../../transfer/call-policy.ts';
import { createAccess } from '../access.ts';
import { checkSlug, type Filter, makePublication, readPublications } from '../publications/publications.ts';
import type { Settings } from '../settings.ts';
import { BuildReply } from '../wire.ts';
import type { OnePublication, Publications } from './command-data.ts';
import { textFlags } from './flag-values.ts';

type Input = CommandInput<Settings>;

/** "Allowed values". */
const SECURITY = ['public', 'password', 'logged'];
const VISIBILITY = ['active', 'inactive', 'unlisted'];
/** `filter.type` by the word of the command line: "last, build, builds, gitBranch, gitTag, tag". */
const FILTERS: Readonly<Record<string, string>> = { tag: 'tag', branch: 'gitBranch', 'git-tag': 'gitTag' };
/** The platforms that have a member of their own in `filter`. */
const OWN_MEMBER = ['ios', 'android', 'macos', 'windows'];

/** `apptool applivery publications list` */
export async function listPublications(input: Input, ctx: Context): Promise<CommandOutput<Publications>> {
  const publications = await readPublications(createAccess(input).publications(), undefined, input.limit, ctx);
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

/** `apptool applivery publications create <slug>` */
export async function createPublication(input: Input, ctx: Context): Promise<CommandOutput<OnePublication | Planned>> {
  const asked = readAsked(input);
  const { application, ...listed } = createAccess(input).publications();
  const filter = await filterOf(input, asked.shows, ctx);
  const { slug, security, visibility } = asked;
  const json = { slug, security, visibility, filter, ...(application === null ? {} : { application }) };
  if (input.dryRun) {
    const fields = { ...json, filter: JSON.stringify(filter) };
    const plan = { method: 'POST', url: `${listed.api.baseUrl}${listed.path}`, fields };
    return { text: `would create publication ${slug}, which shows ${asked.shows}`, data: { plan } };
  }
  const password = security === 'password' ? passwordOf(input) : null;
  const publication = await makePublication(listed, json, password, ctx);
  const { distributionUrl } = publication;
  if (distributionUrl == null) return { text: publication.id, data: { publication } };
  return { text: distributionUrl, link: distributionUrl, data: { publication } };
}

function readAsked(input: Input) {
  const flags = textFlags(input);
  const slug = input.operands[0] ?? '';
  checkSlug(slug);
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

/** `last`, `tag:rc`, `branch:main`, `git-tag:v1`, `build:<build>`. A build's platform is asked for: each has a place of its own. */
async function filterOf(input: Input, shows: string, ctx: Context): Promise<Filter> {
  if (shows === 'last') return { type: 'last' };
  const [, kind = '', value = ''] = /^([a-z-]+):(.+)$/s.exec(shows) ?? [];
  const type = Object.hasOwn(FILTERS, kind) ? FILTERS[kind] : undefined;
  if (type !== undefined) return { type, value };
  if (kind !== 'build')
    throw new UsageError('what a publication shows is last, tag:<tag>, branch:<name>, git-tag:<name> or build:<build>');
  const { builds, build } = createAccess(input).ofJob(input.jobIdOf(value));
  const call = { what: 'read the build', method: 'GET', path: `${builds.path}/${build}` } as const;
  const { os } = await builds.reads.call({ ...call, policy: CALL_POLICIES.read, answer: BuildReply }, ctx);
  if (os !== null && os !== undefined && OWN_MEMBER.includes(os)) return { type: 'builds', [os]: build };
  return { type: 'builds', builds: [{ buildPlatform: os ?? 'android', id: build }] };
}

function passwordOf({ credentials }: Input): string {
  if (credentials.publicationPassword !== undefined) return credentials.publicationPassword.reveal();
  throw new AuthError(
    'no password for the publication: set APPLIVERY_PUBLICATION_PASSWORD or APPLIVERY_PUBLICATION_PASSWORD_FILE',
  );
}

/** In characters. A longer text is cut; a longer address is none, because half of one leads nowhere. */
const LONGEST_MESSAGE = 1_000;
const LONGEST_NAME = 255;
const LONGEST_ADDRESS = 2_000;

/** User and host of an ssh address that is an https one too, under the same path: no port, no alias, and the user that git hosts share. */
const GIT_HOST = /^git@((?:[\w-]+\.)+[a-z]{2,})$/i;
/** Azure's ssh paths are not those of its pages. */
const OTHER_PATHS = /(^|\.)(ssh\.dev\.azure\.com|vs-ssh\.visualstudio\.com)$/i;

function cut(text: string, longest: number): string | null {
  const trimmed = text.trim();
  return trimmed === '' ? null : [...trimmed].slice(0, longest).join('');
}

export function asMessage(text: string): string | null {
  return cut(text, LONGEST_MESSAGE);
}

export function asName(text: string): string | null {
  return cut(text, LONGEST_NAME);
}

/** `null` for a name that stands for a commit, which another repository would resolve to another one. */
export function asCommit(text: string): string | null {
  const name = asName(text);
  return name?.toUpperCase() === 'HEAD' ? null : name;
}

/** From a short name or a ref of any kind; `null` for the ref of something else and for a detached HEAD, as git and Jenkins say it. */
export function asBranch(text: string): string | null {
  const short = text.trim().replace(/^(refs\/heads\/|(refs\/remotes\/)?origin\/)/, '');
  return short.startsWith('refs/') || short === 'HEAD' || short === 'detached' ? null : asName(short);
}

export function asTag(text: string): string | null {
  const short = text.trim().replace(/^refs\/tags\//, '');
  return short.startsWith('refs/') ? null : asName(short);
}

/** From a number, a `refs/pull/…` or the address of a page; `null` for `false` and the like. */
export function asPullRequest(text: string): string | null {
  return /^(?:(?:refs\/pull|https?:\/\/\S+)\/)?(\d{1,20})(?:\/(?:merge|head))?$/.exec(text.trim())?.[1] ?? null;
}

/** As parts of a query are called that let somebody in. */
const SOUNDS_SECRET = /token|key|secret|sig|pass|auth|cred/i;

/** An address of http or https without user and password, and without what sounds like one in its query. */
export function asWebAddress(text: string): string | null {
  const url = parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) return null;
  url.username = '';
  url.password = '';
  for (const name of [...url.searchParams.keys()]) if (SOUNDS_SECRET.test(name)) url.searchParams.delete(name);
  return url.href.length > LONGEST_ADDRESS ? null : url.href;
}

/**
 * A repository's address as people open it: no credentials, no query, no `.git`. An ssh address becomes one of https where a host is sure
 * to have it there, and stays ssh elsewhere. `null` for a path on this machine.
 */
export function asRepositoryUrl(text: string): string | null {
  const url = parse(text.trim().replace(/^([\w.-]+@[\w.-]+):(?!\/\/)\/?/, 'ssh://$1/'));
  if (url === null || !/^(https?|ssh):$/.test(url.protocol)) return null;
  const isOnWeb = GIT_HOST.test(`${url.username}@${url.host}`) && !OTHER_PATHS.test(url.host);
  const protocol = url.protocol === 'ssh:' && isOnWeb ? 'https:' : url.protocol;
  const address = `${protocol}//${url.host}${url.pathname.replace(/(\.git)?\/*$/, '')}`;
  return address.length > LONGEST_ADDRESS ? null : address;
}

/** From seconds or milliseconds since 1970, or from an ISO date. */
export function asTimeMs(text: string): number | null {
  const digits = /^\d{9,13}$/.exec(text.trim())?.[0];
  if (digits !== undefined) return Number(digits) * (digits.length > 11 ? 1 : 1_000);
  const parsed = /^\d{4}-\d\d-\d\dT/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(parsed) ? null : parsed;
}

function parse(text: string): URL | null {
  return URL.canParse(text) ? new URL(text) : null;
}

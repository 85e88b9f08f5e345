import * as z from 'zod';
import { isLoopbackHost } from '../text/host.ts';
import { didYouMean } from '../text/suggest.ts';

/** In characters, before anything is put in. */
const LONGEST = 500;
const PLACEHOLDER = /\{([^{}]*)\}/g;
/** What every template can name: the id of the job, and which app it is. */
const COMMON = ['job', 'package', 'versionName', 'versionCode'] as const;

/** What is put into a template; what is not known is `null`. */
export interface PageValues {
  readonly job: string;
  readonly package: string | null;
  readonly versionName: string | null;
  readonly versionCode: number | null;
}

/**
 * The setting `pageUrl` of a backend: the address of the page of a job, with placeholders. Besides the common ones there are the named
 * groups of the pattern of its job ids.
 */
export function pageUrlSetting(jobId: RegExp) {
  const known = [...COMMON, ...groupsOf(jobId)];
  return z
    .string({ error: 'expected an address' })
    .superRefine((template, issues) => {
      const problem = problemOf(template, known);
      if (problem !== null) issues.addIssue({ code: 'custom', message: problem });
    })
    .optional()
    .describe(`Address of the page of a job, with ${known.map((name) => `{${name}}`).join(', ')}; default: none`);
}

/** Why a template cannot be one. Quotes nothing of it but a placeholder that looks like a word. */
function problemOf(template: string, known: readonly string[]): string | null {
  if (template === '') return 'is empty';
  if (template.length > LONGEST) return `is longer than ${LONGEST} characters`;
  // Whatever is put in, the host is the one that was written down.
  if (/[{}]/.test(hostOf(template))) return 'must not have a placeholder before the path';
  const names = [...template.matchAll(PLACEHOLDER)].map(([, name = '']) => name);
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) return `has ${shown(unknown)}; known: ${listed(known)}${didYouMean(unknown, known)}`;
  return problemOfAddress(template.replace(PLACEHOLDER, 'x'));
}

function problemOfAddress(address: string): string | null {
  if (/[{}]/.test(address)) return 'has a brace without its other one';
  if (!/^[!-~]+$/.test(address) || /[\\"'<>`]/.test(address))
    return 'has a character that an address needs percent-encoded';
  const url = hostOf(address) !== '' && URL.canParse(address) ? new URL(address) : null;
  const isSafe =
    url?.protocol === 'https:' || (url !== null && url.protocol === 'http:' && isLoopbackHost(url.hostname));
  if (url === null || !isSafe) return 'must start with https://';
  if (url.username !== '' || url.password !== '') return 'must not contain a user name or password';
  // Signatures live in queries, so no output shows one.
  return address.includes('?') ? 'must not have a query: no output shows the query of an address' : null;
}

/** Scheme and host, as they are written. */
function hostOf(address: string): string {
  return /^[a-z]+:\/\/[^/?#]+/i.exec(address)?.[0] ?? '';
}

function shown(name: string): string {
  return /^\w{1,24}$/.test(name) ? `the unknown placeholder {${name}}` : 'an unknown placeholder';
}

function listed(names: readonly string[]): string {
  return names.map((name) => `{${name}}`).join(', ');
}

/** The page of a job by a template; `null` where a value is not known, or would leave its place in the address. */
export function pageOf(template: string, jobId: RegExp, { job, ...app }: PageValues): string | null {
  const values: Readonly<Record<string, string | number | null | undefined>> = {
    job,
    ...app,
    ...Object.fromEntries(Object.entries(jobId.exec(job)?.groups ?? {}).map(([name, part]) => [name, decoded(part)])),
  };
  let isComplete = true;
  const url = template.replace(PLACEHOLDER, (_, name: string) => {
    const value = String(values[name] ?? '');
    if (value === '' || /^\.+$|\p{Surrogate}/u.test(value)) isComplete = false;
    return isComplete ? encodeURIComponent(value).replace(/[!'()*~]/g, percentEncoded) : '';
  });
  return isComplete ? url : null;
}

/** The names of the groups of a pattern: with an empty way through it, everything matches. */
function groupsOf(pattern: RegExp): string[] {
  return Object.keys(new RegExp(`${pattern.source}|`).exec('')?.groups ?? {});
}

function percentEncoded(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
}

/** A part of an id may be percent-encoded, for it to have its place there. */
function decoded(part: string | undefined): string | undefined {
  try {
    return part === undefined ? undefined : decodeURIComponent(part);
  } catch {
    // Not UTF-8.
    return undefined;
  }
}

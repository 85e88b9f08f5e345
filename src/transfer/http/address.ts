import { PolicyError, UsageError } from '../../contract/errors.ts';
import { bareHost, isLoopbackHost } from '../../contract/text/host.ts';
import { isPrivateAddress } from './connection/address-ranges.ts';

const LONGEST_URL = 16 * 1024;

/**
 * Checks a backend's base address and gives it without trailing slashes. `https:` only, except loopback, since credentials
 * travel to it; no user name, query or fragment. `name` is the setting to mend. Throws `UsageError` or `PolicyError`.
 */
export function checkBaseAddress(value: string, name: string): string {
  const url = URL.canParse(value) ? new URL(value) : null;
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:') || url.hostname === '') {
    throw new UsageError(`${name} ${whyNoAddress(value)}`);
  }
  if (url.username !== '' || url.password !== '') {
    throw new PolicyError(`${name} must not contain a user name or password`, {
      hint: 'credentials have variables of their own',
    });
  }
  if (url.search !== '' || url.hash !== '' || /[?#]/.test(value))
    throw new UsageError(`${name} must not have a query or fragment`);
  if (url.protocol === 'http:' && !isLoopbackHost(url.hostname)) {
    throw new PolicyError(`${name.replace(/:$/, '')}: refusing http: credentials would travel in clear text`, {
      hint: 'use the https:// address',
    });
  }
  return url.href.replace(/\/+$/, '');
}

function whyNoAddress(value: string): string {
  if (/^["'\u2018\u201c]/.test(value)) return 'is in quotes: remove them';
  if (/<[^>]*>/.test(value)) return 'still has a placeholder in angle brackets: replace it';
  return /^https?:\/\/./i.test(value) ? 'is not a valid URL: check its host and port' : 'must start with https://';
}

/** Scheme and host of an address as it is written, with two slashes between them. */
const SCHEME_AND_HOST = /^[a-z][a-z\d+.-]*:\/\/[^/?#\\]+/i;

/**
 * An address as undici wants it. Path and query are what was given, byte for byte, because a signature may cover them; only what cannot stand in
 * a request line (RFC 9112, section 3.2) is percent-encoded, as UTF-8, as browsers do (WHATWG URL, "percent-encode sets"), and a fragment stays
 * here (RFC 9110, section 7.1).
 */
export function requestTarget(address: string): { readonly origin: string; readonly path: string } {
  const given = address.trim();
  const [afterHost = ''] = given.slice(SCHEME_AND_HOST.exec(given)?.[0].length ?? 0).split('#');
  const path = afterHost.startsWith('/') ? afterHost : `/${afterHost}`;
  return { origin: new URL(given).origin, path: path.replace(/[^\x21-\x7e]+/g, percentEncoded) };
}

function percentEncoded(text: string): string {
  return Buffer.from(text, 'utf8').toString('hex').toUpperCase().replace(/../g, '%$&');
}

/**
 * Checks an address that a server gave us. It must be `https:`, without user name, and not an IP literal of a private range;
 * where the backend itself is on loopback or a private address, or is known to be (`isPrivateNetwork`), the same is allowed here. Throws `PolicyError`; never quotes the URL.
 */
export function checkServerAddress(value: string, purpose: string, trusted: string, isPrivateNetwork = false): URL {
  const refuse = (why: string) =>
    new PolicyError(`refusing ${purpose} address (${why})`, {
      hint: 'the server gave an unsafe address: check the base address',
    });
  const unusable = (why: string) =>
    new PolicyError(`refusing ${purpose} address (${why})`, {
      hint: 'the server gave an unusable address: report it to the backend',
    });
  if (value.length > LONGEST_URL) throw unusable('too long');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
  if (/[\x00-\x1f\x7f]/.test(value)) throw unusable('it holds a control character');
  if (!URL.canParse(value)) throw unusable('not a URL');
  const url = new URL(value);
  const base = new URL(trusted);
  const baseIsPrivate = isPrivateNetwork || isLoopbackHost(base.hostname) || isPrivateAddress(bareHost(base.hostname));
  const plainAllowed = url.protocol === 'http:' && isLoopbackHost(url.hostname) && isLoopbackHost(base.hostname);
  if (url.protocol !== 'https:' && !plainAllowed) throw refuse(`scheme ${url.protocol.slice(0, -1)}`);
  if (url.username !== '' || url.password !== '') throw refuse('holds a user name');
  // What is sent is the text, so it must not be read in two ways: "https:host/x" and "https://host\\x" are URLs to some readers.
  if (!SCHEME_AND_HOST.test(value.trim()) || /^[^?#]*\\/.test(value)) throw unusable('not a URL');
  const host = bareHost(url.hostname);
  if (!baseIsPrivate && (isLoopbackHost(url.hostname) || isPrivateAddress(host)))
    throw new PolicyError(`refusing ${purpose} address (private host ${host})`, {
      hint: 'only a backend on a private network may use private addresses: if yours is, exempt it from the proxy (NO_PROXY) or set its base address to an IP address',
    });
  return url;
}

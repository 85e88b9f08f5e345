import { isIP } from 'node:net';
import { PolicyError, UsageError } from '../../contract/errors.ts';
import { isPrivateAddress } from './connection/address-ranges.ts';

const LONGEST_URL = 16 * 1024;

export function isLoopbackHost(hostname: string): boolean {
  const host = bareHost(hostname);
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

/** A host name without the brackets that a URL puts around an IPv6 address. */
export function bareHost(hostname: string): string {
  return hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
}

/**
 * Checks a backend's base address and gives it without trailing slashes. `https:` only, except loopback, since credentials
 * travel to it; no user name, query or fragment. `name` is the setting to mend. Throws `UsageError` or `PolicyError`.
 */
export function checkBaseAddress(value: string, name: string): string {
  const url = URL.canParse(value) ? new URL(value) : null;
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:') || url.hostname === '') {
    throw new UsageError(`${name} must start with https://`);
  }
  if (url.username !== '' || url.password !== '') {
    throw new PolicyError(`${name} must not contain a user name or password`, {
      hint: 'credentials have variables of their own',
    });
  }
  if (url.search !== '' || url.hash !== '' || /[?#]/.test(value))
    throw new UsageError(`${name} must not have a query or fragment`);
  if (url.protocol === 'http:' && !isLoopbackHost(url.hostname)) {
    throw new PolicyError(`${name}: refusing http: credentials would travel in clear text`, {
      hint: 'use the https:// address',
    });
  }
  return url.href.replace(/\/+$/, '');
}

/**
 * Checks an address that a server gave us. It must be `https:`, without user name, and not an IP literal of a private range;
 * where the backend itself is on loopback or a private address, the same is allowed here. Throws `PolicyError`; never quotes the URL.
 */
export function checkServerAddress(value: string, purpose: string, trusted: string): URL {
  const refuse = (why: string) =>
    new PolicyError(`refusing ${purpose} address (${why})`, {
      hint: 'the server gave an unsafe address: check the base address',
    });
  if (value.length > LONGEST_URL) throw refuse('too long');
  if (!URL.canParse(value)) throw refuse('not a URL');
  const url = new URL(value);
  const base = new URL(trusted);
  const baseIsPrivate = isLoopbackHost(base.hostname) || isPrivateAddress(bareHost(base.hostname));
  const plainAllowed = url.protocol === 'http:' && isLoopbackHost(url.hostname) && isLoopbackHost(base.hostname);
  if (url.protocol !== 'https:' && !plainAllowed) throw refuse(`scheme ${url.protocol.slice(0, -1)}`);
  if (url.username !== '' || url.password !== '') throw refuse('holds a user name');
  const host = bareHost(url.hostname);
  if (!baseIsPrivate && (isLoopbackHost(url.hostname) || isPrivateAddress(host))) throw refuse(`private host ${host}`);
  return url;
}

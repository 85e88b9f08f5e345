import { isIP } from 'node:net';

/** This machine, by number or by name: RFC 1122, 4291, and 6761, section 6.3. */
export function isLoopbackHost(hostname: string): boolean {
  const host = bareHost(hostname).replace(/\.$/, '');
  return (
    host === 'localhost' ||
    host.endsWith('.localhost') ||
    host === '::1' ||
    (isIP(host) === 4 && host.startsWith('127.'))
  );
}

/** The same of a host with its port, as receipts have it. */
export function isLoopbackAuthority(host: string): boolean {
  return URL.canParse(`http://${host}`) && isLoopbackHost(new URL(`http://${host}`).hostname);
}

/** A host name without the brackets that a URL puts around an IPv6 address. */
export function bareHost(hostname: string): string {
  return hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
}

import { type LookupAddress, lookup } from 'node:dns';
import { isIP } from 'node:net';
import { bareHost, isLoopbackHost } from '../../../contract/text/host.ts';
import { isPrivateAddress } from './address-ranges.ts';

/** A server's host name resolved to an address that a server on the internet has no business naming. */
export class PrivateAddressRefusal extends Error {
  readonly code = 'APPTOOL_PRIVATE_ADDRESS';
}

const LOOPBACK: readonly LookupAddress[] = [
  { address: '127.0.0.1', family: 4 },
  { address: '::1', family: 6 },
];

/** What the system says; an address is its own. */
export async function systemAddresses(hostname: string): Promise<readonly LookupAddress[]> {
  const host = bareHost(hostname);
  const family = isIP(host);
  if (family !== 0) return [{ address: host, family }];
  if (!host.endsWith('.localhost')) return await askSystem(host);
  // Names below localhost are this machine, and many resolvers do not know it (RFC 6761, section 6.3).
  const found = await askSystem(host).catch(() => []);
  const own = found.filter(({ address }) => isLoopbackHost(address));
  return own.length > 0 ? own : LOOPBACK;
}

function askSystem(host: string): Promise<readonly LookupAddress[]> {
  return new Promise((resolve, reject) =>
    lookup(host, { all: true }, (error, addresses) => (error === null ? resolve(addresses) : reject(error))),
  );
}

export interface Resolver {
  /** Rejects with `PrivateAddressRefusal` for a host that only a server named, and that is on a private network while the backend is not. */
  addressesOf(hostname: string): Promise<readonly LookupAddress[]>;
  /** Whether the configured hosts are known to be private: each of their addresses is. */
  isPrivate(): boolean;
}

/** `trusted` are the hosts that the user configured: they may resolve to anything, and by what they resolve to the others are judged. */
export function createResolver(trusted: readonly string[]): Resolver {
  const isPrivate = (host: string): boolean => isLoopbackHost(host) || isPrivateAddress(bareHost(host));
  const trustedHosts = new Set(trusted.map(bareHost));
  const literals = [...trustedHosts].filter((host) => isIP(host) !== 0 || isLoopbackHost(host));
  let isAnyPrivate = literals.some(isPrivate);
  // A single public address makes a base address a public one: whoever answers there has no business in this network.
  let isAnyPublic = !literals.every(isPrivate);
  const areTrustedPrivate = (): boolean => isAnyPrivate && !isAnyPublic;
  return {
    isPrivate: areTrustedPrivate,
    async addressesOf(hostname) {
      const addresses = await systemAddresses(hostname);
      const found = addresses.map(({ address }) => isPrivateAddress(address));
      const isTrusted = trustedHosts.has(bareHost(hostname));
      // What is private as it is spelled, localhost say, has been counted.
      if (isTrusted && !isPrivate(hostname)) {
        isAnyPrivate ||= found.includes(true);
        isAnyPublic ||= found.includes(false);
      }
      if (!isTrusted && found.includes(true) && !areTrustedPrivate())
        throw new PrivateAddressRefusal('private address');
      return addresses;
    },
  };
}

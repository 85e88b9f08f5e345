import { BlockList, isIP } from 'node:net';

/**
 * What is no host of the public internet: the special-purpose registries of IANA (https://www.iana.org/assignments/iana-ipv4-special-registry,
 * https://www.iana.org/assignments/iana-ipv6-special-registry) but for the ranges of documentation, and what clouds answer on.
 */
const PRIVATE_IPV4: readonly (readonly [network: string, prefix: number])[] = [
  ['0.0.0.0', 8], // this network: RFC 791
  ['10.0.0.0', 8], // RFC 1918
  ['100.64.0.0', 10], // carrier-grade NAT: RFC 6598
  ['127.0.0.0', 8], // loopback: RFC 1122
  ['168.63.129.16', 32], // Azure's host: https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16
  ['169.254.0.0', 16], // link-local, and the metadata of most clouds: RFC 3927
  ['172.16.0.0', 12], // RFC 1918
  ['192.0.0.0', 24], // protocol assignments, and Oracle's metadata: RFC 6890
  ['192.88.99.0', 24], // 6to4 relays: RFC 7526
  ['192.168.0.0', 16], // RFC 1918
  ['198.18.0.0', 15], // benchmarks: RFC 2544
  ['224.0.0.0', 4], // multicast: RFC 5771
  ['240.0.0.0', 4], // reserved, and broadcast: RFC 1112
];

const PRIVATE_IPV6: readonly (readonly [network: string, prefix: number])[] = [
  ['::', 96], // unspecified, loopback, IPv4-compatible: RFC 4291
  ['64:ff9b:1::', 48], // NAT64 of a network's own: RFC 8215
  ['100::', 64], // discard: RFC 6666
  ['2001::', 23], // protocol assignments, Teredo, benchmarks, ORCHID: RFC 2928
  ['5f00::', 16], // segment routing: RFC 9602
  ['fc00::', 7], // unique local: RFC 4193
  ['fe80::', 10], // link-local: RFC 4291
  ['fec0::', 10], // site-local: RFC 3879
  ['ff00::', 8], // multicast: RFC 4291
];

/** IPv6 addresses in which an IPv4 address is carried, and the group at which it begins: they lead where that leads. */
const CARRIERS: readonly (readonly [network: string, prefix: number, group: number])[] = [
  ['::ffff:0:0', 96, 6], // mapped: RFC 4291
  ['::ffff:0:0:0', 96, 6], // translated: RFC 2765
  ['64:ff9b::', 96, 6], // NAT64: RFC 6052
  ['2002::', 16, 1], // 6to4: RFC 3056
];

const RANGES = new BlockList();
for (const [network, prefix] of PRIVATE_IPV4) RANGES.addSubnet(network, prefix, 'ipv4');
for (const [network, prefix] of PRIVATE_IPV6) RANGES.addSubnet(network, prefix, 'ipv6');

const CARRIER_RANGES = CARRIERS.map(([network, prefix, group]) => {
  const range = new BlockList();
  range.addSubnet(network, prefix, 'ipv6');
  return { range, group };
});

/** True for an IP address, in any spelling, that is not one of a host on the public internet. */
export function isPrivateAddress(address: string): boolean {
  const [plain = ''] = address.split('%');
  const family = isIP(plain);
  if (family === 0) return false;
  if (family === 4) return RANGES.check(plain, 'ipv4');
  const carrier = CARRIER_RANGES.find(({ range }) => range.check(plain, 'ipv6'));
  return carrier === undefined ? RANGES.check(plain, 'ipv6') : RANGES.check(carriedIn(plain, carrier.group), 'ipv4');
}

/** The IPv4 address in the two groups of an IPv6 address from `group` on. */
function carriedIn(address: string, group: number): string {
  // A URL's host has no dotted part and at most one gap.
  const [head = '', tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const groups = [...before, ...Array.from({ length: 8 - before.length - after.length }, () => '0'), ...after];
  const [high = 0, low = 0] = groups.slice(group, group + 2).map((digits) => Number.parseInt(digits, 16));
  return [high >> 8, high & 0xff, low >> 8, low & 0xff].join('.');
}

import { describe, expect, test } from 'vitest';
import { checkServerAddress } from '../../src/transfer/http/address.ts';
import { isPrivateAddress } from '../../src/transfer/http/connection/address-ranges.ts';

// One address of each range of IANA's registries of special purposes, and the ways in which an IPv4 address is carried in an IPv6 one.

const PRIVATE_IPV4 = [
  ...['0.0.0.0', '0.255.255.255', '10.0.0.1', '100.64.0.1', '100.127.255.255', '127.0.0.1', '127.255.255.254'],
  ...['168.63.129.16', '169.254.169.254', '172.16.0.1', '172.31.255.255', '192.0.0.192', '192.88.99.1', '192.168.1.1'],
  ...['198.18.0.1', '198.19.255.255', '224.0.0.1', '239.255.255.255', '240.0.0.1', '255.255.255.255'],
];
const PUBLIC_IPV4 = [
  ...['1.1.1.1', '9.255.255.255', '11.0.0.0', '100.63.255.255', '100.128.0.0', '126.255.255.255', '128.0.0.0'],
  ...[
    '168.63.129.15',
    '169.253.255.255',
    '172.15.255.255',
    '172.32.0.0',
    '192.0.1.1',
    '192.167.255.255',
    '198.17.255.255',
  ],
  ...['198.20.0.0', '203.0.113.10', '223.255.255.255'],
];
const PRIVATE_IPV6 = [
  ...['::', '::1', '::127.0.0.1', '::8.8.8.8', '64:ff9b:1::1', '100::1', '2001::1', '2001:2::1', '5f00::1', 'fc00::1'],
  ...['fd00:ec2::254', 'fe80::1', 'fe80::1%eth0', 'febf::1', 'fec0::1', 'ff02::1', 'FE80:0:0:0:0:0:0:1'],
];
const PUBLIC_IPV6 = ['2606:4700:4700::1111', '2a00:1450:4001::1', '2400:cb00::1', '2001:4860:4860::8888'];

const hex = (address: string) =>
  (address.match(/\d+/g) ?? [])
    .map((part) => Number(part).toString(16).padStart(2, '0'))
    .join('')
    .replace(/^(....)/, '$1:');
const CARRIERS: readonly (readonly [string, (address: string) => string])[] = [
  ['mapped', (address) => `::ffff:${address}`],
  ['mapped, in hex', (address) => `::ffff:${hex(address)}`],
  ['mapped, at full length', (address) => `0:0:0:0:0:ffff:${hex(address)}`],
  ['translated', (address) => `::ffff:0:${address}`],
  ['NAT64', (address) => `64:ff9b::${address}`],
  ['NAT64, in hex', (address) => `64:ff9b::${hex(address)}`],
  ['6to4', (address) => `2002:${hex(address)}::1`],
];

describe('an address that is no host of the internet', () => {
  test.each([...PRIVATE_IPV4, ...PRIVATE_IPV6])('%s', (address) => {
    expect(isPrivateAddress(address)).toBe(true);
  });

  test.each([...PUBLIC_IPV4, ...PUBLIC_IPV6, 'example.com', ''])('not %j', (address) => {
    expect(isPrivateAddress(address)).toBe(false);
  });

  test.each(CARRIERS)('leads where the IPv4 address in it leads: %s', (_, write) => {
    expect(PRIVATE_IPV4.filter((address) => !isPrivateAddress(write(address)))).toEqual([]);
    expect(PUBLIC_IPV4.filter((address) => isPrivateAddress(write(address)))).toEqual([]);
  });

  test('is refused in any address that a server gives', () => {
    const urls = [
      ...PRIVATE_IPV4.map((address) => `https://${address}/x`),
      ...PRIVATE_IPV6.filter((address) => !address.includes('%')).map((address) => `https://[${address}]/x`),
      ...CARRIERS.flatMap(([, write]) => PRIVATE_IPV4.map((address) => `https://[${write(address)}]/x`)),
    ];
    const taken = urls.filter((url) => {
      try {
        checkServerAddress(url, 'upload', 'https://api.example');
        return true;
      } catch {
        return false;
      }
    });

    expect(taken).toEqual([]);
  });
});

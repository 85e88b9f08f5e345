import { expect, test } from 'vitest';
import { retryAfterMs } from '../../src/transfer/http/retry-after.ts';

const NOW = new Date('2026-11-22T12:00:00Z');

test.each([
  ['seconds', '7', 7_000],
  ['zero', '0', 0],
  ['seconds with spaces', ' 12 ', 12_000],
  ['an HTTP date', 'Sun, 22 Nov 2026 12:00:30 GMT', 30_000],
  ['a date far away', 'Fri, 31 Dec 9999 23:59:59 GMT', Date.parse('9999-12-31T23:59:59Z') - NOW.getTime()],
])('F-HTTP-04: reads %s', (_, header, expected) => {
  expect(retryAfterMs(header, NOW)).toBe(expected);
});

test.each([
  'abc',
  '-5',
  '',
  '1e9',
  'NaN',
  '0x10',
  '1.5',
  'Sun, 22 Nov 2026 11:59:00 GMT',
  '99999999999999999999',
  'Sun, 99 Foo 2026',
])('F-HTTP-06: takes no wait from %j', (header) => {
  expect(retryAfterMs(header, NOW)).toBeNull();
});

test('takes no wait from a header that is missing or came twice', () => {
  expect(retryAfterMs(undefined, NOW)).toBeNull();
  expect(retryAfterMs(['1', '2'], NOW)).toBeNull();
});

import { expect, test } from 'vitest';
import { chooseProxy } from '../../src/transfer/http/connection/proxy-choice.ts';

const BOTH = { httpProxy: 'http://plain:1', httpsProxy: 'http://secure:2', noProxy: '' };

// What undici does with the same settings is tested with real proxies, in test/cli/network.test.ts and test/cli/doctor.test.ts.
test.each([
  ['https://api.example', BOTH, 'http://secure:2'],
  ['http://127.0.0.1:80', BOTH, 'http://plain:1'],
  ['https://api.example', { ...BOTH, httpsProxy: '' }, 'http://plain:1'],
  ['http://127.0.0.1:80', { ...BOTH, httpProxy: '' }, null],
  ['https://api.example', { ...BOTH, noProxy: '*' }, null],
  ['https://api.example', { ...BOTH, noProxy: 'other.example, API.example' }, null],
  ['https://api.example', { ...BOTH, noProxy: '.example' }, null],
  ['https://api.example', { ...BOTH, noProxy: '*.example' }, null],
  ['https://api.example', { ...BOTH, noProxy: 'pi.example' }, 'http://secure:2'],
  ['https://api.example', { ...BOTH, noProxy: 'api.example:443' }, null],
  ['https://api.example:8443', { ...BOTH, noProxy: 'api.example:443' }, 'http://secure:2'],
  ['https://[::1]:8443', { ...BOTH, noProxy: '[::1]' }, null],
] as const)('a request to %s with %j goes through %s', (url, proxies, expected) => {
  expect(chooseProxy(new URL(url), proxies).proxy).toBe(expected);
});

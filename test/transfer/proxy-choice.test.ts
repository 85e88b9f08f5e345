import { spawn, spawnSync } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { chooseProxy, idleExceptions, proxyAuthorization } from '../../src/transfer/http/connection/proxy-choice.ts';

const BOTH = { httpProxy: 'http://plain:1', httpsProxy: 'http://secure:2', noProxy: '' };
const CURL_VERSION = /^curl (\d+)\.(\d+)/.exec(spawnSync('curl', ['--version'], { encoding: 'utf8' }).stdout ?? '');
/** Networks in NO_PROXY came with curl 7.86, and the last of their faults went with 7.88. */
const hasCurl = CURL_VERSION !== null && Number(CURL_VERSION[1]) * 100 + Number(CURL_VERSION[2]) >= 788;

test.each([
  ['https://api.example', BOTH, 'http://secure:2'],
  ['http://127.0.0.1:80', BOTH, 'http://plain:1'],
  // A proxy for http alone, an apt cache say, is none for https.
  ['https://api.example', { ...BOTH, httpsProxy: '' }, null],
  ['http://127.0.0.1:80', { ...BOTH, httpProxy: '' }, null],
] as const)('a request to %s with %j goes through %s', (url, proxies, expected) => {
  expect(chooseProxy(new URL(url), proxies).proxy).toBe(expected);
});

/** What curl says, too. */
const AS_CURL = [
  ['127.0.0.1', '127.0.0.1', 'direct'],
  ['127.0.0.1', '127.0.0.0/8', 'direct'],
  ['127.0.0.1', '127.0.0.1/32', 'direct'],
  ['127.0.0.1', '127.0.0.1/33', 'proxy'],
  ['127.0.0.1', '127', 'proxy'],
  ['127.0.0.1', '0.0.1', 'proxy'],
  ['127.0.0.1', '.0.0.1', 'proxy'],
  ['10.1.2.3', '10.0.0.0/8', 'direct'],
  ['10.1.2.3', '10.0.0.0/16', 'proxy'],
  ['10.1.2.3', '10.1/16', 'proxy'],
  ['10.1.2.3', 'other.example 10.1.2.3', 'direct'],
  ['[::1]', '::1', 'direct'],
  ['[::1]', '127.0.0.1', 'proxy'],
  ['api.example', '*', 'direct'],
  ['api.example', 'localhost,*', 'proxy'],
  ['api.example', 'api.example', 'direct'],
  ['api.example', 'API.Example', 'direct'],
  ['api.example', 'example', 'direct'],
  ['api.example', '.example', 'direct'],
  ['api.example', '.api.example', 'direct'],
  ['api.example', 'api.example.', 'direct'],
  ['api.example.', 'api.example', 'direct'],
  ['api.example', 'pi.example', 'proxy'],
  ['api.example', 'api.example.com', 'proxy'],
  ['api.example', '10.0.0.0/8', 'proxy'],
  ['api.example', 'http://api.example', 'proxy'],
  ['api.example', 'a;api.example', 'proxy'],
  ['api.example', 'a , b, api.example', 'direct'],
  ['api.example', ',,api.example,,', 'direct'],
  ['api.example', '.', 'proxy'],
] as const;

/** What is said in our docs alone. */
const MORE_THAN_CURL = [
  ['api.example', '*.example', 'direct'],
  ['example', '*.example', 'direct'],
  ['api.example', 'api.example:80', 'direct'],
  ['api.example:8080', 'api.example:80', 'proxy'],
  ['10.1.2.3', '10.0.0.0/8:80', 'direct'],
  ['10.1.2.3:81', '10.1.2.3:80', 'proxy'],
  ['10.1.2.3', '0.0.0.0/0', 'direct'],
  ['127.0.0.1', '127.0.0.1.', 'direct'],
  ['[::1]', '[::1]', 'direct'],
  ['[::1]', '[::1]:80', 'direct'],
  ['[::1]:81', '[::1]:80', 'proxy'],
  ['[::1]', '[::1]/128', 'direct'],
  ['[::1]', '[::1/128]', 'direct'],
  ['[::1]', '0:0:0:0:0:0:0:1', 'direct'],
  // Faults of curl 7.88.
  ['[::1]', '::1/128', 'direct'],
  ['[fd00::5]', 'FD00::/8', 'direct'],
  ['[fd00::5]', 'fe00::/16', 'proxy'],
  ['[fd00::5]', 'fd00::/129', 'proxy'],
  ['api.example', ' * ', 'direct'],
  // A name as people write it; a request has its ASCII form.
  ['bücher.example', 'bücher.example', 'direct'],
  ['api.bücher.example', 'BÜCHER.example', 'direct'],
  ['bücher.example', '*.xn--bcher-kva.example', 'direct'],
  ['bücher.example', 'bucher.example', 'proxy'],
] as const;

describe('F-NET-36: NO_PROXY', () => {
  test.each([...AS_CURL, ...MORE_THAN_CURL])('a request to %s with %j goes %s', (host, noProxy, way) => {
    for (const scheme of ['http', 'https']) {
      // A port in the list is that of http here.
      const url = new URL(`${scheme}://${scheme === 'https' && !/:\d+$/.test(host) ? `${host}:80` : host}`);

      expect(chooseProxy(url, { ...BOTH, noProxy }).proxy === null ? 'direct' : 'proxy').toBe(way);
    }
  });

  test.each([
    ['*', []],
    ['localhost, .example.com,*.example.org,10.0.0.0/8,::1 [::1]:8443,host:80,1.2.3.4.,intra,ünï.example', []],
    ['localhost,*', ['*']],
    [
      'http://api.example,a;b,10.0.0.0/33,api.*,10.1/16,fd00::/129,.',
      ['http://api.example', 'a;b', '10.0.0.0/33', 'api.*', '10.1/16', 'fd00::/129', '.'],
    ],
    // Quotes that an env file kept, the list of Java, the word of Windows, the start of an address, a range.
    ['"api.example,localhost"', ['"api.example', 'localhost"']],
    ["'intra'", ["'intra'"]],
    ['a.example|b.example,<local>', ['a.example|b.example', '<local>']],
    ['10.,192.168,10.0.0.1-10.0.0.9', ['10.', '192.168', '10.0.0.1-10.0.0.9']],
  ])('of %j, %j can match nothing', (noProxy, idle) => {
    expect(idleExceptions(noProxy)).toEqual(idle);
  });

  test.runIf(hasCurl)('is what curl makes of it', async () => {
    let asked = false;
    const proxy = createServer((_, response) => {
      asked = true;
      response.end();
    });
    // With --connect-to, curl asks for a tunnel.
    proxy.on('connect', (_, socket) => {
      asked = true;
      socket.end('HTTP/1.1 502 No\r\n\r\n');
    });
    const origin = createServer((_, response) => response.end());
    for (const server of [proxy, origin]) {
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      onTestFinished(() => void server.close());
    }
    const [proxyPort, originPort] = [proxy, origin].map((server) => (server.address() as AddressInfo).port);

    const ways: string[][] = [];
    for (const [host, noProxy] of AS_CURL) {
      asked = false;
      const args = ['-s', '-o', '/dev/null', '--connect-to', `::127.0.0.1:${originPort}`, `http://${host}/`];
      const env = { PATH: process.env.PATH, http_proxy: `http://127.0.0.1:${proxyPort}`, no_proxy: noProxy };
      await new Promise((resolve) => spawn('curl', args, { env, stdio: 'ignore' }).once('close', resolve));
      ways.push([host, noProxy, asked ? 'proxy' : 'direct']);
    }

    expect(ways).toEqual(AS_CURL.map((row) => [...row]));
  });
});

describe('F-NET-37: the credentials of a proxy', () => {
  test.each([
    ['http://user:pass@proxy:1', 'user:pass'],
    ['http://proxy:1', null],
    ['http://user@proxy:1', 'user:'],
    ['http://:pass@proxy:1', ':pass'],
    ['http://ci:a6%6qgx@proxy:1', 'ci:a6%6qgx'],
    ['http://ci:100%@proxy:1', 'ci:100%'],
    ['http://ci:%%41%4@proxy:1', 'ci:%A%4'],
    ['http://ci:p%40ss%23w%25rd%3D%3B@proxy:1', 'ci:p@ss#w%rd=;'],
    ['http://ci:p^"ss @proxy:1', 'ci:p^"ss '],
    ['http://Jörg:geheim%C3%BC@proxy:1', 'Jörg:geheimü'],
  ])('%s are %j', (proxy, expected) => {
    const sent = proxyAuthorization(new URL(proxy));

    expect(sent && Buffer.from(sent.replace(/^Basic /, ''), 'base64').toString('utf8')).toBe(expected);
  });
});

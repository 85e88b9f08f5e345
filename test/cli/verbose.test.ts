import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Fault, faultProxy } from '../../src/testing/fault-proxy.ts';
import { faults } from '../../src/testing/faults.ts';
import { bigApk, copyFixture, temporaryFolder } from '../../src/testing/files.ts';
import { sandbox } from '../../src/testing/sandbox.ts';
import { runCli } from '../support/cli.ts';

const MIB = 1024 * 1024;
const STATUS = { method: 'GET', path: /\/automate\/status\// };

async function setUp(planned: Parameters<typeof faultProxy>[1] = [], options: Parameters<typeof sandbox>[0] = {}) {
  const cwd = await temporaryFolder();
  await copyFixture('v2.apk', cwd, 'app.apk');
  const proxy = await faultProxy(await sandbox({ processingMs: 0, ...options }), planned);
  const run = (line: string) => runCli(line.split(' '), { cwd, env: proxy.variables, isFast: true });
  return { cwd, proxy, run };
}

/** Of lines that tell requests: method, path, and what came of it. */
function requestsIn(stderr: string): string[] {
  return [...stderr.matchAll(/^(GET|PUT|POST) 127\.0\.0\.1:\d+(\S*): (.*?) in \d+(?:\.\d)? m?s(.*)$/gm)].map(
    ([, method, path, result, nth]) => `${method} ${path?.replace(/\d{5,}/, 'N')} ${result}${nth}`,
  );
}

/** The query of a signed address, and what may be secret in there. */
function secretsOf({ path }: { readonly path: string }): readonly string[] {
  const [, query = ''] = path.split('?');
  return [query, ...[...new URLSearchParams(query).values()].filter((value) => value.length > 16)];
}

describe('--verbose', () => {
  test('tells every request with its status, and which try it was; without it none is told', async () => {
    const { run } = await setUp([{ ...STATUS, fault: faults.answer(503, { error: 'busy' }) }]);

    const told = await run('protect app.apk -e prod --poll-interval 20ms -v');
    const usual = await run('protect app.apk -e prod --poll-interval 20ms -f');

    expect(told.code, told.stderr).toBe(0);
    const api = requestsIn(told.stderr).filter((one) => one.includes('/automate/'));
    expect(api).toEqual([
      'POST /apptego/automate/upload 200',
      'GET /apptego/automate/status/N 503',
      'GET /apptego/automate/status/N 200',
      'GET /apptego/automate/download/N 200',
    ]);
    expect(told.stderr).toMatch(/^PUT 127\.0\.0\.1:\d+\S*: 200 in /m);
    expect(requestsIn(usual.stderr)).toEqual([]);
  });

  test('tells of a try that got no response, why, and the next one', async () => {
    const { run } = await setUp([{ ...STATUS, fault: faults.resetAtOnce() }]);

    const { stderr } = await run('status apptego:1700000000 -v');

    expect(requestsIn(stderr)).toEqual([
      'GET /apptego/automate/status/N no response (connection closed)',
      'GET /apptego/automate/status/N 404, try 2',
    ]);
    expect(stderr).toMatch(/connection closed; try 2 in \d/);
  });

  test('no secret, query or signature is in what it tells, on stderr or as an event', async () => {
    const { cwd, proxy, run } = await setUp([], { multipartFromBytes: 1, chunkSizeBytes: 5 * MIB });
    await bigApk(join(cwd, 'app.apk'), 6 * MIB, 'hole');

    const { code, stderr } = await run('protect app.apk -e prod --poll-interval 20ms -v --events e.ndjson');
    const events = await readFile(join(cwd, 'e.ndjson'), 'utf8');

    expect(code, stderr).toBe(0);
    const requests = events.split('\n').filter((line) => line.includes('"http.request"'));
    expect(requests.length).toBe(stderr.match(/^(?:GET|PUT|POST) 127/gm)?.length);
    const signed = proxy.seen.filter(({ path }) => path.includes('?'));
    expect(signed.length).toBeGreaterThanOrEqual(3);
    const [, secret = 'none'] = (proxy.variables.APPTEGO_API_KEY ?? '').split(':');
    for (const hidden of [secret, ...signed.flatMap(secretsOf)]) expect(stderr + events).not.toContain(hidden);
    for (const line of requests) expect((JSON.parse(line) as { path: string }).path).not.toContain('?');
  });

  test('a signed path is not told, however long it is', async () => {
    const path = `/objects/${'a1b2c3d4e5f6'.repeat(40)}/app.apk`;
    const redirect: Fault = (exchange) => {
      const location = `http://${exchange.request.headers.host}${path}`;
      exchange.reply({ status: 302, headers: { location, 'content-length': '0' }, body: Buffer.alloc(0) });
    };
    const { cwd, proxy, run } = await setUp([{ method: 'GET', path: /[?&]X-Amz-/, fault: redirect }]);

    const { stderr } = await run('protect app.apk -e prod --poll-interval 20ms -v --events e.ndjson');
    const events = await readFile(join(cwd, 'e.ndjson'), 'utf8');

    expect(proxy.seen.map((one) => one.path)).toContain(path);
    expect(stderr + events).not.toContain('a1b2c3d4e5f6');
  });
});

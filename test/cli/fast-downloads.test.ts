import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type Fault, faultProxy, type PlannedFault } from '../../src/testing/fault-proxy.ts';
import { bigApk, copyFixture, ROOT, temporaryFolder } from '../../src/testing/files.ts';
import { sandbox } from '../../src/testing/sandbox.ts';
import { runCli } from '../support/cli.ts';
import { takesTurn } from '../support/share.ts';

/** To the program, its clock going five times slower than the world, the links look five times faster than they are. */
const SLOW_TIME = {
  NODE_OPTIONS: `--import ${join(ROOT, 'test', 'support', 'fast-time.mjs')}`,
  FAST_TIME_FACTOR: '0.2',
};

/**
 * At each of these speeds (MB/s), more connections are wanted at another moment; at some, when the last piece is being brought. One of them a day.
 */
const SPEEDS = [5, 6, 7];

/** A store that gives each connection so many bytes a second, and no more. */
function capped(file: Buffer, bytesPerSecond: number): Fault {
  return ({ request, response }) => {
    const [, first = '0', last] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? [];
    const start = Number(first);
    const end = last ? Number(last) + 1 : file.length;
    response.writeHead(request.headers.range === undefined ? 200 : 206, {
      'content-length': end - start,
      'content-range': `bytes ${start}-${end - 1}/${file.length}`,
      'accept-ranges': 'bytes',
      etag: '"v1"',
    });
    const startedAt = performance.now();
    let at = start;
    const timer = setInterval(() => {
      const due = start + Math.ceil(((performance.now() - startedAt) * bytesPerSecond) / 1000);
      response.write(file.subarray(at, Math.min(end, due)));
      at = Math.min(end, due);
      if (at === end) response.end();
      if (at === end || response.destroyed) clearInterval(timer);
    }, 5);
  };
}

test('a file worth several connections is fetched to its end, at whatever speed the store gives each of them', async () => {
  const folder = await temporaryFolder();
  let fault: Fault = async (exchange) => exchange.reply(await exchange.forward(await exchange.readBody()));
  const planned: PlannedFault = {
    origin: 'storage',
    method: 'GET',
    times: Number.POSITIVE_INFINITY,
    fault: (exchange) => fault(exchange),
  };
  const { variables } = await faultProxy(await sandbox(), [planned]);
  await copyFixture('unsigned.apk', folder, 'app.apk');
  const line = ['protect', 'app.apk', '-e', 'dev', '--poll-interval', '50ms', '-o', 'first.apk', '--receipt', 'r.json'];
  const protecting = await runCli(line, { env: variables, cwd: folder });
  expect([protecting.code, protecting.stderr]).toEqual([0, expect.any(String)]);
  // What the store has for the same job from now on.
  const file = await readFile(await bigApk(join(folder, 'big.apk'), 72_000_000));

  for (const megabytesPerSecond of SPEEDS.filter((_, index) => takesTurn(index, SPEEDS.length))) {
    fault = capped(file, megabytesPerSecond * 1_000_000);
    const out = `out-${megabytesPerSecond}.apk`;

    const result = await runCli(['download', 'r.json', '-o', out], {
      env: { ...variables, ...SLOW_TIME },
      cwd: folder,
    });

    expect([megabytesPerSecond, result.code, result.stderr]).toEqual([megabytesPerSecond, 0, expect.any(String)]);
    expect((await readFile(join(folder, out))).equals(file)).toBe(true);
  }
}, 120_000);

import { spawnSync } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { faultProxy } from '../../src/testing/fault-proxy.ts';
import { faults } from '../../src/testing/faults.ts';
import { bigApk, copyFixture, temporaryFolder } from '../../src/testing/files.ts';
import { sandbox } from '../../src/testing/sandbox.ts';
import { runProcess, startCli } from '../support/cli.ts';
import { forEach, LINES, MAKERS, makeThings, setUp } from '../support/command-lines.ts';
import { connectProxy } from '../support/connect-proxy.ts';
import { CA_FILE, tlsFront } from '../support/tls-front.ts';

// The built command line on other versions of Node.js than that of the tests: `scripts/smoke.mjs` gets them, and names them in APPTOOL_NODES.

const NODES = (process.env.APPTOOL_NODES ?? process.execPath).split(':').map((node) => {
  const { stdout } = spawnSync(node, ['--version'], { encoding: 'utf8' });
  return [stdout.trim(), node] as const;
});
const QUICK = ['-e', 'prod', '--poll-interval', '50ms'];

describe.each(NODES)('Node.js %s', (version, node) => {
  test('starts: its engine knows our flags, and it warns of nothing', async () => {
    const result = await runProcess(['backends'], { node });

    expect(version).toMatch(/^v\d+/);
    expect(result).toMatchObject({ code: 0, stderr: '', stdout: expect.stringContaining('apptego') });
  });

  test('keeps its compiled code where it can, unless it is not to', async () => {
    const home = await temporaryFolder();
    const keepsCode = Number(/^v(\d+)/.exec(version)?.[1]) >= 22;
    const folder = join(home, '.cache', 'apptool');
    const off = await runProcess(['backends'], { node, env: { HOME: home, NODE_DISABLE_COMPILE_CACHE: '1' } });
    const before = await readdir(folder).catch(() => []);

    const on = await runProcess(['backends'], { node, env: { HOME: home } });

    expect([off.code, on.code]).toEqual([0, 0]);
    expect(before).toEqual([]);
    expect((await readdir(folder).catch(() => [])).length).toBe(keepsCode ? 1 : 0);
    expect(await runProcess(['backends'], { node, env: { HOME: home } })).toEqual(on);
  });

  test('runs each command once', async () => {
    const { works } = await setUp(node);
    const made = await makeThings(works);

    await forEach(Object.entries(LINES), async ([command, line]) => {
      if (!MAKERS.includes(command)) await works(command, line.works(made));
    });
  }, 180_000);

  test('brings 110 MB up in parts, and the output back', async () => {
    const folder = await temporaryFolder();
    const box = await sandbox({ processingMs: 0, appearMs: 0 });
    const file = await bigApk(join(folder, 'app.apk'), 110_000_000);

    const result = await runProcess(['protect', file, ...QUICK], { node, env: box.variables });

    expect(result.code, result.stderr).toBe(0);
    expect(result.stderr).toContain('in 11 parts');
    expect((await readdir(folder)).sort()).toEqual(['app-protected.apk', 'app.apk']);
  }, 120_000);

  test('is stopped while it sends, and removes the parts', async () => {
    const folder = await temporaryFolder();
    const box = await sandbox();
    const silent = { origin: 'storage', method: 'PUT', after: 3, times: 1_000, fault: faults.silence() } as const;
    const proxy = await faultProxy(box, [silent]);
    const file = await bigApk(join(folder, 'app.apk'), 110_000_000);
    const running = startCli(['protect', file, ...QUICK], { node, env: proxy.variables });
    await expect.poll(() => proxy.struck[0], { timeout: 60_000 }).toBeGreaterThan(0);

    running.child.kill('SIGTERM');
    const result = await running.result;

    expect(result).toMatchObject({ code: 143, signal: null });
    expect(box.store.openUploads()).toEqual([]);
    expect(await readdir(folder)).toEqual(['app.apk']);
  }, 120_000);

  test('goes through a proxy, by https, with a company CA', async () => {
    const front = await tlsFront(await sandbox({ processingMs: 0, appearMs: 0 }));
    const proxy = await connectProxy();
    const file = await copyFixture('v2.apk', await temporaryFolder());
    const env = { ...front.variables, NODE_EXTRA_CA_CERTS: CA_FILE, HTTPS_PROXY: proxy.url };

    const result = await runProcess(['protect', file, ...QUICK], { node, env });

    expect(result.code, result.stderr).toBe(0);
    expect(proxy.tunnels.length).toBeGreaterThan(0);
    expect(proxy.plain).toEqual([]);
  }, 60_000);
});

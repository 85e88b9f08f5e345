import { spawn, spawnSync } from 'node:child_process';
import { mkdir, readdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { artifactAt } from '../../src/testing/artifacts.ts';
import { atEnd } from '../../src/testing/cleanup.ts';
import { type Fault, type FaultProxy, faultProxy, type PlannedFault } from '../../src/testing/fault-proxy.ts';
import { faults } from '../../src/testing/faults.ts';
import { bigApk, copyFixture, ROOT, temporaryFolder } from '../../src/testing/files.ts';
import { sandbox } from '../../src/testing/sandbox.ts';
import { cleanEnvironment, type RunningCli, startCli } from '../support/cli.ts';
import { takesTurn } from '../support/share.ts';
import { strangeMachine } from '../support/strange-machine.ts';

const MIB = 1024 * 1024;
const QUICK = ['-e', 'prod', '--poll-interval', '50ms'];
const PART = { origin: 'storage', method: 'PUT', path: /^\/part\// } as const;
const OBJECT = { origin: 'storage', method: 'PUT', path: /^\/object\// } as const;
const IN_PARTS = { multipartFromBytes: 1, chunkSizeBytes: 5 * MIB };
const hasNpx = spawnSync('npx', ['--version']).status === 0;

async function struck(proxy: FaultProxy): Promise<void> {
  await expect.poll(() => proxy.struck[0], { timeout: 20_000, interval: 10 }).toBeGreaterThan(0);
}

describe('F-SIG-05: a signal while the file goes out in one PUT', () => {
  async function stopped(sizeBytes: number, planned: PlannedFault, isTime: (proxy: FaultProxy) => boolean) {
    const folder = await temporaryFolder();
    const box = await sandbox();
    const proxy = await faultProxy(box, [planned]);
    const file = await bigApk(join(folder, 'app.apk'), sizeBytes);
    const running = startCli(['protect', file, ...QUICK], { env: proxy.variables });
    await expect.poll(() => isTime(proxy), { timeout: 20_000, interval: 10 }).toBe(true);
    running.child.kill('SIGINT');
    return { result: await running.result, box };
  }

  test('before its last byte: nothing has landed, and it says so', async () => {
    // More than the kernel takes from us before the server reads.
    const planned = { ...OBJECT, fault: faults.silence() };
    const { result, box } = await stopped(60 * MIB, planned, ({ struck: [count = 0] }) => count > 0);

    expect(result.code).toBe(130);
    expect(result.stderr).toContain('hint: no build was started; the uploaded data was removed');
    expect(box.store.stored()).toEqual([]);
  });

  test('after its last byte: it may have landed, and it says so', async () => {
    let isOut = false;
    const fault: Fault = async (exchange) => {
      await exchange.readBody();
      isOut = true;
    };
    const { result } = await stopped(MIB, { ...OBJECT, fault }, () => isOut);

    expect(result.code).toBe(130);
    expect(result.stderr).toContain(
      'hint: the job may still be running on the server; to keep waiting: apptool wait apptego:',
    );
  });
});

test('F-SIG-08: a signal while the output is put in place leaves it whole, and the run is told as stopped', async () => {
  const folder = await temporaryFolder();
  const box = await sandbox();
  const file = await copyFixture('v2.apk', folder, 'app.apk');
  const strange = strangeMachine({ calls: [{ call: 'sync', file: '.partial', signal: 'SIGTERM' }] });

  const running = startCli(['protect', file, ...QUICK], { env: { ...box.variables, ...strange } });
  const result = await running.result;

  expect(result).toMatchObject({ code: 143, signal: null });
  expect(result.stderr).toContain('hint: the output is in place');
  expect((await readdir(folder)).sort()).toEqual(['app-protected.apk', 'app.apk']);
  expect(await artifactAt(join(folder, 'app-protected.apk'))).toMatchObject({ kind: 'apk' });
});

describe('F-SIG-11: a process that is suspended', () => {
  test('goes on with what is left of its connections', async () => {
    const folder = await temporaryFolder();
    const box = await sandbox(IN_PARTS);
    const sleeper = { current: null as RunningCli | null };
    // Longer than the stall timeout; meanwhile one connection dies.
    const suspend: Fault = async ({ request }) => {
      sleeper.current?.child.kill('SIGSTOP');
      await sleep(1_200);
      request.socket.resetAndDestroy();
      sleeper.current?.child.kill('SIGCONT');
    };
    const proxy = await faultProxy(box, [{ ...PART, after: 1, fault: suspend }]);
    const file = await bigApk(join(folder, 'app.apk'), 17 * MIB);

    sleeper.current = startCli(['protect', file, ...QUICK, '--stall-timeout', '1s'], { env: proxy.variables });
    const result = await sleeper.current.result;

    expect(proxy.struck).toEqual([1]);
    expect(result).toMatchObject({ code: 0, signal: null });
    expect(box.store.openUploads()).toEqual([]);
  });

  test('and one that gets SIGPIPE takes no notice', async () => {
    const folder = await temporaryFolder();
    const box = await sandbox({ processingMs: 250 });
    const file = await copyFixture('v2.apk', folder);
    const running = startCli(['protect', file, ...QUICK], { env: box.variables });

    await running.seen('processing');
    running.child.kill('SIGPIPE');

    expect(await running.result).toMatchObject({ code: 0, signal: null });
  });
});

test.runIf(hasNpx && process.platform !== 'win32')(
  'F-SIG-12: under npx, a signal to its process group ends it as tidily',
  async () => {
    const folder = await temporaryFolder();
    const box = await sandbox(IN_PARTS);
    const proxy = await faultProxy(box, [{ ...PART, after: 1, times: 1_000, fault: faults.silence() }]);
    await mkdir(join(folder, 'node_modules', '.bin'), { recursive: true });
    await symlink(ROOT, join(folder, 'node_modules', 'apptool'));
    await symlink(join('..', 'apptool', 'bin', 'apptool.js'), join(folder, 'node_modules', '.bin', 'apptool'));
    await bigApk(join(folder, 'app.apk'), 17 * MIB);
    const environment = cleanEnvironment({ ...proxy.variables, HOME: folder, npm_config_update_notifier: 'false' });
    const child = spawn('npx', ['--no-install', 'apptool', 'protect', 'app.apk', ...QUICK], {
      cwd: folder,
      env: environment,
      detached: true,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const group = -(child.pid ?? 0);
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    const isOver = new Promise((resolve) => child.on('close', resolve));
    atEnd(() => {
      if (isAlive(group)) process.kill(group, 'SIGKILL');
    });
    await struck(proxy);

    process.kill(group, 'SIGTERM');
    await isOver;

    expect(stderr).toContain('error[cancelled]: stopped by SIGTERM');
    expect(stderr).toContain('hint: no build was started; the uploaded data was removed');
    expect(box.store.openUploads()).toEqual([]);
    expect((await readdir(folder)).filter((name) => name.includes('apptool') || name.includes('protected'))).toEqual(
      [],
    );
  },
);

describe('F-SIG-13: an error that nobody caught', () => {
  // While it downloads, and while it sends.
  const STRAYS = [
    ['rejection', 'exception'],
    ['exception', 'rejection'],
  ] as const;
  test.each(STRAYS.filter((_, index) => takesTurn(index, STRAYS.length)))(
    'removes the temporary file after one %s, and names the parts after one %s',
    async (whileFetching, whileSending) => {
      const folder = await temporaryFolder();
      const box = await sandbox(IN_PARTS);
      const half: Fault = ({ response }) => {
        response.writeHead(200, { 'content-length': '1000000' });
        response.write(Buffer.alloc(1000));
      };
      const download = await faultProxy(box, [{ origin: 'storage', method: 'GET', times: 100, fault: half }]);
      const parts = await faultProxy(box, [{ ...PART, after: 1, times: 100, fault: faults.silence() }]);
      const file = await bigApk(join(folder, 'app.apk'), 17 * MIB);
      const strayAt = async (
        proxy: FaultProxy,
        stray: 'rejection' | 'exception',
        output: string,
        more: readonly string[],
      ) => {
        const running = startCli(['protect', file, ...QUICK, '-o', join(folder, output), ...more], {
          env: { ...proxy.variables, ...strangeMachine({ stray }) },
          cwd: folder,
        });
        await struck(proxy);
        running.child.kill('SIGUSR2');
        return await running.result;
      };

      const [fetching, sending] = await Promise.all([
        strayAt(download, whileFetching, 'a.apk', []),
        strayAt(parts, whileSending, 'b.apk', ['--verbose']),
      ]);

      const left = (await readdir(folder)).filter((name) => name !== 'app.apk');
      expect([fetching.code, sending.code]).toEqual([1, 1]);
      expect(fetching.stderr).toContain('error[internal]: unexpected Error: stray');
      expect(fetching.stderr).not.toContain('strange-machine.mjs');
      expect(sending.stderr).toContain('strange-machine.mjs');
      expect(left).toEqual([expect.stringMatching(/^apptool-apptego-\d+\.receipt\.json$/)]);
      expect(sending.stderr).toContain(`to remove them: apptool abort ${left[0]}`);
    },
  );
});

function isAlive(group: number): boolean {
  try {
    return process.kill(group, 0);
  } catch {
    return false;
  }
}

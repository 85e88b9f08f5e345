import { spawnSync } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { bigApk, copyFixture, sha256Of, temporaryFolder } from '../../src/testing/files.ts';
import { sandbox } from '../../src/testing/sandbox.ts';
import { BIN, cleanEnvironment, runCli } from '../support/cli.ts';
import { onStrangeMachine, strangeMachine } from '../support/strange-machine.ts';

const MIB = 1024 * 1024;
const DAY_MS = 24 * 3600 * 1000;
const QUICK = ['-e', 'prod', '--poll-interval', '50ms'];
const PARTIAL = '.partial';
const OUTPUT = 'app-protected.apk';

async function folderWithApp() {
  const folder = await temporaryFolder();
  return { folder, file: await copyFixture('v2.apk', folder, 'app.apk') };
}

describe('an address that leads nowhere', () => {
  const env = { APPTEGO_API_KEY: 'key_id:key_secret', APPTEGO_API_URL: 'https://api.example:1' };

  test.each([
    ['F-NET-01: a host that DNS does not know', 'ENOTFOUND', 'DNS has no address for api.example'],
    ['F-NET-02: a DNS that fails for the moment', 'EAI_AGAIN', 'DNS temporarily failing for api.example'],
    ['F-NET-03: two addresses that both refuse', ['127.0.0.1', '127.0.0.2'], 'api.example:1 refused the connection'],
  ] as const)('%s is tried six times, then named', async (_, lookup, why) => {
    const { folder, file } = await folderWithApp();

    const result = await onStrangeMachine({ lookup }, () =>
      runCli(['protect', file, '-e', 'prod'], { env, isFast: true }),
    );

    expect(result.code).toBe(6);
    expect(result.stderr).toMatch(new RegExp(`^error\\[unavailable\\]: .*${why}`, 'm'));
    expect(result.stderr).toContain('HTTPS_PROXY');
    expect(result.stderr).toContain('; try 6 in');
    expect(result.stderr).not.toContain('; try 7 in');
    expect(await readdir(folder)).toEqual(['app.apk']);
  });
});

describe('F-NET-28: a wall clock that jumps by a day', () => {
  test('expires nothing and ends no wait', async () => {
    const { folder, file } = await folderWithApp();
    const box = await sandbox({ processingMs: 200 });

    const result = await runCli(['protect', file, ...QUICK, '--timeout', '30s'], {
      env: { ...box.variables, ...strangeMachine({ dateJumpMs: DAY_MS }) },
    });

    expect(result.code).toBe(0);
    expect(await readdir(folder)).toContain('app-protected.apk');
  });

  test('does not keep a deadline from coming', async () => {
    const { file } = await folderWithApp();
    const box = await sandbox({ processingMs: 600_000 });

    const result = await runCli(['protect', file, '-e', 'prod', '--timeout', '10s'], {
      env: { ...box.variables, ...strangeMachine({ dateJumpMs: DAY_MS }, { isFast: true }) },
    });

    expect(result.code).toBe(7);
  });
});

describe('F-IO-05: an input that fails while it is read', () => {
  // Between its head and its directory, which are read before anything is sent.
  const range = { call: 'read', file: 'app.apk', code: 'EIO', from: 4 * MIB, to: 8 * MIB } as const;

  async function upload(times: number) {
    const folder = await temporaryFolder();
    const box = await sandbox({ multipartFromBytes: 1, chunkSizeBytes: 5 * MIB });
    const file = await bigApk(join(folder, 'app.apk'), 11 * MIB);
    const args = ['upload', file, '--to', 'apptego', '-e', 'prod'];
    const result = await onStrangeMachine({ calls: [{ ...range, times }] }, () =>
      runCli(args, { env: box.variables, cwd: folder, isFast: true }),
    );
    return { result, box, file, folder };
  }

  test('once is read again', async () => {
    const { result, box, file } = await upload(1);

    expect(result.code).toBe(0);
    expect(await sha256Of(box.store.stored()[0]?.path ?? '')).toBe(await sha256Of(file));
  });

  test('always ends the run, and its parts are aborted', async () => {
    const { result, box, folder } = await upload(1_000);

    expect(result.code).toBe(3);
    expect(result.stderr).toMatch(/^error\[local-io\]: cannot read file .*app\.apk: EIO$/m);
    expect(box.store.openUploads()).toEqual([]);
    expect(await readdir(folder)).toEqual(['app.apk']);
  });
});

describe('an output that cannot be finished', () => {
  test.each([
    ['F-IO-09: a disk that is full', [{ call: 'write', file: PARTIAL, code: 'ENOSPC' }], 'the disk is full'],
    ['F-IO-09: a quota that is used up', [{ call: 'write', file: PARTIAL, code: 'EDQUOT' }], 'the disk is full'],
    ['F-IO-11: a failing fsync', [{ call: 'sync', file: PARTIAL, code: 'EIO' }], 'EIO'],
    ['F-IO-11: a failing close', [{ call: 'close', file: PARTIAL, code: 'EIO' }], 'EIO'],
    [
      'F-IO-12: a file that stays in use',
      [
        { call: 'link', file: OUTPUT, code: 'EPERM' },
        { call: 'rename', file: OUTPUT, code: 'EBUSY' },
      ],
      'EBUSY',
    ],
  ] as const)('%s leaves nothing, and says how to fetch it later', async (_, calls, why) => {
    const { folder, file } = await folderWithApp();
    const box = await sandbox();

    const result = await onStrangeMachine({ calls }, () =>
      runCli(['protect', file, ...QUICK], { env: box.variables, isFast: true }),
    );

    const output = join(folder, OUTPUT);
    expect(result.code).toBe(3);
    expect(result.stderr).toContain(`error[local-io]: cannot write ${output}: ${why}\n`);
    expect(result.stderr).toMatch(/^hint: fix that first; to download its output: apptool download apptego:\d+ -o /m);
    expect(await readdir(folder)).toEqual(['app.apk']);
  });

  test.each([
    ['without links', [], [{ call: 'link', file: OUTPUT, code: 'EPERM' } as const]],
    ['with --force', ['--force'], []],
  ])('F-IO-12: a file that is in use for a moment is renamed when it is free, %s', async (_, flags, more) => {
    const { folder, file } = await folderWithApp();
    const box = await sandbox();
    const calls = [{ call: 'rename', file: OUTPUT, code: 'EBUSY', times: 3 } as const, ...more];

    const result = await onStrangeMachine({ calls }, () =>
      runCli(['protect', file, ...QUICK, ...flags], { env: box.variables, isFast: true }),
    );

    expect(result.code).toBe(0);
    expect((await readdir(folder)).sort()).toEqual(['app-protected.apk', 'app.apk']);
  });
});

test.runIf(process.platform === 'linux')('F-IO-18: a machine that opens no more files ends it at once', async () => {
  const { file } = await folderWithApp();
  const command = `ulimit -n 100 && exec "${process.execPath}" "${BIN}" protect "${file}" -e prod`;
  const env = { APPTEGO_API_KEY: 'key_id:key_secret', APPTEGO_API_URL: 'http://127.0.0.1:1' };

  const { status, stderr } = spawnSync('sh', ['-c', command], {
    env: cleanEnvironment({ ...env, ...strangeMachine({ isOutOfFiles: true }) }),
    encoding: 'utf8',
  });

  expect(stderr).toContain(
    'error[local-io]: cannot open a connection to 127.0.0.1:1: EMFILE\nhint: allow more open files',
  );
  expect(stderr).not.toContain('try 2');
  expect(status).toBe(3);
});

import { readdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ResultDocument } from '../../src/contract/result-document.ts';
import { faultProxy } from '../../src/testing/fault-proxy.ts';
import { bigApk, copyFixture, sha256Of, temporaryFolder } from '../../src/testing/files.ts';
import { sandbox } from '../../src/testing/sandbox.ts';
import { runCli, startCli } from '../support/cli.ts';
import { watchPeakMemory } from '../support/memory.ts';
import { IS_WHOLE, takesTurn } from '../support/share.ts';

const QUICK = ['--environment', 'prod', '--poll-interval', '50ms'];
const MIB = 1024 * 1024;

/** What `rich.apk` is, which is not debuggable. */
const TEST_ONLY = 'warning: rich.apk is marked as test-only: no store accepts such a file\n';

describe('apptool protect', () => {
  test.each(['v2.apk', 'signed.aab', 'app.ipa'])('protects %s and prints the path of the output', async (name) => {
    const folder = await temporaryFolder();
    const box = await sandbox();
    const file = await copyFixture(name, folder);

    const result = await runCli(['protect', file, ...QUICK], { env: box.variables });

    const output = join(folder, name.replace('.', '-protected.'));
    expect(result).toMatchObject({ code: 0, stdout: `${output}\n` });
    expect(result.stderr).toContain(`sha256 ${await sha256Of(output)}`);
    expect(await sha256Of(output)).not.toBe(await sha256Of(file));
    expect((await readdir(folder)).sort()).toEqual([name, basename(output)].sort());
  });

  test('prints exactly one valid document with --json', async () => {
    const folder = await temporaryFolder();
    const box = await sandbox();
    const file = await copyFixture('v2.apk', folder);

    const result = await runCli(['protect', file, ...QUICK, '--json'], { env: box.variables });

    const document = ResultDocument.parse(JSON.parse(result.stdout));
    const output = join(folder, 'v2-protected.apk');
    expect(result.code).toBe(0);
    expect(document).toMatchObject({
      command: 'protect',
      ok: true,
      exitCode: 0,
      backend: 'apptego',
      job: { ref: expect.stringMatching(/^apptego:\d+$/) },
      state: { phase: 'succeeded', status: 'completed' },
      artifact: { path: file, name: 'v2.apk', size: 8487, sha256: await sha256Of(file), platform: 'android' },
      output: { path: output, sha256: await sha256Of(output) },
      error: null,
    });
  });

  test('with --detach stops after the upload and prints the job reference', async () => {
    const folder = await temporaryFolder();
    const box = await sandbox();
    const file = await copyFixture('v2.apk', folder);

    const result = await runCli(['protect', file, ...QUICK, '--detach'], { env: box.variables });

    expect(result).toMatchObject({ code: 0, stdout: expect.stringMatching(/^apptego:\d+\n$/) });
    expect(await readdir(folder)).toEqual(['v2.apk']);
  });

  test('with --dry-run checks everything, says what it would send, and sends nothing', async () => {
    const folder = await temporaryFolder();
    const box = await sandbox();
    const proxy = await faultProxy(box, []);
    const file = await copyFixture('v2.apk', folder);

    const result = await runCli(['protect', file, ...QUICK, '--dry-run'], { env: proxy.variables });

    expect(result.code).toBe(0);
    expect(result.stdout).toContain(`would send POST ${proxy.apiUrl}/apptego/automate/upload\n  file_name: v2.apk\n`);
    expect(result.stdout).toContain('version: prod');
    expect(proxy.seen).toEqual([]);
    expect(await readdir(folder)).toEqual(['v2.apk']);
  });

  test('with --dry-run still refuses what would fail', async () => {
    const folder = await temporaryFolder();
    const file = await copyFixture('v2.apk', folder);
    await writeFile(join(folder, 'v2-protected.apk'), 'there');

    const result = await runCli(['protect', file, ...QUICK, '--dry-run', '--sandbox']);

    expect(result).toMatchObject({ code: 3, stdout: '' });
    expect(result.stderr).toContain('error[local-io]: output exists; use --force to replace it');
  });

  test('replaces an output with --force, and keeps the old one when the job fails', async () => {
    const folder = await temporaryFolder();
    const file = await copyFixture('v2.apk', folder);
    const output = join(folder, 'v2-protected.apk');
    await writeFile(output, 'before');
    const failing = await sandbox({ result: 'failed' });
    const working = await sandbox();

    const failed = await runCli(['protect', file, ...QUICK, '--force'], { env: failing.variables });
    const kept = await readFile(output, 'utf8');
    const done = await runCli(['protect', file, ...QUICK, '--force'], { env: working.variables });

    expect(failed.code).toBe(8);
    expect(kept).toBe('before');
    expect(done.code).toBe(0);
    expect((await readFile(output)).subarray(0, 2).toString()).toBe('PK');
  });

  test('--sandbox needs neither credentials nor address', async () => {
    const folder = await temporaryFolder();
    const file = await copyFixture('rich.apk', folder);

    const result = await runCli(['protect', file, ...QUICK, '--sandbox', '--quiet', '--allow-unfit']);

    expect(result).toEqual({
      code: 0,
      signal: null,
      stdout: `${join(folder, 'rich-protected.apk')}\n`,
      stderr: `warning: this run uses the embedded sandbox: nothing leaves this machine\n${TEST_ONLY}`,
    });
  });

  test('--quiet says nothing but the result; --verbose says more; a pipe gets no escape code', async () => {
    const folder = await temporaryFolder();
    const box = await sandbox();
    const file = await copyFixture('rich.apk', folder);
    const env = { ...box.variables, TERM: 'xterm-256color', FORCE_COLOR: '1', APPTOOL_ALLOW_UNFIT: '1' };

    const loud = await runCli(['protect', file, ...QUICK, '--verbose'], { env });
    const silent = await runCli(['protect', file, ...QUICK, '--quiet', '--force'], { env });

    expect(loud.stderr).toMatch(/^apptool \d+\.\d+\.\d+ protect$/m);
    expect(loud.stderr).toContain('rich.apk is an APK of 13028 bytes');
    expect(silent.stderr.replace(/^warning: apptego is at .*; nothing is released\n/, '')).toBe(TEST_ONLY);
    expect(loud.stdout + loud.stderr + silent.stdout).not.toContain('\u001b');
  });

  /** In parts as large as the backend takes them, where all is run; by default as small as a storage takes them. */
  const LARGE = IS_WHOLE
    ? { sizeBytes: 110_000_000, partBytes: 10 * MIB, size: '10.5 MB', options: {} }
    : {
        sizeBytes: 55_000_000,
        partBytes: 5 * MIB,
        size: '5.2 MB',
        options: { multipartFromBytes: 1, chunkSizeBytes: 5 * MIB },
      };

  test('a large APK goes up in 11 parts with at least 3 in flight at once', async () => {
    const { sizeBytes, partBytes, size, options } = LARGE;
    const folder = await temporaryFolder();
    const box = await sandbox(options);
    const proxy = await faultProxy(box, []);
    const file = await bigApk(join(folder, 'big.apk'), sizeBytes);

    const result = await runCli(['protect', file, ...QUICK], { env: proxy.variables });

    const puts = proxy.seen.filter(({ origin, method }) => origin === 'storage' && method === 'PUT');
    const lengths = puts.map(({ headers }) => Number(headers['content-length']));
    expect(result.code).toBe(0);
    expect(result.stderr).toContain(`in 11 parts of ${size}`);
    expect(puts).toHaveLength(11);
    expect(lengths.filter((length) => length === partBytes)).toHaveLength(10);
    expect(lengths.reduce((sum, length) => sum + length, 0)).toBe(sizeBytes);
    expect(
      puts.filter(({ headers }) => headers.authorization !== undefined || headers['content-type'] !== undefined),
    ).toEqual([]);
    expect(proxy.mostAtOnce).toBeGreaterThanOrEqual(3);
    expect(proxy.mostAtOnce).toBeLessThanOrEqual(16);
  }, 60_000);

  // One test of memory a day: the others are in inspect.test.ts and reliability/memory.test.ts.
  test.runIf(process.platform === 'linux' && takesTurn(1, 4))(
    'an APK that is larger than the 200 MiB of memory that a run may take at most',
    async () => {
      const folder = await temporaryFolder();
      const box = await sandbox();
      const file = await bigApk(join(folder, 'big.apk'), IS_WHOLE ? 600_000_000 : 220_000_000, 'hole');

      const running = startCli(['protect', file, ...QUICK], { env: box.variables });
      const peak = watchPeakMemory(running.child.pid ?? 0);
      const result = await running.result;

      expect(result).toMatchObject({ code: 0 });
      expect(peak.stop()).toBeGreaterThan(20 * MIB);
      expect(peak.stop()).toBeLessThan(200 * MIB);
    },
    120_000,
  );
});

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { HttpResponse, http } from 'msw';
import { describe, expect, test } from 'vitest';
import { ResultDocument } from '../../src/contract/result-document.ts';
import { faultProxy } from '../../src/testing/fault-proxy.ts';
import { faults } from '../../src/testing/faults.ts';
import { bigApk, copyFixture, fixture, temporaryFolder } from '../../src/testing/files.ts';
import { sandbox } from '../../src/testing/sandbox.ts';
import { type CliResult, runCli, runProcess, startCli } from '../support/cli.ts';
import { contract } from '../support/contract.ts';
import { takesTurn } from '../support/share.ts';

const MIB = 1024 * 1024;
/** A file of a few parts: the same way as a large one, in less time. */
const IN_PARTS = { multipartFromBytes: 1, chunkSizeBytes: 5 * MIB };
const QUICK = ['--environment', 'prod', '--poll-interval', '50ms', '--capacity-wait', '0'];

/** Every ending says its class, its reason, what to do; and with --json the same, in one document. */
function expectEnding(plain: CliResult, json: CliResult, code: number, errorClass: string): void {
  expect(plain.code).toBe(code);
  expect(plain.stdout).toBe('');
  expect(plain.stderr).toMatch(new RegExp(`^error\\[${errorClass}\\]: .+`, 'm'));
  const document = ResultDocument.parse(JSON.parse(json.stdout));
  expect(json.code).toBe(code);
  expect(document).toMatchObject({ ok: false, exitCode: code, error: { class: errorClass } });
}

/** Plain and with --json. The plain one has a process of its own on the day of its turn, so that each way to end is seen to end one. */
async function both(
  turn: number,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<[CliResult, CliResult]> {
  const options = { env, isFast: true };
  const plain = takesTurn(turn, 4) ? runProcess : runCli;
  return await Promise.all([plain(args, options), runCli([...args, '--json'], options)]);
}

describe('exit codes', () => {
  test('2 usage: a bad flag', async () => {
    const [plain, json] = await both(0, ['protect', 'app.apk', '--concurrency', '0'], {});

    expectEnding(plain, json, 2, 'usage');
  });

  test('3 local-io: a missing file', async () => {
    const box = await sandbox();

    const [plain, json] = await both(1, ['protect', '/nowhere/app.apk', ...QUICK], box.variables);

    expectEnding(plain, json, 3, 'local-io');
  });

  test('4 auth: a key that the server refuses', async () => {
    const folder = await temporaryFolder();
    const box = await sandbox();
    const file = await copyFixture('v2.apk', folder);

    const [plain, json] = await both(2, ['protect', file, ...QUICK], {
      ...box.variables,
      APPTEGO_API_KEY: 'wrong_id:wrong_secret',
    });

    expectEnding(plain, json, 4, 'auth');
    expect(plain.stderr).toContain('apptool| server said: Unknown or disabled automation key');
    expect(plain.stderr).toContain('hint: check what APPTEGO_API_KEY (key_id:key_secret, raw, not base64) holds');
    expect(plain.stderr + json.stdout).not.toContain('wrong_secret');
  });

  test('6 unavailable: nobody listens', async () => {
    const folder = await temporaryFolder();
    const file = await copyFixture('v2.apk', folder);
    // tcpmux: nobody serves it, and no other test can be given this port.
    const port = 1;
    const env = { APPTEGO_API_URL: `http://127.0.0.1:${port}`, APPTEGO_API_KEY: 'key_id:key_secret' };

    const [plain, json] = await both(3, ['protect', file, ...QUICK], env);

    expectEnding(plain, json, 6, 'unavailable');
    expect(plain.stderr).toContain(`127.0.0.1:${port} refused the connection`);
    expect(plain.stderr).toContain('try 6 in');
  }, 60_000);

  test('7 pending: still running at the deadline, with the command to go on', async () => {
    const folder = await temporaryFolder();
    const box = await sandbox({ processingMs: 60_000 });
    const file = await copyFixture('v2.apk', folder);

    const [plain, json] = await both(
      4,
      ['protect', file, ...QUICK, '--timeout', '10s', '--output', join(folder, 'out.apk')],
      box.variables,
    );

    expectEnding(plain, json, 7, 'pending');
    expect(plain.stderr).toMatch(/hint: .*apptool wait apptego:\d+/);
    expect(await readdir(folder)).toEqual(['v2.apk']);
  }, 60_000);

  test('8 job-failed: the backend says failed, in its words', async () => {
    const folder = await temporaryFolder();
    const box = await sandbox({ result: 'failed' });
    const file = await copyFixture('v2.apk', folder);

    const [plain, json] = await both(5, ['protect', file, ...QUICK], box.variables);

    expectEnding(plain, json, 8, 'job-failed');
    expect(plain.stderr).toContain('apptool| server said: The sandbox was told to fail this job');
    expect(json.stdout).toContain('The sandbox was told to fail this job');
  });

  test('9 unknown: the answer to complete is lost, and no record appears', async () => {
    const folder = await temporaryFolder();
    const box = await sandbox(IN_PARTS);
    const lost = { path: /upload\/complete$/, times: 1_000, fault: faults.lostBeforeWork() };
    const proxy = await faultProxy(box, [lost]);
    const file = await bigApk(join(folder, 'big.apk'), 17 * MIB);

    const [plain, json] = await both(
      6,
      ['protect', file, ...QUICK, '--appear-timeout', '300ms', '-o', join(folder, 'out.apk')],
      proxy.variables,
    );

    expectEnding(plain, json, 9, 'unknown');
    expect(plain.stderr).toMatch(/^job: apptego:\d+$/m);
    expect(proxy.seen.filter(({ path }) => path.endsWith('/abort'))).toEqual([]);
  }, 60_000);

  test('10 limit: no build slot, and none waited for', async () => {
    const folder = await temporaryFolder();
    const box = await sandbox({ concurrencyLimit: 0 });
    const file = await copyFixture('v2.apk', folder);

    const [plain, json] = await both(7, ['protect', file, ...QUICK], box.variables);

    expectEnding(plain, json, 10, 'limit');
    expect(plain.stderr).toContain('apptool| server said: Concurrent build limit exceeded (0)');
  });

  test('11 integrity: what comes back is not an archive', async () => {
    const folder = await temporaryFolder();
    const box = await sandbox();
    const page = faults.raw('HTTP/1.1 200 OK\r\ncontent-length: 15\r\n\r\n<html>oh</html>');
    const proxy = await faultProxy(box, [{ origin: 'storage', method: 'GET', times: 1_000, fault: page }]);
    const file = await copyFixture('v2.apk', folder);

    const [plain, json] = await both(8, ['protect', file, ...QUICK], proxy.variables);

    expectEnding(plain, json, 11, 'integrity');
    expect(plain.stderr).toContain('download is not a complete archive');
    expect(plain.stderr).toMatch(/hint: .*apptool download apptego:\d+ -o /);
    expect(await readdir(folder)).toEqual(['v2.apk']);
  });

  test.each([
    ['F-SRV-29: the input', 'v2.apk', 'the output is identical to the input: it is not protected', 10],
    ['F-SRV-30: another kind of app', 'signed.aab', 'the output is an AAB, the input an APK', 11],
  ])('11 integrity: what comes back is %s', async (_, name, words, turn) => {
    const folder = await temporaryFolder();
    const box = await sandbox();
    const file = await copyFixture('v2.apk', folder);
    const bytes = await readFile(fixture(name));
    const head = `HTTP/1.1 200 OK\r\ncontent-length: ${bytes.length}\r\n\r\n`;
    const instead = faults.raw(Buffer.concat([Buffer.from(head), bytes]));
    const proxy = await faultProxy(box, [{ origin: 'storage', method: 'GET', times: 1_000, fault: instead }]);

    const [plain, json] = await both(turn, ['protect', file, ...QUICK], proxy.variables);

    expectEnding(plain, json, 11, 'integrity');
    expect(plain.stderr).toContain(words);
    expect(await readdir(folder)).toEqual(['v2.apk']);
  });

  test('13 policy: an address that is not https', async () => {
    const folder = await temporaryFolder();
    const file = await copyFixture('v2.apk', folder);
    const env = { APPTEGO_API_URL: 'http://api.example', APPTEGO_API_KEY: 'key_id:key_secret' };

    const [plain, json] = await both(9, ['protect', file, ...QUICK], env);

    expectEnding(plain, json, 13, 'policy');
  });

  const SIGNALS = [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const;

  test.each(SIGNALS.filter((_, index) => takesTurn(index, 2)))(
    '%s while parts are sent: %i, parts aborted, nothing left',
    async (signal, code) => {
      const folder = await temporaryFolder();
      const box = await sandbox(IN_PARTS);
      const proxy = await faultProxy(box, [
        { origin: 'storage', method: 'PUT', after: 2, times: 1_000, fault: faults.silence() },
      ]);
      const file = await bigApk(join(folder, 'big.apk'), 17 * MIB);
      const running = startCli(['protect', file, ...QUICK, '--json'], { env: proxy.variables });

      await running.seen('in 4 parts');
      await expect.poll(() => proxy.struck[0]).toBeGreaterThanOrEqual(1);
      running.child.kill(signal);
      const result = await running.result;

      const document = ResultDocument.parse(JSON.parse(result.stdout));
      expect(result).toMatchObject({ code, signal: null });
      expect(result.stderr).toMatch(/hint: no build was started; the uploaded data was removed/);
      expect(document).toMatchObject({
        ok: false,
        exitCode: code,
        error: { class: 'cancelled' },
        job: { ref: expect.any(String) },
      });
      expect(box.store.openUploads()).toEqual([]);
      expect(await readdir(folder)).toEqual(['big.apk']);
    },
    60_000,
  );

  test('SIGINT while waiting: 130, and how to go on', async () => {
    const folder = await temporaryFolder();
    const box = await sandbox({ processingMs: 60_000 });
    const file = await copyFixture('v2.apk', folder);
    const running = startCli(['protect', file, ...QUICK], { env: box.variables });

    await running.seen('processing');
    running.child.kill('SIGINT');
    const result = await running.result;

    expect(result.code).toBe(130);
    expect(result.stderr).toMatch(
      /hint: the job keeps running on the server; to keep waiting: apptool wait apptego:\d+/,
    );
  });
});

describe('what the server refuses', () => {
  const refusals = [
    [400, 'No enabled controls for android/production', 5, 'rejected'],
    [401, 'The automation key is disabled', 4, 'auth'],
    [403, 'Not on this plan', 4, 'auth'],
    [404, 'Endpoint not found', 5, 'rejected'],
    [405, 'Method not allowed', 5, 'rejected'],
    [429, 'Weekly build limit exceeded', 10, 'limit'],
    [500, 'Internal server error', 6, 'unavailable'],
  ] as const;

  test.each(refusals)(
    '%i on the upload request: its words, its class and what to do',
    async (status, words, code, errorClass) => {
      const folder = await temporaryFolder();
      const box = await sandbox();
      const refuse = http.post('*/automate/upload', () => HttpResponse.json({ error: words }, { status }));
      const proxy = await faultProxy(box, [contract(refuse)]);
      const file = await copyFixture('v2.apk', folder);

      const result = await runCli(['protect', file, ...QUICK, '--json'], { env: proxy.variables, isFast: true });

      const document = ResultDocument.parse(JSON.parse(result.stdout));
      expect(result.code).toBe(code);
      expect(result.stderr).toContain(`error[${errorClass}]: could not request the upload (127.0.0.1:`);
      expect(result.stderr).toContain(`HTTP ${status}`);
      expect(result.stderr).toContain(`apptool| server said: ${words}`);
      expect(result.stderr).toMatch(/^hint: .+$/m);
      expect(document.error).toMatchObject({
        class: errorClass,
        httpStatus: status,
        limit: status === 429 ? 'week' : null,
        message: expect.stringContaining(words),
      });
    },
    60_000,
  );

  test.each([
    [400, 'Invalid parts', 5, 'rejected'],
    [403, 'Upload path does not belong to the authenticated tenant', 5, 'rejected'],
  ] as const)(
    '%i on complete: its words, and the parts are aborted',
    async (status, words, code, errorClass) => {
      const folder = await temporaryFolder();
      const box = await sandbox(IN_PARTS);
      const refuse = http.post('*/automate/upload/complete', () => HttpResponse.json({ error: words }, { status }));
      const proxy = await faultProxy(box, [contract(refuse)]);
      const file = await bigApk(join(folder, 'big.apk'), 17 * MIB);

      const result = await runCli(['protect', file, ...QUICK], { env: proxy.variables });

      expect(result.code).toBe(code);
      expect(result.stderr).toContain(`error[${errorClass}]: could not complete the upload`);
      expect(result.stderr).toContain(`apptool| server said: ${words}`);
      expect(box.store.openUploads()).toEqual([]);
    },
    60_000,
  );

  test('a job that does not exist: rejected, with what to check', async () => {
    const box = await sandbox();

    const result = await runCli(['status', 'apptego:1500000000'], { env: box.variables });

    expect(result.code).toBe(5);
    expect(result.stderr).toContain('error[rejected]: no such job: apptego:1500000000');
    expect(result.stderr).toContain('hint: check the job reference');
  });

  test('download of a job that still runs: pending, with the command that waits', async () => {
    const folder = await temporaryFolder();
    const box = await sandbox({ processingMs: 60_000, appearMs: 0 });
    const file = await copyFixture('v2.apk', folder);
    const { stdout } = await runCli(['upload', file, '--to', 'apptego', '-e', 'prod'], { env: box.variables });

    const result = await runCli(['download', stdout.trim(), '-o', join(folder, 'out.apk')], { env: box.variables });

    expect(result.code).toBe(7);
    expect(result.stderr).toContain(`hint: to keep waiting: apptool wait ${stdout.trim()}`);
  });
});

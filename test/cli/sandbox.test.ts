import { spawn, spawnSync } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ResultDocument } from '../../src/contract/result-document.ts';
import { copyFixture, fixture, sha256Of, temporaryFolder } from '../../src/testing/files.ts';
import { cleanEnvironment, runCli, startCli } from '../support/cli.ts';

const hasTools = ['curl', 'jq', 'bash'].every((tool) => spawnSync(tool, ['--version']).status === 0);

function readExports(stdout: string): Record<string, string> {
  return Object.fromEntries(
    [...stdout.matchAll(/^export (\w+)=(.*)$/gm)].map((match) => [match[1] ?? '', match[2] ?? '']),
  );
}

describe('apptool sandbox', () => {
  test('prints one export a line on stdout, serves another process, ends with 0 when it is stopped, and leaves no file', async () => {
    const folder = await temporaryFolder();
    const ofSandbox = await temporaryFolder();
    const serving = startCli(['sandbox', '--processing-time', '100ms'], { env: { TMPDIR: ofSandbox } });
    await serving.seen('the sandbox serves on');
    const env = readExports(serving.output());
    const file = await copyFixture('v2.apk', folder);
    const during = await readdir(ofSandbox);

    const result = await runCli(['protect', file, '-e', 'prod', '--poll-interval', '50ms'], { env });
    serving.child.kill('SIGTERM');
    const ended = await serving.result;

    expect(result.code).toBe(0);
    expect(during).toHaveLength(1);
    expect(await readdir(ofSandbox)).toEqual([]);
    expect(Object.keys(env)).toEqual(expect.arrayContaining(['APPTEGO_API_URL', 'APPTEGO_API_KEY']));
    expect(ended.code).toBe(0);
    expect(
      ended.stdout
        .trim()
        .split('\n')
        .every((line) => /^export [A-Z_]+=\S+$/.test(line)),
    ).toBe(true);
  });

  test('leaves no file behind when it is stopped twice', async () => {
    const folder = await temporaryFolder();
    const twice = startCli(['sandbox'], { env: { TMPDIR: folder } });
    await twice.seen('the sandbox serves on');
    const during = await readdir(folder);

    twice.child.kill('SIGINT');
    twice.child.kill('SIGTERM');
    await twice.result;

    expect(during).toHaveLength(1);
    expect(await readdir(folder)).toEqual([]);
  });

  test('flags set the result and the concurrency limit', async () => {
    const folder = await temporaryFolder();
    const file = await copyFixture('v2.apk', folder);
    const failing = startCli(['sandbox', '--result', 'failed', '--processing-time', '0s', '--appear-time', '0s']);
    const full = startCli(['sandbox', '--concurrency-limit', '0']);
    await Promise.all([failing.seen('serves on'), full.seen('serves on')]);
    const args = ['protect', file, '-e', 'prod', '--poll-interval', '50ms', '--capacity-wait', '0'];

    const failed = await runCli(args, { env: readExports(failing.output()), isFast: true });
    const refused = await runCli(args, { env: readExports(full.output()), isFast: true });

    expect(failed.code).toBe(8);
    expect(refused.code).toBe(10);
  });

  test.each([
    ['--result', 'maybe', '--result must be completed or failed'],
    ['--port', '70000', '--port must be a whole number from 0 to 65535'],
    ['--processing-time', 'soon', '--processing-time must be 0s to 24h'],
  ])('refuses %s %s', async (flag, value, words) => {
    const result = await runCli(['sandbox', flag, value]);

    expect(result.code).toBe(2);
    expect(result.stderr).toContain(words);
  });

  test('--json prints its variables in one document before it serves, and another says that the port is taken', async () => {
    const serving = startCli(['sandbox', '--json']);
    await serving.seen('the sandbox serves on');
    const port = /127\.0\.0\.1:(\d+)/.exec(serving.output())?.[1] ?? '';

    const second = await runCli(['sandbox', '--port', port]);
    serving.child.kill('SIGTERM');
    const { stdout } = await serving.result;

    const document = ResultDocument.parse(JSON.parse(stdout));
    expect(document).toMatchObject({
      command: 'sandbox',
      ok: true,
      data: { variables: { APPTEGO_API_URL: expect.stringContaining('http://127.0.0.1:') } },
    });
    expect(second.code).toBe(3);
    expect(second.stderr).toContain(`cannot serve on port ${port}: EADDRINUSE`);
  });

  test.runIf(hasTools)(
    "the vendor's own shell example runs against it, unchanged but for the address and the key",
    async () => {
      const folder = await temporaryFolder();
      await copyFixture('v2.apk', folder, 'app-release.apk');
      const serving = startCli(['sandbox', '--processing-time', '0s', '--appear-time', '0s']);
      await serving.seen('serves on');
      const env = readExports(serving.output());
      const example = await readFile(fixture('vendor/apptego-automation-single-part.sh'), 'utf8');
      const script = join(folder, 'example.sh');
      await writeFile(script, example.replace('API_URL="https://api.apptego.com"', `API_URL="${env.APPTEGO_API_URL}"`));

      expect(await readFile(script, 'utf8')).not.toContain('api.apptego.com');
      // Its pauses of 15 s are for a build that takes longer.
      await writeFile(join(folder, 'sleep'), '#!/bin/sh\nexec /bin/sleep 0.1\n', { mode: 0o755 });
      const path = `${folder}:${process.env.PATH}`;
      const child = spawn('bash', [script], {
        cwd: folder,
        env: cleanEnvironment({ APPTEGO_API_KEY: env.APPTEGO_API_KEY ?? '', PATH: path }),
      });
      let output = '';
      child.stdout.on('data', (chunk: Buffer) => {
        output += chunk.toString();
      });
      const code = await new Promise((resolve) => child.on('close', resolve));

      expect({ code, output }).toEqual({ code: 0, output: expect.stringContaining('Build complete') });
      expect(await sha256Of(join(folder, 'app-release-protected.apk'))).not.toBe(
        await sha256Of(join(folder, 'app-release.apk')),
      );
      expect((await readFile(join(folder, 'app-release-protected.apk'))).subarray(0, 2).toString()).toBe('PK');
    },
  );
});

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { faultProxy } from '../../src/testing/fault-proxy.ts';
import { faults } from '../../src/testing/faults.ts';
import { copyFixture, sha256Of, temporaryFolder } from '../../src/testing/files.ts';
import { sandbox } from '../../src/testing/sandbox.ts';
import { runCli } from '../support/cli.ts';

const QUICK = ['--poll-interval', '20ms', '--timeout', '30s'];

async function setUp() {
  const folder = await temporaryFolder();
  await copyFixture('v2.apk', folder, 'app.apk');
  const box = await sandbox();
  const run = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
    runCli(args, { cwd: folder, env: { ...box.variables, ...env } });
  const receipt = async (name: string) => JSON.parse(await readFile(join(folder, name), 'utf8'));
  return { folder, box, run, receipt };
}

describe('a receipt', () => {
  test('never takes the place of the input, nor of anything else that is no receipt', async () => {
    const { folder, run } = await setUp();
    const before = await sha256Of(join(folder, 'app.apk'));

    const result = await run(['upload', 'app.apk', '--to', 'apptego', '-e', 'dev', '--receipt', 'app.apk']);

    expect(result.code).toBe(3);
    expect(result.stderr).toContain('the receipt would overwrite app.apk, which is not a receipt');
    expect(await sha256Of(join(folder, 'app.apk'))).toBe(before);
  });

  test('a config that was found may not have one written outside of its folder', async () => {
    const { folder, run } = await setUp();
    await writeFile(join(folder, 'apptool.config.json'), '{"receipt":"../escaped.json"}');

    const result = await run(['upload', 'app.apk', '--to', 'apptego', '-e', 'dev']);

    expect(result.code).toBe(13);
    expect(result.stderr).toContain('must not write outside the project');
  });

  test('a rehearsal leaves one as it is', async () => {
    const { folder, run } = await setUp();
    await run(['upload', 'app.apk', '--to', 'apptego', '-e', 'dev', '--receipt', 'r.json']);
    const before = await readFile(join(folder, 'r.json'), 'utf8');

    await run(['upload', 'app.apk', '--to', 'apptego', '-e', 'dev', '--receipt', 'r.json', '--dry-run']);

    expect(await readFile(join(folder, 'r.json'), 'utf8')).toBe(before);
  });

  test('wait and download carry on what it knows of the file', async () => {
    const { run, receipt } = await setUp();
    await run(['upload', 'app.apk', '--to', 'apptego', '-e', 'dev', '--receipt', 'r.json']);
    const { input } = await receipt('r.json');

    await run(['wait', 'r.json', '--receipt', 'r.json', ...QUICK]);
    const done = await run(['download', 'r.json', '-o', 'out.apk', '--receipt', 'r.json']);

    expect(done.code, done.stderr).toBe(0);
    expect(input.sha256).toMatch(/^[0-9a-f]{64}$/);
    expect((await receipt('r.json')).input).toEqual(input);
  });
});

describe('abort', () => {
  /** A receipt of a run that could neither complete its parts nor remove them. */
  async function withParts() {
    const folder = await temporaryFolder();
    await copyFixture('v2.apk', folder, 'app.apk');
    const box = await sandbox({ multipartFromBytes: 1 });
    const refuse = faults.answer(403, { error: 'no' });
    const proxy = await faultProxy(box, [
      { origin: 'storage', times: 100, fault: faults.answer(400, {}) },
      { path: /\/upload\/abort$/, times: 1, fault: refuse },
    ]);
    const run = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
      runCli(args, { cwd: folder, env: { ...proxy.variables, ...env } });
    await run(['upload', 'app.apk', '--to', 'apptego', '-e', 'dev', '--receipt', 'r.json']);
    const receipt = async () => JSON.parse(await readFile(join(folder, 'r.json'), 'utf8'));
    return { box, run, receipt };
  }

  test('takes out of the receipt what it has removed, and nothing else, whatever the variable says', async () => {
    const { run, receipt, box } = await withParts();
    const before = await receipt();

    const result = await run(['abort', 'r.json'], { APPTOOL_RECEIPT: 'r.json' });

    expect(before.steps[0].unfinished).not.toBeNull();
    expect(result.code, result.stderr).toBe(0);
    expect(await receipt()).toEqual({ ...before, steps: [{ ...before.steps[0], unfinished: null }] });
    expect(box.store.openUploads()).toEqual([]);
  });

  test('--dry-run names what it would remove, and removes nothing', async () => {
    const { run, box } = await withParts();

    const result = await run(['abort', 'r.json', '--dry-run', '--json']);

    const job = expect.stringMatching(/^apptego:\d+$/);
    expect(JSON.parse(result.stdout)).toMatchObject({
      ok: true,
      data: { plan: { aborts: [{ backend: 'apptego', job }] } },
    });
    expect(box.store.openUploads()).toHaveLength(1);
  });

  test('asks no other host than the one that the upload went to', async () => {
    const { run, box } = await withParts();
    const other = await faultProxy(box, []);

    const result = await run(['abort', 'r.json'], { APPTEGO_API_URL: `${other.apiUrl}/apptego` });

    expect(result.code).toBe(2);
    expect(result.stderr).toMatch(
      /this receipt is of 127\.0\.0\.1:\d+, but apptego is configured for 127\.0\.0\.1:\d+/,
    );
    expect(other.seen).toEqual([]);
    expect(box.store.openUploads()).toHaveLength(1);
  });
});

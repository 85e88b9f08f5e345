import { lstat, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Receipt } from '../../src/contract/record/journal.ts';
import { type Fault, faultProxy } from '../../src/testing/fault-proxy.ts';
import { faults } from '../../src/testing/faults.ts';
import { copyFixture, sha256Of, temporaryFolder } from '../../src/testing/files.ts';
import { sandbox } from '../../src/testing/sandbox.ts';
import { type CliResult, runCli, startCli } from '../support/cli.ts';
import { checked } from '../support/published-schema.ts';

const QUICK = ['--poll-interval', '20ms', '--timeout', '30s'];
const BUILD = {
  GITHUB_SHA: 'a'.repeat(40),
  GITHUB_REF: 'refs/heads/main',
  GITHUB_ACTIONS: 'true',
  APPTOOL_GITHUB: 'false',
};

async function setUpBox() {
  const folder = await temporaryFolder();
  await copyFixture('v2.apk', folder, 'app.apk');
  return { folder, box: await sandbox() };
}

async function setUp(fault?: Fault) {
  const { folder, box } = await setUpBox();
  const get = { origin: 'storage', method: 'GET', fault: fault ?? faults.answer(503, {}) } as const;
  const { variables } = fault === undefined ? box : await faultProxy(box, [get]);
  const run = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
    runCli([...args, '--receipt', 'r.json'], { cwd: folder, env: { ...variables, ...env } });
  const receipt = async () =>
    checked<Receipt>('receipt.schema.json', JSON.parse(await readFile(join(folder, 'r.json'), 'utf8')));
  return { folder, variables, run, receipt };
}

function succeeded(results: readonly CliResult[]): void {
  expect(results.map(({ code, stderr }) => (code === 0 ? 0 : stderr))).toEqual(results.map(() => 0));
}

describe('a receipt', () => {
  test('holds which app went in and came out, who signed it, and what was tried', async () => {
    const { folder, run, receipt } = await setUp(faults.answer(503, { error: 'not now' }));

    succeeded([await run(['protect', 'app.apk', '-e', 'dev', ...QUICK])]);

    const inspected = await runCli(['inspect', 'app.apk', '--json'], { cwd: folder });
    const { signatures, app: facts } = JSON.parse(inspected.stdout).data;
    const kept = await receipt();
    expect(kept.input).toMatchObject({
      packageName: facts.packageName,
      versionCode: facts.versionCode,
      sha256: await sha256Of(join(folder, 'app.apk')),
      signers: signatures.at(-1).signers.map(({ sha256 }: { sha256: string }) => sha256),
    });
    expect(kept.input?.signers).toHaveLength(1);
    expect(kept.output).toMatchObject({
      name: 'app-protected.apk',
      packageName: facts.packageName,
      versionCode: facts.versionCode,
      sha256: await sha256Of(join(folder, 'app-protected.apk')),
    });
    expect(kept.runs).toMatchObject([{ command: 'protect', ended: { exitCode: 0 }, retries: 1 }]);
    expect(kept.steps).toMatchObject([
      {
        id: 'protect:apptego',
        sha256: kept.input?.sha256,
        accepted: true,
        state: { phase: 'succeeded' },
        ended: { exitCode: 0 },
      },
    ]);
  });

  test('goes through the stages: each adds its own, and keeps what it does not know itself', async () => {
    const { folder, run, receipt } = await setUp();

    const upload = await run(['upload', 'app.apk', '--to', 'apptego', '-e', 'staging'], BUILD);
    await rm(join(folder, 'app.apk'));
    succeeded([upload, await run(['wait', 'r.json', ...QUICK]), await run(['download', 'r.json', '-o', 'out.apk'])]);

    const kept = await receipt();
    expect(kept.runs.map(({ command, ended }) => [command, ended?.exitCode])).toEqual([
      ['upload', 0],
      ['wait', 0],
      ['download', 0],
    ]);
    expect(kept).toMatchObject({
      environment: 'staging',
      build: { provider: 'github', commit: BUILD.GITHUB_SHA, branch: 'main' },
      input: { name: 'app.apk' },
      output: { name: 'out.apk' },
      steps: [{ id: 'upload:apptego', state: { phase: 'succeeded' }, ended: { exitCode: 0 } }],
    });
  });

  test('of several steps keeps the others when one of them is waited for', async () => {
    const { run, receipt } = await setUp();
    succeeded([await run(['publish', 'app.apk', '--to', 'apptego,applivery', '-e', 'dev', '--detach'])]);
    const before = await receipt();
    const [step] = before.steps;

    succeeded([await run(['wait', step?.job?.ref ?? '', ...QUICK])]);

    const kept = await receipt();
    const { id, job, startedAt, acceptedAt } = step ?? {};
    expect(kept.steps[0]).toMatchObject({
      id,
      job,
      startedAt,
      acceptedAt,
      state: { phase: 'succeeded' },
      ended: { exitCode: 0 },
    });
    expect(kept.steps[1]).toEqual(before.steps[1]);
    expect(kept.runs.map(({ command }) => command)).toEqual(['publish', 'wait']);
  });

  test('takes the place of a file alone', async () => {
    const { folder, run } = await setUp();
    await writeFile(join(folder, 'target'), '');
    await symlink('target', join(folder, 'r.json'));

    const result = await run(['upload', 'app.apk', '--to', 'apptego', '-e', 'dev']);

    expect(result.code).toBe(3);
    expect(result.stderr).toContain('cannot write the receipt r.json: it is not a regular file');
    expect((await lstat(join(folder, 'r.json'))).isSymbolicLink()).toBe(true);
  });

  test.each([
    ['that is not there', null, 'cannot read receipt r.json: no such file'],
    ['of a newer apptool', { receiptVersion: 3, tool: { name: 'apptool' } }, 'r.json is a receipt of a newer apptool'],
  ])('%s is told as such', async (_, value, words) => {
    const { folder, variables } = await setUp();
    if (value !== null) await writeFile(join(folder, 'r.json'), JSON.stringify(value));

    const result = await runCli(['wait', 'r.json'], { cwd: folder, env: variables });

    expect(result.code).toBe(2);
    expect(result.stderr).toContain(words);
  });

  test('of another host is refused: it would say that the job is gone', async () => {
    const { folder, run, receipt } = await setUp();
    succeeded([await run(['upload', 'app.apk', '--to', 'apptego', '-e', 'dev'])]);
    const before = await receipt();

    const result = await runCli(['wait', 'r.json'], { cwd: folder, env: (await sandbox()).variables });

    expect(result.code).toBe(2);
    expect(result.stderr).toContain(`this receipt is of ${before.steps[0]?.host}`);
  });

  test('says of what was sent what the first stage said, whatever a later one knows', async () => {
    const { run, receipt } = await setUp();
    await run(['upload', 'app.apk', '--to', 'apptego', '-e', 'dev'], BUILD);
    const later = {
      ...BUILD,
      GITHUB_SHA: 'b'.repeat(40),
      APPTOOL_ENVIRONMENT: 'prod',
      GITHUB_SERVER_URL: 'https://ci.example',
    };

    succeeded([await run(['wait', 'r.json', ...QUICK], { ...later, GITHUB_REPOSITORY: 'a/b', GITHUB_RUN_ID: '7' })]);

    expect(await receipt()).toMatchObject({
      environment: 'dev',
      build: { commit: BUILD.GITHUB_SHA },
      runs: [{}, { buildUrl: 'https://ci.example/a/b/actions/runs/7' }],
    });
  });

  test('keeps what it knows of a job that a stage could not ask for', async () => {
    const { folder, run, receipt } = await setUp();
    await run(['upload', 'app.apk', '--to', 'apptego', '-e', 'dev']);
    await run(['wait', 'r.json', ...QUICK]);
    const unfinished = { session: { file_path: 'f', upload_id: 'u' } };
    const before = await receipt();
    const [step] = before.steps.map((one) => ({ ...one, unfinished }));
    await writeFile(join(folder, 'r.json'), JSON.stringify({ ...before, steps: [step] }));

    const refused = await run(['download', 'r.json', '-o', 'x.apk'], { APPTEGO_API_KEY: 'key:wrong' });

    expect(refused.code).toBe(4);
    const { runs, steps } = await receipt();
    expect(steps).toMatchObject([
      { job: step?.job, state: step?.state, host: step?.host, unfinished, ended: { exitCode: 4 } },
    ]);
    expect(runs.at(-1)).toMatchObject({ command: 'download', ended: { exitCode: 4 } });
  });

  test('holds no secret and no signed URL, whatever the server says', async () => {
    const { box, folder } = await setUpBox();
    const key = box.variables.APPTEGO_API_KEY ?? '';
    const status = `x ${key} https://storage.example/a?X-Amz-Signature=abc`;
    const fault = faults.changeJson((answer) => ({ ...answer, status }));
    const proxy = await faultProxy(box, [{ origin: 'api', method: 'GET', times: 100, fault }]);
    const env = {
      ...proxy.variables,
      JENKINS_URL: 'https://ci.example/',
      BUILD_URL: 'https://ci.example/3?id=4&token=SECRET123',
    };
    const run = (args: readonly string[]) => runCli([...args, '--receipt', 'r.json'], { cwd: folder, env });
    await run(['upload', 'app.apk', '--to', 'apptego', '-e', 'dev']);

    const waiting = startCli(['wait', 'r.json', '--poll-interval', '20ms', '--receipt', 'r.json'], {
      cwd: folder,
      env,
    });
    await waiting.seen('x [redacted]');
    waiting.child.kill('SIGTERM');

    expect(await waiting.result).toMatchObject({ code: 143 });
    const text = await readFile(join(folder, 'r.json'), 'utf8');
    expect(text).not.toMatch(/X-Amz|SECRET123/);
    expect(text).not.toContain(key);
    expect(JSON.parse(text)).toMatchObject({
      steps: [{ state: { status: 'x [redacted] https://storage.example/a?[redacted]' } }],
      build: { buildUrl: 'https://ci.example/3?id=4' },
    });
  });
});

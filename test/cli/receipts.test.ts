import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Receipt } from '../../src/cli/receipt.ts';
import { type CliResult, runCli } from '../support/cli.ts';
import { type Fault, faultProxy, faults } from '../support/fault-proxy.ts';
import { copyFixture, sha256Of, temporaryFolder } from '../support/files.ts';
import { checked } from '../support/published-schema.ts';
import { sandbox } from '../support/sandbox.ts';

const QUICK = ['--poll-interval', '20ms', '--timeout', '30s'];
const BUILD = {
  GITHUB_SHA: 'a'.repeat(40),
  GITHUB_REF: 'refs/heads/main',
  GITHUB_ACTIONS: 'true',
  APPTOOL_GITHUB: 'false',
};

async function setUp(fault?: Fault) {
  const folder = await temporaryFolder();
  await copyFixture('v2.apk', folder, 'app.apk');
  const box = await sandbox();
  const get = { origin: 'storage', method: 'GET', fault: fault ?? faults.answer(503, {}) } as const;
  const { variables } = fault === undefined ? box : await faultProxy(box, [get]);
  const run = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
    runCli([...args, '--receipt', 'r.json'], { cwd: folder, env: { ...variables, ...env } });
  const receipt = async () =>
    checked<Receipt>('receipt.schema.json', JSON.parse(await readFile(join(folder, 'r.json'), 'utf8')));
  return { folder, run, receipt };
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
    expect(kept.artifact).toMatchObject({
      packageName: facts.packageName,
      versionCode: facts.versionCode,
      sha256: await sha256Of(join(folder, 'app.apk')),
      signers: signatures.at(-1).signers.map(({ sha256 }: { sha256: string }) => sha256),
    });
    expect(kept.artifact?.signers).toHaveLength(1);
    expect(kept.output).toMatchObject({
      name: 'app-protected.apk',
      packageName: facts.packageName,
      versionCode: facts.versionCode,
      sha256: await sha256Of(join(folder, 'app-protected.apk')),
    });
    expect(kept.attempts).toMatchObject([{ command: 'protect', ended: { exitCode: 0 }, retries: 1 }]);
  });

  test('goes through the stages: each adds its own, and keeps what it does not know itself', async () => {
    const { folder, run, receipt } = await setUp();

    const upload = await run(['upload', 'app.apk', '--to', 'apptego', '-e', 'staging'], BUILD);
    await rm(join(folder, 'app.apk'));
    succeeded([upload, await run(['wait', 'r.json', ...QUICK]), await run(['download', 'r.json', '-o', 'out.apk'])]);

    const kept = await receipt();
    expect(kept.attempts.map(({ command, ended }) => [command, ended?.exitCode])).toEqual([
      ['upload', 0],
      ['wait', 0],
      ['download', 0],
    ]);
    expect(kept).toMatchObject({
      command: 'download',
      environment: 'staging',
      build: { provider: 'github', commit: BUILD.GITHUB_SHA, branch: 'main' },
      artifact: { name: 'app.apk' },
      output: { name: 'out.apk' },
      state: { phase: 'succeeded' },
    });
  });

  test('of several targets keeps the others when one of them is waited for', async () => {
    const { run, receipt } = await setUp();
    succeeded([await run(['publish', 'app.apk', '--to', 'apptego,applivery', '-e', 'dev', '--detach'])]);
    const before = await receipt();
    const [target] = before.targets;

    succeeded([await run(['wait', target?.job?.ref ?? '', ...QUICK])]);

    const kept = await receipt();
    expect(kept.targets[0]).toMatchObject({ ...target, state: { phase: 'succeeded' }, ended: { exitCode: 0 } });
    expect(kept.targets[1]).toEqual(before.targets[1]);
    expect(kept.job).toBeNull();
    expect(kept.attempts.map(({ command }) => command)).toEqual(['publish', 'wait']);
  });

  test('of another job is not gone on from', async () => {
    const { run, receipt } = await setUp();
    const [first, second] = [
      await run(['upload', 'app.apk', '--to', 'apptego', '-e', 'dev']),
      await run(['upload', 'app.apk', '--to', 'applivery']),
    ];
    succeeded([first, second, await run(['wait', first.stdout.trim(), ...QUICK])]);

    const kept = await receipt();
    expect(kept.job?.ref).toBe(first.stdout.trim());
    expect(kept.attempts.map(({ command }) => command)).toEqual(['wait']);
  });
});

import { readdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Receipt } from '../../src/contract/record/journal.ts';
import { ResultDocument } from '../../src/contract/result-document.ts';
import { copyFixture, sha256Of, temporaryFolder } from '../../src/testing/files.ts';
import { sandbox } from '../../src/testing/sandbox.ts';
import { runCli } from '../support/cli.ts';

test('upload, status, wait and download hand a job from one process to the next', async () => {
  const [sending, fetching] = [await temporaryFolder(), await temporaryFolder()];
  const { variables: env } = await sandbox();
  const file = await copyFixture('v2.apk', sending);

  const uploaded = await runCli(['upload', file, '--to', 'apptego', '--environment', 'staging'], { env });
  const job = uploaded.stdout.trim();
  const waited = await runCli(['wait', job, '--poll-interval', '50ms'], { env });
  const asked = await runCli(['status', job], { env });
  const downloaded = await runCli(['download', job], { env, cwd: fetching });

  expect(uploaded).toMatchObject({ code: 0, stdout: expect.stringMatching(/^apptego:\d+\n$/) });
  expect(waited).toMatchObject({ code: 0, stdout: 'succeeded completed\n' });
  expect(asked).toMatchObject({ code: 0, stdout: 'succeeded completed\n' });
  expect(downloaded).toMatchObject({ code: 0, stdout: 'v2-protected.apk\n' });
  expect(await sha256Of(join(fetching, 'v2-protected.apk'))).not.toBe(await sha256Of(file));
});

test('upload, wait and download share the environment and a receipt, in three empty folders', async () => {
  const [sending, waiting, fetching] = [await temporaryFolder(), await temporaryFolder(), await temporaryFolder()];
  const { variables: env } = await sandbox();
  await copyFixture('v2.apk', sending);
  const run = (cwd: string, ...args: string[]) => runCli(args, { env, cwd });

  const uploaded = await run(sending, 'upload', 'v2.apk', '--to', 'apptego', '-e', 'prod', '--receipt', 'r.json');
  await rename(join(sending, 'r.json'), join(waiting, 'r.json'));
  const waited = await run(waiting, 'wait', 'r.json', '--poll-interval', '50ms', '--receipt', 'r.json');
  await rename(join(waiting, 'r.json'), join(fetching, 'r.json'));
  const downloaded = await run(fetching, 'download', 'r.json', '--receipt', 'r.json');

  expect([uploaded.code, waited.code, downloaded.code], downloaded.stderr).toEqual([0, 0, 0]);
  expect(await readdir(waiting)).toEqual([]);
  expect(await readdir(fetching)).toEqual(['r.json', 'v2-protected.apk']);
  expect(Receipt.parse(JSON.parse(await readFile(join(fetching, 'r.json'), 'utf8')))).toMatchObject({
    environment: 'prod',
    input: { name: 'v2.apk', sha256: await sha256Of(join(sending, 'v2.apk')) },
    output: { name: 'v2-protected.apk', sha256: await sha256Of(join(fetching, 'v2-protected.apk')) },
  });
});

test('download refuses an output that exists before it asks for anything', async () => {
  const folder = await temporaryFolder();
  await copyFixture('v2.apk', folder, 'out.apk');
  const env = { APPTEGO_API_KEY: 'key_id:key_secret', APPTEGO_API_URL: 'http://127.0.0.1:9' };

  const result = await runCli(['download', 'apptego:1700000000', '-o', 'out.apk'], { env, cwd: folder });

  expect(result).toMatchObject({ code: 3, stdout: '' });
  expect(result.stderr).toContain('output exists; use --force to replace it');
});

test('download --dry-run says what it would write and writes nothing', async () => {
  const folder = await temporaryFolder();
  const { variables: env } = await sandbox();
  const file = await copyFixture('v2.apk', folder);
  const uploaded = await runCli(['upload', file, '--to', 'apptego', '-e', 'prod'], { env });
  await runCli(['wait', uploaded.stdout.trim(), '--poll-interval', '50ms'], { env });

  const line = ['download', uploaded.stdout.trim(), '--dry-run'];

  const result = await runCli(line, { env, cwd: folder });
  const json = await runCli([...line, '--json'], { env, cwd: folder });

  expect(result).toMatchObject({ code: 0, stdout: 'would write v2-protected.apk\n' });
  expect(JSON.parse(json.stdout)).toMatchObject({ data: { plan: { output: 'v2-protected.apk' } }, output: null });
  expect(await readdir(folder)).toEqual(['v2.apk']);
});

test('status --json says how the job stands in one document', async () => {
  const folder = await temporaryFolder();
  const { variables: env } = await sandbox({ processingMs: 60_000, appearMs: 0 });
  const file = await copyFixture('app.ipa', folder);
  const uploaded = await runCli(['upload', file, '--to', 'apptego', '-e', 'dev', '--json'], { env });
  const { job } = ResultDocument.parse(JSON.parse(uploaded.stdout));

  const result = await runCli(['status', job?.ref ?? '', '--json'], { env });

  const document = ResultDocument.parse(JSON.parse(result.stdout));
  expect(document).toMatchObject({
    ok: true,
    job: { ref: job?.ref, id: job?.id },
    state: { phase: 'queued', status: 'processing', message: 'Queued' },
  });
});

test('wait fails with job-failed when the job has failed', async () => {
  const folder = await temporaryFolder();
  const { variables: env } = await sandbox({ result: 'failed' });
  const file = await copyFixture('v2.apk', folder);
  const uploaded = await runCli(['upload', file, '--to', 'apptego', '-e', 'prod'], { env });

  const result = await runCli(['wait', uploaded.stdout.trim(), '--poll-interval', '50ms'], { env });

  expect(result).toMatchObject({ code: 8, stdout: '' });
  expect(result.stderr).toContain('error[job-failed]');
});

test('upload waits for a build slot as long as --capacity-wait allows', async () => {
  const folder = await temporaryFolder();
  const { variables: env } = await sandbox({ concurrencyLimit: 1, processingMs: 1_000 });
  const file = await copyFixture('v2.apk', folder);
  const args = ['upload', file, '--to', 'apptego', '-e', 'prod', '--poll-interval', '100ms'];
  await runCli(args, { env });

  const second = await runCli([...args, '--capacity-wait', '1h'], { env, isFast: true });

  expect(second.code).toBe(0);
  expect(second.stderr).toContain('no build slot free (Concurrent build limit exceeded');
});

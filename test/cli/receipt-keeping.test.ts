import { existsSync } from 'node:fs';
import { copyFile, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Receipt } from '../../src/contract/record/journal.ts';
import { faultProxy } from '../../src/testing/fault-proxy.ts';
import { faults } from '../../src/testing/faults.ts';
import { copyFixture, sha256Of, temporaryFolder } from '../../src/testing/files.ts';
import { sandbox } from '../../src/testing/sandbox.ts';
import { runCli, startCli } from '../support/cli.ts';
import { checked } from '../support/published-schema.ts';

const QUICK = ['--poll-interval', '20ms', '--timeout', '30s'];
const UPLOAD = ['upload', 'app.apk', '--to', 'apptego', '-e', 'dev', '--receipt', 'r.json'];

async function setUp(planned: Parameters<typeof faultProxy>[1] = []) {
  const folder = await temporaryFolder();
  await copyFixture('v2.apk', folder, 'app.apk');
  await copyFixture('v3.apk', folder, 'other.apk');
  const box = await sandbox();
  const proxy = await faultProxy(box, planned);
  const env = proxy.variables;
  const run = (args: readonly string[], more: Readonly<Record<string, string>> = {}) =>
    runCli(args, { cwd: folder, env: { ...env, ...more } });
  const textOf = (name: string) => readFile(join(folder, name), 'utf8');
  const receipt = async (name = 'r.json') => checked<Receipt>('receipt.schema.json', JSON.parse(await textOf(name)));
  const idsOf = async (name = 'r.json') => (await receipt(name)).steps.map(({ id }) => id);
  return { folder, proxy, env, run, receipt, idsOf, textOf };
}

describe('a receipt that is there', () => {
  test('F-IO-21: of another file is refused before anything is sent, and stays as it is', async () => {
    const { run, textOf, proxy } = await setUp();
    await run(UPLOAD);
    const before = await textOf('r.json');
    const asked = proxy.seen.length;

    const other = await run(['protect', 'other.apk', '-e', 'dev', '--receipt', 'r.json', ...QUICK]);
    const missing = await run(['protect', 'missing.apk', '-e', 'dev', '--receipt', 'r.json']);

    expect([other.code, missing.code]).toEqual([3, 3]);
    expect(other.stderr).toContain('the receipt r.json belongs to another release, not to other.apk');
    expect(proxy.seen).toHaveLength(asked);
    expect(await textOf('r.json')).toBe(before);
  });

  test('F-IO-21: of another release is not lost to a wait or a download', async () => {
    const { run, textOf } = await setUp();
    const uploaded = await run(UPLOAD);
    await run(['publish', 'other.apk', '--to', 'applivery', '--receipt', 'pub.json', ...QUICK]);
    const before = await textOf('pub.json');

    const waited = await run(['wait', 'r.json', '--receipt', 'pub.json', ...QUICK]);
    const named = await run(['wait', uploaded.stdout.trim(), '--receipt', 'pub.json', ...QUICK]);

    expect([waited.code, named.code]).toEqual([3, 3]);
    expect(waited.stderr).toContain('the receipt pub.json belongs to another release');
    expect(await textOf('pub.json')).toBe(before);
  });

  test('F-IO-21: keeps what a stage before has written, where two go on from one beginning', async () => {
    const { folder, run, receipt } = await setUp();
    await run(['protect', 'app.apk', '-e', 'dev', '--detach', '--receipt', 'p.json']);
    await run(['wait', 'p.json', ...QUICK]);

    await run(['download', 'p.json', '-o', 'out.apk', '--receipt', 'w.json']);
    const waited = await run(['wait', 'p.json', '--receipt', 'w.json', ...QUICK]);
    await run(['wait', 'p.json', '--receipt', 'w.json', ...QUICK]);

    expect(waited.code, waited.stderr).toBe(0);
    const { output, runs, steps } = await receipt('w.json');
    expect(output).toMatchObject({ name: 'out.apk', sha256: await sha256Of(join(folder, 'out.apk')) });
    expect(runs.map(({ command }) => command)).toEqual(['protect', 'download', 'wait', 'wait']);
    expect(steps).toMatchObject([{ id: 'protect:apptego', state: { phase: 'succeeded' } }]);
  });

  test('of the app that is published now gets the steps of publishing', async () => {
    const { run, receipt } = await setUp();
    const args = ['--receipt', 'r.json', ...QUICK];

    const protectedRun = await run(['protect', 'app.apk', '-e', 'dev', ...args]);
    const published = await run(['publish', 'app-protected.apk', '--to', 'applivery', '--json', ...args]);

    expect([protectedRun.code, published.code], published.stderr).toEqual([0, 0]);
    const { input, output, steps, runs } = await receipt();
    expect(input?.name).toBe('app.apk');
    expect(steps).toMatchObject([
      { id: 'protect:apptego', sha256: input?.sha256 },
      { id: 'publish:applivery', sha256: output?.sha256, state: { phase: 'succeeded' } },
    ]);
    expect(runs.map(({ command }) => command)).toEqual(['protect', 'publish']);
    expect(JSON.parse(published.stdout)).toMatchObject({
      backend: null,
      artifact: { name: 'app-protected.apk' },
      output: null,
      targets: [{ backend: 'applivery', ok: true }],
    });
  });

  test('of a run that sent nothing is gone on with by any file', async () => {
    const { run, receipt } = await setUp();
    const down = await run(UPLOAD, { APPTEGO_API_KEY: 'key:wrong' });

    const again = await run(['upload', 'other.apk', '--to', 'apptego', '-e', 'dev', '--receipt', 'r.json']);

    expect([down.code, again.code], again.stderr).toEqual([4, 0]);
    const { input, runs, steps } = await receipt();
    expect(input?.name).toBe('other.apk');
    expect(runs.map(({ ended }) => ended?.exitCode)).toEqual([4, 0]);
    expect(steps).toHaveLength(1);
  });

  test('says where a step is that would be sent twice: one that runs is refused, one that is done is warned of', async () => {
    const { run, receipt, proxy } = await setUp();
    await run(UPLOAD);
    const posts = () => proxy.seen.filter(({ method }) => method === 'POST').length;
    const sent = posts();

    const running = await run(UPLOAD);
    const afterRefusal = posts();
    await run(['wait', 'r.json', '--receipt', 'r.json', ...QUICK]);
    const again = await run(UPLOAD);

    const { steps } = await receipt();
    const [first] = steps[0]?.earlier ?? [];
    expect(running.code).toBe(3);
    expect(running.stderr).toMatch(
      /upload:apptego is running already: apptego:\d+\n.*apptool wait r\.json --step upload:apptego/,
    );
    expect(afterRefusal).toBe(sent);
    expect(again.code, again.stderr).toBe(0);
    expect(again.stderr).toContain('upload:apptego was done before');
    expect(first).toMatchObject({ state: { phase: 'succeeded' } });
    expect(first?.job?.ref).not.toBe(steps[0]?.job?.ref);
  });

  test('that says that something may have landed is refused until somebody has looked', async () => {
    const { run, idsOf } = await setUp([
      { method: 'POST', path: /\/autoappstore\//, times: 100, fault: faults.lostAnswer() },
    ]);
    const args = ['publish', 'app.apk', '--to', 'autoappstore', '--receipt', 'r.json', ...QUICK];
    const lost = await run(args);

    const again = await run(args);
    const waited = await run(['wait', 'r.json', ...QUICK]);

    expect([lost.code, again.code, waited.code]).toEqual([9, 3, 9]);
    expect(again.stderr).toContain('publish:autoappstore may have landed');
    expect(await idsOf()).toEqual(['publish:autoappstore']);
  });
});

describe('a receipt that is being written', () => {
  test('F-IO-21: is refused to any other run, which sends nothing; and is free when its run has ended', async () => {
    const { folder, env, run, proxy, idsOf } = await setUp([
      { method: 'GET', path: /status/, times: 1000, fault: faults.silence() },
    ]);
    const running = startCli(['protect', 'app.apk', '-e', 'dev', '--receipt', 'r.json', ...QUICK], {
      cwd: folder,
      env,
    });
    await running.seen(/waiting for/);
    const posts = proxy.seen.filter(({ method }) => method === 'POST').length;

    const second = await run(['publish', 'app.apk', '--to', 'applivery', '--receipt', 'r.json', ...QUICK]);
    const aborted = await run(['abort', 'r.json']);
    const after = proxy.seen.filter(({ method }) => method === 'POST').length;
    running.child.kill('SIGTERM');
    const { code } = await running.result;
    const third = await run(['publish', 'app.apk', '--to', 'applivery', '--receipt', 'r.json', ...QUICK]);

    expect([second.code, aborted.code, code, third.code], third.stderr).toEqual([3, 3, 143, 0]);
    expect(second.stderr).toMatch(/another run is writing the receipt r\.json \(process \d+ on /);
    expect(after).toBe(posts);
    expect(await idsOf()).toEqual(['protect:apptego', 'publish:applivery']);
    expect(existsSync(join(folder, 'r.json.lock'))).toBe(false);
  }, 60_000);

  test('is taken over from a run that was killed', async () => {
    const { folder, env, run, idsOf } = await setUp([
      { method: 'GET', path: /status/, times: 1000, fault: faults.silence() },
    ]);
    const running = startCli(['protect', 'app.apk', '-e', 'dev', '--receipt', 'r.json', ...QUICK], {
      cwd: folder,
      env,
    });
    await running.seen(/waiting for/);
    running.child.kill('SIGKILL');
    await running.result;
    expect(existsSync(join(folder, 'r.json.lock'))).toBe(true);

    const next = await run(['publish', 'app.apk', '--to', 'applivery', '--receipt', 'r.json', ...QUICK]);

    expect(next.code, next.stderr).toBe(0);
    expect(await idsOf()).toEqual(['protect:apptego', 'publish:applivery']);
    expect((await readdir(folder)).sort()).toEqual(['app.apk', 'other.apk', 'r.json']);
  }, 60_000);

  const holder = (pid: number, host: string) =>
    JSON.stringify({ pid, host, processStart: null, since: '2026-11-28T00:00:00.000Z', run: 'a' });

  test.each([
    ['a process that has a number of its own by now', () => holder(process.pid, hostname()), 0],
    ['a live run on another machine', () => holder(1, 'elsewhere'), 3],
    ['something that nobody can read, a moment ago', () => '', 3],
  ])('with the lock of %s', async (_, text, code) => {
    const { folder, run } = await setUp();
    await writeFile(join(folder, 'r.json.lock'), text());

    const result = await run(UPLOAD);

    expect(result.code, result.stderr).toBe(code);
    expect(existsSync(join(folder, 'r.json.lock'))).toBe(code === 3);
  });
});

describe('the steps of a receipt', () => {
  async function withTwo() {
    const setting = await setUp();
    const args = ['publish', 'app.apk', '--to', 'applivery,autoappstore', '--detach', '--receipt', 'r.json'];
    const published = await setting.run(args);
    expect(published.code, published.stderr).toBe(0);
    return setting;
  }

  test('are asked after side by side, and one alone with --step', async () => {
    const { run, receipt } = await withTwo();

    const all = await run(['wait', 'r.json', '--receipt', 'r.json', '--json', ...QUICK]);
    const one = await run(['status', 'r.json', '--step', 'publish:applivery']);
    const unknown = await run(['status', 'r.json', '--step', 'publish:apptego']);

    expect(JSON.parse(all.stdout)).toMatchObject({
      ok: true,
      job: null,
      targets: [
        { backend: 'applivery', state: { phase: 'succeeded' } },
        { backend: 'autoappstore', state: { phase: 'succeeded' } },
      ],
    });
    expect(one.stdout).toBe('succeeded processed\n');
    expect(unknown.code).toBe(2);
    expect(unknown.stderr).toContain('hint: it has publish:applivery, publish:autoappstore');
    expect((await receipt()).steps.map(({ state }) => state?.phase)).toEqual(['succeeded', 'succeeded']);
  });

  test('end with the gravest verdict', async () => {
    const { run, receipt } = await setUp();
    const args = ['publish', 'app.apk', '--to', 'applivery,apptego', '-e', 'dev', '--detach', '--receipt', 'r.json'];
    expect((await run(args, { APPTEGO_API_KEY: 'key:wrong' })).code).toBe(12);

    const waited = await run(['wait', 'r.json', ...QUICK]);

    expect((await receipt()).steps).toHaveLength(2);
    expect(waited.code).toBe(12);
    expect(waited.stdout).toMatch(/^applivery succeeded processed applivery:\S+\napptego - partial \S+\n$/);
    expect(waited.stderr).toContain('apptego: nothing was sent to apptego');
  });

  test('download takes the one that protects', async () => {
    const { folder, run } = await setUp();
    const args = ['--receipt', 'r.json', ...QUICK];
    await run(['protect', 'app.apk', '-e', 'dev', ...args]);
    await run(['publish', 'app-protected.apk', '--to', 'applivery,autoappstore', ...args]);
    const sha256 = await sha256Of(join(folder, 'app-protected.apk'));
    await rm(join(folder, 'app-protected.apk'));

    const fetched = await run(['download', 'r.json', '-o', 'again.apk']);

    expect(fetched.code, fetched.stderr).toBe(0);
    expect(await sha256Of(join(folder, 'again.apk'))).toBe(sha256);
  });

  test('are of the file and package that are expected, or nobody is asked', async () => {
    const { folder, run, proxy } = await withTwo();
    const asked = proxy.seen.length;
    const sha256 = await sha256Of(join(folder, 'app.apk'));

    const wrong = [
      await run(['wait', 'r.json', '--expect-input', 'a'.repeat(64), ...QUICK]),
      await run(['status', 'r.json', '--expect-package', 'org.other']),
      await run(['download', 'r.json', '--step', 'publish:applivery', '--expect-package', 'org.other']),
      await run(['wait', 'applivery:64b0c1d2e3f4a5b6c7d8e9f0', '--expect-input', sha256]),
    ];
    const askedByWrong = proxy.seen.length - asked;
    const right = ['--expect-input', sha256, '--expect-package', 'dev.apptool.fixture'];
    const fine = await run(['status', 'r.json', ...right]);

    expect(wrong.map(({ code }) => code)).toEqual([2, 2, 2, 2]);
    expect(wrong[0]?.stderr).toContain('r.json is the receipt of another app or file');
    expect(askedByWrong).toBe(0);
    expect(fine.code, fine.stderr).toBe(0);
  });

  test('are the same on another machine', async () => {
    const { folder, env, run, receipt } = await withTwo();
    const elsewhere = await temporaryFolder();
    await copyFile(join(folder, 'r.json'), join(elsewhere, 'r.json'));

    const waited = await runCli(['wait', 'r.json', '--receipt', 'r.json', ...QUICK], { cwd: elsewhere, env });

    const there = JSON.parse(await readFile(join(elsewhere, 'r.json'), 'utf8')) as Receipt;
    expect(waited.code, waited.stderr).toBe(0);
    expect(there.steps.map(({ id, job }) => [id, job])).toEqual(
      (await receipt()).steps.map(({ id, job }) => [id, job]),
    );
    expect((await run(['status', join(elsewhere, 'r.json')])).code).toBe(0);
  });
});

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ResultDocument } from '../../src/contract/result-document.ts';
import { faultProxy } from '../../src/testing/fault-proxy.ts';
import { faults } from '../../src/testing/faults.ts';
import { copyFixture, sha256Of, temporaryFolder } from '../../src/testing/files.ts';
import { sandbox } from '../../src/testing/sandbox.ts';
import { runCli, startCli } from '../support/cli.ts';

const QUICK = ['--poll-interval', '20ms', '--timeout', '30s'];

async function setUp(fixture = 'v123.apk', name = 'app.apk') {
  const folder = await temporaryFolder();
  await copyFixture(fixture, folder, name);
  const box = await sandbox();
  const publish = (args: readonly string[], variables = box.variables) =>
    runCli(['publish', name, ...QUICK, ...args], { cwd: folder, env: variables });
  return { folder, box, publish };
}

describe('publish', () => {
  test('brings one file to several backends, and prints a line for each', async () => {
    const { publish, box } = await setUp();

    const result = await publish(['--to', 'applivery,autoappstore,apptego', '-e', 'dev']);

    expect(result.code, result.stderr).toBe(0);
    expect(result.stdout.split('\n')).toEqual([
      expect.stringMatching(/^applivery succeeded processed applivery:\S+$/),
      expect.stringMatching(/^autoappstore succeeded \S+ autoappstore:\S+$/),
      expect.stringMatching(/^apptego succeeded completed apptego:\d+$/),
      '',
    ]);
    expect(result.stderr).toMatch(/^applivery: uploading app\.apk/m);
    expect(result.stderr).toMatch(/^autoappstore: uploading app\.apk/m);
    expect(box.store.stored().length).toBe(1);
  });

  test('exit 12 when one failed and another did not: each has its own words and its own record', async () => {
    const { publish } = await setUp();
    // The store takes a version once.
    await publish(['--to', 'autoappstore']);

    const plain = await publish(['--to', 'applivery,autoappstore']);
    const json = await publish(['--to', 'applivery,autoappstore', '--json']);

    expect(plain.code, plain.stderr).toBe(12);
    expect(plain.stdout).toMatch(/^applivery succeeded processed applivery:\S+\nautoappstore - rejected -\n$/);
    expect(plain.stderr).toMatch(/^error\[rejected\]: autoappstore: could not upload the file/m);
    expect(plain.stderr).toMatch(/^error\[partial\]: 1 of 2 targets failed: autoappstore$/m);
    expect(plain.stderr).toMatch(/^publish:autoappstore +failed \(rejected\)/m);
    const document = ResultDocument.parse(JSON.parse(json.stdout));
    expect(json.code).toBe(12);
    expect(document).toMatchObject({ ok: false, exitCode: 12, error: { class: 'partial' } });
    expect(document.targets).toMatchObject([
      { backend: 'applivery', ok: true, exitCode: 0, error: null, state: { phase: 'succeeded' } },
      { backend: 'autoappstore', ok: false, exitCode: 5, job: null, error: { class: 'rejected', httpStatus: 409 } },
    ]);
  });

  test('targets that fail alike end the run as they did', async () => {
    const { publish, box } = await setUp();
    const wrong = {
      ...box.variables,
      APPLIVERY_SERVICE_TOKEN: 'wrong',
      APPLIVERY_APP_TOKEN: '',
      AUTOAPPSTORE_TOKEN: 'wrong',
    };

    const result = await publish(['--to', 'applivery,autoappstore'], wrong);

    expect(result.code, result.stderr).toBe(4);
    expect(result.stderr.match(/^error\[auth\]/gm)).toHaveLength(3);
    expect(result.stderr).toMatch(/^error\[auth\]: no target of 2 succeeded$/m);
    expect(result.stderr).toMatch(/hint: .*AUTOAPPSTORE_TOKEN/);
  });

  test.each([
    ['which nobody knows the outcome of', 9, 'unknown', faults.lostAnswer()],
    ['which was refused', 5, 'rejected', faults.answer(400, { status: false })],
  ])(
    'a target %s is what the run ends as, whatever the first one may allow',
    async (_, code, kind, fault) => {
      const { folder, box } = await setUp();
      const unusable = faults.changeJson((answer) => ({
        ...answer,
        multipart: true,
        file_path: 'f',
        upload_id: 'u',
        part_urls: [],
      }));
      const proxy = await faultProxy(box, [
        { method: 'POST', path: /\/builds$/, fault },
        { method: 'POST', path: /\/automate\/upload$/, times: 100, fault: unusable },
      ]);

      const args = ['publish', 'app.apk', ...QUICK, '-e', 'dev', '--to', 'apptego,applivery'];
      const result = await runCli(args, { cwd: folder, env: proxy.variables, isFast: true });

      expect(result.stderr).toContain('error[unavailable]: apptego: ');
      expect(result.stderr).toContain(`error[${kind}]: applivery: `);
      expect(result.code).toBe(code);
      // A lost upload is looked for over 30 s.
    },
    90_000,
  );

  test('--fail-fast stops the others', async () => {
    const { folder, box, publish } = await setUp();
    await publish(['--to', 'autoappstore']);
    const proxy = await faultProxy(box, [
      { method: 'GET', path: /\/applivery\//, times: 10_000, fault: faults.silence() },
    ]);

    const args = ['publish', 'app.apk', '--to', 'applivery,autoappstore', '--fail-fast', '--json', ...QUICK];
    const result = await runCli(args, { cwd: folder, env: proxy.variables });

    const { targets } = ResultDocument.parse(JSON.parse(result.stdout));
    // None succeeded, so the run ends as what failed by itself.
    expect(result.code).toBe(5);
    expect(targets).toMatchObject([
      {
        backend: 'applivery',
        ok: false,
        error: {
          class: 'partial',
          message: 'stopped because autoappstore had failed',
          hint: expect.stringMatching(/to keep waiting: apptool wait applivery:/),
        },
      },
      { backend: 'autoappstore', ok: false, error: { class: 'rejected' } },
    ]);
  });

  test('--fail-fast after the last byte of a form: nobody knows whether it landed, and so it says', async () => {
    const { folder, box, publish } = await setUp();
    await publish(['--to', 'autoappstore']);
    let hasArrived = false;
    const proxy = await faultProxy(box, [
      {
        method: 'POST',
        path: /\/applivery\//,
        fault: async (exchange) => {
          await exchange.readBody();
          hasArrived = true;
        },
      },
      {
        method: 'POST',
        path: /\/autoappstore\//,
        fault: async (exchange) => {
          const body = await exchange.readBody();
          await expect.poll(() => hasArrived).toBe(true);
          exchange.reply(await exchange.forward(body));
        },
      },
    ]);

    const args = ['publish', 'app.apk', '--to', 'applivery,autoappstore', '--fail-fast', '--json', ...QUICK];
    const result = await runCli([...args, '--receipt', 'r.json'], { cwd: folder, env: proxy.variables });

    const { targets } = ResultDocument.parse(JSON.parse(result.stdout));
    const receipt = JSON.parse(await readFile(join(folder, 'r.json'), 'utf8'));
    expect(targets[0]).toMatchObject({ backend: 'applivery', exitCode: 9, error: { class: 'unknown' } });
    expect(targets[0]?.error?.hint).toContain('the whole file was sent');
    expect(receipt.steps[0]).toMatchObject({ id: 'publish:applivery', job: null, mayHaveLanded: true });
  });

  test('--fail-fast while a multipart upload is completed does not abort it', async () => {
    const { folder, publish } = await setUp();
    const box = await sandbox({ multipartFromBytes: 1 });
    await publish(['--to', 'autoappstore'], box.variables);
    let isCompleting = false;
    const proxy = await faultProxy(box, [
      {
        path: /\/automate\/upload\/complete/,
        fault: async (exchange) => {
          await exchange.readBody();
          isCompleting = true;
        },
      },
      {
        method: 'POST',
        path: /\/autoappstore\//,
        fault: async (exchange) => {
          const body = await exchange.readBody();
          await expect.poll(() => isCompleting).toBe(true);
          exchange.reply(await exchange.forward(body));
        },
      },
    ]);

    const args = ['publish', 'app.apk', '--to', 'apptego,autoappstore', '-e', 'dev', '--fail-fast', ...QUICK];
    const result = await runCli(args, { cwd: folder, env: proxy.variables, isFast: true });

    expect(result.code, result.stderr).toBe(5);
    expect(proxy.seen.filter(({ path }) => path.endsWith('/abort'))).toEqual([]);
    expect(result.stderr).toMatch(
      /hint: .*the job may still be running on the server; to keep waiting: apptool wait apptego:/,
    );
  });

  test('a target that is still at it is waited for, not sent again', async () => {
    const { folder, box } = await setUp();
    const proxy = await faultProxy(box, [
      { method: 'GET', path: /\/applivery\//, times: 10_000, fault: faults.answer(503, {}) },
    ]);

    const args = ['publish', 'app.apk', '--to', 'applivery,apptego', '-e', 'dev', '--poll-interval', '20ms'];
    const result = await runCli([...args, '--timeout', '80s'], { cwd: folder, env: proxy.variables, isFast: true });

    expect(result.code, result.stderr).toBe(7);
    expect(result.stderr).toMatch(/^error\[pending\]: 1 of 2 targets not done yet: applivery$/m);
    expect(result.stderr).toMatch(
      /^hint: applivery: it may still be running; to keep waiting: apptool wait applivery:\S+$/m,
    );
  }, 30_000);

  test('a milestone in a variable is for the backends that have it', async () => {
    const { folder, box } = await setUp();
    const env = { ...box.variables, APPTOOL_UNTIL: 'approved' };

    const result = await runCli(['protect', 'app.apk', '-e', 'dev', ...QUICK], { cwd: folder, env });

    expect(result.code, result.stderr).toBe(0);
  });

  test('--detach stops once every job is accepted', async () => {
    const { publish } = await setUp();

    const result = await publish(['--to', 'applivery,autoappstore', '--detach']);

    expect(result.code, result.stderr).toBe(0);
    expect(result.stdout).toMatch(
      /^applivery queued uploaded applivery:\S+\nautoappstore queued uploaded autoappstore:\S+\n$/,
    );
  });

  test('a milestone is for the targets that have it', async () => {
    const { publish } = await setUp();

    const result = await publish(['--to', 'applivery,autoappstore', '--until', 'live']);

    expect(result.code, result.stderr).toBe(0);
    expect(result.stdout).toMatch(/^autoappstore succeeded live /m);
  });

  test.each([
    ['no target', [], 'publish needs --to'],
    ['a target twice', ['--to', 'applivery,applivery'], 'applivery is named twice'],
    ['an unknown target', ['--to', 'applivery,nostore'], 'unknown backend "nostore"'],
    [
      'a milestone that no target has',
      ['--to', 'applivery,autoappstore', '--until', 'samsung'],
      'none of the targets has a milestone "samsung"',
    ],
    ['a flag that no target has a use for', ['--to', 'autoappstore', '--tags', 'a'], 'does not take --tags'],
  ])('%s is refused before any request', async (_, args, words) => {
    const { folder, box } = await setUp();
    const proxy = await faultProxy(box, []);

    const result = await runCli(['publish', 'app.apk', ...args], { cwd: folder, env: proxy.variables });

    expect(result.code, result.stderr).toBe(2);
    expect(result.stderr).toContain(words);
    expect(proxy.seen).toEqual([]);
  });

  test('a file that one target is known to refuse is sent to none', async () => {
    const { folder, box } = await setUp('unsigned.apk');
    const proxy = await faultProxy(box, []);

    const result = await runCli(['publish', 'app.apk', '--to', 'applivery,autoappstore'], {
      cwd: folder,
      env: proxy.variables,
    });

    expect(result.code).toBe(2);
    expect(result.stderr).toContain('it is not signed, and autoappstore refuses such files');
    expect(proxy.seen).toEqual([]);
  });

  test('a file that one target does not take is sent to none', async () => {
    const { folder, box } = await setUp('app.ipa', 'app.ipa');
    const proxy = await faultProxy(box, []);

    const result = await runCli(['publish', 'app.ipa', '--to', 'applivery,autoappstore'], {
      cwd: folder,
      env: proxy.variables,
    });

    expect(result.code).toBe(2);
    expect(result.stderr).toContain('autoappstore takes .apk only');
    expect(proxy.seen).toEqual([]);
  });

  test('--dry-run says what would be sent to each, and sends nothing', async () => {
    const { folder, box } = await setUp();
    const proxy = await faultProxy(box, []);

    const args = ['publish', 'app.apk', '--to', 'applivery,autoappstore', '--dry-run'];
    const result = await runCli(args, { cwd: folder, env: proxy.variables });

    expect(result.code, result.stderr).toBe(0);
    expect(result.stdout.match(/^would send POST /gm)).toHaveLength(2);
    expect(proxy.seen).toEqual([]);
  });

  test('a receipt holds every target, and stands for all of them', async () => {
    const { folder, publish, box } = await setUp();

    await publish(['--to', 'applivery,autoappstore', '--detach', '--receipt', 'release.json']);
    const receipt = JSON.parse(await readFile(join(folder, 'release.json'), 'utf8'));
    const waited = await runCli(['wait', 'release.json', ...QUICK], { cwd: folder, env: box.variables });

    expect(receipt.input.sha256).toBe(await sha256Of(join(folder, 'app.apk')));
    expect(receipt.steps).toMatchObject([
      { backend: 'applivery', ended: { exitCode: 0 }, unfinished: null },
      { backend: 'autoappstore', ended: { exitCode: 0 }, unfinished: null },
    ]);
    expect(waited.code, waited.stderr).toBe(0);
    expect(waited.stdout).toBe(
      `applivery succeeded processed ${receipt.steps[0].job.ref}\nautoappstore succeeded passed ${receipt.steps[1].job.ref}\n`,
    );
  });

  test('a signal stops all of them, and says of each what still runs', async () => {
    const { folder, box } = await setUp();
    const proxy = await faultProxy(box, [
      { method: 'GET', path: /\/applivery\//, times: 10_000, fault: faults.silence() },
      { method: 'POST', path: /\/autoappstore\//, times: 10_000, fault: faults.silence() },
    ]);
    const args = ['publish', 'app.apk', '--to', 'applivery,autoappstore', ...QUICK];
    const running = startCli(args, { cwd: folder, env: proxy.variables });

    await running.seen(/applivery: waiting for/);
    await expect.poll(() => proxy.struck[1]).toBe(1);
    running.child.kill('SIGINT');
    const result = await running.result;

    expect(result.code).toBe(130);
    expect(result.stderr).toMatch(/applivery: the job (keeps|may still be) running on the server/);
    expect(result.stderr).toContain('autoappstore: ');
  });

  test('release notes come from a file, and a config that was found may not name one outside of its folder', async () => {
    const { folder, publish } = await setUp();
    await writeFile(join(folder, 'notes.md'), 'Faster\n');

    const good = await publish(['--to', 'applivery', '--release-notes-file', 'notes.md', '--dry-run']);
    await writeFile(join(folder, 'apptool.config.json'), JSON.stringify({ releaseNotesFile: '/etc/hostname' }));
    const bad = await publish(['--to', 'applivery']);

    expect(good.stdout).toContain('Faster');
    expect(bad.code).toBe(13);
    expect(bad.stderr).toContain('a project config must not read outside the project');
  });
});

import { readFileSync } from 'node:fs';
import { link, mkdir, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { HttpResponse, http } from 'msw';
import { describe, expect, test } from 'vitest';
import { RUN_VALUES } from '../../../src/ci/reports/run-values.ts';
import { FLAGS, variableOf } from '../../../src/cli/line/flags.ts';
import { faultProxy } from '../../../src/testing/fault-proxy.ts';
import { faults } from '../../../src/testing/faults.ts';
import { copyFixture, sha256Of, temporaryFolder } from '../../../src/testing/files.ts';
import { sandbox } from '../../../src/testing/sandbox.ts';
import { elements, readDotenv, readGithubOutputs, readProperties, workflowCommands } from '../../support/ci-files.ts';
import { runCli, startCli } from '../../support/cli.ts';
import { contract } from '../../support/contract.ts';
import { casesIn } from '../../support/junit.ts';
import { readJUnit } from '../../support/junit-form.ts';

const QUICK = ['--poll-interval', '20ms', '--timeout', '30s'];
const PROTECT = ['protect', 'app.apk', '-e', 'dev', ...QUICK];
const FILES = ['--junit', 'j.xml', '--gitlab-dotenv', 'd.env', '--jenkins-properties', 'p.properties'];

/** What the suites of the fixture's reports begin with. */
const APP = 'apptool.dev.apptool.fixture';

async function setUp() {
  const folder = await temporaryFolder();
  await copyFixture('v123.apk', folder, 'app.apk');
  await writeFile(join(folder, 'outputs'), '');
  await writeFile(join(folder, 'summary'), 'from a step before');
  const box = await sandbox();
  const text = (name: string) => readFileSync(join(folder, name), 'utf8');
  const github = {
    GITHUB_ACTIONS: 'true',
    GITHUB_OUTPUT: join(folder, 'outputs'),
    GITHUB_STEP_SUMMARY: join(folder, 'summary'),
  };
  return {
    folder,
    box,
    github,
    text,
    run: (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
      runCli(args, { cwd: folder, env: { ...box.variables, ...env } }),
    outputs: () => Object.fromEntries(readGithubOutputs(text('outputs'))),
    junit: () => casesIn(text('j.xml')),
  };
}

describe('the reports of a run', () => {
  test('that ends well: every value under its fixed name, the same in each file', async () => {
    const { run, github, outputs, text, junit, folder } = await setUp();

    const result = await run([...PROTECT, ...FILES, '--receipt', 'r.json'], github);

    expect(result.code, result.stderr).toBe(0);
    const values = outputs();
    expect(Object.keys(values).sort()).toEqual(
      Object.keys(RUN_VALUES)
        .filter((name) => !['error_class', 'link', 'page'].includes(name))
        .sort(),
    );
    expect(values).toMatchObject({
      ok: 'true',
      exit_code: '0',
      command: 'protect',
      backend: 'apptego',
      job: expect.stringMatching(/^apptego:\d+$/),
      phase: 'succeeded',
      status: 'completed',
      output: 'app-protected.apk',
      receipt: 'r.json',
      output_sha256: await sha256Of(join(folder, 'app-protected.apk')),
      artifact_sha256: await sha256Of(join(folder, 'app.apk')),
      package_name: 'dev.apptool.fixture',
    });
    const inCapitals = Object.entries(values).map(([name, value]) => [`APPTOOL_RESULT_${name.toUpperCase()}`, value]);
    expect(Object.fromEntries(readDotenv(text('d.env')))).toEqual(Object.fromEntries(inCapitals));
    expect(Object.fromEntries(readProperties(text('p.properties')))).toEqual(Object.fromEntries(inCapitals));
    const suite = `${APP}.protect.apptego`;
    expect(junit()).toEqual(['check', 'upload', 'wait', 'download'].map((step) => [suite, step, 'passed']));
    expect(text('summary')).toMatch(/^from a step before\n### apptool protect: succeeded, sandbox\n/);
    expect(text('summary')).toContain(values.output_sha256);
    const message = 'app.apk is debuggable; release builds should not be';
    expect(workflowCommands(result.stderr)).toEqual([
      { command: 'warning', title: 'apptool protect', message: expect.stringMatching(/^apptego is at 127\.0\.0\.1:/) },
      { command: 'warning', title: 'apptool protect', message },
    ]);
  });

  test('with several targets, one of which fails: a suite, a row and outputs for each, an error for what failed', async () => {
    const { run, box, github, outputs, text, junit } = await setUp();
    const publish = ['publish', 'app.apk', '--to', 'applivery,autoappstore', ...QUICK];
    // The store takes a version once.
    await run(['upload', 'app.apk', '--to', 'autoappstore']);

    const result = await run([...publish, '--junit', 'j.xml', '--quiet', '--json'], { ...box.variables, ...github });

    expect(result.code).toBe(12);
    expect(outputs()).toMatchObject({
      ok: 'false',
      exit_code: '12',
      error_class: 'partial',
      publish_applivery_result: 'done',
      publish_applivery_job: expect.stringMatching(/^applivery:/),
      publish_autoappstore_result: 'failed',
    });
    expect(outputs()).not.toHaveProperty('job');
    expect(junit()).toEqual([
      [`${APP}.publish`, 'check', 'passed'],
      [`${APP}.publish.applivery`, 'upload', 'passed'],
      [`${APP}.publish.applivery`, 'wait', 'passed'],
      [`${APP}.publish.autoappstore`, 'upload', 'failure rejected'],
      [`${APP}.publish.autoappstore`, 'wait', 'skipped'],
    ]);
    expect(text('summary').match(/<tr>/g)).toHaveLength(3);
    expect(text('summary')).toContain('<td>failed (rejected, exit code 5)</td>');
    expect(workflowCommands(result.stderr).filter(({ command }) => command === 'error')).toEqual([
      {
        command: 'error',
        title: 'apptool publish: autoappstore',
        message: expect.stringMatching(/^rejected: could not upload the file[^\n]*\nhint: /),
      },
    ]);
  });

  test("a store's findings are cases, annotations and rows", async () => {
    const { folder, github, text, junit } = await setUp();
    const findings = [
      { code: 'unsigned_apk', severity: 'blocking', message: 'APK is not signed.\n::error::really' },
      { code: 'size', severity: 'warning', message: 'Large | <b>' },
    ];
    const runs = [{ id: 'v9d8', status: 'failed', findings }];
    const answers = [
      http.get('*/versions/b1c2/validation', () => HttpResponse.json({ runs })),
      http.get('*/versions/b1c2', () => HttpResponse.json({ id: 'b1c2', status: 'validation_failed' })),
    ];
    const { variables } = await faultProxy(await sandbox(), [contract(...answers)]);

    const args = ['wait', 'autoappstore:b1c2', ...QUICK, '--junit', 'j.xml'];
    const result = await runCli(args, { cwd: folder, env: { ...variables, ...github } });

    expect(result.code).toBe(8);
    const suite = 'apptool.wait.autoappstore';
    expect(junit()).toEqual([
      [suite, 'wait', 'failure job-failed'],
      [suite, 'unsigned_apk: APK is not signed. ::error::really', 'failure blocking'],
      [suite, 'size: Large | <b>', 'system-out'],
    ]);
    expect(text('summary')).toContain('<td>blocking</td><td><code>unsigned_apk</code></td>');
    expect(text('summary')).toContain('<code>Large | &lt;b&gt;</code>');
    expect(workflowCommands(result.stderr).map(({ command, message }) => [command, message.split('\n')[0]])).toEqual([
      ['error', expect.stringMatching(/^job-failed: /)],
      ['error', 'unsigned_apk: APK is not signed. ::error::really'],
      ['warning', 'size: Large | <b>'],
      ['warning', expect.stringMatching(/^autoappstore is at 127\.0\.0\.1:\d+; nothing is released$/)],
    ]);
  });

  test('that a server attacks: nothing of its own making, and never our key', async () => {
    const { folder, box, github, outputs, text, junit } = await setUp();
    const key = box.variables.APPTEGO_API_KEY ?? '';
    const words = `no\njob<<E\nowned\nE\n::set-output name=job::owned\r]]><x/>"><script>\u001b[2J\u202e \`|$(id) ${key}`;
    const planned = [
      { origin: 'api', method: 'POST', times: 100, fault: faults.answer(400, { error: words }) } as const,
    ];
    const proxy = await faultProxy(box, planned);

    const result = await runCli([...PROTECT, ...FILES], { cwd: folder, env: { ...proxy.variables, ...github } });

    expect(result.code).toBe(5);
    expect(outputs()).toMatchObject({ ok: 'false', exit_code: '5', error_class: 'rejected' });
    expect(outputs()).not.toHaveProperty('job');
    expect(junit().map(([, name, outcome]) => [name, outcome])).toEqual([
      ['check', 'passed'],
      ['upload', 'failure rejected'],
      ['wait', 'skipped'],
      ['download', 'skipped'],
    ]);
    expect(workflowCommands(result.stderr).map(({ command }) => command)).toEqual([
      'error',
      'warning',
      'warning',
      'warning',
    ]);
    // The server that says how many builds are left attacks as well.
    expect(result.stderr).toContain('cannot read how many builds are left this week');
    for (const name of ['outputs', 'summary', 'j.xml', 'd.env', 'p.properties']) {
      expect(text(name)).not.toContain(key);
      for (const one of ['\u001b', '\u202e', '\r', '<script']) expect(text(name)).not.toContain(one);
    }
    expect(text('j.xml')).toContain('[redacted]');
  });

  test('that a server gives a word of its own: what is not safe to pass on is left out, and said', async () => {
    const { folder, box, github, outputs } = await setUp();
    const state = { job_id: '1', status: 'odd\nexit_code<<E\n0\nE' };
    const proxy = await faultProxy(box, [{ method: 'GET', times: 9, fault: faults.answer(200, state) }]);

    const args = ['status', 'apptego:1', '--json'];
    const result = await runCli(args, { cwd: folder, env: { ...proxy.variables, ...github } });

    expect(result.code).toBe(0);
    expect(outputs()).toMatchObject({ job: 'apptego:1', exit_code: '0' });
    expect(outputs()).not.toHaveProperty('status');
    expect(result.stderr).toMatch(/^warning: left out of GITHUB_OUTPUT, .*: status$/m);
    expect(JSON.parse(result.stdout).warnings).toContainEqual(expect.objectContaining({ code: 'value-left-out' }));
  });

  test('that is cancelled, and one that ends before its first step', async () => {
    const { folder, box, github, run, outputs, junit } = await setUp();
    const running = startCli([...PROTECT.slice(0, 4), '--junit', 'j.xml'], {
      cwd: folder,
      env: { ...(await sandbox({ processingMs: 60_000 })).variables, ...github },
    });
    await running.seen(/waiting for apptego:/);
    running.child.kill('SIGTERM');

    expect((await running.result).code).toBe(143);
    expect(outputs()).toMatchObject({ exit_code: '143', error_class: 'cancelled', job: expect.any(String) });
    expect(junit().map(([, name, outcome]) => [name, outcome])).toEqual([
      ['check', 'passed'],
      ['upload', 'passed'],
      ['wait', 'error cancelled'],
      ['download', 'skipped'],
    ]);

    const early = await run(['protect', 'app.apk', '--junit', 'j.xml'], box.variables);

    expect(early.code).toBe(2);
    expect(junit()[0]).toEqual([`${APP}.protect.apptego`, 'check', 'error usage']);
  });

  test('that stops early because it was told to: no step is said to be missing', async () => {
    const { run, junit, outputs, github, text } = await setUp();

    await run([...PROTECT, '--detach', '--junit', 'j.xml']);
    const detached = junit().map(([, name]) => name);
    await run([...PROTECT, '--dry-run', '--junit', 'j.xml'], github);

    expect(detached).toEqual(['check', 'upload']);
    expect(junit().map(([, name]) => name)).toEqual(['check']);
    expect(outputs()).toMatchObject({ ok: 'true', artifact_name: 'app.apk' });
    expect(text('summary')).toContain('### apptool protect: succeeded, dry run\n');
  });
});

test.each([
  ['--dry-run', ['--dry-run'], 'dry-run'],
  ['--sandbox', ['--sandbox', '--detach'], 'sandbox'],
  ['both', ['--sandbox', '--dry-run'], 'dry-run'],
])('a rehearsal says to machines that it is one: %s', async (_, flags, rehearsal) => {
  const { run, github, outputs, text } = await setUp();

  const result = await run([...PROTECT, ...FILES, ...flags], github);

  expect(result.code, result.stderr).toBe(0);
  expect(outputs()).toMatchObject({ ok: 'true', rehearsal });
  expect(readDotenv(text('d.env')).get('APPTOOL_RESULT_REHEARSAL')).toBe(rehearsal);
  expect(readProperties(text('p.properties')).get('APPTOOL_RESULT_REHEARSAL')).toBe(rehearsal);
  expect(elements(readJUnit(text('j.xml')), 'property').map(({ attributes }) => attributes)).toContainEqual({
    name: 'apptool.rehearsal',
    value: rehearsal,
  });
});

describe('where they are written', () => {
  test('--github needs the variables; by itself it warns; APPTOOL_GITHUB=false switches it off', async () => {
    const { run, github, text } = await setUp();
    const status = ['status', 'apptego:1'];

    const [asked, alone, off] = await Promise.all([
      run([...status, '--github']),
      run(status, { GITHUB_ACTIONS: 'true' }),
      run(status, { ...github, APPTOOL_GITHUB: 'false' }),
    ]);

    expect(asked).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('cannot write GITHUB_OUTPUT: the variable is not set'),
    });
    expect(alone.code).toBe(5);
    expect(alone.stderr).toContain('warning: GITHUB_OUTPUT is not set, so nothing is written there');
    expect(text('outputs')).toBe('');
    expect(off.stderr).not.toMatch(/^::/m);
  });

  test.each([
    ['--junit', 'link', 'it is a symbolic link'],
    ['--gitlab-dotenv', 'folder', 'not a regular file'],
    ['--jenkins-properties', 'nowhere/p', 'no such file or directory'],
    ['--junit', 'old.apk', 'it would replace old.apk, which is not a report of this kind'],
    ['--gitlab-dotenv', 'summary', 'it would replace summary, which is not a report of this kind'],
  ])('%s %s is refused before anything is sent', async (flag, path, why) => {
    const { folder, box } = await setUp();
    await mkdir(join(folder, 'folder'));
    await symlink('nothing', join(folder, 'link'));
    await copyFixture('v123.apk', folder, 'old.apk');
    const before = readFileSync(join(folder, 'old.apk'));
    const proxy = await faultProxy(box, []);

    const result = await runCli([...PROTECT, flag, path], { cwd: folder, env: proxy.variables });

    expect(result.code).toBe(3);
    expect(result.stderr).toContain(`cannot write ${flag}: ${why}`);
    expect(proxy.seen).toEqual([]);
    expect(readFileSync(join(folder, 'old.apk')).equals(before)).toBe(true);
  });

  test('a report that would take the place of the output fails the end, and the reports after it say so', async () => {
    const { run, folder, text } = await setUp();
    const { stdout: job } = await run(['upload', 'app.apk', '--to', 'apptego', '-e', 'dev']);
    await run(['wait', job.trim(), ...QUICK]);
    // Only the server's answer tells what the output is called.
    const { stdout: name } = await run(['download', job.trim()]);

    const args = ['download', job.trim(), '--force', '--junit', `./${name.trim()}`, '--gitlab-dotenv', 'd.env'];
    await rm(join(folder, name.trim()));
    const result = await run(args);

    expect(result.code).toBe(3);
    expect(result.stderr).toContain(`cannot write --junit: it would replace ./${name.trim()}`);
    expect(readFileSync(join(folder, name.trim())).subarray(0, 2).toString()).toBe('PK');
    expect(readDotenv(text('d.env')).get('APPTOOL_RESULT_EXIT_CODE')).toBe('3');
  });

  test.each<readonly [string, readonly string[], string]>([
    ['two reports', ['--events', 'ev', '--junit', './ev'], '--events and --junit are the same file: ./ev'],
    ['two reports, one by a link to its folder', ['--junit', 'r', '--gitlab-dotenv', 'link/r'], '--gitlab-dotenv'],
    ['a report and what GitHub reads', ['--junit', 'outputs'], '--junit and GITHUB_OUTPUT'],
    ['a report and another name of what GitHub reads', ['--events', 'hard'], '--events and GITHUB_STEP_SUMMARY'],
    ['a report and the receipt', ['--jenkins-properties', 'r', '--receipt', 'r'], '--jenkins-properties and --receipt'],
    ['a report and the output', ['--junit', 'x.apk', '-o', 'x.apk'], '--junit and the output'],
    ['a report and the output that nobody named', ['--events', 'app-protected.apk'], '--events and the output'],
    ['the receipt and the output', ['--receipt', 'x.apk', '-o', 'x.apk', '--force'], '--receipt and the output'],
    ['events and the input', ['--events', 'app.apk'], '--events and the input are the same file: app.apk'],
  ])('%s on one path: refused before anything is opened, removed or sent', async (_, flags, why) => {
    const { folder, box, github, text } = await setUp();
    await symlink('.', join(folder, 'link'));
    await link(join(folder, 'summary'), join(folder, 'hard'));
    const before = readFileSync(join(folder, 'app.apk'));
    const proxy = await faultProxy(box, []);

    const result = await runCli([...PROTECT, ...flags], { cwd: folder, env: { ...proxy.variables, ...github } });

    expect(result.code, result.stderr).toBe(2);
    expect(result.stderr).toContain(why);
    expect(proxy.seen).toEqual([]);
    expect((await readdir(folder)).sort()).toEqual(['app.apk', 'hard', 'link', 'outputs', 'summary']);
    expect([text('outputs'), text('summary')]).toEqual(['', 'from a step before']);
    expect(readFileSync(join(folder, 'app.apk')).equals(before)).toBe(true);
  });

  test('/dev/null may be there twice; the receipt that is gone on from may be written anew', async () => {
    const { run } = await setUp();
    const nowhere = { GITHUB_OUTPUT: '/dev/null', GITHUB_STEP_SUMMARY: '/dev/null' };
    await run(['upload', 'app.apk', '--to', 'apptego', '-e', 'dev', '--receipt', 'r.json']);

    const result = await run(['wait', 'r.json', '--receipt', 'r.json', '--events', '/dev/null', ...QUICK], nowhere);

    expect(result.code, result.stderr).toBe(0);
  });

  test('where one is refused, the report of an earlier run is still there', async () => {
    const { run, text, folder } = await setUp();
    await run([...PROTECT, '--dry-run', ...FILES]);
    const before = text('j.xml');

    const result = await run([...PROTECT, ...FILES], { GITHUB_ACTIONS: 'true', GITHUB_OUTPUT: folder });

    expect(result.code).toBe(3);
    expect(text('j.xml')).toBe(before);
  });

  test('a config that was found may not have them written outside of its folder', async () => {
    const { run, folder } = await setUp();
    await writeFile(join(folder, 'apptool.config.json'), '{"junit":"../escaped.xml"}');

    const result = await run(PROTECT);

    expect(result.code).toBe(13);
    expect(result.stderr).toContain('must not write outside the project');
  });

  test('in GitLab the log says where the files will be', async () => {
    const { run, folder } = await setUp();
    const gitlab = { GITLAB_CI: 'true', CI_PROJECT_DIR: folder, CI_JOB_URL: 'https://gitlab.example/a/b/-/jobs/7' };
    const args = [...PROTECT, '-o', 'mit Ä.apk', '--junit', 'j.xml', '--receipt'];
    const outside = await temporaryFolder();

    const result = await run([...args, join(outside, 'r.json')], gitlab);
    const odd = await run([...args, 'r.json', '-f'], { ...gitlab, CI_JOB_URL: 'https://u:p@gitlab.example/?x=1' });

    const links = [
      'output, once this job has kept it: https://gitlab.example/a/b/-/jobs/7/artifacts/file/mit%20%C3%84.apk',
      'junit, once this job has kept it: https://gitlab.example/a/b/-/jobs/7/artifacts/file/j.xml',
    ];
    expect(result.stderr).toContain(`${links.join('\n')}\n`);
    expect(odd.code).toBe(0);
    expect(odd.stderr).not.toContain('artifacts/file');
  });
});

test('what a dotenv report sets in later jobs is no setting of theirs', () => {
  const names = Object.keys(RUN_VALUES).map((name) => `APPTOOL_RESULT_${name.toUpperCase()}`);

  expect(names.filter((name) => FLAGS.some((flag) => variableOf(flag).startsWith(name)))).toEqual([]);
  expect(names).toContain('APPTOOL_RESULT_OUTPUT');
});

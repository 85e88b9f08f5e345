import { join } from 'node:path';
import { HttpResponse, http } from 'msw';
import { describe, expect, test } from 'vitest';
import { ResultDocument } from '../../src/contract/result-document.ts';
import { type Fault, faultProxy, type PlannedFault } from '../../src/testing/fault-proxy.ts';
import { faults } from '../../src/testing/faults.ts';
import { fixture, temporaryFolder } from '../../src/testing/files.ts';
import { padApk } from '../../src/testing/pad-apk.ts';
import { sandbox } from '../../src/testing/sandbox.ts';
import { BIN, type CliResult, runCli, startCli } from '../support/cli.ts';
import { contract } from '../support/contract.ts';
import { takesTurn } from '../support/share.ts';
import { HAS_TERMINALS, startAtTerminal } from '../support/terminal.ts';

const APK = fixture('v1.apk');
const QUICK = ['--poll-interval', '50ms'];
const UPLOAD_CALL = { method: 'POST', path: /\/uploads\/ci$/ };

/** A store whose answers about version b1c2 are these. */
async function storeWith(answers: { runs?: unknown; version?: Record<string, unknown> }, ...planned: PlannedFault[]) {
  const handlers = [
    http.get('*/versions/b1c2/validation', () => HttpResponse.json({ runs: answers.runs ?? [] })),
    http.get('*/versions/b1c2', () => HttpResponse.json({ id: 'b1c2', ...answers.version })),
  ];
  return await faultProxy(await sandbox(), [...planned, contract(...handlers)]);
}

describe('apptool and AutoAppStore', () => {
  test('publish follows the validation to its end: findings that warn are warnings, exit 0', async () => {
    const { variables: env } = await sandbox();

    const plain = await runCli(['publish', APK, '--to', 'autoappstore', ...QUICK], { env });

    expect(plain).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^autoappstore succeeded passed autoappstore:/),
    });
    expect(plain.stderr.match(/warning: debuggable_apk: The APK is debuggable\./g)).toHaveLength(1);
  });

  test('publish --until live follows it further, and upload and wait do the same in two steps', async () => {
    const [first, second] = await Promise.all([sandbox(), sandbox()]);
    const until = ['--until', 'live', ...QUICK];

    const [published, uploaded] = await Promise.all([
      runCli(['publish', APK, '--to', 'autoappstore', ...until], { env: first.variables }),
      runCli(['upload', APK, '--to', 'autoappstore'], { env: second.variables }),
    ]);
    const waited = await runCli(['wait', uploaded.stdout.trim(), ...until], { env: second.variables });

    expect(published).toMatchObject({ code: 0, stdout: expect.stringMatching(/^autoappstore succeeded live /) });
    expect(uploaded.stdout).toMatch(/^autoappstore:[0-9a-f]+\n$/);
    expect(waited).toMatchObject({ code: 0, stdout: 'succeeded live\n' });
  });

  test('a blocking finding: exit 8, its code, severity and message on a line of its own, and in the document', async () => {
    const findings = [
      { code: 'unsigned_apk', severity: 'blocking', message: 'APK is not signed.\n::error::really' },
      { code: 'size', severity: 'warning', message: 'Large.' },
    ];
    const { variables: env } = await storeWith({ runs: [{ id: 'v9d8', status: 'failed', findings }] });

    const [plain, json] = await Promise.all([
      runCli(['wait', 'autoappstore:b1c2', ...QUICK], { env }),
      runCli(['wait', 'autoappstore:b1c2', ...QUICK, '--json'], { env }),
    ]);

    expect(plain).toMatchObject({ code: 8, stdout: '' });
    expect(plain.stderr.split('\n').slice(-8)).toEqual([
      expect.stringMatching(/^autoappstore:b1c2: failed/),
      'warning: size: Large.',
      'error[job-failed]: autoappstore:b1c2 ended as failed',
      'apptool| blocking unsigned_apk: APK is not signed.',
      'apptool| \\::error::really',
      'hint: fix these findings, then upload a new build',
      'job: autoappstore:b1c2',
      '',
    ]);
    const document = ResultDocument.parse(JSON.parse(json.stdout));
    expect(document).toMatchObject({
      ok: false,
      exitCode: 8,
      findings,
      state: { phase: 'failed', status: 'failed' },
      warnings: [{ code: 'loopback' }, { code: 'finding', message: 'size: Large.' }],
      error: { class: 'job-failed', message: expect.stringContaining('unsigned_apk: APK is not signed.') },
    });
  });

  test('F-SRV-24: live with open issues is a success that warns', async () => {
    const { variables: env } = await storeWith({ version: { status: 'live', open_issue_count: 2 } });

    const result = await runCli(['wait', 'autoappstore:b1c2', '--until', 'live'], { env });

    expect(result).toMatchObject({ code: 0, stdout: 'succeeded live\n' });
    expect(result.stderr).toContain('warning: open_issues: live with 2 open issues');
  });

  test('a review that takes longer than the wait: exit 7, with the milestone in the command that goes on', async () => {
    const { variables: env } = await storeWith({ version: { status: 'in_review' } });

    const args = ['wait', 'autoappstore:b1c2', '--until', 'approved', '--timeout', '10s'];
    const result = await runCli(args, { env, isFast: true });

    expect(result.code).toBe(7);
    expect(result.stderr).toContain('apptool wait autoappstore:b1c2 --until approved');
  });

  test('status prints how it stands, and ends as the failure that it is', async () => {
    const findings = [{ code: 'unsigned_apk', severity: 'blocking', message: 'APK is not signed.' }];
    const { variables: env } = await storeWith({ runs: [{ id: 'v9d8', status: 'failed', findings }] });

    const result = await runCli(['status', 'autoappstore:b1c2'], { env });

    expect(result).toMatchObject({ code: 8, stdout: 'failed failed\n' });
    expect(result.stderr).toContain('error[job-failed]: autoappstore:b1c2 ended as failed');
    expect(result.stderr).toContain('apptool| blocking unsigned_apk: APK is not signed.');
  });

  test.each([
    [401, 4, 'auth', 'check what AUTOAPPSTORE_TOKEN (the CI token as the portal showed it, without "Bearer") holds'],
    [
      409,
      5,
      'rejected',
      'raise the versionCode above that of every earlier version (sent: versionCode 42 of dev.apptool.fixture)',
    ],
    [422, 5, 'rejected', 'send the release APK, whole and signed with the production key'],
  ])('%i to an upload is explained', async (status, code, errorClass, hint) => {
    const fault = faults.answer(status, { error: 'Refused so.' });
    const { variables: env } = await storeWith({}, { ...UPLOAD_CALL, fault });

    const result = await runCli(['upload', APK, '--to', 'autoappstore'], { env });

    expect(result.code).toBe(code);
    expect(result.stderr).toContain(`error[${errorClass}]: could not upload the file (127.0.0.1:`);
    expect(result.stderr).toContain('apptool| server said: Refused so.');
    expect(result.stderr).toContain(`hint: ${hint}`);
  });

  test('F-SRV-23: 409 after a lost answer is exit 9: it probably landed', async () => {
    const { variables: env } = await storeWith({}, { ...UPLOAD_CALL, fault: faults.lostAnswer() });

    const result = await runCli(['upload', APK, '--to', 'autoappstore'], { env });

    expect(result.code).toBe(9);
    expect(result.stderr).toContain('hint: the first try probably succeeded');
  });

  test.each([
    ['download', ['download', 'autoappstore:b1c2'], 'autoappstore does not support download'],
    ['protect', ['protect', APK, '--backend', 'autoappstore'], 'autoappstore'],
    ['an .ipa', ['upload', fixture('app.ipa'), '--to', 'autoappstore'], 'autoappstore takes .apk only'],
    ['another milestone', ['wait', 'autoappstore:b1c2', '--until', 'shipped'], 'it has validated, approved, live'],
    [
      'a passedStatus without a word',
      ['status', 'autoappstore:b1c2', '--set', 'autoappstore.passedStatus='],
      'passedStatus is empty',
    ],
    ['an id that leaves its place', ['status', 'autoappstore:../ci-tokens'], 'the job id is not one of autoappstore'],
  ])('refuses %s before any request, with exit 2', async (_, args, words) => {
    const proxy = await storeWith({});

    const result = await runCli(args, { env: proxy.variables });

    expect(result).toMatchObject({ code: 2, stdout: '' });
    expect(result.stderr).toContain(words);
    expect(proxy.seen).toEqual([]);
  });

  test('takes CI_UPLOAD_TOKEN where AUTOAPPSTORE_TOKEN is not set', async () => {
    const proxy = await storeWith({ runs: [{ id: 'v9d8', status: 'passed' }] });
    const { AUTOAPPSTORE_TOKEN: token = '', AUTOAPPSTORE_API_URL: url = '' } = proxy.variables;
    const env = { AUTOAPPSTORE_API_URL: url };

    const [with_, without] = await Promise.all([
      runCli(['status', 'autoappstore:b1c2'], { env: { ...env, CI_UPLOAD_TOKEN: token } }),
      runCli(['status', 'autoappstore:b1c2'], { env }),
    ]);

    expect(with_).toMatchObject({ code: 0, stdout: 'succeeded passed\n' });
    expect(proxy.seen[0]?.headers.authorization).toBe(`Bearer ${token}`);
    expect(without.code).toBe(4);
    expect(without.stderr).toContain('set AUTOAPPSTORE_TOKEN or AUTOAPPSTORE_TOKEN_FILE or CI_UPLOAD_TOKEN');
  });

  test('publish --dry-run says what would be sent, and sends nothing', async () => {
    const proxy = await storeWith({});

    const result = await runCli(['publish', APK, '--to', 'autoappstore', '--dry-run'], { env: proxy.variables });

    expect(result).toMatchObject({
      code: 0,
      stdout: `would send POST ${proxy.variables.AUTOAPPSTORE_API_URL}/uploads/ci\n  apk: v1.apk\n`,
    });
    expect(proxy.seen).toEqual([]);
  });
});

describe('the commands', () => {
  test('validation, version and release print a table', async () => {
    const { variables: env } = await sandbox({ processingMs: 0 });
    const { stdout } = await runCli(['upload', APK, '--to', 'autoappstore'], { env });
    const id = stdout.trim().replace('autoappstore:', '');

    const [validation, version, release] = await Promise.all(
      ['validation', 'version', 'release'].map((command) => runCli(['autoappstore', command, id], { env })),
    );

    expect(validation?.stdout).toMatch(
      /^RUN +STATUS +SEVERITY +CODE +MESSAGE\n\w+ +passed +warning +debuggable_apk +The APK/,
    );
    expect(version?.stdout).toMatch(new RegExp(`^VERSION +STATUS.*\\n${id} +live +42 +1\\.2\\.3-rc\\.1 +0\\n$`));
    expect(release?.stdout).toMatch(/^LIVE +COUNTRIES +VEHICLE CONTEXTS\nyes +DE AT +parked\n$/);
  });

  test('a token is made, printed once on stdout, and revoked when that is confirmed', async () => {
    const { variables: env } = await sandbox();

    const created = await runCli(['autoappstore', 'tokens', 'create', '--name', 'nightly', '--verbose'], { env });
    const listed = await runCli(['autoappstore', 'tokens', 'list', '--json'], { env });
    const { tokens } = (JSON.parse(listed.stdout) as { data: { tokens: { id: string; name: string }[] } }).data;
    const id = tokens.find(({ name }) => name === 'nightly')?.id ?? '';
    const unasked = await runCli(['autoappstore', 'tokens', 'revoke', id], { env });
    const revoked = await runCli(['autoappstore', 'tokens', 'revoke', id, '--yes'], { env });

    const value = created.stdout.trim();
    expect(created).toMatchObject({ code: 0, stdout: expect.stringMatching(/^aas_\w+\n$/) });
    expect(created.stderr).toContain('warning: this value is shown only now');
    expect(created.stderr + listed.stdout).not.toContain(value);
    expect(unasked).toMatchObject({ code: 2, stdout: '' });
    expect(unasked.stderr).toContain(`this deletes CI token ${id}`);
    expect(revoked).toMatchObject({ code: 0, stdout: `revoked ${id}\n` });
  });

  test.runIf(HAS_TERMINALS)('a person is asked before a token is revoked, and only yes does it', async () => {
    const { variables: env } = await sandbox();
    const cwd = await temporaryFolder();
    const listed = await runCli(['autoappstore', 'tokens', 'list', '--json'], { env });
    const { tokens } = (JSON.parse(listed.stdout) as { data: { tokens: { id: string }[] } }).data;
    const id = tokens[0]?.id ?? '';
    const line = `'${process.execPath}' '${BIN}' autoappstore tokens revoke ${id}`;

    for (const [answer, said, code] of [
      ['', /\nerror\[usage\]: nothing was deleted\n/, 2],
      ['Yes', /\nrevoked \w+\n/, 0],
    ] as const) {
      const terminal = startAtTerminal(line, { cwd, env });
      expect(await terminal.until(/\] $/)).toBe(`Delete CI token ${id}? [y/N] `);
      terminal.type(`${answer}\n`);
      await terminal.until(said);
      expect(await terminal.ended).toBe(code);
    }
  });
});

describe('F-SIG-02: a signal while the form goes out', () => {
  async function stopped(sizeBytes: number, fault: Fault, isTime: () => boolean): Promise<CliResult> {
    const { variables: env } = await storeWith({}, { ...UPLOAD_CALL, fault });
    const file = await padApk(fixture('v1.apk'), join(await temporaryFolder(), 'app.apk'), sizeBytes);
    const running = startCli(['upload', file, '--to', 'autoappstore'], { env });
    await expect.poll(isTime, { timeout: 20_000, interval: 10 }).toBe(true);
    running.child.kill('SIGINT');
    return await running.result;
  }

  test.runIf(takesTurn(1, 3))('before its last byte: nothing was left', async () => {
    let hasBegun = false;
    const begin: Fault = ({ request }) => {
      hasBegun = true;
      request.pause();
    };

    // More than the kernel takes from us before the server reads.
    const result = await stopped(60_000_000, begin, () => hasBegun);

    expect(result.code).toBe(130);
    expect(result.stderr).toContain('hint: nothing was left at the backend');
  });

  test.runIf(takesTurn(2, 3))('after its last byte: it may have landed', async () => {
    let hasArrived = false;
    const swallow: Fault = async (exchange) => {
      await exchange.readBody();
      hasArrived = true;
    };

    const result = await stopped(1_000_000, swallow, () => hasArrived);

    expect(result.code).toBe(130);
    expect(result.stderr).toContain('hint: the whole file was sent');
  });
});

import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { HttpResponse, http } from 'msw';
import { describe, expect, test } from 'vitest';
import type { SandboxOptions } from '../../src/contract/backend/sandbox.ts';
import { ResultDocument } from '../../src/contract/result-document.ts';
import { type FaultProxy, faultProxy, type PlannedFault } from '../../src/testing/fault-proxy.ts';
import { faults } from '../../src/testing/faults.ts';
import { bigApk, copyFixture, sha256Of, temporaryFolder } from '../../src/testing/files.ts';
import { sandbox } from '../../src/testing/sandbox.ts';
import { type CliResult, runCli } from '../support/cli.ts';
import { contract } from '../support/contract.ts';
import { takesTurn } from '../support/share.ts';

const MIB = 1024 * 1024;
const TO = ['--to', 'apptego-management', '-e', 'prod'];
const PROTECT = ['--backend', 'apptego-management', '-e', 'prod', '--poll-interval', '50ms'];
const QUICK = ['--poll-interval', '50ms'];
const PASSWORD = 'pass-word-of-the-key';
const UPLOAD_CALL = { path: /\/frontend\/upload_application_build$/ };

type Environment = Readonly<Record<string, string>>;

/** A tenant behind a proxy, a folder with one app, and apptool there. */
async function project(planned: readonly PlannedFault[] = [], options: Partial<SandboxOptions> = {}) {
  const cwd = await temporaryFolder();
  await copyFixture('v2.apk', cwd, 'app.apk');
  await writeFile(join(cwd, 'release.jks'), 'bytes of a keystore');
  const box = await sandbox({ appearMs: 0, ...options });
  const proxy = await faultProxy(box, planned);
  const env: Environment = { ...proxy.variables, APPTEGO_SIGNING_KEY_PASSWORD: PASSWORD };
  const run = async (args: readonly string[], more: Environment = {}, isFast = false): Promise<CliResult> => {
    const result = await runCli(args, { cwd, env: { ...env, ...more }, isFast });
    expectNoSecret(result.stdout + result.stderr, env);
    return result;
  };
  /** A command of the backend's own. */
  const own = async (args: string, more: Environment = {}) => await run(`apptego-management ${args}`.split(' '), more);
  /** The job reference of a finished build. */
  const built = async (file = 'app.apk'): Promise<string> => {
    const { stdout } = await run(['upload', file, ...TO]);
    expect((await run(['wait', stdout.trim(), ...QUICK])).code).toBe(0);
    return stdout.trim();
  };
  const calls = () => proxy.seen.map(({ path }) => path.split('/').at(-1));
  return { cwd, box, proxy, env, run, own, built, calls };
}

/** No part of the token, in no encoding that a request has it in, no password of a key, and no signature of a URL. */
function expectNoSecret(said: string, env: Environment): void {
  const { APPTEGO_TOKEN_KEY: key = '', APPTEGO_TOKEN_SECRET: secret = '' } = env;
  for (const text of [key, secret, Buffer.from(`${key}:${secret}`).toString('base64'), PASSWORD])
    expect(said).not.toContain(text);
  expect(said).not.toMatch(/X-Amz-Signature=[0-9a-f]/);
}

/** Whatever went to the storage went there without a credential. */
function expectBareStorage({ seen }: FaultProxy): void {
  const toStorage = seen.filter(({ origin }) => origin === 'storage');
  expect(toStorage.length).toBeGreaterThan(0);
  expect(toStorage.filter(({ headers }) => 'authorization' in headers || 'tenant' in headers)).toEqual([]);
}

const rowsOf = (stdout: string): string[] => stdout.trimEnd().split('\n').slice(1);
const dataOf = <T>({ stdout }: CliResult): T => ResultDocument.parse(JSON.parse(stdout)).data as T;

describe('protect --backend apptego-management', () => {
  test('uploads, waits, and puts the checked output in place', async () => {
    const { cwd, run, proxy, env } = await project();

    const result = await run(['protect', 'app.apk', ...PROTECT, '--json', '--verbose']);

    const output = join(cwd, 'app-protected.apk');
    expect(result.code, result.stderr).toBe(0);
    expect(ResultDocument.parse(JSON.parse(result.stdout))).toMatchObject({
      backend: 'apptego-management',
      job: { ref: expect.stringMatching(/^apptego-management:production\/android\/\d{10}\/app\.apk$/) },
      state: { phase: 'succeeded', status: 'completed' },
      output: { name: 'app-protected.apk', sha256: await sha256Of(output) },
    });
    expect(await sha256Of(output)).not.toBe(await sha256Of(join(cwd, 'app.apk')));
    expect((await readFile(output)).subarray(0, 2).toString()).toBe('PK');
    const token = Buffer.from(`${env.APPTEGO_TOKEN_KEY}:${env.APPTEGO_TOKEN_SECRET}`).toString('base64');
    for (const { headers } of proxy.seen.filter(({ origin }) => origin === 'api'))
      expect(headers).toMatchObject({ authorization: `Bearer ${token}`, tenant: env.APPTEGO_TENANT });
    expectBareStorage(proxy);
  });

  test('sends a large file in parts', async () => {
    const { cwd, run, proxy, box, calls } = await project([], { multipartFromBytes: 1, chunkSizeBytes: 5 * MIB });
    await bigApk(join(cwd, 'big.apk'), 11 * MIB);

    const result = await run(['protect', 'big.apk', ...PROTECT]);

    expect(result.code, result.stderr).toBe(0);
    expect(result.stdout).toMatch(/big-protected\.apk\n$/);
    expect(proxy.seen.filter(({ method }) => method === 'PUT')).toHaveLength(3);
    expect(calls().filter((name) => name === 'complete_multipart_upload')).toHaveLength(1);
    expect(box.store.openUploads()).toEqual([]);
    expect(await sha256Of(box.store.stored()[0]?.path ?? '')).toBe(await sha256Of(join(cwd, 'big.apk')));
    expectBareStorage(proxy);
  });

  test('aborts the parts when one of them is refused', async () => {
    const { cwd, run, box, calls } = await project(
      [{ origin: 'storage', method: 'PUT', after: 1, times: 100, fault: faults.answer(400, { error: 'InvalidPart' }) }],
      { multipartFromBytes: 1, chunkSizeBytes: 5 * MIB },
    );
    await bigApk(join(cwd, 'big.apk'), 11 * MIB);

    const result = await run(['protect', 'big.apk', ...PROTECT]);

    expect(result.code).toBe(5);
    expect(calls()).toContain('abort_multipart_upload');
    expect(box.store.openUploads()).toEqual([]);
    expect((await readdir(cwd)).filter((name) => name.includes('protected'))).toEqual([]);
  });

  test('works with the embedded sandbox alone, and rehearses without a request', async () => {
    const { cwd, run, proxy } = await project();
    const unset = { APPTEGO_TOKEN_KEY: '', APPTEGO_TOKEN_SECRET: '', APPTEGO_TENANT: '', APPTEGO_MANAGEMENT_URL: '' };

    const rehearsed = await run(['protect', 'app.apk', ...PROTECT, '--dry-run']);
    // The embedded sandbox takes its two seconds to protect: on the other days it is only sent to.
    const isWaitedFor = takesTurn(0, 3);
    const alone = await run(
      ['protect', 'app.apk', ...PROTECT, '--sandbox', ...(isWaitedFor ? [] : ['--detach'])],
      unset,
    );

    expect(rehearsed.code, rehearsed.stderr).toBe(0);
    expect(rehearsed.stdout.split('\n').slice(0, 5)).toEqual([
      `would send POST ${proxy.variables.APPTEGO_MANAGEMENT_URL}/upload_application_build`,
      '  file_name: app.apk',
      '  platform: android',
      '  version: production',
      '  file_size: 8487',
    ]);
    expect(proxy.seen).toEqual([]);
    expect(alone.code, alone.stderr).toBe(0);
    if (isWaitedFor) expect(await readdir(cwd)).toContain('app-protected.apk');
    else expect(alone.stdout).toMatch(/^apptego-management:/);
  });

  test('a week whose builds are used up is exit 10 before the file is sent, also where the Automation API sends it', async () => {
    const { run, calls } = await project([], { weeklyLimit: 1 });
    const known = ['--set', 'apptego-management.weeklyBuilds=1'];
    const first = await run(['protect', 'app.apk', ...PROTECT, ...known]);
    const before = calls().length;

    const results = [
      await run(['protect', 'app.apk', ...PROTECT, '--force', ...known, '--json']),
      await run(['publish', 'app.apk', '--to', 'apptego-management', '-e', 'prod', ...known, '--json']),
      await run(['upload', 'app.apk', '--to', 'apptego', '-e', 'prod', ...known, '--json']),
    ];

    expect(first.code, first.stderr).toBe(0);
    for (const { code, stdout, stderr } of results) {
      expect(code, stderr).toBe(10);
      expect(stderr).toMatch(/1 of 1 builds for android\/prod in 7 days are used; nothing was sent/);
      expect(stderr).toMatch(/^hint: run again from \d{4}-\S+ on, .* set apptego-management\.weeklyBuilds$/m);
      expect(JSON.parse(stdout).error).toMatchObject({ class: 'limit', limit: 'week' });
    }
    expect(calls().slice(before)).toEqual([
      'get_application_builds',
      'get_application_builds',
      'get_application_builds',
    ]);
  });

  test('an output that the server has renamed is found, fetched by its new name, and warned of', async () => {
    const renamed = faults.changeJson((reply) => ({
      ...reply,
      results: (reply.results as object[]).map((row) => ({ ...row, name: 'renamed output.apk' })),
    }));
    const asked: string[] = [];
    const { run, cwd, own } = await project([
      { path: /get_application_builds$/, times: 100, fault: renamed },
      {
        path: /download_application_build$/,
        times: 100,
        fault: async (exchange) => {
          const { file_name: name, ...fields } = JSON.parse((await exchange.readBody()).toString('utf8'));
          asked.push(name);
          // The sandbox knows it by the old name alone.
          const body = JSON.stringify({ ...fields, file_name: 'app.apk' });
          exchange.reply(
            await exchange.forward(Buffer.from(body.padEnd(JSON.stringify({ ...fields, file_name: name }).length))),
          );
        },
      },
    ]);

    const result = await run(['protect', 'app.apk', ...PROTECT]);

    expect(result.code, result.stderr).toBe(0);
    expect(result.stderr).toMatch(/^warning: renamed: the build history names the file "renamed output\.apk"/m);
    expect(asked).toEqual(['renamed output.apk']);
    expect(await readdir(cwd)).toContain('app-protected.apk');
    const [job = ''] = rowsOf((await own('builds list')).stdout)[0]?.split(' ') ?? [];
    expect((await run(['wait', job, ...QUICK])).code).toBe(0);
  });

  test('F-SRV-28: a build whose key signs nothing is exit 8, with the reason, and leaves no output', async () => {
    const { cwd, run, own } = await project([
      { origin: 'storage', method: 'PUT', fault: faults.answer(403, { error: 'AccessDenied' }) },
    ]);
    const added = await own('keys add release.jks --name Release --platform android --alias release --default');

    const result = await run(['protect', 'app.apk', ...PROTECT]);

    expect(added.code).toBe(5);
    expect(added.stderr).toMatch(
      /hint: the key has no file; delete the key, then add it again: apptool apptego-management keys delete key-\w+$/m,
    );
    expect(result).toMatchObject({ code: 8, stdout: '' });
    expect(result.stderr).toMatch(/error\[job-failed\]: apptego-management:\S+ ended as completed, but not signed/);
    expect(result.stderr).toContain('apptool| server said: The file of the signing key is missing');
    expect((await readdir(cwd)).sort()).toEqual(['app.apk', 'release.jks']);
  });
});

describe('a job reference', () => {
  test('holds a name with spaces percent-encoded, from upload to download', async () => {
    const { cwd, run } = await project();
    await copyFixture('v2.apk', cwd, 'My App (v2).apk');

    const uploaded = await run(['upload', 'My App (v2).apk', ...TO]);
    const job = uploaded.stdout.trim();
    const waited = await run(['wait', job, ...QUICK]);
    const status = await run(['status', job]);
    const downloaded = await run(['download', job]);

    expect(job).toMatch(/^apptego-management:production\/android\/\d{10}\/My%20App%20%28v2%29\.apk$/);
    expect(waited).toMatchObject({ code: 0, stdout: 'succeeded completed\n' });
    expect(status).toMatchObject({ code: 0, stdout: 'succeeded completed\n' });
    expect(downloaded.code, downloaded.stderr).toBe(0);
    expect(await readdir(cwd)).toContain('My App (v2)-protected.apk');
  });

  test('of a build that is not there is exit 5, of another form exit 2', async () => {
    const { run, proxy } = await project();

    const odd = await run(['status', 'apptego-management:1700000000']);
    const raw = await run(['status', 'apptego-management:production/android/1700000000/my app.apk']);
    expect(proxy.seen).toEqual([]);
    const absent = await run(['status', 'apptego-management:production/android/1700000000/app.apk']);

    expect([odd.code, raw.code, absent.code]).toEqual([2, 2, 5]);
    expect(absent.stderr).toContain('error[rejected]: no such job: apptego-management:production/android/1700000000/');
  });

  test('of a build that still runs is exit 7 for download and at the deadline of wait', async () => {
    const { run } = await project([], { processingMs: 60_000 });
    const { stdout } = await run(['upload', 'app.apk', ...TO]);

    const early = await run(['download', stdout.trim(), '-o', 'out.apk']);
    const late = await run(['wait', stdout.trim(), '--timeout', '10s'], {}, true);

    expect([early.code, late.code]).toEqual([7, 7]);
    expect(late.stderr).toContain(`apptool wait ${stdout.trim()}`);
  });
});

describe('credentials', () => {
  test.each([
    ['upload', ['upload', 'app.apk', ...TO]],
    ['status', ['status', 'apptego-management:production/android/1700000000/app.apk']],
    ['a command of its own', ['apptego-management', 'apps', 'list']],
  ])('B-53: %s without a tenant is exit 2, and sends nothing', async (_, args) => {
    const { run, proxy } = await project();

    const result = await run(args, { APPTEGO_TENANT: '' });

    expect(result).toMatchObject({ code: 2, stdout: '' });
    expect(result.stderr).toContain('error[usage]: the Management API needs APPTEGO_TENANT\nhint: set it to the id');
    expect(proxy.seen).toEqual([]);
  });

  test.each([
    [
      'no token key',
      { APPTEGO_TOKEN_KEY: '' },
      'no AppTego token key: set APPTEGO_TOKEN_KEY or APPTEGO_TOKEN_KEY_FILE',
    ],
    ['no token secret', { APPTEGO_TOKEN_SECRET: '' }, 'no AppTego token secret: set APPTEGO_TOKEN_SECRET or'],
    ['both in one variable', { APPTEGO_TOKEN_KEY: 'key-1:secret-1' }, 'APPTEGO_TOKEN_KEY holds a colon'],
  ])('%s is exit 4, and sends nothing', async (_, env, words) => {
    const { run, proxy } = await project();

    const result = await run(['upload', 'app.apk', ...TO], env);

    expect(result).toMatchObject({ code: 4, stdout: '' });
    expect(result.stderr).toContain(`error[auth]: ${words}`);
    expect(result.stderr).not.toContain('secret-1');
    expect(proxy.seen).toEqual([]);
  });

  test('a token that is refused is exit 4 and says where it came from, a tenant that is not its own too', async () => {
    const { run } = await project();

    const [token, tenant] = await Promise.all([
      run(['upload', 'app.apk', ...TO], { APPTEGO_TOKEN_SECRET: 'another-secret' }),
      run(['upload', 'app.apk', ...TO], { APPTEGO_TENANT: 'another' }),
    ]);

    expect([token.code, tenant.code]).toEqual([4, 4]);
    expect(token.stderr).toContain('apptool| server said: Unknown or disabled token');
    expect(token.stderr).toMatch(/hint: check what APPTEGO_TOKEN_KEY \(.*\) and APPTEGO_TOKEN_SECRET \(.*\) holds/);
    expect(tenant.stderr).toContain('apptool| server said: The token does not belong to this tenant');
    expect(token.stderr).not.toContain('another-secret');
  });

  test('the base address may end in /frontend or before it', async () => {
    const { run, env } = await project();
    const base = env.APPTEGO_MANAGEMENT_URL ?? '';

    for (const address of [base, `${base}/`, base.replace(/\/frontend$/, '')]) {
      const result = await run(['apptego-management', 'apps', 'list'], { APPTEGO_MANAGEMENT_URL: address });
      expect(result.code, address + result.stderr).toBe(0);
    }
  });
});

describe('what the server answers to an upload', () => {
  test.each([
    [400, { error: 'No control is enabled' }, 'No control is enabled', 5, 'rejected', /^hint: fix what the server/m],
    [401, { message: 'Token disabled' }, 'Token disabled', 4, 'auth', /^hint: check what APPTEGO_TOKEN_KEY/m],
    [
      403,
      { error: 'Needs the permission Builds' },
      'Needs the permission Builds',
      4,
      'auth',
      /Builds to change anything/,
    ],
    [404, { detail: 'Not Found' }, 'Not Found', 5, 'rejected', /^hint: check the base address/m],
    [429, { error: 'Weekly build limit' }, 'Weekly build limit', 10, 'limit', /^hint: .*7 days old/m],
    [429, { error: 'Two builds run' }, 'Two builds run', 10, 'limit', /^hint: .*--capacity-wait/m],
    [500, 'Internal error', 'Internal error', 6, 'unavailable', /^hint: run again later/m],
  ] as const)('%i %j is explained', async (status, body, words, code, errorClass, hint) => {
    const { run, cwd } = await project([{ ...UPLOAD_CALL, times: 100, fault: faults.answer(status, body) }]);

    const result = await run(['protect', 'app.apk', ...PROTECT, '--capacity-wait', '0', '--json'], {}, status === 500);

    expect(result.code).toBe(code);
    expect(result.stderr).toContain(`error[${errorClass}]: could not request the upload (127.0.0.1:`);
    expect(result.stderr).toContain(`HTTP ${status}`);
    expect(result.stderr).toContain(words);
    expect(result.stderr).toMatch(hint);
    expect(ResultDocument.parse(JSON.parse(result.stdout)).error).toMatchObject({
      class: errorClass,
      httpStatus: status,
    });
    expect(await readdir(cwd)).not.toContain('app-protected.apk');
  });

  test('is shown without what it quotes of a token or of a password', async () => {
    const quote = http.post('*/frontend/:call', async ({ request }) => {
      const given = `${request.headers.get('authorization')} ${await request.text()}`;
      return HttpResponse.json({ error: `cannot take ${given}` }, { status: 400 });
    });
    const { run, own } = await project([contract(quote)]);

    const results = [
      await run(['upload', 'app.apk', ...TO, '--verbose', '--json']),
      await own('code-signing upload app-1 release.jks --platform android --alias release --verbose'),
      await own('code-signing upload app-1 release.jks --platform android --alias release --json'),
    ];

    expect(results.map(({ code }) => code)).toEqual([5, 5, 5]);
    expect(results.every(({ stderr }) => stderr.includes('[redacted]'))).toBe(true);
  });
});

describe('the commands', () => {
  test('apps list and apps delete', async () => {
    const { own, built } = await project();
    await built();

    const [table, json, few] = [
      await own('apps list'),
      await own('apps list --json'),
      await own('apps list --limit 1'),
    ];
    const rehearsed = await own('apps delete app-sandbox --dry-run');
    const deleted = await own('apps delete app-sandbox --yes');
    const gone = await own('apps delete app-sandbox --yes');
    const young = await own('apps delete app-android-app.apk --yes');

    expect(table.stdout).toMatch(
      /^APPLICATION +NAME +PLATFORM +VERSION +CREATED\napp-sandbox +MyApp +android +1\.0\.0 /,
    );
    expect(rowsOf(table.stdout)).toHaveLength(2);
    expect(rowsOf(few.stdout)).toHaveLength(1);
    expect(dataOf(json)).toMatchObject({ applications: [{ id: 'app-sandbox' }, { id: 'app-android-app.apk' }] });
    expect(rehearsed).toMatchObject({ code: 0, stdout: 'would delete application app-sandbox\n' });
    expect(deleted).toMatchObject({ code: 0, stdout: 'deleted application app-sandbox\n' });
    expect(gone.code).toBe(5);
    expect(gone.stderr).toContain('hint: apptool apptego-management apps list shows them');
    expect(young.code).toBe(5);
    expect(young.stderr).toContain('apptool| server said: Applications cannot be deleted within 7 days of creation');
  }, 60_000);

  test('builds list, builds sign and builds delete, with the legacy file of the application', async () => {
    const { own, run, built } = await project();
    const job = await built();
    const id = job.replace('apptego-management:', '');

    const table = await own('builds list');
    const other = await own('builds list -e dev');
    const json = await own('builds list --environment prod --limit 1 --json');
    const early = await own(`builds sign ${id}`);
    const file = await own('code-signing upload app-android-app.apk release.jks --platform android --alias release');
    const signed = await own(`builds sign ${job}`);
    const waited = await run(['wait', job, '--set', 'apptego-management.awaitsSigning=true', ...QUICK]);
    const after = await own('builds list --json');
    const deleted = await own(`builds delete ${id} --yes --json`);

    expect(table.stdout).toMatch(
      new RegExp(`^JOB +PHASE +STATUS +SIGNED +KEY +ENDED +MESSAGE\\n${job} +succeeded +completed +no +- +\\d{4}-`),
    );
    expect(rowsOf(other.stdout)).toEqual([]);
    expect(dataOf(json)).toMatchObject({ builds: [{ job, version: 'production', name: 'app.apk', signed: false }] });
    expect(early.code).toBe(5);
    expect(early.stderr).toContain('server said: The application has no code-signing file');
    expect(file).toMatchObject({
      code: 0,
      stdout: 'uploaded release.jks as the signing file of application app-android-app.apk\n',
    });
    expect(signed.stdout).toContain(`is queued for signing; to keep waiting: apptool wait ${job} --set`);
    expect(waited, waited.stderr).toMatchObject({ code: 0, stdout: 'succeeded completed\n' });
    expect(dataOf(after)).toMatchObject({ builds: [{ signed: true }] });
    expect(dataOf(deleted)).toEqual({ build: id });
    expect((await run(['status', job])).code).toBe(5);
  }, 60_000);

  test('keys add takes a password as somebody chose it, and never shows it', async () => {
    const { run } = await project();
    const chosen = { APPTEGO_SIGNING_KEY_PASSWORD: 'mein Schlüssel 7' };

    const args = ['keys', 'add', 'release.jks', '--name', 'Release', '--platform', 'android', '--alias', 'release'];
    const added = await run(['apptego-management', ...args, '--verbose'], chosen);

    expect(added.code, added.stderr).toBe(0);
    expect(added.stdout + added.stderr).not.toContain('Schlüssel');
  });

  test('keys add, keys list, keys set-default and keys delete', async () => {
    const { own, run, cwd, box, proxy } = await project();
    await writeFile(join(cwd, 'password'), `${PASSWORD}\n`, { mode: 0o600 });
    const fromFile = { APPTEGO_SIGNING_KEY_PASSWORD: '', APPTEGO_SIGNING_KEY_PASSWORD_FILE: join(cwd, 'password') };
    const android = ['--platform', 'android', '--alias', 'release'];

    const added = await own('keys add release.jks --name Release --platform android --alias release --verbose');
    const named = await run(
      ['apptego-management', 'keys', 'add', 'release.jks', '--name', 'Two words', ...android, '--default', '--json'],
      fromFile,
    );
    const table = await own('keys list');
    const few = await own('keys list --limit 1 --json');
    const key = added.stdout.trim();
    const chosen = await own(`keys set-default ${key}`);
    const cleared = await own('keys set-default none --platform android --json');
    const listed = await own('keys list --json');
    const deleted = await own(`keys delete ${key} -y`);

    expect(added, added.stderr).toMatchObject({ code: 0, stdout: expect.stringMatching(/^key-\w+\n$/) });
    expect(dataOf(named)).toMatchObject({ key: { name: 'Two words', isDefault: true, fileName: 'release.jks' } });
    expect(table.stdout).toMatch(/^KEY +NAME +PLATFORM +FILE +DEFAULT +BY +CREATED\n/);
    expect(rowsOf(table.stdout)[1]).toMatch(
      /^key-\w+ +Two words +android +release\.jks +yes +user@example\.com +\d{4}-/,
    );
    expect(dataOf<{ keys: unknown[] }>(few).keys).toMatchObject([{ id: key }]);
    expect(chosen).toMatchObject({ code: 0, stdout: `made ${key} the default signing key for android\n` });
    expect(dataOf(cleared)).toEqual({ key: null, platform: 'android' });
    expect(dataOf(listed)).toMatchObject({ keys: [{ isDefault: false }, { isDefault: false }] });
    expect(deleted).toMatchObject({ code: 0, stdout: `deleted signing key ${key}\n` });
    expect(await Promise.all(box.store.stored().map(({ path }) => readFile(path, 'utf8')))).toEqual(
      Array(2).fill('bytes of a keystore'),
    );
    expectBareStorage(proxy);
  }, 60_000);

  test.each([
    ['apps delete app-sandbox', 'application app-sandbox'],
    [
      'builds delete production/android/1700000000/app.apk',
      'build production/android/1700000000/app.apk and its output',
    ],
    ['keys delete key-1', 'signing key key-1'],
  ])('%s without --yes, away from a terminal, is exit 2 and sends nothing', async (args, what) => {
    const { own, proxy } = await project();

    const result = await own(args);

    expect(result).toMatchObject({ code: 2, stdout: '' });
    expect(result.stderr).toContain(`error[usage]: this deletes ${what}\nhint: add --yes to confirm`);
    expect(proxy.seen).toEqual([]);
  });

  test.each([
    ['keys add release.jks --name Release --platform android --alias release', {}, 4, 'no signing key password: set'],
    [
      'keys add release.jks --password pass-word-of-the-key',
      { APPTEGO_SIGNING_KEY_PASSWORD: PASSWORD },
      2,
      'error[usage]',
    ],
    [
      'keys add release.jks --name Release',
      { APPTEGO_SIGNING_KEY_PASSWORD: PASSWORD },
      2,
      'keys add needs a platform\nhint: --platform',
    ],
    ['keys add missing.jks --name R --platform ios', { APPTEGO_SIGNING_KEY_PASSWORD: PASSWORD }, 3, 'no such file'],
    ['keys set-default none', {}, 2, 'keys set-default none needs a platform'],
    ['builds delete production/android/1/../../x --yes', {}, 2, 'its form is <version>/<platform>/<start time>/<name>'],
  ])('%s is refused before any request', async (args, env, code, words) => {
    const { own, proxy } = await project();

    const result = await own(args, { APPTEGO_SIGNING_KEY_PASSWORD: '', ...env });

    expect(result.code, result.stderr).toBe(code);
    expect(result.stderr).toContain(words);
    expect(proxy.seen).toEqual([]);
  });

  test('a key whose making has no answer is exit 9, with the key that was made', async () => {
    const { own, calls } = await project([{ path: /\/upload_signing_key$/, fault: faults.lostAnswer() }]);

    const result = await own('keys add release.jks --name Release --platform android --alias release --json');

    expect(result.code).toBe(9);
    expect(result.stderr).toMatch(
      /^hint: the key was created, but its file could not be sent; delete the key, then add it again: apptool .* keys delete key-\w+$/m,
    );
    expect(ResultDocument.parse(JSON.parse(result.stdout)).error).toMatchObject({ class: 'unknown', retryable: false });
    expect(calls()).toEqual(['get_signing_keys', 'upload_signing_key', 'get_signing_keys']);
  });
});

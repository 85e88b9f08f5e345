import { spawn, spawnSync } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { ResultDocument } from '../../src/contract/result-document.ts';
import { type Fault, faultProxy, type PlannedFault } from '../../src/testing/fault-proxy.ts';
import { faults } from '../../src/testing/faults.ts';
import { bigApk, copyFixture, fixture, temporaryFolder } from '../../src/testing/files.ts';
import { sandbox } from '../../src/testing/sandbox.ts';
import { cleanEnvironment, runCli, startCli } from '../support/cli.ts';
import { CREATE, IGNITE_SETTINGS, TOKEN } from '../support/ignite.ts';
import { takesTurn } from '../support/share.ts';

const UPLOAD = ['upload', 'app.apk', '--to', 'ignite'];
const QUICK = ['--poll-interval', '50ms'];
const hasTools = ['curl', 'jq', 'bash'].every((tool) => spawnSync(tool, ['--version']).status === 0);

/** A folder with an APK and a config, before a sandbox. */
async function project(planned: readonly PlannedFault[] = [], options: Parameters<typeof sandbox>[0] = {}) {
  const cwd = await temporaryFolder();
  await copyFixture('v2.apk', cwd, 'app.apk');
  await writeFile(join(cwd, 'apptool.config.json'), JSON.stringify({ ignite: IGNITE_SETTINGS }));
  const box = await sandbox(options);
  const proxy = await faultProxy(box, planned);
  return { cwd, box, proxy, env: proxy.variables };
}

describe('ignite on the command line', () => {
  test('uploads, and is waited for until a person has approved', async () => {
    const { cwd, env } = await project();

    const uploaded = await runCli(UPLOAD, { cwd, env });
    const job = uploaded.stdout.trim();
    const waited = await runCli(['wait', job, '--until', 'approved', ...QUICK], { cwd, env });
    const asked = await runCli(['status', job, '--until', 'samsung'], { cwd, env });

    expect(uploaded).toMatchObject({ code: 0, stdout: expect.stringMatching(/^ignite:[0-9a-f-]{36}\n$/) });
    expect(waited).toMatchObject({ code: 0, stdout: 'succeeded APPROVED\n' });
    expect(asked).toMatchObject({ code: 0, stdout: 'succeeded COMPLETED\n' });
  });

  test('publishes, side by side with the wait for its default milestone', async () => {
    const { cwd, env } = await project();

    const result = await runCli(['publish', 'app.apk', '--to', 'ignite', ...QUICK], { cwd, env });

    expect(result.stdout).toMatch(/^ignite succeeded COMPLETED ignite:[0-9a-f-]{36}\n$/);
  });

  test('takes its metadata from a file, and says with --dry-run what it would send', async () => {
    const { cwd, env, proxy } = await project();
    const metadata = { category: 'Games', short_description: 'From a file' };
    await writeFile(join(cwd, 'metadata.json'), JSON.stringify(metadata));
    const { category: _, shortDescription: __, ...rest } = IGNITE_SETTINGS;
    await writeFile(join(cwd, 'apptool.config.json'), JSON.stringify({ ignite: rest }));
    const set = ['--set', 'ignite.storeMetadata=@metadata.json', '--set', 'ignite.sendToSamsung=false'];

    const result = await runCli([...UPLOAD, ...set, '--dry-run'], { cwd, env });

    expect(result.code).toBe(0);
    expect(result.stdout).toContain('would send POST http://127.0.0.1:');
    expect(result.stdout).toContain('send_to_samsung: false');
    expect(result.stdout).toContain('"category":"Games","short_description":"From a file"');
    expect(result.stdout).toContain('"package_name":"dev.apptool.fixture"');
    expect(result.stdout).toContain('file: app.apk');
    expect(result.stdout).not.toContain('then send');
    expect(proxy.seen).toEqual([]);
  });

  test('2 usage: names all the metadata that is missing', async () => {
    const { cwd, env, proxy } = await project();
    await writeFile(join(cwd, 'apptool.config.json'), '{}');

    const result = await runCli(UPLOAD, { cwd, env });

    expect(result.code).toBe(2);
    expect(result.stderr).toMatch(
      /^error\[usage\]: .*fallbackUrl, variantSegmentIds, .*, privacyPolicyUrl missing; permissions without/m,
    );
    expect(result.stderr).toContain(
      'hint: set each under "ignite" in the config, or all of them at once with storeMetadata (--set ignite.storeMetadata=@metadata.json)',
    );
    expect(proxy.seen).toEqual([]);
  });

  test.each([
    ['download', ['download', 'ignite:820f2060-d373-4bdc-8de3-cdfa17d12a07']],
    ['protect', ['protect', 'app.apk', '--backend', 'ignite']],
    ['another milestone', ['status', 'ignite:820f2060', '--until', 'live']],
    ['release notes', [...UPLOAD, '--release-notes', 'new']],
  ])('2 usage: %s, which it cannot do, without a request', async (_, args) => {
    const { cwd, env, proxy } = await project();

    const result = await runCli(args, { cwd, env });

    expect(result).toMatchObject({ code: 2, stderr: expect.stringContaining('ignite') });
    expect(proxy.seen).toEqual([]);
  });

  test.each([
    ['no id', { IGNITE_CLIENT_ID: '' }, 'no Ignite client id: set IGNITE_CLIENT_ID or IGNITE_CLIENT_ID_FILE'],
    ['an id of another form', { IGNITE_CLIENT_ID: 'a.person' }, 'IGNITE_CLIENT_ID is malformed: expected a UUID'],
    [
      'the two swapped',
      { IGNITE_CLIENT_ID: 'v6yR06Iv5Oxac7Hm', IGNITE_CLIENT_SECRET: '820f2060-d373-4bdc-8de3-cdfa17d12a07' },
      'IGNITE_CLIENT_ID is malformed: expected a UUID',
    ],
  ])('4 auth: %s', async (_, change, words) => {
    const { cwd, env, proxy } = await project();

    const result = await runCli(UPLOAD, { cwd, env: { ...env, ...change } });

    expect(result).toMatchObject({ code: 4, stderr: expect.stringContaining(words) });
    expect(proxy.seen).toEqual([]);
  });

  test('4 auth: a secret that is refused, with the service’s words and what to check', async () => {
    const { cwd, env } = await project();

    const result = await runCli(UPLOAD, { cwd, env: { ...env, IGNITE_CLIENT_SECRET: 'a-wrong-secret' } });

    expect(result.code).toBe(4);
    expect(result.stderr).toContain('error[auth]: could not get a token (127.0.0.1:');
    expect(result.stderr).toContain('apptool| server said: Unknown client or wrong secret');
    expect(result.stderr).toContain('hint: check what IGNITE_CLIENT_ID (a UUID) and IGNITE_CLIENT_SECRET (');
    expect(result.stderr).not.toContain('a-wrong-secret');
  });

  test('5 rejected: what the service refuses', async () => {
    const refuse = faults.answer(400, { errors: [{ title: 'Invalid request', detail: 'no such segment' }] });
    const { cwd, env } = await project([{ ...CREATE, fault: refuse }]);

    const result = await runCli(UPLOAD, { cwd, env });

    expect(result.code).toBe(5);
    expect(result.stderr).toContain('error[rejected]: could not upload the file');
    expect(result.stderr).toContain('apptool| server said: Invalid request: no such segment');
    expect(result.stderr).toContain('hint: fix what the server names, then run again; if it cannot read');
    expect(result.stderr).toContain('try another ignite.encoding');
  });

  test('8 job-failed: an upload that ends as ERROR', async () => {
    const { cwd, env } = await project([], { result: 'failed' });
    const { stdout } = await runCli(UPLOAD, { cwd, env });

    const result = await runCli(['wait', stdout.trim(), ...QUICK], { cwd, env });

    expect(result.code).toBe(8);
    expect(result.stderr).toContain('ended as ERROR');
    expect(result.stderr).toContain('apptool| server said: upload ERROR');
  });

  test('9 unknown: an answer that is lost, with what to look for', async () => {
    const { cwd, env, proxy } = await project([{ ...CREATE, times: 100, fault: faults.lostAnswer() }]);

    const result = await runCli(UPLOAD, { cwd, env });

    expect(result.code).toBe(9);
    expect(result.stderr).toMatch(
      /hint: the upload may have succeeded: .* dev\.apptool\.fixture \(app\.apk\), sent at 20/,
    );
    expect(proxy.struck).toEqual([1]);
  });

  test('13 policy: an address of either service in a config that was only found', async () => {
    for (const key of ['accountUrl', 'apiUrl']) {
      const { cwd, env, proxy } = await project();
      await writeFile(join(cwd, 'apptool.config.json'), JSON.stringify({ ignite: { [key]: 'https://evil.example' } }));

      const result = await runCli(UPLOAD, { cwd, env });

      expect(result).toMatchObject({
        code: 13,
        stderr: expect.stringContaining(`"${key}" is not allowed in a config`),
      });
      expect(proxy.seen).toEqual([]);
    }
  });

  async function stopped(fault: Fault, hasStruck: () => boolean, sizeBytes: number) {
    const { cwd, env } = await project([{ ...CREATE, fault }]);
    await bigApk(join(cwd, 'app.apk'), sizeBytes);
    const running = startCli(UPLOAD, { cwd, env });
    await expect.poll(hasStruck, { timeout: 20_000, interval: 10 }).toBe(true);
    running.child.kill('SIGINT');
    return await running.result;
  }

  test.runIf(takesTurn(2, 3))(
    'F-SIG-02: a signal before the form is whole: nothing is there, and it says so',
    async () => {
      let isComing = false;
      const fault: Fault = ({ request }) => {
        isComing = true;
        request.pause();
      };

      const result = await stopped(fault, () => isComing, 40_000_000);

      expect(result.code).toBe(130);
      expect(result.stderr).toContain('hint: nothing was left at the backend');
    },
  );

  test.runIf(takesTurn(0, 3))(
    'F-SIG-02: a signal when the form is whole: it may have arrived, and it says so',
    async () => {
      let isWhole = false;
      const fault: Fault = async ({ readBody }) => {
        await readBody();
        isWhole = true;
      };

      const result = await stopped(fault, () => isWhole, 1_000_000);

      expect(result.code).toBe(130);
      expect(result.stderr).toContain('hint: the whole file was sent, so a build may have been created');
    },
  );
});

describe('the token', () => {
  /** What the token service has given in a run. */
  function given(replied: readonly string[]): string {
    return (JSON.parse(replied[0] ?? '{}') as { access_token: string }).access_token;
  }

  test('is in no output and in no file', async () => {
    const { cwd, env, proxy } = await project();
    const args = [...UPLOAD, '--json', '--verbose', '--receipt', 'receipt.json'];

    vi.stubEnv('TMPDIR', cwd);
    onTestFinished(() => void vi.unstubAllEnvs());

    const result = await runCli(args, { cwd, env });

    const token = given(proxy.replied);
    expect(ResultDocument.parse(JSON.parse(result.stdout))).toMatchObject({ ok: true });
    expect(token.length).toBeGreaterThan(20);
    expect(result.stdout + result.stderr).not.toContain(token);
    for (const name of await readdir(cwd)) expect(await readFile(join(cwd, name), 'latin1')).not.toContain(token);
  });

  test('is not shown when a server says it again', async () => {
    const echo: Fault = async (exchange) => {
      await exchange.readBody();
      const [, token] = (exchange.request.headers.authorization ?? '').split(' ');
      exchange.reply({
        status: 400,
        headers: {},
        body: Buffer.from(JSON.stringify({ message: `bad token ${token}!` })),
      });
    };
    const { cwd, env, proxy } = await project([{ ...CREATE, fault: echo }]);

    const result = await runCli([...UPLOAD, '--json'], { cwd, env });

    expect(result.code).toBe(5);
    expect(result.stderr).toContain('server said: bad token [redacted]!');
    expect(result.stdout + result.stderr).not.toContain(given(proxy.replied));
  });

  test('that cannot be used is said to be so, with the service to check', async () => {
    const odd = faults.changeJson((answer) => ({ ...answer, access_token: 'a\nb' }));
    const { cwd, env } = await project([{ ...TOKEN, times: 100, fault: odd }]);

    const result = await runCli(UPLOAD, { cwd, env });

    expect(result.code).toBe(4);
    expect(result.stderr).toContain('error[auth]: the Account Service returned an unusable token');
    expect(result.stderr).toContain('hint: check the address of the Account Service');
  });
});

test.runIf(hasTools)(
  "the vendor's calls run against the sandbox in curl, unchanged but for addresses and credentials",
  async () => {
    const { cwd, env } = await project();
    await copyFixture('v2.apk', cwd, 'app-release.apk');
    const example = await readFile(fixture('vendor/ignite.sh'), 'utf8');
    const addressed = example
      .replace(/^ACCOUNT_URL=.*$/m, `ACCOUNT_URL="${env.IGNITE_ACCOUNT_URL}"`)
      .replace(/^API_URL=.*$/m, `API_URL="${env.IGNITE_API_URL}"`);
    const script = join(cwd, 'example.sh');
    await writeFile(script, addressed);

    expect(addressed).not.toContain('digitalturbine.');
    const child = spawn('bash', [script], { cwd, env: cleanEnvironment(env) });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
    const code = await new Promise((resolve) => child.on('close', resolve));

    expect({ code, output }).toEqual({ code: 0, output: expect.stringMatching(/^(SCHEDULED|COMPLETED)\n$/) });
  },
);

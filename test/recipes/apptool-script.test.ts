import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { faultProxy } from '../../src/testing/fault-proxy.ts';
import { faults } from '../../src/testing/faults.ts';
import { copyFixture, ROOT, temporaryFolder } from '../../src/testing/files.ts';
import { sandbox } from '../../src/testing/sandbox.ts';
import { ciVariables, FAST, receiptIn, recipe, runScript } from '../support/ci-shell.ts';
import { cleanEnvironment } from '../support/cli.ts';
import { commandsIn } from '../support/runners.ts';
import { ofToday, takesTurn } from '../support/share.ts';

const SCRIPT = recipe('shell/apptool.sh');
/** One of them a day: each start of apptool costs half a second. */
const SHELLS = ['dash', 'bash'].filter((shell) => spawnSync(shell, ['-c', ':']).status === 0);
const PROTECT = ['protect', '--environment', 'prod', '--receipt', 'r.json', '--', 'my app.apk'];

async function setUp() {
  const folder = await temporaryFolder();
  await copyFixture('v123.apk', folder, 'my app.apk');
  return { folder, box: await sandbox() };
}

/** The script with its arguments. */
function script(args: readonly string[]): string {
  return `set -- ${args.map((arg) => `'${arg.replaceAll("'", `'\\''`)}'`).join(' ')}\n${SCRIPT}`;
}

test.each(ofToday(SHELLS))(
  '%s: runs again after 6 and nothing else, twice at most',
  async (shell) => {
    const { folder, box } = await setUp();
    const down = { method: 'POST', path: /\/automate\/upload$/, times: 8, fault: faults.answer(503, {}) } as const;
    const { variables } = await faultProxy(box, [down]);
    const { env, secrets, calls } = await ciVariables(variables, FAST);

    const first = await runScript([shell], script(PROTECT), { cwd: folder, env: { ...env, ...secrets } });
    const second = await runScript([shell], script(['wait', 'none.json']), {
      cwd: folder,
      env: { ...env, ...secrets },
    });

    expect(first, first.stderr).toMatchObject({ code: 0, stdout: 'my app-protected.apk\n' });
    expect(first.stderr.match(/apptool\.sh: again in 60 s/g)).toHaveLength(2);
    expect(second.code).toBe(2);
    expect(calls()).toEqual(['protect', 'protect', 'protect', 'wait']);
  },
  60_000,
);

test.runIf(takesTurn(1, 2))('9 ends it, with the words of what to look at', async () => {
  const { folder } = await setUp();
  const lost = { path: /upload\/complete$/, times: 1_000, fault: faults.lostBeforeWork() };
  const { variables } = await faultProxy(await sandbox({ multipartFromBytes: 1 }), [lost]);
  const { env, secrets, calls } = await ciVariables(variables, { ...FAST, APPTOOL_APPEAR_TIMEOUT: '300ms' });

  const result = await runScript(['sh'], script(PROTECT), { cwd: folder, env: { ...env, ...secrets } });

  expect(result, result.stderr).toMatchObject({ code: 9, stdout: '' });
  expect(result.stderr).toContain('apptool.sh: something may have landed; look at the backend');
  expect(calls()).toEqual(['protect']);
});

const SIGNALLED = SHELLS.flatMap((shell) => [
  [shell, 'the script alone', 1] as const,
  [shell, 'its process group', -1] as const,
]);

test.each(ofToday(SIGNALLED))(
  '%s: a signal to %s reaches apptool, whose last word and code count',
  async (shell, _, sign) => {
    const { folder, box } = await setUp();
    const running = {
      method: 'GET',
      path: /\/status\//,
      times: 1_000,
      fault: faults.changeJson((answer) => ({ ...answer, status: 'processing' })),
    } as const;
    const { variables } = await faultProxy(box, [running]);
    const { env, secrets } = await ciVariables(variables, {}, 'a process');
    const path = join(ROOT, 'recipes/shell/apptool.sh');

    const child = spawn(shell, [path, ...PROTECT], {
      cwd: folder,
      env: cleanEnvironment({ ...env, ...secrets }),
      stdio: ['ignore', 'ignore', 'pipe'],
      detached: true,
    });
    let log = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      const before = log;
      log += text;
      if (!before.includes('processing') && log.includes('processing'))
        process.kill(sign * (child.pid ?? Number.NaN), 'SIGTERM');
    });
    const [code, signal] = await new Promise<readonly [number | null, string | null]>((resolve) =>
      child.on('close', (...end) => resolve(end)),
    );

    // Only when all who have its stderr have ended is it closed.
    expect([code, signal], log).toEqual([143, null]);
    expect(log).toMatch(/^hint: .*to keep waiting: apptool wait apptego:\d+/m);
    expect(receiptIn(folder, 'r.json').runs.at(-1)?.ended).toMatchObject({ errorClass: 'cancelled' });
  },
  60_000,
);

test('what cannot be installed is tried three times, and ends with 6: nothing was sent', async () => {
  const { folder } = await setUp();
  const { env, calls } = await ciVariables({}, { APPTOOL_INTEGRITY: 'sha512-AAAA' });

  const result = await runScript(['sh'], script(PROTECT), { cwd: folder, env });

  expect(result.code).toBe(6);
  expect(result.stderr).toMatch(/^apptool\.sh: apptool could not be installed; nothing was sent\n$/m);
  expect(calls()).toEqual([]);
  expect(await readdir(folder)).toEqual(['my app.apk']);
});

test.each([
  ['APPTOOL_URL', 'https://h/a.tgz","x":"$(touch ran)'],
  ['APPTOOL_URL', 'http://packages.example.com/a.tgz'],
  ['APPTOOL_URL', ''],
  ['APPTOOL_INTEGRITY', 'sha512-a"}'],
  ['APPTOOL_INTEGRITY', 'sha1-aaaa'],
  ['APPTOOL_INTEGRITY', ''],
])('a hostile %s is refused before anything is run: %j', async (name, value) => {
  const folder = await temporaryFolder();
  const { env } = await ciVariables({}, { [name]: value });

  const result = await runScript(['sh'], script(PROTECT), { cwd: folder, env });

  expect(result.code).toBe(2);
  expect(result.stderr).toMatch(new RegExp(`^apptool\\.sh: ${name} must be .*\n$`));
  expect(await readdir(folder)).toEqual([]);
});

test('an argument is an argument, whatever is in it, and nothing of the checkout decides what is run', async () => {
  const { folder, box } = await setUp();
  const odd = '##vso[task.complete]$(touch ran) `touch ran`';
  const { env, secrets } = await ciVariables(box.variables);

  const result = await runScript(['sh'], script(['wait', '--receipt', odd, '--', odd]), {
    cwd: folder,
    env: { ...env, ...secrets },
  });

  expect(result.code).toBe(2);
  expect(commandsIn(result.stdout + result.stderr)).toEqual([]);
  expect(await readdir(folder)).toEqual(['my app.apk']);
  expect(SCRIPT).not.toMatch(/\bnpx\b|\beval\b/);
});

test('npm installs what is locked, and neither a checkout nor an earlier build says what that is', async () => {
  const [folder, home, made] = await Promise.all([temporaryFolder(), temporaryFolder(), temporaryFolder()]);
  const own = { name: 'apptool', version: '0.1.0' };
  await mkdir(join(made, 'package/bin'), { recursive: true });
  await writeFile(join(made, 'package/package.json'), JSON.stringify(own));
  await writeFile(join(made, 'package/bin/apptool.js'), 'console.log("mine", process.argv.slice(2).join(" "))');
  execFileSync('tar', ['-czf', 'apptool.tgz', 'package'], { cwd: made });
  const digest = createHash('sha512')
    .update(await readFile(join(made, 'apptool.tgz')))
    .digest('base64');
  await mkdir(join(folder, 'node_modules/apptool/bin'), { recursive: true });
  await writeFile(join(folder, 'node_modules/apptool/bin/apptool.js'), 'console.log("theirs")');
  const wants = { devEngines: { packageManager: { name: 'yarn', onFail: 'error' } }, dependencies: { apptool: '*' } };
  await writeFile(join(folder, 'package.json'), JSON.stringify(wants));
  for (const place of [folder, home]) await writeFile(join(place, '.npmrc'), `prefix=${folder}\ndry-run=true\n`);

  const result = await runScript(['sh'], script(['wait', 'a b.json']), {
    cwd: folder,
    env: {
      PATH: process.env.PATH ?? '',
      HOME: home,
      APPTOOL_URL: `file:${join(made, 'apptool.tgz')}`,
      APPTOOL_INTEGRITY: `sha512-${digest}`,
    },
  });

  expect(result, result.stderr).toMatchObject({ code: 0, stdout: 'mine wait a b.json\n' });
}, 60_000);

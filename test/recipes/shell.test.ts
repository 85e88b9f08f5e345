import { readdir } from 'node:fs/promises';
import { expect, test } from 'vitest';
import type { Sandbox } from '../../src/sandbox/server.ts';
import { faultProxy, type PlannedFault } from '../../src/testing/fault-proxy.ts';
import { faults } from '../../src/testing/faults.ts';
import { copyFixture, temporaryFolder } from '../../src/testing/files.ts';
import { sandbox } from '../../src/testing/sandbox.ts';
import { checkout, ciVariables, FAST, recipe, runScript, type Variables } from '../support/ci-shell.ts';
import { ofToday, takesTurn } from '../support/share.ts';

const SCRIPT = recipe('shell/release.sh');

/** How often each command of apptool was run so far. */
type Count = (command: string) => number;

/** The script on an app, before a sandbox where things go wrong as planned. */
async function release(box: Sandbox, plan: (count: Count) => readonly PlannedFault[] = () => [], more: Variables = {}) {
  const folder = await temporaryFolder();
  await copyFixture('v123.apk', folder, 'my app.apk');
  let calls: () => readonly string[] = () => [];
  const { variables } = await faultProxy(
    box,
    plan((command) => calls().filter((call) => call === command).length),
  );
  const ci = await ciVariables(variables, more);
  calls = ci.calls;
  const script = `set -- 'my app.apk' prod autoappstore\n${SCRIPT}`;
  const result = await runScript(['sh'], script, { cwd: folder, env: { ...ci.env, ...ci.secrets } });
  return { ...result, names: await readdir(folder), calls: calls() };
}

test('protects, waits, fetches and publishes; 6 is tried again, 7 waited on, and 11 fetched again', async () => {
  const page = faults.raw('HTTP/1.1 200 OK\r\ncontent-length: 15\r\n\r\n<html>oh</html>');
  const whole = faults.answerInstead((answer) => answer);
  const plan = (count: Count): PlannedFault[] => [
    { method: 'POST', path: /\/automate\/upload$/, times: 4, fault: faults.answer(503, {}) },
    {
      method: 'GET',
      path: /\/status\//,
      times: 1_000,
      fault: faults.changeJson((answer) => (count('wait') < 2 ? { ...answer, status: 'processing' } : answer)),
    },
    {
      origin: 'storage',
      method: 'GET',
      times: 1_000,
      fault: (exchange) => (count('download') < 2 ? page : whole)(exchange),
    },
  ];

  const result = await release(await sandbox(), plan, { ...FAST, APPTOOL_TIMEOUT: '30s' });

  expect(result, result.stderr).toMatchObject({
    code: 0,
    stdout: 'my app-protected.apk\n',
  });
  // On a busy machine one more may be needed.
  expect(result.calls.join(' ')).toMatch(/^protect( protect)+( wait){2,}( download){2,}( publish)+$/);
  expect(result.names).toEqual(
    expect.arrayContaining(['protect.json', 'download.json', 'publish.json', 'my app-protected.apk']),
  );
  expect(result.stderr).toContain('release.sh: again in 60 s');
  expect(result.stderr).toContain('release.sh: still running after wait 1');
  expect(result.stderr).toContain('autoappstore succeeded');
  expect(SCRIPT).not.toMatch(/^\s*npx /m);
}, 60_000);

test.runIf(takesTurn(0, 2))('9 stops it, with the words of what to look at', async () => {
  const lost = { path: /upload\/complete$/, times: 1_000, fault: faults.lostBeforeWork() };

  const result = await release(await sandbox({ multipartFromBytes: 1 }), () => [lost], {
    ...FAST,
    APPTOOL_APPEAR_TIMEOUT: '300ms',
  });

  expect(result, result.stderr).toMatchObject({ code: 9, stdout: '', calls: ['protect'] });
  expect(result.stderr).toMatch(/^hint: .*\n(?:.*\n)*release\.sh: something may have landed; look at the backend/m);
});

const SIGNALLED = [
  ['release.sh', ['app.apk', 'prod']],
  ['release-by-config.sh', ['release.json', 'production', 'app.apk']],
] as const;

test.each(ofToday(SIGNALLED))(
  'a signal that %s alone gets is passed on, and apptool ends first',
  async (name, operands) => {
    const folder = await temporaryFolder();
    await checkout(folder);
    await copyFixture('v123.apk', folder, 'app.apk');
    const silent = { method: 'GET', path: /\/status\//, times: 1_000, fault: faults.silence() } as const;
    const proxy = await faultProxy(await sandbox({ appearMs: 0 }), [silent]);
    const { env, secrets } = await ciVariables(proxy.variables, {}, 'a process');
    let signalled: Promise<unknown> = Promise.resolve();

    const script = `set -- ${operands.join(' ')}\n${recipe(`shell/${name}`)}`;
    const result = await runScript(['sh'], script, {
      cwd: folder,
      env: { ...env, ...secrets },
      started: (child) => {
        signalled = expect
          .poll(() => proxy.struck[0], { timeout: 20_000, interval: 10 })
          .toBeGreaterThan(0)
          .then(() => child.kill('SIGTERM'));
      },
    });
    await signalled;

    expect(result.code, result.stderr).toBe(143);
    expect(result.stderr).toContain('error[cancelled]');
  },
);

test.runIf(takesTurn(1, 2))('what failed at the backend is neither fetched nor published', async () => {
  const result = await release(await sandbox({ result: 'failed' }));

  expect(result, result.stderr).toMatchObject({ code: 8, stdout: '', calls: ['protect', 'wait'] });
});

test('the two scripts, of which a project copies one, install and start apptool alike', () => {
  const shared = (name: string): string =>
    /^trap 'exit 130' INT\n.*?^run\(\) \{\n.*?^\}\n/ms.exec(recipe(name))?.[0] ?? name;

  expect(shared('shell/release-by-config.sh')).toBe(shared('shell/release.sh'));
});

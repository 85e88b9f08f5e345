import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { copyFixture, temporaryFolder } from '../../src/testing/files.ts';
import { sandbox } from '../../src/testing/sandbox.ts';
import { runCli } from '../support/cli.ts';

const CONFIG = {
  releases: { production: { protect: { backend: 'apptego', environment: 'prod' }, publish: ['applivery'] } },
};
/** Credentials of nobody, at the vendors' own addresses: what is refused makes no request. */
const REAL = {
  APPTEGO_API_KEY: 'key_id:key_secret',
  APPLIVERY_APP_TOKEN: 'a-token-of-nobody',
  AUTOAPPSTORE_TOKEN: 'a-token-of-nobody',
};

/** A release that was carried out against a sandbox, with its receipt. */
async function rehearsed() {
  const cwd = await temporaryFolder();
  await copyFixture('sample.apk', cwd, 'app.apk');
  await writeFile(join(cwd, 'apptool.config.json'), JSON.stringify(CONFIG));
  const { variables } = await sandbox();
  const line = ['release', 'production', 'app.apk', '--resume', 'r.json'];
  const first = await runCli([...line, '--poll-interval', '20ms'], { cwd, env: variables });
  expect(first.code, first.stderr).toBe(0);
  return { cwd, line, variables };
}

describe('the receipt of a rehearsal', () => {
  test('is no release: a real run with it is refused before it sends anything, whatever the command', async () => {
    const { cwd, line } = await rehearsed();
    const lines = [
      line,
      [...line, '--dry-run'],
      ['publish', 'app-protected.apk', '--to', 'applivery', '--from', 'r.json'],
      ['publish', 'app-protected.apk', '--to', 'autoappstore', '--receipt', 'r.json'],
      ['release', 'production', '--resume', 'r.json', '--from', 'publish'],
    ];
    for (const one of lines) {
      const { code, stdout, stderr } = await runCli(one, { cwd, env: REAL });
      expect({ code, stdout }, one.join(' ')).toEqual({ code: 3, stdout: '' });
      expect(stderr, one.join(' ')).toContain('the receipt is of a rehearsal: name another one for the release');
    }
  });

  test('goes on in another sandbox: all of this machine is one rehearsal', async () => {
    const { cwd, line } = await rehearsed();
    const { code, stderr } = await runCli(line, { cwd, env: (await sandbox()).variables });
    expect(code, stderr).toBe(0);
  });

  test('is left out of the plan of a fleet, with a warning', async () => {
    const { cwd, variables } = await rehearsed();
    await mkdir(join(cwd, 'receipts'));
    await rename(join(cwd, 'r.json'), join(cwd, 'receipts/acme.json'));
    const apps = { acme: { file: 'app.apk', package: 'dev.apptool.sample' } };
    const defaults = { release: 'production', environment: 'prod', slots: 1 };
    await writeFile(join(cwd, 'apptool.fleet.json'), JSON.stringify({ defaults, apps }));
    const plan = async (env: Readonly<Record<string, string>>) =>
      await runCli(['fleet', 'plan', '--resume', 'receipts', '--json'], { cwd, env });

    const [again, real] = [await plan(variables), await plan(REAL)];

    expect(JSON.parse(again.stdout).data.cells).toEqual([]);
    const { data, warnings } = JSON.parse(real.stdout);
    expect(data.cells.map(({ id }: { id: string }) => id)).toEqual(['acme']);
    expect(warnings).toContainEqual({ code: 'other-host', message: expect.stringContaining('went to 127.0.0.1') });
  });
});

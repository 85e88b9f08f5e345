import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { copyFixture, temporaryFolder } from '../../src/testing/files.ts';
import { sandbox } from '../../src/testing/sandbox.ts';
import { runCli } from '../support/cli.ts';

async function projectWith(config: unknown): Promise<string> {
  const cwd = await temporaryFolder();
  await copyFixture('v123.apk', cwd, 'app.apk');
  await writeFile(join(cwd, 'apptool.config.json'), JSON.stringify({ pollInterval: '20ms', ...(config as object) }));
  return cwd;
}

describe('where a file goes, by the config', () => {
  test.each(['autoappstore,applivery', ['autoappstore', 'applivery']])('publish takes %j, and says so', async (to) => {
    const cwd = await projectWith({ to });
    const { variables: env } = await sandbox();

    const { code, stdout, stderr } = await runCli(['publish', 'app.apk'], { cwd, env });

    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(/^autoappstore succeeded.*\napplivery succeeded/);
    expect(stderr).toMatch(/set by this project's config: to autoappstore,applivery \(apptool\.config\.json:/);
  });

  test('upload takes one, a flag stands over it, and of several it asks for one', async () => {
    const cwd = await projectWith({ to: 'applivery' });
    const { variables: env } = await sandbox();
    const one = await runCli(['upload', 'app.apk'], { cwd, env });
    const other = await runCli(['upload', 'app.apk', '--to', 'autoappstore'], { cwd, env });
    await writeFile(join(cwd, 'apptool.config.json'), JSON.stringify({ to: 'applivery,autoappstore' }));

    const several = await runCli(['upload', 'app.apk'], { cwd, env });

    expect([one.stdout, other.stdout]).toEqual([
      expect.stringMatching(/^applivery:/),
      expect.stringMatching(/^autoappstore:/),
    ]);
    expect(several.code).toBe(2);
    expect(several.stderr).toMatch(/upload sends to one backend, and apptool\.config\.json:1:\d+ names several/);
  });

  test('what init writes is what publish takes', async () => {
    const cwd = await temporaryFolder();
    await copyFixture('v123.apk', cwd, 'app.apk');
    await runCli(['init', '--to', 'apptego,applivery', '-e', 'staging'], { cwd });
    const { variables: env } = await sandbox();

    const { code, stderr } = await runCli(['publish', 'app.apk', '--poll-interval', '20ms'], { cwd, env });

    expect(code, stderr).toBe(0);
    expect(JSON.parse(await readFile(join(cwd, 'apptool.config.json'), 'utf8'))).toMatchObject({ to: 'applivery' });
  });
});

test.each(['bash', 'zsh', 'fish'])(
  'the completion of %s knows the releases of a config that is named',
  async (shell) => {
    const cwd = await projectWith({ releases: { 'store-front': { publish: ['applivery'] } } });

    const named = await runCli(['completion', shell, '-c', 'apptool.config.json'], { cwd });
    const unnamed = await runCli(['completion', shell], { cwd });

    expect(named.code, named.stderr).toBe(0);
    expect(named.stdout).toContain('store-front');
    expect(unnamed.stdout).not.toContain('store-front');
  },
);

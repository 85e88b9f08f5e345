import { readdirSync } from 'node:fs';
import { cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { copyFixture, ROOT, temporaryFolder } from '../../src/testing/files.ts';
import { sandbox } from '../../src/testing/sandbox.ts';
import { ciVariables, recipe, runScript, TOOL } from '../support/ci-shell.ts';
import { ofToday } from '../support/share.ts';

describe('the step of Bitrise', () => {
  const STEP = recipe('bitrise/step.sh');

  async function step(given: Readonly<Record<string, string>>, names: readonly string[] = []) {
    const folder = await temporaryFolder();
    for (const name of names) await copyFixture('v2.apk', folder, name);
    const at = await temporaryFolder();
    await cp(join(ROOT, 'recipes/shell/apptool.sh'), join(at, 'apptool.sh'));
    await writeFile(join(at, 'step.sh'), STEP);
    const { env, secrets } = await ciVariables((await sandbox()).variables);
    const inputs = { url: TOOL.APPTOOL_URL, integrity: TOOL.APPTOOL_INTEGRITY, ...given };
    const result = await runScript(['bash'], `exec bash '${join(at, 'step.sh')}'\n`, {
      cwd: folder,
      env: { ...env, ...secrets, ...inputs },
    });
    return { ...result, names: readdirSync(folder).sort() };
  }

  const ODD_NAMES = [
    ['that a shell would run', '$(touch ran) `touch ran` "; touch ran; \'# .apk', 0],
    ['that looks like a flag', '--output=ran', 2],
    ['of two lines', 'app.apk\ntouch ran.apk', 2],
  ] as const;

  test.each(ofToday(ODD_NAMES))('a file name %s is a file name', async (_, file, code) => {
    const given = {
      command: 'protect',
      file,
      environment: 'prod',
      output: '$(touch ran).apk',
      receipt: '`touch ran`.json',
    };

    const result = await step(given, [file]);

    expect(result.code, result.stderr).toBe(code);
    expect(result.names).toEqual(['`touch ran`.json', file, ...(code === 0 ? ['$(touch ran).apk'] : [])].sort());
  });

  test('a command that is none is refused, and an argument is no more than a flag', async () => {
    const hostile = await step({ command: 'upload; touch ran', file: 'a.apk' });
    const args = await step(
      {
        command: 'protect',
        file: 'a.apk',
        environment: 'prod',
        args: '--detach\n\n--expect-package=$(touch ran) x; touch ran',
      },
      ['a.apk'],
    );

    expect([hostile.code, args.code]).toEqual([2, 2]);
    expect(hostile.stderr).toMatch(/^step\.sh: command must be .*\n$/);
    expect(args.stderr).toContain('not $(touch ran) x; touch ran');
    expect([hostile.names, args.names]).toEqual([[], ['a.apk']]);
  });
});

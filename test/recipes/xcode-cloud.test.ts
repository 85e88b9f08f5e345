import { execFileSync } from 'node:child_process';
import { chmod, cp, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { copyFixture, ROOT, sha256Of, temporaryFolder } from '../../src/testing/files.ts';
import { sandbox } from '../../src/testing/sandbox.ts';
import { COMMIT, ciVariables, runScript } from '../support/ci-shell.ts';
import { receiptLine } from '../support/pipelines/machine.ts';

describe('Xcode Cloud', () => {
  /** A machine without Node.js: scripts beside each other, a signed app, and a tarball as nodejs.org has them. */
  async function archive(more: Readonly<Record<string, string>> = {}) {
    const [folder, tree, signed] = await Promise.all([temporaryFolder(), temporaryFolder(), temporaryFolder()]);
    const { env, secrets, calls } = await ciVariables((await sandbox()).variables);
    for (const name of ['xcode-cloud/ci_post_xcodebuild.sh', 'shell/apptool.sh'])
      await cp(join(ROOT, 'recipes', name), join(folder, name.split('/')[1] ?? ''));
    await copyFixture('app.ipa', signed, 'My App.ipa');
    await mkdir(join(tree, 'node-v22/bin'), { recursive: true });
    await symlink(process.execPath, join(tree, 'node-v22/bin/node'));
    await writeFile(join(tree, 'node-v22/bin/npm'), `#!/bin/sh\nexec "${env.PATH?.split(':')[0]}/npm" "$@"\n`);
    await chmod(join(tree, 'node-v22/bin/npm'), 0o755);
    execFileSync('tar', ['-czf', 'node.tar.gz', 'node-v22'], { cwd: tree });
    const apple = {
      CI: 'TRUE',
      CI_XCODE_CLOUD: 'TRUE',
      CI_TAG: 'v1.2',
      CI_COMMIT: COMMIT,
      CI_XCODEBUILD_ACTION: 'archive',
      CI_XCODEBUILD_EXIT_CODE: '0',
      CI_APP_STORE_SIGNED_APP_PATH: signed,
      NODE_URL: `file://${tree}/node.tar.gz`,
      NODE_SHA256: await sha256Of(join(tree, 'node.tar.gz')),
    };
    const result = await runScript(['sh'], 'exec ./ci_post_xcodebuild.sh\n', {
      cwd: folder,
      env: { ...env, ...secrets, ...apple, APPTOOL_ALLOW_DEBUGGABLE: 'true', ...more },
    });
    return { ...result, calls: calls() };
  }

  test('a signed app of a tag is sent, and its receipt stands in the log', async () => {
    const { code, stdout, stderr, calls } = await archive();

    expect(code, stderr).toBe(0);
    const receipt = JSON.parse(Buffer.from(receiptLine(stdout), 'base64').toString());
    expect(receipt).toMatchObject({
      environment: 'prod',
      input: { name: 'My App.ipa' },
      build: { provider: 'xcode-cloud', commit: COMMIT, tag: 'v1.2' },
    });
    expect(calls).toEqual(['protect']);
  });

  test.each([
    ['no tag', { CI_TAG: '' }, 0],
    ['another action', { CI_XCODEBUILD_ACTION: 'test-without-building' }, 0],
    ['an archive that failed', { CI_XCODEBUILD_EXIT_CODE: '65' }, 0],
    ['another Node.js than the one that was meant', { NODE_SHA256: '0'.repeat(64) }, 1],
  ])('%s: nothing is sent', async (_, more, code) => {
    const result = await archive(more);

    expect(result.code, result.stderr).toBe(code);
    expect(result.calls).toEqual([]);
  });
});

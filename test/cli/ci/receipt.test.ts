import { existsSync } from 'node:fs';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Receipt } from '../../../src/contract/record/journal.ts';
import { copyFixture, temporaryFolder } from '../../../src/testing/files.ts';
import { sandbox } from '../../../src/testing/sandbox.ts';
import { runCli } from '../../support/cli.ts';
import { gitRepository } from '../../support/git.ts';

const UPLOAD = ['upload', 'v2.apk', '--to', 'apptego', '-e', 'prod'];

/** A repository with an app in it, and elsewhere a `git` before the real one that leaves a trace: one of the checkout would not be run. */
async function checkout() {
  const repository = await gitRepository();
  const { folder } = repository;
  const programs = await temporaryFolder();
  const asked = join(programs, 'asked');
  await copyFixture('v2.apk', folder);
  await writeFile(join(programs, 'git'), `#!/bin/sh\ntouch '${asked}'\nPATH=\${PATH#*:} exec git "$@"\n`);
  await chmod(join(programs, 'git'), 0o755);
  const { variables } = await sandbox();
  const env = { ...variables, PATH: `${programs}:${process.env.PATH}` };
  return { ...repository, env, wasGitAsked: () => existsSync(asked) };
}

describe('the receipt', () => {
  test("holds what the CI's variables and git say of the build, and no credential of either", async () => {
    const { folder, git, env, wasGitAsked } = await checkout();
    git('remote', 'add', 'origin', 'https://user:ghp_secret@example.com/owner/app.git');
    const commit = git('rev-parse', 'HEAD');
    const circle = {
      CIRCLECI: 'true',
      CIRCLE_SHA1: commit,
      CIRCLE_BRANCH: 'release',
      CIRCLE_BUILD_NUM: '8',
      CIRCLE_BUILD_URL: 'https://circleci.com/gh/owner/app/8',
    };

    const result = await runCli([...UPLOAD, '--receipt', 'r.json'], { env: { ...env, ...circle }, cwd: folder });

    const text = await readFile(join(folder, 'r.json'), 'utf8');
    expect(result.code, result.stderr).toBe(0);
    expect(Receipt.parse(JSON.parse(text)).build).toEqual({
      provider: 'circleci',
      commit,
      branch: 'release',
      tag: null,
      pullRequest: null,
      buildNumber: '8',
      buildUrl: 'https://circleci.com/gh/owner/app/8',
      repositoryUrl: 'https://example.com/owner/app',
    });
    expect(text).not.toContain('secret@');
    expect(wasGitAsked()).toBe(true);
  });

  test('that nobody asked for asks git nothing', async () => {
    const { folder, env, wasGitAsked } = await checkout();

    const result = await runCli(UPLOAD, { env, cwd: folder });

    expect(result.code, result.stderr).toBe(0);
    expect(wasGitAsked()).toBe(false);
  });

  test('of an earlier version, without a build, still leads to its job', async () => {
    const { folder, env } = await checkout();
    const uploaded = await runCli([...UPLOAD, '--receipt', 'r.json'], { env, cwd: folder });
    const { build, ...earlier } = JSON.parse(await readFile(join(folder, 'r.json'), 'utf8'));
    await writeFile(join(folder, 'r.json'), JSON.stringify(earlier));

    const asked = await runCli(['status', 'r.json'], { env, cwd: folder, isFast: true });

    expect(build).toMatchObject({ provider: null, branch: 'main' });
    expect([uploaded.code, asked.code]).toEqual([0, 0]);
  });
});

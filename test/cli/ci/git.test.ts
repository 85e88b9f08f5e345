import { existsSync, readFileSync } from 'node:fs';
import { appendFile, chmod, mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readBuildMetadata } from '../../../src/ci/build/read-build-metadata.ts';
import { temporaryFolder } from '../../../src/testing/files.ts';
import { type GitRepository, gitRepository } from '../../support/git.ts';

const NOTHING = { commit: null, commitMessage: null, branch: null, tag: null, repositoryUrl: null };

/** What is read in a folder, with nothing in the environment but the way to git and what the test adds. */
async function read(cwd: string, extra: Readonly<Record<string, string>> = {}, gitLimitMs = 20_000) {
  const environment = { PATH: process.env.PATH, HOME: '/nonexistent', ...extra };
  return await readBuildMetadata({ environment, cwd, signal: new AbortController().signal, gitLimitMs });
}

/** A folder for `PATH` whose `git` is this shell script. */
async function fakeGit(script: string): Promise<string> {
  const folder = await temporaryFolder();
  await writeFile(join(folder, 'git'), `#!/bin/sh\n${script}\n`);
  await chmod(join(folder, 'git'), 0o755);
  return folder;
}

function atGitHub(commit: string, ref: string): Record<string, string> {
  return { GITHUB_ACTIONS: 'true', GITHUB_SHA: commit, GITHUB_REF: ref };
}

/** The absolute path of the real git. */
function realGit({ git }: GitRepository): string {
  return join(git('--exec-path'), 'git');
}

describe('git', () => {
  test('tells all of it where no CI does', async () => {
    const { folder, git } = await gitRepository();
    git('checkout', '--quiet', '-b', 'feature/a,b');
    git('tag', '--annotate', 'v1', '--message=x');
    git('remote', 'add', 'origin', 'git@github.com:owner/app.git');
    await mkdir(join(folder, 'deep'));

    expect(await read(join(folder, 'deep'))).toEqual({
      isCi: false,
      provider: null,
      commit: git('rev-parse', 'HEAD'),
      commitMessage: 'First commit\n\nWith a body.',
      branch: 'feature/a,b',
      tag: 'v1',
      pullRequest: null,
      buildNumber: null,
      buildUrl: null,
      ciUrl: null,
      repositoryUrl: 'https://github.com/owner/app',
      triggeredAtMs: null,
    });
  });

  test('names no branch for a detached HEAD, though branches are there', async () => {
    const { folder, git } = await gitRepository();
    git('checkout', '--quiet', '--detach');

    expect(await read(folder)).toMatchObject({ commit: git('rev-parse', 'HEAD'), branch: null, tag: null });
  });

  test('adds what the CI did not say', async () => {
    const { folder, git } = await gitRepository();
    git('remote', 'add', 'origin', 'https://example.com/from-git');
    const commit = git('rev-parse', 'HEAD');

    expect(await read(folder, { ...atGitHub(commit, 'refs/heads/release') })).toMatchObject({
      provider: { id: 'github' },
      commitMessage: 'First commit\n\nWith a body.',
      branch: 'release',
      repositoryUrl: 'https://example.com/from-git',
    });
  });

  test('gives a tag to no build that the CI says is of a branch', async () => {
    const { folder, git } = await gitRepository();
    git('tag', 'v1');
    const commit = git('rev-parse', 'HEAD');

    expect(await read(folder, atGitHub(commit, 'refs/heads/release'))).toMatchObject({ branch: 'release', tag: null });
    expect(await read(folder, atGitHub(commit, 'refs/pull/7/merge'))).toMatchObject({
      pullRequest: '7',
      branch: null,
      tag: null,
    });
  });

  test('is not believed at another commit than the one that the CI builds', async () => {
    const { folder, git } = await gitRepository();
    git('remote', 'add', 'origin', 'https://example.com/another');
    const commit = 'f'.repeat(40);

    expect(await read(folder, atGitHub(commit, ''))).toMatchObject({ ...NOTHING, commit });
  });

  test('cuts a commit message at 1,000 characters, and none of them in two', async () => {
    const { folder, git } = await gitRepository();
    git('commit', '--quiet', '--allow-empty', `--message=${'😀'.repeat(1_500)}`);

    expect((await read(folder)).commitMessage).toBe('😀'.repeat(1_000));
  });

  test.each([
    ['https://user:token@example.com/owner/app.git', 'https://example.com/owner/app'],
    ['https://token@example.com:8443/owner/app?private_token=token', 'https://example.com:8443/owner/app'],
    ['http://example.com/owner/app.git/', 'http://example.com/owner/app'],
    ['git@gitlab.example.com:group/sub/app.git', 'https://gitlab.example.com/group/sub/app'],
    ['ssh://git@bitbucket.org/owner/app.git', 'https://bitbucket.org/owner/app'],
    ['ssh://git@stash.example.com:7999/owner/app.git', 'ssh://stash.example.com:7999/owner/app'],
    ['git@ssh.dev.azure.com:v3/org/project/app', 'ssh://ssh.dev.azure.com/v3/org/project/app'],
    ['git@work:owner/app.git', 'ssh://work/owner/app'],
    ['deploy-token@example.com:owner/app', 'ssh://example.com/owner/app'],
    ['/srv/git/app.git', null],
    ['file:///srv/git/app.git', null],
    ['../app', null],
    [`https://example.com/${'a'.repeat(3_000)}`, null],
  ])('shows the remote %s without credentials', async (remote, shown) => {
    const { folder, git } = await gitRepository();
    git('config', 'remote.origin.url', remote);

    expect((await read(folder)).repositoryUrl).toBe(shown);
  });
});

describe('git that cannot help', () => {
  test('is not installed', async () => {
    const { folder } = await gitRepository();

    expect(await read(folder, { PATH: await temporaryFolder() })).toMatchObject(NOTHING);
  });

  test('finds no repository', async () => {
    expect(await read(await temporaryFolder())).toMatchObject(NOTHING);
  });

  test('finds a repository without a commit', async () => {
    const { folder, git } = await gitRepository();
    git('checkout', '--quiet', '--orphan', 'empty');

    expect(await read(folder)).toMatchObject(NOTHING);
  });

  test('finds a broken repository', async () => {
    const { folder } = await gitRepository();
    await rm(join(folder, '.git', 'objects'), { recursive: true });
    await appendFile(join(folder, '.git', 'config'), '[broken');

    expect(await read(folder)).toMatchObject(NOTHING);
  });

  test("does not trust somebody else's repository", async () => {
    const repository = await gitRepository();
    const distrust = 'export GIT_TEST_ASSUME_DIFFERENT_OWNER=1 GIT_CONFIG_NOSYSTEM=1';
    const PATH = await fakeGit(`${distrust}\nexec '${realGit(repository)}' "$@"`);

    expect(await read(repository.folder, { PATH })).toMatchObject(NOTHING);
  });

  test('hangs: it is ended, and the CI is believed', async () => {
    const { folder, git } = await gitRepository();
    const commit = git('rev-parse', 'HEAD');
    const PATH = `${await fakeGit('exec sleep 600')}:${process.env.PATH}`;

    expect(await read(folder, { PATH, ...atGitHub(commit, 'refs/heads/main') }, 100)).toMatchObject({
      ...NOTHING,
      commit,
      branch: 'main',
    });
  });

  test('is ended with the run', async () => {
    const { folder } = await gitRepository();
    const environment = { PATH: `${await fakeGit('exec sleep 600')}:${process.env.PATH}` };
    const stop = new AbortController();

    const reading = readBuildMetadata({ environment, cwd: folder, signal: stop.signal, gitLimitMs: 600_000 });
    stop.abort();

    expect(await reading).toMatchObject(NOTHING);
  });
});

describe('git as a child', () => {
  test('sees nothing of the environment but the way to programs and settings', async () => {
    const { folder } = await gitRepository();
    const seen = join(folder, 'seen');
    const PATH = `${await fakeGit(`env >> '${seen}'`)}:${process.env.PATH}`;

    await read(folder, { PATH, APPTEGO_API_KEY: 'key_id:key_secret', GITHUB_TOKEN: 'ghp_0', GIT_SSH_COMMAND: 'x' });

    const names = readFileSync(seen, 'utf8').match(/^[A-Z_]+(?==)/gm) ?? [];
    expect([...new Set(names)].filter((name) => !['PWD', 'OLDPWD', 'SHLVL', '_'].includes(name)).sort()).toEqual([
      'GIT_ALLOW_PROTOCOL',
      'GIT_CEILING_DIRECTORIES',
      'GIT_NO_LAZY_FETCH',
      'GIT_OPTIONAL_LOCKS',
      'GIT_PROTOCOL_FROM_USER',
      'GIT_TERMINAL_PROMPT',
      'HOME',
      'PATH',
    ]);
  });

  test('runs no program that the repository names', async () => {
    const { folder, git } = await gitRepository();
    const script = join(folder, 'program');
    const ran = join(folder, 'ran');
    await writeFile(script, `#!/bin/sh\necho '[GNUPG:] SIG_CREATED ' >&2\necho signature\ntouch '${ran}'\n`);
    await chmod(script, 0o755);
    for (const key of ['gpg.program', 'core.fsmonitor', 'core.pager', 'core.sshCommand', 'diff.external'])
      git('config', key, script);
    git('config', 'log.showSignature', 'true');
    git('commit', '--quiet', '--allow-empty', '--gpg-sign=key', '--message=Signed');
    await rm(ran);

    expect((await read(folder)).commitMessage).toBe('Signed');
    expect(existsSync(ran)).toBe(false);
  });

  test.each(['git', 'a git that fetches what is missing'])('runs no program by which %s would fetch', async (kind) => {
    const repository = await gitRepository();
    const { folder, git } = repository;
    const ran = join(folder, 'ran');
    git('config', 'extensions.partialClone', 'origin');
    git('config', 'core.repositoryFormatVersion', '1');
    git('config', 'remote.origin.url', `ext::sh -c touch% ${ran}`);
    git('config', 'remote.origin.promisor', 'true');
    git('config', 'protocol.allow', 'always');
    await rm(join(folder, '.git', 'objects'), { recursive: true });
    await mkdir(join(folder, '.git', 'objects'));
    const older = await fakeGit(`unset GIT_NO_LAZY_FETCH\nexec '${realGit(repository)}' "$@"`);

    expect(await read(folder, kind === 'git' ? {} : { PATH: `${older}:${process.env.PATH}` })).toMatchObject(NOTHING);
    expect(existsSync(ran)).toBe(false);
  });

  test.each([
    ['as a folder of it', ''],
    ['below that', 'deep/er'],
  ])('is not asked in a checkout that holds a bare repository %s', async (_, inside) => {
    const { folder, git } = await gitRepository();
    git('init', '--quiet', '--bare', 'planted');
    await mkdir(join(folder, 'planted', inside), { recursive: true });
    const ran = join(folder, 'ran');
    const PATH = `${await fakeGit(`touch '${ran}'`)}:${process.env.PATH}`;

    expect(await read(join(folder, 'planted', inside), { PATH })).toMatchObject(NOTHING);
    expect(existsSync(ran)).toBe(false);
  });

  test.each(['.', '', 'node_modules/.bin', '$PWD/node_modules/.bin', '$PWD/link'])(
    'is never one of the checkout, though PATH begins with %j',
    async (first) => {
      const { folder, git } = await gitRepository();
      const bin = join(folder, 'node_modules', '.bin');
      const ran = join(folder, 'ran');
      await mkdir(bin, { recursive: true });
      await symlink(bin, join(folder, 'link'));
      for (const planted of [join(folder, 'git'), join(bin, 'git')]) {
        await writeFile(planted, `#!/bin/sh\ntouch '${ran}'\n`);
        await chmod(planted, 0o755);
      }
      const PATH = `${first.replace('$PWD', folder)}:${process.env.PATH}`;
      expect(await read(folder, { PATH })).toMatchObject({ commit: git('rev-parse', 'HEAD') });
      expect(existsSync(ran)).toBe(false);
    },
  );
});

import { execFileSync } from 'node:child_process';
import { chown, link, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { copyFixture, temporaryFolder } from '../../src/testing/files.ts';
import { sandbox } from '../../src/testing/sandbox.ts';
import { expectRefused, named, startCanary } from '../support/canary.ts';
import { runCli } from '../support/cli.ts';

// What a pull request can change is no word of whoever runs apptool: files of the checkout, links in it, its configs, its `.git`.

const isRoot = process.getuid?.() === 0;
const NOBODY = 65534;

/** A project with an app, `.git`, and these files; a secret lies beside it. */
async function project(files: Readonly<Record<string, string>> = {}): Promise<string> {
  const folder = join(await temporaryFolder(), 'project');
  await mkdir(join(folder, '.git', 'hooks'), { recursive: true });
  await writeFile(join(folder, '..', 'outside.txt'), 'top-secret-of-another-project');
  await copyFixture('v2.apk', folder, 'app.apk');
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
  return folder;
}

const APPLIVERY = { APPLIVERY_APP_TOKEN: 'app_token_of_a_test_0123456789' };
const TO_APPLIVERY = ['publish', 'app.apk', '--to', 'applivery'];

describe('a found config reads nothing through a link out of the project', () => {
  test.each(
    named([
      { name: 'a file beside it', to: '../outside.txt', config: { releaseNotesFile: 'notes.md' } },
      { name: "the system's users", to: '/etc/passwd', config: { releaseNotesFile: 'notes.md' } },
      { name: 'the environment', to: '/proc/self/environ', config: { releaseNotesFile: 'notes.md' } },
      { name: 'a folder on the way', to: '..', config: { releaseNotesFile: 'notes.md/outside.txt' } },
      { name: 'a link to a link', to: 'second', config: { releaseNotesFile: 'notes.md' } },
      { name: "a backend's file", to: '../outside.txt', config: { applivery: { packageIcon: 'notes.md' } } },
    ]),
  )('%s', async (_, { to, config }) => {
    const canary = await startCanary();
    const cwd = await project({ 'apptool.config.json': JSON.stringify(config) });
    await symlink(to, join(cwd, 'notes.md'));
    await symlink('../outside.txt', join(cwd, 'second'));

    const env = { ...APPLIVERY, APPLIVERY_UPLOAD_URL: canary.url, APPLIVERY_API_URL: canary.url };
    const result = await runCli(TO_APPLIVERY, { cwd, env });

    expectRefused(result, canary, {
      exit: 13,
      says: /path leaves the project directory|must not read outside the project/,
      hides: ['top-secret'],
    });
  });

  test('but a link within it is followed', async () => {
    const box = await sandbox();
    const cwd = await project({ 'apptool.config.json': '{"releaseNotesFile": "notes.md"}', 'docs/notes.md': 'News' });
    await symlink('docs/notes.md', join(cwd, 'notes.md'));

    const result = await runCli([...TO_APPLIVERY, '--poll-interval', '50ms'], { cwd, env: box.variables });

    expect(result.code, result.stderr).toBe(0);
  });
});

describe("a flag's file that is a link out of the checkout", () => {
  test.each([
    ['--release-notes-file', ['--release-notes-file', 'notes.md']],
    ['--set …=@', ['--set', 'applivery.changelog=@notes.md']],
    ['--set of a file', ['--set', 'applivery.packageIcon=notes.md']],
  ])('is told of: %s', async (_, flags) => {
    const box = await sandbox();
    const cwd = await project();
    await symlink('../outside.txt', join(cwd, 'notes.md'));

    const result = await runCli([...TO_APPLIVERY, ...flags, '--poll-interval', '50ms'], { cwd, env: box.variables });

    expect(result.stderr).toMatch(/warning: .*notes\.md is a link out of this project, to .*outside\.txt/);
  });

  test('is refused where the system makes it up', async () => {
    const canary = await startCanary();
    const cwd = await project();
    await symlink('/proc/self/environ', join(cwd, 'notes.md'));

    const env = { ...APPLIVERY, APPLIVERY_UPLOAD_URL: canary.url, APPLIVERY_API_URL: canary.url };
    const result = await runCli([...TO_APPLIVERY, '--release-notes-file', 'notes.md'], { cwd, env });

    expectRefused(result, canary, { exit: 13, says: 'is a link to /proc/' });
  });

  test('is nothing to tell where it was named outside of the project', async () => {
    const box = await sandbox();
    const cwd = await project();

    const result = await runCli(['publish', 'app.apk', '--to', 'applivery', '--release-notes-file', '../outside.txt'], {
      cwd,
      env: box.variables,
      isFast: true,
    });

    expect(result.stderr).not.toContain('is a link');
  });
});

describe('a config', () => {
  test.each(['force', 'json', 'quiet'])('may not set %s: that is said by whoever runs it', async (key) => {
    const canary = await startCanary();
    const cwd = await project({ 'apptool.config.json': JSON.stringify({ [key]: true }) });

    for (const flags of [[], ['--config', 'apptool.config.json']]) {
      const result = await runCli(['protect', 'app.apk', '-e', 'prod', ...flags], { cwd, env: canary.variables });

      expectRefused(result, canary, { exit: 13, says: `"${key}" is not allowed in a config` });
    }
    const byVariable = await runCli(['backends'], {
      cwd: '/',
      env: { [`APPTOOL_${key.toUpperCase()}`]: '1' },
    });
    expect(byVariable.code).toBe(0);
  });

  test('that decides what is released is told of, with its place, on stderr and in the receipt', async () => {
    const box = await sandbox();
    const config = { environment: 'dev', backend: 'apptego', signingKey: 'none' };
    const cwd = await project({ 'apptool.config.json': JSON.stringify(config, null, 2) });

    const result = await runCli(['protect', 'app.apk', '--poll-interval', '50ms', '--receipt', 'r.json'], {
      cwd,
      env: box.variables,
    });

    expect(result.code, result.stderr).toBe(0);
    expect(result.stderr).toContain('environment dev (apptool.config.json:2:3)');
    expect(result.stderr).toContain('backend apptego (apptool.config.json:3:3)');
    expect(result.stderr).toContain('signingKey none (apptool.config.json:4:3)');
    expect(await readFile(join(cwd, 'r.json'), 'utf8')).toMatch(
      /"setting": "environment",\s+"value": "dev",\s+"source": "apptool\.config\.json:2:3"/,
    );
  });

  test('that decides about the organization and the app is told of', async () => {
    const box = await sandbox();
    const own = { organizationId: 'evilorg', applicationId: 'evilapp' };
    const cwd = await project({
      '.apptoolrc': JSON.stringify({ applivery: own, 'apptego-management': { tenant: 't' } }),
    });

    const { APPLIVERY_ORGANIZATION_ID: _, APPLIVERY_APPLICATION_ID: __, ...env } = box.variables;
    const result = await runCli([...TO_APPLIVERY, '--dry-run'], { cwd, env });

    expect(result.stderr).toContain('applivery.organizationId evilorg (.apptoolrc:1:');
    expect(result.stderr).toContain('applivery.applicationId evilapp (.apptoolrc:1:');
    // It has no part in this run.
    expect(result.stderr).not.toContain('apptego-management.tenant');
  });

  test('that says nothing of it, was named, or lost to a flag is not', async () => {
    const box = await sandbox();
    const cwd = await project({ 'apptool.config.json': '{"environment": "dev"}' });
    const run = ['protect', 'app.apk', '--dry-run'];

    const byFlag = await runCli([...run, '-e', 'prod'], { cwd, env: box.variables });
    const wasNamed = await runCli([...run, '--config', 'apptool.config.json'], { cwd, env: box.variables });

    for (const { stderr } of [byFlag, wasNamed]) expect(stderr).not.toContain('set by this project');
  });

  test.runIf(isRoot)('of another user is ignored with a warning, and is taken where it is named', async () => {
    const cwd = await project({ 'apptool.config.json': '{"timeout": "5m"}' });
    await chown(join(cwd, 'apptool.config.json'), NOBODY, NOBODY);

    const found = await runCli(['config', 'show'], { cwd });
    const wasNamed = await runCli(['config', 'show', '--config', 'apptool.config.json'], { cwd });

    expect(found.stderr).toContain('warning: apptool.config.json is ignored: it belongs to another user');
    expect(found.stdout).not.toContain('apptool.config.json');
    expect(wasNamed.stdout).toMatch(/^timeout +5m +apptool\.config\.json/m);
  });

  test.runIf(isRoot)("of another user does not hide one's own above it", async () => {
    const root = await project({ 'apptool.config.json': '{"timeout": "5m"}', 'app/.apptoolrc': '{"timeout": "7m"}' });
    await chown(join(root, 'app', '.apptoolrc'), NOBODY, NOBODY);

    const result = await runCli(['config', 'show'], { cwd: join(root, 'app') });

    expect(result.stdout).toMatch(/^timeout +5m +\.\.\/apptool\.config\.json/m);
  });
});

describe('nothing is written below .git', () => {
  const PLACES = ['.git/hooks/post-merge', '.GIT/hooks/x', 'sub/../.git/x', 'hooks/x', 'new/deeper/../../.git/x'];
  const NAMED = [
    'output',
    'receipt',
    'events',
    'junit',
    'gitlab-dotenv',
    'jenkins-properties',
    'env-out',
    'summary',
  ] as const;
  const keyOf = (flag: string) => flag.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());

  test.each(NAMED.flatMap((flag) => PLACES.map((place) => [flag, place] as const)))(
    'by --%s %s, nor by a config',
    async (flag, place) => {
      const canary = await startCanary();
      const cwd = await project();
      await symlink('.git/hooks', join(cwd, 'hooks'));
      await mkdir(join(cwd, 'sub'));
      const before = await readdir(join(cwd, '.git'), { recursive: true });

      const run = ['protect', 'app.apk', '-e', 'prod'];
      const byFlag = await runCli([...run, `--${flag}`, place], { cwd, env: canary.variables });
      await writeFile(join(cwd, 'apptool.config.json'), JSON.stringify({ [keyOf(flag)]: place }));
      const byConfig = await runCli(run, { cwd, env: canary.variables });

      for (const result of [byFlag, byConfig]) expectRefused(result, canary, { exit: 13, says: 'into .git' });
      expect(await readdir(join(cwd, '.git'), { recursive: true })).toEqual(before);
    },
  );

  test('by init, and by the output that is called after its input', async () => {
    const canary = await startCanary();
    const cwd = await project();
    await link(join(cwd, 'app.apk'), join(cwd, '.git', 'app.apk'));

    const init = await runCli(['init', '--to', 'apptego', '--output', '.git/apptool.config.json'], { cwd });
    const protect = await runCli(['protect', '.git/app.apk', '-e', 'prod'], { cwd, env: canary.variables });

    expect(init.code, init.stderr).toBe(13);
    expectRefused(protect, canary, { exit: 13, says: 'refusing to write the output into .git' });
  });
});

describe('a path that would steer a terminal or a CI', () => {
  test.each([
    ['a line break', 'x\n::error::boo\n'],
    ['an escape sequence', '\u001b[2J'],
    ['a C1 control', 'a\u009b2Jb'],
    ['a bidi control', 'a\u202eb'],
    ["Azure's command", '##vso[task.setvariable variable=PATH]evil'],
    ["GitHub's command", '##[add-mask]e'],
    ["TeamCity's command", '##teamcity[x]'],
  ])('is refused, wherever in it that stands: %s', async (_, part) => {
    const canary = await startCanary();
    const cwd = await project();
    await mkdir(join(cwd, part));
    await copyFixture('v2.apk', join(cwd, part), 'app.apk');
    const send = ['-e', 'prod'];

    const runs = [
      ['protect', `${part}/app.apk`, ...send],
      ['protect', 'app.apk', ...send, '--output', `${part}/out.apk`],
      ['protect', 'app.apk', ...send, '--receipt', `${part}/r.json`],
      ['upload', `${part}/app.apk`, '--to', 'apptego', ...send],
    ];
    for (const run of runs)
      expectRefused(await runCli(run, { cwd, env: canary.variables }), canary, {
        exit: 2,
        says: /the path of the \w+/,
      });
  });

  test.each(['::set-output name=job::evil.apk', '--- evil.apk', '+++ evil.apk'])(
    'is printed from ./ on where a runner would act by its beginning: %s',
    async (name) => {
      const box = await sandbox();
      const cwd = await project();
      await copyFixture('v2.apk', cwd, 'in.apk');

      const result = await runCli(['protect', 'in.apk', '-e', 'prod', '--poll-interval', '50ms', `--output=${name}`], {
        cwd,
        env: box.variables,
      });

      expect(result.code, result.stderr).toBe(0);
      expect(result.stdout).toBe(`./${name}\n`);
      expect(execFileSync('ls', ['--', name], { cwd, encoding: 'utf8' })).toBe(`${name}\n`);
    },
  );
});

import { execFile, spawnSync } from 'node:child_process';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { HttpResponse, http } from 'msw';
import { describe, expect, test } from 'vitest';
import { ResultDocument } from '../../src/contract/result-document.ts';
import type { Sandbox } from '../../src/sandbox/server.ts';
import { type Fault, faultProxy } from '../../src/testing/fault-proxy.ts';
import { faults } from '../../src/testing/faults.ts';
import { bigApk, copyFixture, fixture, sha256Of, temporaryFolder } from '../../src/testing/files.ts';
import { sandbox } from '../../src/testing/sandbox.ts';
import { named, startCanary } from '../support/canary.ts';
import { cleanEnvironment, runCli, startCli } from '../support/cli.ts';
import { contract } from '../support/contract.ts';
import { gitRepository } from '../support/git.ts';
import { takesTurn } from '../support/share.ts';

const MIB = 1024 * 1024;
const TOKENS = { APPLIVERY_SERVICE_TOKEN: 'service-secret', APPLIVERY_APP_TOKEN: 'app-secret' };
const PNG = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');
const hasCurl = spawnSync('curl', ['--version']).status === 0;

/** A build as the sandbox has it, by the job reference that an upload printed. */
async function buildOf({ variables }: Sandbox, job: string): Promise<Record<string, unknown>> {
  const build = job.trim().split(/[:/]/).at(-1) ?? '';
  const answer = await fetch(`${variables.APPLIVERY_API_URL}/v1/integrations/builds/${build}`, {
    headers: { authorization: `Bearer ${variables.APPLIVERY_APP_TOKEN}` },
  });
  return ((await answer.json()) as { data: Record<string, unknown> }).data;
}

/** What a canary cannot be: three hosts of a backend with two tokens. */
async function watched() {
  const canary = await startCanary();
  const env = {
    ...TOKENS,
    APPLIVERY_UPLOAD_URL: canary.url,
    APPLIVERY_API_URL: canary.url,
    APPLIVERY_DOWNLOAD_URL: canary.url,
    APPLIVERY_ORGANIZATION_ID: 'acme',
    APPLIVERY_APPLICATION_ID: '64b0c1d2e3f4a5b6c7d8e9f0',
    HTTPS_PROXY: canary.url,
  };
  return { canary, env };
}

describe('upload --to applivery', () => {
  test('warns of settings without effect, each with its reason', async () => {
    const cwd = await temporaryFolder();
    const { variables } = await sandbox();
    await copyFixture('v2.apk', cwd);
    const settings = ['notifyMessage=x', 'filter=a', 'deployer=false', 'deployerName=me'];
    const args = settings.flatMap((setting) => ['--set', `applivery.${setting}`]);
    const warned = async (env: Record<string, string>, ...more: string[]) => {
      const result = await runCli(['upload', 'v2.apk', '--to', 'applivery', '--dry-run', '--json', ...more], {
        cwd,
        env,
      });
      const { warnings } = JSON.parse(result.stdout) as { warnings: { code: string; message: string }[] };
      return warnings.filter(({ code }) => code === 'setting-without-effect').map(({ message }) => message);
    };

    expect(await warned(variables)).toEqual([]);
    expect(await warned(variables, ...args)).toEqual([
      'applivery.notifyMessage, applivery.filter have no effect: no mails are sent (see notifyCollaborators, notifyEmployees)',
      'applivery.deployerName has no effect: deployer is false',
    ]);
    expect(await warned({ ...variables, APPLIVERY_SERVICE_TOKEN: '' })).toEqual([
      expect.stringMatching(
        /^applivery.organizationId, .* have no effect: the build goes to the app of the App API token$/,
      ),
    ]);
  });

  test('sends German as it was said, warns of it, and rehearses that the page lists no such language', async () => {
    const cwd = await temporaryFolder();
    const { variables: env } = await sandbox();
    await copyFixture('v2.apk', cwd);

    const args = ['upload', 'v2.apk', '--to', 'applivery', '--set', 'applivery.notifyLanguage=de'];
    const result = await runCli([...args, '--set', 'applivery.notifyEmployees=true'], { cwd, env });

    expect(result.code).toBe(5);
    expect(result.stderr).toContain('Applivery documents German as ge');
    expect(result.stderr).toContain('server said: 5006: notifyLanguage: invalid value');
  });

  test('sends every documented field, and what the CI says of the build', async () => {
    const folder = await temporaryFolder();
    const box = await sandbox();
    const file = await copyFixture('v2.apk', folder);
    await writeFile(join(folder, 'icon.png'), PNG);
    const config = {
      applivery: {
        versionName: 'v2.4.0-rc1',
        changelog: 'not this one',
        notifyCollaborators: true,
        notifyMessage: 'New build',
        notifyLanguage: 'ge',
        filter: [['a', 'b'], ['c']],
        buildPlatform: 'ps5',
        packageName: 'com.example',
        packageVersion: '2.4',
        packageIcon: 'icon.png',
      },
    };
    await mkdir(join(folder, '.git'));
    await writeFile(join(folder, 'apptool.config.json'), JSON.stringify(config));
    const gitlab = {
      GITLAB_CI: 'true',
      CI_COMMIT_SHA: 'f52ace0f52ace0f52ace0f52ace0f52ace0f52a0',
      CI_COMMIT_MESSAGE: 'Fix crash on login',
      CI_COMMIT_BRANCH: 'release/2.4',
      CI_COMMIT_TAG: 'v2.4.0-rc1',
      CI_PIPELINE_IID: '173',
      CI_PIPELINE_URL: 'https://gitlab.example/acme/app/-/pipelines/9',
      CI_PROJECT_URL: 'https://gitlab.example/acme/app',
      CI_PIPELINE_CREATED_AT: '2026-01-02T03:04:05Z',
    };

    const args = ['upload', file, '--to', 'applivery', '--tags', 'staging,sprint-42', '--release-notes', 'New:\n- all'];
    const result = await runCli(args, { cwd: folder, env: { ...box.variables, ...gitlab } });

    expect(result.code, result.stderr).toBe(0);
    expect(result.stdout).toMatch(/^applivery:apptool-sandbox\/[0-9a-f]{24}\/[0-9a-f]{24}\n$/);
    expect(await buildOf(box, result.stdout)).toMatchObject({
      versionName: 'v2.4.0-rc1',
      tags: ['staging', 'sprint-42'],
      changelog: 'New:\n- all',
      notifyCollaborators: 'true',
      notifyEmployees: 'false',
      notifyMessage: 'New build',
      notifyLanguage: 'ge',
      filter: [['a', 'b'], ['c']],
      os: 'ps5',
      packageName: 'com.example',
      packageVersion: '2.4',
      deployer: {
        name: 'GitLab CI',
        info: {
          commitMessage: 'Fix crash on login',
          commit: gitlab.CI_COMMIT_SHA,
          branch: 'release/2.4',
          tag: 'v2.4.0-rc1',
          triggerTimestamp: String(Date.UTC(2026, 0, 2, 3, 4, 5)),
          buildUrl: gitlab.CI_PIPELINE_URL,
          ciUrl: 'https://gitlab.example/acme/app/-/pipelines',
          repositoryUrl: gitlab.CI_PROJECT_URL,
          buildNumber: '173',
        },
      },
    });
  });

  test('without a CI it asks git, and says nothing where that is turned off', async () => {
    const { folder, git } = await gitRepository();
    const box = await sandbox();
    const file = await copyFixture('v2.apk', folder);
    const args = ['upload', file, '--to', 'applivery'];

    const asked = await runCli(args, { cwd: folder, env: box.variables });
    const byName = await runCli([...args, '--set', 'applivery.deployerName=Deploy Bot'], {
      cwd: folder,
      env: box.variables,
    });
    const silent = await runCli([...args, '--set', 'applivery.deployer=false'], { cwd: folder, env: box.variables });

    expect((await buildOf(box, asked.stdout)).deployer).toEqual({
      name: 'apptool',
      info: { commitMessage: 'First commit\n\nWith a body.', commit: git('rev-parse', 'HEAD'), branch: 'main' },
    });
    expect((await buildOf(box, byName.stdout)).deployer).toMatchObject({ name: 'Deploy Bot' });
    expect((await buildOf(box, silent.stdout)).deployer).toEqual({ name: null, info: {} });
  });

  test('goes on by its reference: wait, then download under the name that the build has', async () => {
    const folder = await temporaryFolder();
    const { variables: env } = await sandbox();
    const file = await copyFixture('v2.apk', folder);

    const { stdout } = await runCli(['upload', file, '--to', 'applivery'], { env });
    const { APPLIVERY_ORGANIZATION_ID: _, APPLIVERY_APPLICATION_ID: __, ...withoutIds } = env;
    const waited = await runCli(['wait', stdout.trim(), '--poll-interval', '50ms'], { env: withoutIds });
    const downloaded = await runCli(['download', stdout.trim()], { env: withoutIds, cwd: folder });

    expect(waited).toMatchObject({ code: 0, stdout: 'succeeded processed\n' });
    expect(downloaded).toMatchObject({ code: 0, stdout: `${stdout.trim().split('/').at(-1)}.apk\n` });
    expect(await sha256Of(join(folder, downloaded.stdout.trim()))).toBe(await sha256Of(file));
  });

  test('--sandbox rehearses it, settings included, and --dry-run says what would be sent', async () => {
    const folder = await temporaryFolder();
    const file = await copyFixture('app.ipa', folder);
    const set = ['--set', 'applivery.filter=a+b,c'];

    const rehearsed = await runCli(['upload', file, '--to', 'applivery', '--sandbox', ...set]);
    const planned = await runCli(['upload', file, '--to', 'applivery', '--dry-run', ...set], {
      env: {
        ...TOKENS,
        APPLIVERY_API: 'integrations',
        APPLIVERY_TENANT: 'acme',
        GITLAB_CI: 'true',
        CI_COMMIT_TAG: 'v1',
      },
    });

    expect(rehearsed.code, rehearsed.stderr).toBe(0);
    expect(planned.code, planned.stderr).toBe(0);
    expect(planned.stdout).toContain('would send POST https://upload.acme.applivery.io/v1/integrations/builds\n');
    expect(planned.stdout).toContain(
      '  notifyEmployees: false\n  filter[0][0]: a\n  filter[0][1]: b\n  filter[1][0]: c\n',
    );
    expect(planned.stdout).toContain('  deployer.name: GitLab CI\n  deployer.info.tag: v1\n');
    expect(planned.stdout).toMatch(/ {2}build: app\.ipa\n$/);
  });

  test('F-SRV-26: a build that cannot be processed ends wait with its reason', async () => {
    const folder = await temporaryFolder();
    const { variables: env } = await sandbox({ result: 'failed' });
    const { stdout } = await runCli(['upload', await copyFixture('v2.apk', folder), '--to', 'applivery'], { env });

    const result = await runCli(['wait', stdout.trim(), '--poll-interval', '50ms'], { env });

    expect(result).toMatchObject({ code: 8, stdout: '' });
    expect(result.stderr).toContain('apptool| server said: errorMessage: The sandbox was told to fail this build');
  });

  test('F-SRV-25: a refusal inside a 200 has its exit code, its code and its words', async () => {
    const folder = await temporaryFolder();
    const expired = { status: false, error: { code: 3002, message: 'Token Expired' } };
    const planned = { method: 'POST', fault: faults.answer(200, expired) };
    const { variables: env } = await faultProxy(await sandbox(), [planned]);
    const file = await copyFixture('v2.apk', folder);

    const result = await runCli(['upload', file, '--to', 'applivery', '--json'], { env });

    const { error } = ResultDocument.parse(JSON.parse(result.stdout));
    expect(result.code).toBe(4);
    expect(error).toMatchObject({ class: 'auth', backendCode: '3002' });
    expect(result.stderr).toContain('apptool| server said: 3002: Token Expired');
    expect(result.stderr).toContain('hint: check what APPLIVERY_APP_TOKEN');
  });
});

test('download never shows the token, whatever the server says again', async () => {
  const folder = await temporaryFolder();
  const echo: Fault = (exchange) => faults.answer(401, { message: `no download at ${exchange.path}` })(exchange);
  const planned = { path: /\/v1\/download\//, times: Number.POSITIVE_INFINITY, fault: echo };
  const { variables: env, seen } = await faultProxy(await sandbox({ processingMs: 0 }), [planned]);
  const { stdout } = await runCli(['upload', await copyFixture('v2.apk', folder), '--to', 'applivery'], { env });

  const result = await runCli(['download', stdout.trim(), '-o', join(folder, 'out.apk'), '--verbose'], { env });

  const tokens = seen.flatMap(({ path }) => /\/v1\/download\/(\w+)/.exec(path)?.[1] ?? []);
  expect(result.code).toBe(6);
  expect(result.stderr).toContain('no download at /applivery/download/v1/download/[redacted]');
  expect(tokens).toHaveLength(4);
  for (const token of tokens) expect(result.stderr).not.toContain(token);
});

describe('builds', () => {
  async function listed(args: readonly string[], page: (query: URLSearchParams) => unknown) {
    const asked: string[] = [];
    const answer = http.get('*/builds', ({ request }) => {
      const query = new URL(request.url).searchParams;
      asked.push(query.toString());
      return HttpResponse.json({ status: true, data: page(query) as object });
    });
    const { variables: env } = await faultProxy(await sandbox(), [contract(answer)]);
    const result = await runCli(['applivery', 'builds', 'list', '--json', ...args], { env });
    const { data } = ResultDocument.parse(JSON.parse(result.stdout));
    return { result, asked, ids: (data as { builds: { id: string }[] } | null)?.builds.map(({ id }) => id) };
  }

  /** Builds of a workspace that has so many. */
  const pages = (total: number) => (query: URLSearchParams) => {
    const [page, limit] = [Number(query.get('page')), Number(query.get('limit'))];
    const all = Array.from({ length: total }, (_, index) => ({ id: `build-${index}`, status: 'processed' }));
    return all.slice((page - 1) * limit, page * limit);
  };

  test('list shows the newest first, of one platform where one is given, and show shows one', async () => {
    const folder = await temporaryFolder();
    const { variables: env } = await sandbox({ processingMs: 0 });
    const android = await copyFixture('v2.apk', folder);
    const ios = await copyFixture('app.ipa', folder);
    const ids: string[] = [];
    for (const file of [android, ios, android]) {
      const args = ['upload', file, '--to', 'applivery', '--tags', 'a,b', '--set', 'applivery.versionName=1.0'];
      ids.push((await runCli(args, { env })).stdout.trim().replace('applivery:', ''));
    }
    const builds = ids.map((id) => id.split('/').at(-1) ?? '');

    const all = await runCli(['applivery', 'builds', 'list'], { env });
    const one = await runCli(['applivery', 'builds', 'list', '--platform', 'iOS'], { env });
    const few = await runCli(['applivery', 'builds', 'list', '--limit', '1'], { env });
    const shown = await runCli(['applivery', 'builds', 'show', builds[1] ?? ''], { env });
    const byReference = await runCli(['applivery', 'builds', 'show', ids[1] ?? '', '--json'], { env });

    const rows = (stdout: string) => stdout.match(/^applivery:\S+/gm);
    const jobs = ids.map((id) => `applivery:${id}`);
    expect(all.code, all.stderr).toBe(0);
    expect(rows(all.stdout)).toEqual([...jobs].reverse());
    expect(rows(one.stdout)).toEqual([jobs[1]]);
    expect(rows(few.stdout)).toEqual([jobs[2]]);
    expect(shown.stdout).toMatch(/status +processed/);
    expect(shown.stdout).toMatch(/tags +a, b/);
    expect(JSON.parse(byReference.stdout)).toMatchObject({
      data: { build: { id: builds[1], os: 'ios', versionName: '1.0', tags: ['a', 'b'] } },
    });
  }, 30_000);

  test('list asks page by page until there are enough', async () => {
    const { asked, ids } = await listed(['--limit', '120'], pages(500));

    expect(asked).toEqual(['page=1&limit=50', 'page=2&limit=50', 'page=3&limit=50']);
    expect(ids).toEqual(Array.from({ length: 120 }, (_, index) => `build-${index}`));
  });

  test('list ends with the last page, and where a server knows no pages', async () => {
    const ended = await listed(['--limit', '200'], pages(70));
    const endless = await listed(['--limit', '200'], () => pages(50)(new URLSearchParams({ page: '1', limit: '50' })));

    expect(ended.ids).toHaveLength(70);
    expect(endless.ids).toHaveLength(50);
    // A short page proves nothing where no total is named.
    expect([ended.asked.length, endless.asked.length]).toEqual([3, 2]);
  });

  /** A server that gives at most 20 in a page, whatever it is asked for. */
  const short = (total: number, named: (page: unknown[]) => object) => (query: URLSearchParams) => {
    const page = Number(query.get('page'));
    const all = Array.from({ length: total }, (_, index) => ({ id: `build-${index}`, status: 'processed' }));
    return named(all.slice((page - 1) * 20, page * 20));
  };

  test.each([
    ['the pages', (items: unknown[]) => ({ items, totalPages: 5 }), 5],
    ['the builds', (items: unknown[]) => ({ items, totalItems: 95, totalPages: 2 }), 5],
    ['nothing', (items: unknown[]) => ({ items }), 6],
  ])('list reads on where the pages are shorter than asked, and the server names %s', async (_, named, requests) => {
    const { asked, ids, result } = await listed(['--limit', '200'], short(95, named));

    expect(ids).toHaveLength(95);
    expect(asked).toHaveLength(requests);
    expect(result.stderr).not.toContain('incomplete');
  });

  test('list reads on behind a page of malformed rows, and says that they are left out', async () => {
    const malformed = (own: boolean) => (query: URLSearchParams) => {
      const page = Number(query.get('page'));
      if (page === 1) return { items: [7, { status: 'processed' }] };
      return { items: own && page === 2 ? [{ id: 'build-1', status: 'processed' }] : own ? [] : [7] };
    };
    const { ids, result } = await listed(['--limit', '200'], malformed(true));
    const all = await listed(['--limit', '200'], malformed(false));

    expect(ids).toEqual(['build-1']);
    expect(result.stderr).toContain('2 malformed rows are left out');
    // A server that knows no pages gives the same ones again.
    expect(all.asked).toHaveLength(2);
  });

  test('a list that the server cuts says so, and one that the limit cuts', async () => {
    const lying = await listed(
      ['--limit', '200'],
      short(95, (items) => ({ items, totalItems: 120 })),
    );
    const cut = await listed(
      ['--limit', '10'],
      short(95, (items) => ({ items: items.slice(0, 10), totalItems: 95 })),
    );

    expect(lying.ids).toHaveLength(95);
    expect(JSON.parse(lying.result.stdout)).toMatchObject({
      warnings: [
        { code: 'loopback' },
        { code: 'incomplete-list', message: expect.stringContaining('the server has 120, but returned 95') },
      ],
    });
    expect(cut.ids).toHaveLength(10);
    expect(cut.result.stderr).toContain('10 of 95');
  });

  test('list filters by status and version name', async () => {
    const { asked } = await listed(['--status', 'processed', '--version-name', 'RC 1'], () => []);
    const { result } = await listed(['--status', 'done'], () => []);

    expect(asked).toEqual(['page=1&limit=50&versionName=RC+1&status=processed']);
    expect(result.code).toBe(2);
    expect(result.stderr).toContain('a status is one of pending, in_progress, processed, error');
  });

  test.each([
    ['a list', (list: unknown) => list],
    ['items', (items: unknown) => ({ page: 1, items })],
    ['any one list', (list: unknown) => ({ totalDocs: 2, results: list })],
    ['items behind another list', (items: unknown) => ({ filters: [], items })],
  ])('list takes a page that comes as %s', async (_, wrap) => {
    const { ids } = await listed([], (query) => wrap(pages(2)(query)));

    expect(ids).toEqual(['build-0', 'build-1']);
  });

  test('list says so where it cannot find one, and show where there is none', async () => {
    const { variables: env } = await sandbox();
    const { result } = await listed([], () => ({ nothing: true }));
    const two = await listed([], () => ({ these: [], those: [] }));
    const shown = await runCli(['applivery', 'builds', 'show', '64b0c1d2e3f4a5b6c7d8e9f0'], { env });
    const odd = await runCli(['applivery', 'builds', 'show', '../x'], { env });

    expect(result.code).toBe(6);
    expect(result.stderr).toContain('its response has no usable data');
    expect(two.result.code).toBe(6);
    expect(shown.code).toBe(5);
    expect(shown.stderr).toContain('error[rejected]: no such build: 64b0c1d2e3f4a5b6c7d8e9f0');
    expect(odd.code).toBe(2);
  });
});

describe('F-SIG-02: a signal while the form goes out', () => {
  /** The signal comes as soon as the service has read as much of the form as `hold` waits for. */
  async function stopped(
    sizeBytes: number,
    signal: 'SIGINT' | 'SIGTERM',
    hold: (...exchange: Parameters<Fault>) => unknown,
  ) {
    const folder = await temporaryFolder();
    const box = await sandbox();
    const file = await bigApk(join(folder, 'app.apk'), sizeBytes);
    const held = { tell: () => {} };
    const isHeld = new Promise<void>((resolve) => {
      held.tell = resolve;
    });
    const fault: Fault = async (exchange) => {
      await hold(exchange);
      held.tell();
    };
    const proxy = await faultProxy(box, [{ method: 'POST', fault }]);
    const running = startCli(['upload', file, '--to', 'applivery'], { env: proxy.variables });
    await isHeld;
    running.child.kill(signal);
    return await running.result;
  }

  // Two of six a day: the others are in autoappstore.test.ts and ignite.test.ts.
  test.runIf(takesTurn(0, 3))('before its last byte: nothing was left', async () => {
    // More than the kernel takes from us before the server reads.
    const result = await stopped(60 * MIB, 'SIGINT', faults.silence());

    expect(result.code).toBe(130);
    expect(result.stderr).toContain('hint: nothing was left at the backend');
  });

  test.runIf(takesTurn(1, 3))('after its last byte: a build may have been created', async () => {
    const result = await stopped(MIB, 'SIGTERM', ({ readBody }) => readBody());

    expect(result.code).toBe(143);
    expect(result.stderr).toContain('hint: the whole file was sent, so a build may have been created');
  });
});

describe('what is refused before any request', () => {
  const UPLOAD = (file: string) => ['upload', file, '--to', 'applivery'];
  const unset = (...names: string[]) => Object.fromEntries(names.map((name) => [name, '']));
  const APP_ONLY = unset('APPLIVERY_SERVICE_TOKEN');

  test.each(
    named([
      {
        name: 'no token',
        env: unset('APPLIVERY_SERVICE_TOKEN', 'APPLIVERY_APP_TOKEN'),
        args: UPLOAD,
        exit: 4,
        says: /no Applivery token: set APPLIVERY_APP_TOKEN or APPLIVERY_APP_TOKEN_FILE .*, or APPLIVERY_SERVICE_TOKEN or/,
      },
      {
        name: 'another token than that of the API which is chosen',
        env: { ...APP_ONLY, APPLIVERY_API: 'workspace' },
        args: UPLOAD,
        exit: 4,
        says: /no Applivery Service Account token: set APPLIVERY_SERVICE_TOKEN or APPLIVERY_SERVICE_TOKEN_FILE\nhint: an App API/,
      },
      {
        name: 'the Workspace API without an app',
        env: unset('APPLIVERY_APP_TOKEN', 'APPLIVERY_APPLICATION_ID'),
        args: UPLOAD,
        exit: 2,
        says: 'the Workspace API needs APPLIVERY_ORGANIZATION_ID and APPLIVERY_APPLICATION_ID',
      },
      {
        name: 'two tokens, and no word on which',
        env: unset('APPLIVERY_ORGANIZATION_ID', 'APPLIVERY_APPLICATION_ID'),
        args: UPLOAD,
        exit: 2,
        says: 'two Applivery tokens are set, and no setting says which of the two APIs to use',
      },
      {
        name: 'a job of the Workspace API without its token',
        env: APP_ONLY,
        args: () => ['status', 'applivery:acme/app/64b0'],
        exit: 4,
        says: 'no Applivery Service Account token',
      },
      {
        name: 'protect',
        env: unset('APPLIVERY_SERVICE_TOKEN', 'APPLIVERY_APP_TOKEN'),
        args: (file: string) => ['protect', file, '--backend', 'applivery'],
        exit: 2,
        says: /applivery does not protect\nhint: to send a file there: apptool upload <file> --to applivery/,
      },
      {
        name: 'download with an App token',
        env: APP_ONLY,
        args: () => ['download', 'applivery:64b0c1d2e3f4a5b6c7d8e9f0', '-o', 'new.apk'],
        exit: 2,
        says: 'applivery builds are downloaded by the Workspace API; an App API token cannot do that',
      },
      {
        name: 'a use for the environment',
        env: {},
        args: (file: string) => [...UPLOAD(file), '-e', 'prod'],
        exit: 2,
        says: 'applivery does not take --environment',
      },
      ...['group1;group2', 'a,,b', 'a+', '', 'a+b|c', '[["a"],[]]', '[["a"]', '[1]'].map((filter) => ({
        name: `B-38: the filter "${filter}"`,
        env: {},
        args: (file: string) => [...UPLOAD(file), '--set', `applivery.filter=${filter}`],
        exit: 2,
        says: '--set applivery.filter needs AND groups, for example "a+b,c"',
      })),
      ...[
        ['notifyEmployees=maybe', 'must be true or false'],
        ['notifyLanguage=xx', 'must be es, en, fr, ge, it, zh, pt or ru'],
        ['api=both', 'must be integrations or workspace'],
        ['tenant=a/b', 'must be a name such as acme'],
        ['organizationId=../x', 'must be an id'],
        ['tags=a,,b', 'contains an empty tag'],
        ['versionName=', 'is empty'],
      ].map(([assignment = '', words = '']) => ({
        name: `the setting ${assignment}`,
        env: {},
        args: (file: string) => [...UPLOAD(file), '--set', `applivery.${assignment}`],
        exit: 2,
        says: `--set applivery.${assignment.split('=')[0]} ${words}`,
      })),
      ...[
        ['missing.png', 3, 'cannot read missing.png: no such file'],
        ['v2.apk', 2, 'packageIcon: v2.apk is neither PNG nor JPEG'],
        ['.', 2, 'packageIcon: . is not a regular file'],
      ].map(([icon, exit, says]) => ({
        name: `the icon ${icon}`,
        env: {},
        args: (file: string) => [...UPLOAD(file), '--set', `applivery.packageIcon=${icon}`],
        exit: Number(exit),
        says: String(says),
      })),
    ]),
  )('%s', async (_, { env, args, exit, says }) => {
    const { canary, env: usual } = await watched();
    const folder = await temporaryFolder();
    await copyFixture('v2.apk', folder);

    const result = await runCli(args('v2.apk'), { cwd: folder, env: { ...usual, ...env } });

    expect(result.code, result.stderr).toBe(exit);
    expect(result.stderr).toMatch(says);
    expect(result.stdout + result.stderr).not.toMatch(/service-secret|app-secret/);
    expect(canary.connections).toBe(0);
  });

  test.each(
    named([
      {
        name: 'a tenant',
        own: { tenant: 'evil.example' },
        says: '"tenant" is not allowed in a config that was only found',
      },
      {
        name: 'an address',
        own: { uploadUrl: 'https://evil.example' },
        says: /"uploadUrl" is not allowed in a config .* or use APPLIVERY_UPLOAD_URL/,
      },
      {
        name: 'an address that other backends have too',
        own: { apiUrl: 'https://evil.example' },
        says: /"apiUrl" is not allowed in a config .* or use APPLIVERY_API_URL/,
      },
      {
        name: 'an icon outside of the project',
        own: { packageIcon: '../icon.png' },
        says: 'applivery.packageIcon: a project config must not read outside the project',
      },
    ]),
  )('from a config that was found: %s', async (_, { own, says }) => {
    const { canary, env } = await watched();
    const folder = await temporaryFolder();
    const project = join(folder, 'project');
    await mkdir(join(project, '.git'), { recursive: true });
    await writeFile(join(folder, 'icon.png'), PNG);
    await copyFixture('v2.apk', project);
    await writeFile(join(project, 'apptool.config.json'), JSON.stringify({ applivery: own }));

    const result = await runCli(UPLOAD('v2.apk'), { cwd: project, env });

    expect(result.code, result.stderr).toBe(13);
    expect(result.stderr).toMatch(says);
    expect(canary.connections).toBe(0);
  });
});

test('a tenant sets the addresses that nobody has set, and config show says so', async () => {
  const env = { APPLIVERY_TENANT: 'apps.acme.example', APPLIVERY_API_URL: 'https://own.example' };

  const { stdout } = await runCli(['config', 'show'], { env });

  expect(stdout).toMatch(/applivery\.uploadUrl +https:\/\/upload\.apps\.acme\.example +APPLIVERY_TENANT/);
  expect(stdout).toMatch(/applivery\.downloadUrl +https:\/\/download-api\.apps\.acme\.example +APPLIVERY_TENANT/);
  expect(stdout).toMatch(/applivery\.apiUrl +https:\/\/own\.example +APPLIVERY_API_URL/);
});

describe.runIf(hasCurl)("the vendor's own examples, unchanged but for the address, the credential and the file", () => {
  test.each([
    ['applivery-integrations.sh', 'upload.applivery.io/v1/integrations', { name: 'GitHub Actions' }],
    ['applivery-workspace.sh', 'upload.applivery.io/v1/organizations', { name: 'Internal Deploy Bot' }],
  ])('%s', async (name, address, deployer) => {
    const folder = await temporaryFolder();
    await copyFile(fixture('v2.apk'), join(folder, 'app-release.apk'));
    const box = await sandbox();
    const { variables } = box;
    const example = await readFile(fixture(`vendor/${name}`), 'utf8');
    const script = example
      .replace('https://upload.applivery.io', variables.APPLIVERY_UPLOAD_URL ?? '')
      .replace(
        'ORG_ID/apps/APP_ID',
        `${variables.APPLIVERY_ORGANIZATION_ID}/apps/${variables.APPLIVERY_APPLICATION_ID}`,
      )
      .replace('YOUR_APP_TOKEN', variables.APPLIVERY_APP_TOKEN ?? '')
      .replace('YOUR_SERVICE_ACCOUNT_TOKEN', variables.APPLIVERY_SERVICE_TOKEN ?? '');
    const { stdout } = await promisify(execFile)('bash', ['-c', script], { cwd: folder, env: cleanEnvironment() });

    const answer = JSON.parse(stdout) as { status: boolean; data: { id: string; status: string } };

    expect(example).toContain(address);
    expect(answer).toMatchObject({ status: true, data: { status: 'pending' } });
    expect(await buildOf(box, answer.data.id)).toMatchObject({
      deployer,
      size: (await readFile(fixture('v2.apk'))).length,
    });
  });
});

describe('what is sent and asked for is what was said', () => {
  async function setUp(config: unknown) {
    const cwd = await temporaryFolder();
    const proxy = await faultProxy(await sandbox({ processingMs: 0 }), []);
    await copyFixture('v2.apk', cwd, 'app.apk');
    await writeFile(join(cwd, 'own.json'), JSON.stringify(config));
    const run = (line: string) => runCli(line.split(' '), { cwd, env: proxy.variables, isFast: true });
    return { run, seen: (path: RegExp) => proxy.seen.filter((one) => path.test(one.path)).length };
  }

  test.each([
    ['the shared setting', { tags: ['a,b', 'c'] }],
    ["the backend's own", { applivery: { tags: ['a,b', 'c'] } }],
  ])('a tag with a comma, in %s, is refused: it would be two', async (_, config) => {
    const { run, seen } = await setUp(config);

    const { code, stderr } = await run('upload app.apk --to applivery -c own.json');

    expect(code).toBe(2);
    expect(stderr).toMatch(/a tag .*comma/);
    expect(seen(/./)).toBe(0);
  });

  test.each(['', ' -o out.apk'])('download%s asks for one token, and uses it', async (output) => {
    const { run, seen } = await setUp({});
    const { stdout } = await run('upload app.apk --to applivery');

    expect((await run(`download ${stdout.trim()}${output}`)).code).toBe(0);
    expect({ asked: seen(/\/downloadToken/), used: seen(/\/v1\/download\//) }).toEqual({ asked: 1, used: 1 });
  });

  test('a setting that has no effect is named', async () => {
    const { run } = await setUp({
      applivery: { filter: [['a']], notifyMessage: 'New', deployer: false, deployerName: 'x' },
    });

    const { code, stderr } = await run('upload app.apk --to applivery -c own.json');

    expect(code).toBe(0);
    for (const key of ['filter', 'notifyMessage', 'deployerName']) expect(stderr).toContain(`applivery.${key}`);
  });
});

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { HttpResponse, http } from 'msw';
import { describe, expect, test } from 'vitest';
import { Receipt } from '../../src/contract/record/journal.ts';
import { ResultDocument } from '../../src/contract/result-document.ts';
import { faultProxy } from '../../src/testing/fault-proxy.ts';
import { faults } from '../../src/testing/faults.ts';
import { copyFixture, temporaryFolder } from '../../src/testing/files.ts';
import { sandbox } from '../../src/testing/sandbox.ts';
import { runCli } from '../support/cli.ts';
import { contract } from '../support/contract.ts';

const CREATE = { method: 'POST', path: /\/distributions$|\/pubApps$/ };
const LIST = { method: 'GET', path: /\/distributions|\/pubApps/ };
const RELEASE = { releases: { tests: { publish: [{ backend: 'applivery', publishLink: 'nightly' }] } } };

async function setUp(planned: Parameters<typeof faultProxy>[1] = [], own: Readonly<Record<string, string>> = {}) {
  const cwd = await temporaryFolder();
  const proxy = await faultProxy(await sandbox({ processingMs: 0 }), planned);
  const env = { ...proxy.variables, ...own };
  await copyFixture('v2.apk', cwd, 'app.apk');
  await writeFile(join(cwd, 'apptool.config.json'), JSON.stringify(RELEASE));
  const plain = (line: string) => runCli(line.split(' '), { cwd, env, isFast: true });
  const run = async (line: string) => {
    const { stdout } = await runCli([...line.split(' '), '--json'], { cwd, env, isFast: true });
    return ResultDocument.parse(JSON.parse(stdout));
  };
  const posts = (path: RegExp) => proxy.seen.filter((one) => one.method === 'POST' && path.test(one.path)).length;
  const counts = () => ({ builds: posts(/\/builds$/), publications: posts(CREATE.path) });
  const receipt = async (name: string) => Receipt.parse(JSON.parse(await readFile(join(cwd, name), 'utf8')));
  return { cwd, env, plain, run, counts, receipt };
}

const LINK = /^http:\/\/127\.0\.0\.1:\d+\/applivery\/store\/nightly$/;

describe.each([
  ['Integrations', { APPLIVERY_SERVICE_TOKEN: '' }],
  ['Workspace', {}],
])('--publish-link, by the %s API', (_, own) => {
  test('upload: a link for testers, in the document, the receipt, the files of the CI and on stderr, and no word more on stdout', async () => {
    const { cwd, plain, run, receipt } = await setUp([], own);

    const told = await plain(
      'upload app.apk --to applivery --publish-link nightly --receipt r.json --gitlab-dotenv a.env',
    );
    const document = await run('upload app.apk --to applivery --publish-link nightly');

    const { install } = document.links;
    expect(told.stdout).toMatch(/^applivery:\S+\n$/);
    expect(told.stderr).toContain(`testers get it at ${install}`);
    expect(document).toMatchObject({ ok: true, links: { page: null, install: expect.stringMatching(LINK) } });
    expect(await receipt('r.json')).toMatchObject({ steps: [{ links: { page: null, install } }] });
    expect(await readFile(join(cwd, 'a.env'), 'utf8')).toContain(`APPTOOL_RESULT_LINK=${install}\n`);
  });

  test('publish and release: one publication for all of them, at the end of the line of the target', async () => {
    const { plain, run, counts } = await setUp([], own);

    const first = await plain('publish app.apk --to applivery --publish-link nightly');
    const second = await run('publish app.apk --to applivery --publish-link nightly');
    const third = await plain('release tests app.apk');

    const install = second.targets[0]?.links.install;
    expect(install).toMatch(LINK);
    expect(first.stdout).toMatch(new RegExp(`^applivery succeeded processed applivery:\\S+ ${install}\n$`));
    expect(third.stdout).toMatch(new RegExp(`^publish:applivery succeeded processed applivery:\\S+ ${install}\n$`));
    expect(counts()).toEqual({ builds: 3, publications: 1 });
  });
});

test('the summary and the outputs of GitHub have the link', async () => {
  const { cwd, env } = await setUp();
  const files = { GITHUB_OUTPUT: join(cwd, 'out'), GITHUB_STEP_SUMMARY: join(cwd, 'sum') };
  for (const file of Object.values(files)) await writeFile(file, '');

  const { code } = await runCli(['publish', 'app.apk', '--to', 'applivery', '--publish-link', 'nightly', '--github'], {
    cwd,
    env: { ...env, ...files },
    isFast: true,
  });

  expect(code).toBe(0);
  expect(await readFile(files.GITHUB_OUTPUT, 'utf8')).toMatch(/^link<<(\S+)\nhttp:\/\/\S+\/store\/nightly\n\1$/m);
  expect(await readFile(files.GITHUB_STEP_SUMMARY, 'utf8')).toMatch(/<a href="http:\S+\/store\/nightly">install<\/a>/);
});

describe('a publication that is there', () => {
  test.each([
    ['last', ''],
    ['tag:rc', ' --tags a,rc'],
  ])('of %s is taken as the team has set it up, with its own security', async (shows, more) => {
    const { run, counts } = await setUp();
    await run(`applivery publications create nightly --shows ${shows} --security public --visibility active`);

    const sent = await run(`publish app.apk --to applivery --publish-link nightly${more}`);

    expect(sent.targets[0]?.links.install).toMatch(LINK);
    expect(counts()).toEqual({ builds: 1, publications: 1 });
  });

  test.each(['tag:rc', 'branch:other', 'git-tag:v9'])(
    'of %s, which is not this build, is refused before a byte is sent',
    async (shows) => {
      const { run, counts } = await setUp();
      await run(`applivery publications create nightly --shows ${shows}`);

      expect(await run('publish app.apk --to applivery --publish-link nightly --tags beta')).toMatchObject({
        exitCode: 5,
        error: {
          message: expect.stringContaining('which is not this build'),
          hint: expect.stringContaining('another name'),
        },
      });
      expect(counts()).toEqual({ builds: 0, publications: 1 });
    },
  );

  test('of another app of the workspace is refused', async () => {
    const other = { id: 'p1', slug: 'nightly', application: 'another', filter: { type: 'last' } };
    const list = http.get('*/pubApps', () => HttpResponse.json({ status: true, data: { items: [other] } }));
    const { run, counts } = await setUp([contract(list)]);

    expect(await run('publish app.apk --to applivery --publish-link nightly')).toMatchObject({
      exitCode: 5,
      error: { message: expect.stringContaining('of another app') },
    });
    expect(counts().builds).toBe(0);
  });

  test('whose filter is not known is taken, with a warning', async () => {
    const odd = {
      id: 'p1',
      slug: 'nightly',
      distributionUrl: 'https://acme.example/nightly',
      filter: { type: 'moon' },
    };
    const list = http.get('*/pubApps', () => HttpResponse.json({ status: true, data: [odd] }));
    const { run } = await setUp([contract(list), contract(list)]);

    const sent = await run('upload app.apk --to applivery --publish-link nightly');

    expect(sent).toMatchObject({ ok: true, links: { install: 'https://acme.example/nightly' } });
    expect(sent.warnings.map(({ code }) => code)).toContain('link-not-checked');
  });
});

describe('a link that cannot be made', () => {
  test.each(['Nightly', '-a', 'a b', 'a/b'])(
    'for the name %s is a usage error before anything is sent',
    async (name) => {
      const { cwd, env, counts } = await setUp();
      const args = ['upload', 'app.apk', '--to', 'applivery', `--publish-link=${name}`];

      const { code, stderr } = await runCli(args, { cwd, env });

      expect(code).toBe(2);
      expect(stderr).toContain('a slug is lowercase letters');
      expect(stderr).toContain('--publish-link');
      expect(counts()).toEqual({ builds: 0, publications: 0 });
    },
  );

  test('without a store the Workspace API says what to set; another backend does not take it', async () => {
    const { run, counts } = await setUp([], { APPLIVERY_STORE_ID: '' });

    expect(await run('upload app.apk --to applivery --publish-link nightly')).toMatchObject({
      exitCode: 2,
      error: { hint: expect.stringContaining('APPLIVERY_STORE_ID') },
    });
    expect(await run('upload app.apk --to ignite --publish-link nightly')).toMatchObject({
      exitCode: 2,
      error: { message: 'ignite does not take --publish-link' },
    });
    expect(counts().builds).toBe(0);
  });

  test('a rehearsal says that it would be made, and makes none', async () => {
    const { plain, counts } = await setUp();

    for (const command of ['upload', 'publish']) {
      const { code, stdout } = await plain(`${command} app.apk --to applivery --publish-link nightly --dry-run`);
      expect({ code, last: stdout.trim().split('\n').at(-1) }).toEqual({
        code: 0,
        last: 'then make the link nightly, or find the one that is there',
      });
    }
    expect(counts()).toEqual({ builds: 0, publications: 0 });
  });

  test.each([
    ['refused', [{ ...CREATE, fault: faults.answer(403, { status: false, error: { code: 4004, message: 'no' } }) }], 4],
    ['down', [{ ...LIST, after: 1, times: 99, fault: faults.answer(503, {}) }], 7],
    ['lost', [{ ...CREATE, fault: faults.lostBeforeWork() }], 9],
  ] as const)('%s: the build stands, nobody is told to send it again', async (_, planned, exitCode) => {
    const { run, counts, receipt } = await setUp(planned);

    const sent = await run('publish app.apk --to applivery --publish-link nightly --receipt r.json');

    expect(sent).toMatchObject({
      exitCode,
      targets: [
        {
          exitCode,
          state: { phase: 'succeeded' },
          links: { install: null },
          error: { hint: expect.stringMatching(/^the build is there, and only its link is missing/) },
        },
      ],
    });
    expect(sent.error?.hint).not.toContain('run again');
    expect(sent.error?.hint).toMatch(/apptool applivery publications (?:create nightly|list)/);
    expect((await receipt('r.json')).steps[0]).toMatchObject({ mayHaveLanded: false, links: { install: null } });
    expect(counts().builds).toBe(1);
  });

  test('a release that is resumed makes the link that is missing, and sends nothing again', async () => {
    const { run, counts } = await setUp([
      { ...CREATE, fault: faults.answer(403, { status: false, error: { code: 4004, message: 'no' } }) },
    ]);

    const failed = await run('release tests app.apk --receipt r.json');
    const resumed = await run('release tests app.apk --resume r.json');
    const again = await run('release tests app.apk --resume r.json');

    expect(failed.exitCode).toBe(4);
    expect(resumed.targets[0]?.links.install).toMatch(LINK);
    expect(again.targets[0]?.links.install).toMatch(LINK);
    expect(counts()).toEqual({ builds: 1, publications: 2 });
  });

  test('a list that cannot be read stops the upload', async () => {
    const { run, counts } = await setUp([
      { ...LIST, fault: faults.answer(403, { status: false, error: { code: 4004, message: 'no' } }) },
    ]);

    expect(await run('upload app.apk --to applivery --publish-link nightly')).toMatchObject({ exitCode: 4 });
    expect(counts().builds).toBe(0);
  });

  test.each(['javascript:alert(1)', null, 'not an address'])(
    'no address (%s): nobody is given one',
    async (distributionUrl) => {
      const made = { id: 'p1', slug: 'nightly', distributionUrl };
      const create = http.post('*/pubApps', () => HttpResponse.json({ status: true, data: made }));
      const { run } = await setUp([contract(create)]);

      expect(await run('upload app.apk --to applivery --publish-link nightly')).toMatchObject({
        exitCode: 11,
        links: { install: null },
      });
    },
  );
});

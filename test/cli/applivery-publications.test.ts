import { join } from 'node:path';
import { HttpResponse, http } from 'msw';
import { describe, expect, test } from 'vitest';
import { ResultDocument } from '../../src/contract/result-document.ts';
import { faultProxy } from '../../src/testing/fault-proxy.ts';
import { faults } from '../../src/testing/faults.ts';
import { copyFixture, temporaryFolder } from '../../src/testing/files.ts';
import { sandbox } from '../../src/testing/sandbox.ts';
import { runCli } from '../support/cli.ts';
import { contract } from '../support/contract.ts';

const CREATE = { method: 'POST', path: /\/distributions$|\/pubApps$/ };
const INTEGRATIONS = { APPLIVERY_SERVICE_TOKEN: '' };

async function setUp(planned: Parameters<typeof faultProxy>[1] = [], own: Readonly<Record<string, string>> = {}) {
  const proxy = await faultProxy(await sandbox({ processingMs: 0 }), planned);
  const env = { ...proxy.variables, ...own };
  const run = async (line: string, more: Readonly<Record<string, string>> = {}) => {
    const result = await runCli([...line.split(' '), '--json'], { env: { ...env, ...more } });
    return { ...ResultDocument.parse(JSON.parse(result.stdout)), stderr: result.stderr };
  };
  const bodies: unknown[] = [];
  return { run, proxy, env, bodies };
}

interface Publication {
  readonly id: string;
  readonly [member: string]: unknown;
}
const made = ({ data }: { readonly data: unknown }) => (data as { publication: Publication }).publication;

describe.each([
  ['Integrations', INTEGRATIONS],
  ['Workspace', {}],
])('publications by the %s API', (_, own) => {
  test('a build is handed out at a link, and the list has it', async () => {
    const { run, env } = await setUp([], own);
    const plain = await runCli(['applivery', 'publications', 'create', 'nightly'], { env });
    const listed = await run('applivery publications list');

    expect(plain.stdout).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/applivery\/store\/nightly\n$/);
    expect(listed.data).toMatchObject({
      publications: [
        {
          slug: 'nightly',
          security: 'logged',
          visibility: 'unlisted',
          distributionUrl: plain.stdout.trim(),
          filter: { type: 'last' },
        },
      ],
    });
  });

  test.each([
    ['branch:feat/x', { type: 'gitBranch', value: 'feat/x' }],
    ['tag:rc', { type: 'tag', value: 'rc' }],
    ['git-tag:v1', { type: 'gitTag', value: 'v1' }],
  ])('shows %s', async (shows, filter) => {
    const { run } = await setUp([], own);

    expect(made(await run(`applivery publications create a1 --shows ${shows}`))).toMatchObject({ filter });
  });
});

test('shows one build, by its reference or a receipt, at the place of its platform', async () => {
  const cwd = await temporaryFolder();
  const { run, env } = await setUp();
  await copyFixture('app.ipa', cwd);
  const { stdout } = await runCli(['upload', 'app.ipa', '--to', 'applivery', '--receipt', 'r.json'], { cwd, env });
  const build = stdout.trim().split('/').at(-1);

  const created = made(await run(`applivery publications create one --shows build:${stdout.trim()}`));
  const byReceipt = made(await run(`applivery publications create two --shows build:${join(cwd, 'r.json')}`));

  expect(created.filter).toEqual({ type: 'builds', ios: build });
  expect(byReceipt.filter).toEqual(created.filter);
});

test('a publication that is just the same is done already; another one with its slug is refused', async () => {
  const { run } = await setUp();
  const line = 'applivery publications create nightly --shows branch:main';
  const first = made(await run(line));

  expect(made(await run(line))).toEqual(first);
  expect(await run(`${line}2`)).toMatchObject({
    exitCode: 5,
    error: { backendCode: '5024', hint: expect.stringContaining('another publication has this slug') },
  });
});

test('a lost response is settled by the list, and nothing is made twice', async () => {
  const { run, proxy } = await setUp([{ ...CREATE, fault: faults.lostAnswer() }]);
  const nothing = await setUp([{ ...CREATE, fault: faults.lostBeforeWork() }]);

  expect(await run('applivery publications create nightly')).toMatchObject({ ok: true });
  expect(await nothing.run('applivery publications create nightly')).toMatchObject({
    exitCode: 9,
    error: { class: 'unknown', hint: expect.stringContaining('the publication may exist already') },
  });
  expect(proxy.seen.filter(({ method }) => method === 'POST')).toHaveLength(1);
});

test('a password comes from its variable, and is shown nowhere', async () => {
  const bodies: unknown[] = [];
  const keep = http.post('*/pubApps', async ({ request }) => {
    bodies.push(await request.json());
    return HttpResponse.json({
      status: true,
      data: { id: 'p1', slug: 'beta', distributionUrl: 'https://x.example/beta' },
    });
  });
  const { run } = await setUp([contract(keep)]);
  const password = { APPLIVERY_PUBLICATION_PASSWORD: 'pass word of testers' };

  const planned = await run('applivery publications create beta --dry-run --verbose', password);
  const created = await run('applivery publications create beta --verbose', password);
  const without = await run('applivery publications create beta --security password');

  expect(bodies).toEqual([
    expect.objectContaining({ slug: 'beta', security: 'password', password: 'pass word of testers' }),
  ]);
  expect(created.ok).toBe(true);
  expect(JSON.stringify([planned, created])).not.toContain('pass word of testers');
  expect(without).toMatchObject({ exitCode: 4, error: { class: 'auth' } });
});

test.each([
  ['Nightly', 2],
  ['nightly --security open', 2],
  ['nightly --visibility hidden', 2],
  ['nightly --shows commit:1', 2],
  ['nightly --shows build:../x', 2],
  ['nightly --shows build:0123456789abcdef01234567', 5],
])('create %s is refused, and makes nothing', async (line, exitCode) => {
  const { run, proxy } = await setUp();

  expect(await run(`applivery publications create ${line}`)).toMatchObject({ exitCode });
  expect(proxy.seen.filter(({ method }) => method === 'POST')).toEqual([]);
});

test('without a store the Workspace API has no publications, and says what to set', async () => {
  const { run, proxy } = await setUp([], { APPLIVERY_STORE_ID: '' });

  expect(await run('applivery publications list')).toMatchObject({
    exitCode: 2,
    error: { hint: expect.stringContaining('APPLIVERY_STORE_ID') },
  });
  expect(proxy.seen).toEqual([]);
});

test('apps list says where the id of an app comes from', async () => {
  const { run, env } = await setUp();
  const bare = await run('applivery apps list', { APPLIVERY_APPLICATION_ID: '' });
  const refused = await run('applivery apps list', { APPLIVERY_ORGANIZATION_ID: '' });

  expect(bare.data).toMatchObject({ apps: [{ id: env.APPLIVERY_APPLICATION_ID, slug: 'apptool-sandbox' }] });
  expect(refused).toMatchObject({ exitCode: 2, error: { hint: expect.stringContaining('APPLIVERY_ORGANIZATION_ID') } });
});

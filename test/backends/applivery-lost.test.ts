import { HttpResponse, http } from 'msw';
import { describe, expect, test } from 'vitest';
import { applivery } from '../../src/backends/applivery/index.ts';
import { ResultDocument } from '../../src/contract/result-document.ts';
import { testContext } from '../../src/testing/context.ts';
import { faultProxy } from '../../src/testing/fault-proxy.ts';
import { faults } from '../../src/testing/faults.ts';
import { copyFixture, temporaryFolder } from '../../src/testing/files.ts';
import { openBackend } from '../../src/testing/open-backend.ts';
import { sandbox } from '../../src/testing/sandbox.ts';
import { runCli } from '../support/cli.ts';
import { contract } from '../support/contract.ts';

const SINCE = new Date('2026-01-02T03:04:05Z');
const AFTER = '2026-01-02T03:04:30.000Z';
const LOST = {
  name: 'v2.apk',
  platform: 'android',
  identity: { packageName: 'com.example', versionName: '2.0', versionCode: 42 },
  job: null,
} as const;
const GITLAB = {
  GITLAB_CI: 'true',
  CI_COMMIT_SHA: 'f52ace0f52ace0f52ace0f52ace0f52ace0f52a0',
  CI_PIPELINE_IID: '173',
};

type Row = Readonly<Record<string, unknown>>;

/** What is found of a lost upload with the label RC-1, where the server lists these builds. */
async function found(pages: readonly (readonly Row[])[], settings: Readonly<Record<string, unknown>> = {}) {
  const asked: string[] = [];
  const list = http.get('*/builds', ({ request }) => {
    const page = new URL(request.url).searchParams.get('page') ?? '';
    asked.push(page);
    const items = pages[Number(page) - 1] ?? [];
    const rows = items.map((row, index) => ({ id: `p${page}-${index}`, status: 'pending', createdAt: AFTER, ...row }));
    return HttpResponse.json({ status: true, data: { items: rows } });
  });
  const { variables } = await faultProxy(await sandbox(), [contract(list)]);
  const { APPLIVERY_SERVICE_TOKEN: _, ...env } = variables;
  const { adapter } = await openBackend(applivery, env, 5_000, { versionName: 'RC-1', deployer: false, ...settings });
  return { asked, ids: await adapter.find?.(LOST, SINCE, testContext()) };
}

describe('find', () => {
  test.each<readonly [string, Row, boolean]>([
    ['the same label', { versionName: 'RC-1' }, true],
    ['the same label and version code', { versionName: 'RC-1', versionCode: '42', os: 'android' }, true],
    ['the same version code alone', { versionCode: '42' }, true],
    ['another label', { versionName: 'RC-2', versionCode: '42' }, false],
    ['another version code', { versionName: 'RC-1', versionCode: '41' }, false],
    ['another platform', { versionName: 'RC-1', os: 'ios' }, false],
    ['nothing that tells', { os: 'android' }, false],
    ['a time before', { versionName: 'RC-1', createdAt: '2026-01-02T02:04:05Z' }, false],
    ['no time', { versionName: 'RC-1', createdAt: null }, false],
    ['a time within what a clock may be wrong', { versionName: 'RC-1', createdAt: '2026-01-02T02:58:05Z' }, true],
  ])('takes or leaves a build with %s', async (_, row, isFound) => {
    expect((await found([[row]])).ids).toEqual(isFound ? ['p1-0'] : []);
  });

  test('names every build that it can be, page by page, up to those that are older', async () => {
    const old = { createdAt: '2026-01-01T00:00:00Z' };
    const { ids, asked } = await found([[{ versionName: 'RC-1' }, {}], [{ versionName: 'RC-1' }], [old], [old]]);

    expect(ids).toEqual(['p1-0', 'p2-0']);
    expect(asked).toEqual(['1', '2', '3']);
  });

  test('a custom platform is the one that was sent', async () => {
    const rows = [
      [
        { versionName: 'RC-1', os: 'ps5' },
        { versionName: 'RC-1', os: 'android' },
      ],
    ];

    expect((await found(rows, { buildPlatform: 'PS5' })).ids).toEqual(['p1-0']);
  });
});

describe('an upload whose response is lost', () => {
  async function uploadLost(
    env: Readonly<Record<string, string>>,
    others: readonly Readonly<Record<string, string>>[],
  ) {
    const cwd = await temporaryFolder();
    const box = await sandbox();
    await copyFixture('v2.apk', cwd, 'app.apk');
    const args = ['upload', 'app.apk', '--to', 'applivery', '--json'];
    for (const other of others) await runCli(args, { cwd, env: { ...box.variables, ...other } });
    const proxy = await faultProxy(box, [{ method: 'POST', path: /\/builds$/, fault: faults.lostAnswer() }]);
    const result = await runCli([...args, '--poll-interval', '100ms'], { cwd, env: { ...proxy.variables, ...env } });
    const posts = proxy.seen.filter(({ method }) => method === 'POST').length;
    return { result, posts, document: ResultDocument.parse(JSON.parse(result.stdout)) };
  }

  test('is found by the commit and build number, and the run goes on with it', async () => {
    const { document, posts } = await uploadLost(GITLAB, [{ ...GITLAB, CI_PIPELINE_IID: '172' }]);

    expect(document).toMatchObject({
      exitCode: 0,
      job: { ref: expect.stringMatching(/^applivery:apptool-sandbox\/[0-9a-f]{24}\/[0-9a-f]{24}$/) },
      warnings: expect.arrayContaining([expect.objectContaining({ code: 'lost-response' })]),
    });
    expect(posts).toBe(1);
  });

  test('stays unknown where two builds can be it, and names both', async () => {
    const { document, posts } = await uploadLost(GITLAB, [GITLAB]);

    expect(document).toMatchObject({
      exitCode: 9,
      error: { class: 'unknown', hint: expect.stringMatching(/one of these: (applivery:\S+, ){1}applivery:/) },
    });
    expect(posts).toBe(1);
  });
});

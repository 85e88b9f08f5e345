import { describe, expect, test } from 'vitest';
import { sandbox } from '../../src/testing/sandbox.ts';

interface Reply {
  readonly status: number;
  readonly location: string | null;
  readonly json: {
    readonly status?: boolean;
    readonly data?: unknown;
    readonly error?: { code: number; message: string };
  };
}

async function setUp(options: Parameters<typeof sandbox>[0] = {}) {
  const { variables } = await sandbox({ processingMs: 0, ...options });
  const { APPLIVERY_APP_TOKEN: appToken = '', APPLIVERY_SERVICE_TOKEN: serviceToken = '' } = variables;
  const app = `/v1/organizations/${variables.APPLIVERY_ORGANIZATION_ID}/apps/${variables.APPLIVERY_APPLICATION_ID}/builds`;
  const ask = async (
    host: 'UPLOAD' | 'API' | 'DOWNLOAD',
    path: string,
    { token = appToken, ...init }: RequestInit & { token?: string } = {},
  ): Promise<Reply> => {
    const headers = token === '' ? {} : { authorization: `Bearer ${token}` };
    const url = `${variables[`APPLIVERY_${host}_URL`]}${path}`;
    const answer = await fetch(url, { headers, redirect: 'manual', ...init });
    return {
      status: answer.status,
      location: answer.headers.get('location'),
      json: (await answer.json()) as Reply['json'],
    };
  };
  const upload = (
    fields: readonly (readonly [string, string])[] = [],
    name = 'app.apk',
    path = '/v1/integrations/builds',
  ) => {
    const body = new FormData();
    for (const [field, value] of fields) body.append(field, value);
    body.append('build', new Blob(['bytes']), name);
    const token = path === app ? serviceToken : appToken;
    return ask('UPLOAD', path, { method: 'POST', body, token });
  };
  const idOf = ({ json }: Reply) => (json.data as { id: string }).id;
  return { app, ask, upload, idOf, serviceToken };
}

const NOT_FOUND = { status: 404, json: { status: false, error: { code: 3001, message: 'Entity not found' } } };

describe('the Applivery sandbox: what it asks of an upload', () => {
  test('takes the file alone, by either API, and answers a pending build', async () => {
    const { app, upload, ask, idOf, serviceToken } = await setUp({ processingMs: 60_000 });

    const [one, other] = [await upload(), await upload([], 'app.ipa', app)];

    expect(one).toMatchObject({
      status: 200,
      json: { status: true, data: { status: 'pending', os: 'android', tags: [] } },
    });
    expect(other).toMatchObject({ status: 200, json: { data: { status: 'pending', os: 'ios' } } });
    // Both show the same app.
    expect((await ask('API', `${app}/${idOf(one)}`, { token: serviceToken })).status).toBe(200);
  });

  test.each([
    ['an unknown field', [['versionname', '1']], 'versionname: unknown field'],
    [
      'a field twice',
      [
        ['versionName', '1'],
        ['versionName', '2'],
      ],
      'versionName: given twice',
    ],
    ['a switch that is none', [['notifyEmployees', 'yes']], 'notifyEmployees: invalid value'],
    ['an unknown language', [['notifyLanguage', 'xx']], 'notifyLanguage: invalid value'],
    ['an unknown platform', [['buildPlatform', 'windows']], 'buildPlatform: invalid value'],
    ['a custom platform without its package', [['buildPlatform', 'ps5']], 'packageName: required for ps5'],
    ['a language that the page does not list', [['notifyLanguage', 'de']], 'notifyLanguage: invalid value'],
    ['a filter that is not nested', [['filter[0]', 'a']], 'filter[0]: unknown field'],
    ['a filter that is no list of lists', [['filter', '["a"]']], 'filter: invalid value'],
    ['a filter that is no JSON', [['filter', '[["a"']], 'filter: invalid value'],
    ['another bracketed field', [['deployer[author]', 'me']], 'deployer.author: unknown field'],
    ['a time that is none', [['deployer.info.triggerTimestamp', 'today']], 'triggerTimestamp: invalid value'],
    [
      'a deployer field that is not documented',
      [['deployer.info.author', 'me']],
      'deployer.info.author: unknown field',
    ],
    ['a name that every object has', [['constructor', 'x']], 'constructor: unknown field'],
  ] as const)('refuses %s with 400', async (_, fields, words) => {
    const { upload } = await setUp();

    const { status, json } = await upload(fields);

    expect(status).toBe(400);
    expect(json).toMatchObject({ status: false, error: { code: 5006 } });
    expect(json.error?.message).toContain(words);
  });

  test('refuses a file that it does not know, no form, and no file', async () => {
    const { ask, upload } = await setUp();
    const empty = new FormData();
    empty.append('versionName', '1');

    expect(await upload([], 'app.txt')).toMatchObject({
      status: 400,
      json: { error: { message: 'build: unsupported file' } },
    });
    expect((await ask('UPLOAD', '/v1/integrations/builds', { method: 'POST', body: 'x' })).status).toBe(415);
    expect(await ask('UPLOAD', '/v1/integrations/builds', { method: 'POST', body: empty })).toMatchObject({
      status: 400,
      json: { error: { message: 'build: exactly one file is required' } },
    });
  });
});

describe('the Applivery sandbox: who may do what', () => {
  test('answers 401 to no token, a wrong one, and the token of the other API', async () => {
    const { app, ask, serviceToken } = await setUp();

    for (const token of ['', 'wrong', serviceToken]) {
      const { status, json } = await ask('API', '/v1/integrations/builds', { token });
      expect({ status, json }).toMatchObject({ status: 401, json: { status: false, error: { code: 4002 } } });
    }
    expect((await ask('API', app)).status).toBe(401);
  });

  test('answers 404 to another app, another build, another path and the wrong host', async () => {
    const { app, ask, upload, idOf, serviceToken } = await setUp();
    const build = idOf(await upload());

    expect(await ask('API', '/v1/organizations/x/apps/y/builds', { token: serviceToken })).toMatchObject(NOT_FOUND);
    expect(await ask('API', `${app}/64b0c1d2e3f4a5b6c7d8e9f0`, { token: serviceToken })).toMatchObject(NOT_FOUND);
    expect(await ask('UPLOAD', `/v1/integrations/builds/${build}`)).toMatchObject(NOT_FOUND);
    expect(await ask('API', '/v1/integrations/builds', { method: 'POST' })).toMatchObject(NOT_FOUND);
    expect(await ask('API', '/v2/integrations/builds')).toMatchObject(NOT_FOUND);
    // "Workspace API only"
    expect(await ask('API', `/v1/integrations/builds/${build}/downloadToken?type=file`)).toMatchObject(NOT_FOUND);
  });

  test.each([
    ['page', '0'],
    ['limit', 'all'],
    ['os', 'windows'],
    ['status', 'done'],
    ['sort', 'asc'],
  ])('refuses a list with %s=%s', async (name, value) => {
    const { ask } = await setUp();

    expect((await ask('API', `/v1/integrations/builds?${name}=${value}`)).status).toBe(400);
  });
});

describe('the Applivery sandbox: downloads', () => {
  test('gives a token only for what is processed, and only with a type', async () => {
    const waiting = await setUp({ processingMs: 60_000 });
    const done = await setUp();
    const tokenOf = async ({ app, ask, upload, idOf, serviceToken: token }: typeof done, query: string) =>
      await ask('API', `${app}/${idOf(await upload())}/downloadToken${query}`, { token });

    expect(await tokenOf(waiting, '?type=file')).toMatchObject({ status: 400, json: { error: { code: 5014 } } });
    expect((await tokenOf(done, '')).status).toBe(400);
    expect((await tokenOf(done, '?type=aab')).status).toBe(404);
    expect(await tokenOf(done, '?type=file')).toMatchObject({
      json: { data: { token: expect.any(String), expiresAt: expect.stringMatching(/^\d{4}-/) } },
    });
  });

  test('redeems a token once, by a redirect, and takes no other credential', async () => {
    const { app, ask, upload, idOf, serviceToken: token } = await setUp();
    const path = `${app}/${idOf(await upload())}/downloadToken?type=file`;
    const { json } = await ask('API', path, { token });
    const download = `/v1/download/${(json.data as { token: string }).token}`;

    const credential = await ask('DOWNLOAD', download, { token });
    const first = await ask('DOWNLOAD', download, { token: '' });
    const second = await ask('DOWNLOAD', download, { token: '' });

    expect(credential.status).toBe(400);
    expect(first.status).toBe(302);
    expect(await (await fetch(first.location ?? '')).text()).toBe('bytes');
    expect(second).toMatchObject({ status: 401, json: { error: { code: 4002 } } });
  });
});

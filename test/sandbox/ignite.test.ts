import { readFile } from 'node:fs/promises';
import { request } from 'node:http';
import { describe, expect, test } from 'vitest';
import { fixture } from '../../src/testing/files.ts';
import { sandbox } from '../../src/testing/sandbox.ts';

const APK = fixture('v2.apk');
const JSON_TYPE = { 'content-type': 'application/json' };

type Fields = Record<string, unknown>;

/** The two services of a sandbox, asked as any client would. */
async function services(options: Parameters<typeof sandbox>[0] = {}) {
  const { variables } = await sandbox(options);
  const { IGNITE_ACCOUNT_URL: account, IGNITE_API_URL: api } = variables;
  const ask = async (url: string, init: RequestInit) => {
    const reply = await fetch(url, init);
    return { status: reply.status, json: (await reply.json()) as Fields };
  };
  const credentials = {
    client_id: variables.IGNITE_CLIENT_ID,
    client_secret: variables.IGNITE_CLIENT_SECRET,
    grant_type: 'client_credentials',
    scope: 'openid email roles',
  };
  const getToken = async (
    body: unknown = credentials,
    headers: Readonly<Record<string, string>> = { ...JSON_TYPE, accept: 'application/json' },
  ) => await ask(`${account}/api/auth/token`, { method: 'POST', headers, body: JSON.stringify(body) });
  const { json } = await getToken();
  const authorization = { authorization: `Bearer ${String(json.access_token)}` };
  const upload = async (body: FormData | string, headers: Readonly<Record<string, string>> = authorization) =>
    await ask(`${api}/v1/upload_apk/external_user`, { method: 'POST', headers, body });
  const status = async (id: string, headers: Readonly<Record<string, string>> = { ...authorization, ...JSON_TYPE }) =>
    await ask(`${api}/v1/apks_external/${id}`, { headers });
  return { account, api, ask, credentials, getToken, upload, status, authorization };
}

/** The documented fields with some changed, or left out where they are `undefined`. */
async function content(changes: Fields = {}, metadataChanges: Fields = {}): Promise<Fields> {
  return {
    fallback_url: 'https://example.com/app.apk',
    variant_segment_ids: ['11111111-2222-3333-4444-555555555555'],
    send_to_samsung: false,
    store_metadata: {
      package_name: 'dev.apptool.fixture',
      category: 'Tools',
      size: (await readFile(APK)).length,
      short_description: 'An app for tests',
      icon_url: 'https://example.com/icon.png',
      developer: 'Example Ltd',
      email: 'dev@example.com',
      website_url: 'https://example.com',
      market_url: 'https://store.example/app',
      privacy_policy_url: 'https://example.com/privacy',
      permissions: { internet: { en: 'Loads data', category: 'network' } },
      ...metadataChanges,
    },
    ...changes,
  };
}

async function form(fields: Fields, files: Readonly<Record<string, string>> = { file: APK }): Promise<FormData> {
  const built = new FormData();
  for (const [name, value] of Object.entries(fields)) {
    if (value !== undefined) built.append(name, typeof value === 'object' ? JSON.stringify(value) : String(value));
  }
  for (const [name, path] of Object.entries(files)) built.append(name, new Blob([await readFile(path)]), 'app.apk');
  return built;
}

describe('the Account Service of the sandbox', () => {
  test('gives a token as documented', async () => {
    const { getToken } = await services();

    expect(await getToken()).toEqual({
      status: 200,
      json: {
        access_token: expect.stringMatching(/^\S+$/),
        expires_in: 3600,
        token_type: 'Bearer',
        scope: 'openid email roles',
      },
    });
  });

  test.each([
    ['another secret', { client_secret: 'wrong' }, 401, 'invalid_client'],
    ['another grant', { grant_type: 'password' }, 400, 'invalid_request'],
    ['another scope', { scope: 'openid' }, 400, 'invalid_request'],
    ['no client id', { client_id: undefined }, 400, 'invalid_request'],
  ])('refuses %s', async (_, change, status, error) => {
    const { getToken, credentials } = await services();

    expect(await getToken({ ...credentials, ...change })).toMatchObject({ status, json: { error } });
  });

  test('refuses another method, another type and another path', async () => {
    const { account, ask, getToken, credentials } = await services();

    expect(await ask(`${account}/api/auth/token`, {})).toMatchObject({ status: 405 });
    expect(await ask(`${account}/api/post/auth/token`, { method: 'POST' })).toMatchObject({ status: 404 });
    expect(await getToken(credentials, { accept: 'application/json' })).toMatchObject({ status: 400 });
    expect(await getToken(credentials, { ...JSON_TYPE, accept: 'text/html' })).toMatchObject({ status: 400 });
  });
});

describe('the App Management API of the sandbox', () => {
  test('answers an upload and a question in the documented shape', async () => {
    const { upload, status } = await services({ processingMs: 60_000 });

    const { json } = await upload(await form(await content()));

    const { id } = json.data as { id: string };
    const attributes = {
      id,
      upload_status: 'SCHEDULED',
      samsung_approval_status: 'NOT_REQUESTED',
      manual_approval_status: 'NOT_REQUESTED',
    };
    expect(json).toEqual({ data: { id, type: 'ApkStatuses', attributes } });
    expect(await status(id)).toEqual({ status: 200, json });
  });

  test('goes through every stage, with Samsung where it was asked for', async () => {
    const { upload, status } = await services({ processingMs: 0 });

    const { json } = await upload(await form(await content({ send_to_samsung: true })));

    expect((await status((json.data as { id: string }).id)).json).toMatchObject({
      data: {
        attributes: {
          upload_status: 'COMPLETED',
          samsung_approval_status: 'COMPLETED',
          manual_approval_status: 'APPROVED',
        },
      },
    });
  });

  test.each(['fallback_url', 'variant_segment_ids', 'send_to_samsung', 'store_metadata'])(
    'refuses an upload without %s',
    async (field) => {
      const { upload } = await services();

      const { status, json } = await upload(await form(await content({ [field]: undefined })));

      expect(status).toBe(400);
      expect(JSON.stringify(json)).toContain(field);
    },
  );

  test.each([
    'package_name',
    'category',
    'size',
    'short_description',
    'icon_url',
    'developer',
    'email',
    'website_url',
    'market_url',
    'privacy_policy_url',
    'permissions',
  ])('refuses metadata without %s', async (field) => {
    const { upload } = await services();

    const { status, json } = await upload(await form(await content({}, { [field]: undefined })));

    expect(status).toBe(400);
    expect(JSON.stringify(json)).toContain(`store_metadata.${field}`);
  });

  test.each([
    ['a package name of another app', { package_name: 'com.example.other' }, 422, 'does not match the APK'],
    ['another size', { size: 1 }, 422, 'the file has'],
    ['a size in words', { size: '8487' }, 400, 'store_metadata.size'],
    [
      'a permission that is no object',
      { permissions: { internet: 'yes' } },
      400,
      'store_metadata.permissions.internet',
    ],
  ])('refuses %s', async (_, change, code, words) => {
    const { upload } = await services();

    const { status, json } = await upload(await form(await content({}, change)));

    expect(status).toBe(code);
    expect(JSON.stringify(json)).toContain(words);
  });

  test.each([
    ['no file', {}, 400],
    ['a file in another part', { apk: APK }, 400],
    ['two files', { file: APK, icon: APK }, 400],
    ['a bundle', { file: fixture('signed.aab') }, 422],
    ['a script', { file: fixture('build.sh') }, 422],
  ])('refuses %s', async (_, files, code) => {
    const { upload } = await services();

    expect((await upload(await form(await content(), files))).status).toBe(code);
  });

  test('refuses more than 64 MiB of JSON before it has come', async () => {
    const { api, authorization } = await services();
    const headers = { ...authorization, ...JSON_TYPE, 'content-length': String(64 * 1024 * 1024 + 1) };

    const status = await new Promise((resolve, reject) => {
      const sent = request(`${api}/v1/upload_apk/external_user`, { method: 'POST', headers }, (answer) => {
        resolve(answer.statusCode);
        sent.destroy();
      });
      sent.on('error', reject);
      sent.flushHeaders();
    });

    expect(status).toBe(413);
  });

  test('refuses JSON that is none, or whose file is no base64, and a type it does not know', async () => {
    const { upload, authorization } = await services();
    const json = JSON.stringify({ ...(await content()), file: 'no base64!' });

    expect((await upload(json, { ...authorization, ...JSON_TYPE })).status).toBe(400);
    expect((await upload('{', { ...authorization, ...JSON_TYPE })).status).toBe(400);
    expect((await upload(json, { ...authorization, 'content-type': 'text/plain' })).status).toBe(415);
  });

  test.each([
    ['no token', {}],
    ['another scheme', { authorization: 'Basic abc' }],
    ['an unknown token', { authorization: 'Bearer abc' }],
  ])('refuses %s with 401', async (_, headers) => {
    const { upload, status } = await services();

    expect((await upload(await form(await content()), headers)).status).toBe(401);
    expect((await status('a', { ...headers, ...JSON_TYPE })).status).toBe(401);
  });

  test('refuses another method, an unknown APK, a question without its header, and another path', async () => {
    const { api, ask, status, authorization } = await services();

    expect((await ask(`${api}/v1/upload_apk/external_user`, { headers: authorization })).status).toBe(405);
    expect((await status('820f2060-d373-4bdc-8de3-cdfa17d12a07')).status).toBe(404);
    expect((await status('a', authorization)).status).toBe(400);
    expect((await ask(`${api}/v1/apks`, { headers: authorization })).status).toBe(404);
  });
});

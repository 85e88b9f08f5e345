import { execFile, spawnSync } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { copyFixture, fixture, temporaryFolder } from '../../src/testing/files.ts';
import { sandbox } from '../../src/testing/sandbox.ts';
import { apkVariant } from '../support/apk-variant.ts';
import { cleanEnvironment } from '../support/cli.ts';

type Fields = Record<string, unknown>;

async function api(options: Parameters<typeof sandbox>[0] = {}) {
  const { variables } = await sandbox(options);
  const { AUTOAPPSTORE_API_URL: url = '', AUTOAPPSTORE_TOKEN: token = '' } = variables;
  const call = async (
    method: string,
    path: string,
    init: { readonly body?: string | FormData; readonly headers?: Record<string, string> } = {},
    authorization = `Bearer ${token}`,
  ) => {
    const headers = { ...(authorization === '' ? {} : { authorization }), ...init.headers };
    const answer = await fetch(`${url}${path}`, { ...init, method, headers });
    return { status: answer.status, json: (await answer.json()) as Fields };
  };
  const upload = async (form: FormData) => await call('POST', '/uploads/ci', { body: form });
  return { url, token, call, upload };
}

async function formWith(name: string, path = fixture('v1.apk')): Promise<FormData> {
  const form = new FormData();
  form.append(name, new Blob([await readFile(path)]), 'app-release.apk');
  return form;
}

describe('the AutoAppStore sandbox: the upload', () => {
  test('answers 201 with the version and its validation run', async () => {
    const { upload } = await api();

    expect(await upload(await formWith('apk'))).toEqual({
      status: 201,
      json: {
        version: {
          id: expect.any(String),
          app_id: expect.any(String),
          version_code: 42,
          version_name: '1.2.3-rc.1',
          status: 'draft',
        },
        validation_run: { id: expect.any(String), status: 'running' },
      },
    });
  });

  test('takes a higher versionCode of the same app, and no other: 409', async () => {
    const { upload } = await api();
    const folder = await temporaryFolder();
    const of = async (versionCode: number) =>
      formWith('apk', await apkVariant(join(folder, 'app.apk'), { versionCode }));

    const first = await upload(await of(42));
    const lower = await upload(await of(41));
    const same = await upload(await of(42));
    const higher = await upload(await of(43));

    expect([lower.status, same.status]).toEqual([409, 409]);
    expect(higher).toMatchObject({
      status: 201,
      json: { version: { version_code: 43, app_id: (first.json.version as Fields).app_id } },
    });
  });

  test.each([
    ['an unsigned APK', 'unsigned.apk'],
    ['a debug-signed APK', 'rich.apk'],
    ['a bundle', 'signed.aab'],
    ['an iOS app', 'app.ipa'],
    ['what is no archive', 'vendor/autoappstore.sh'],
  ])('refuses %s with 422', async (_, name) => {
    const { upload } = await api();

    expect(await upload(await formWith('apk', fixture(name)))).toMatchObject({ status: 422 });
  });

  test.each([
    ['another part name', () => formWith('file'), 'The file part "apk" is missing'],
    ['a field beside it', async () => withField(await formWith('apk')), 'Only the file part "apk" is expected'],
  ])('refuses %s with 400', async (_, form, error) => {
    const { upload } = await api();

    expect(await upload(await form())).toEqual({ status: 400, json: { error } });
  });

  test('refuses what is no form with 415', async () => {
    const { call } = await api();

    expect(await call('POST', '/uploads/ci', { body: '{}', headers: { 'content-type': 'application/json' } })).toEqual({
      status: 415,
      json: { error: 'Content-Type must be multipart/form-data' },
    });
  });
});

function withField(form: FormData): FormData {
  form.append('app_id', 'a0f1');
  return form;
}

describe('the AutoAppStore sandbox: access and places', () => {
  test.each([
    ['no token', '', 'Missing CI token'],
    ['another scheme', 'Basic abc', 'Malformed Authorization header, expected Bearer <CI token>'],
    ['an unknown token', 'Bearer abc', 'Invalid CI token'],
  ])('refuses %s with 401', async (_, authorization, error) => {
    const { call } = await api();

    expect(await call('GET', '/versions/b1c2', {}, authorization)).toEqual({ status: 401, json: { error } });
  });

  test('answers 405 for another method and 404 for another place', async () => {
    const { call } = await api();

    expect((await call('GET', '/uploads/ci')).status).toBe(405);
    expect((await call('PUT', '/ci-tokens')).status).toBe(405);
    expect((await call('DELETE', '/ci-tokens')).status).toBe(405);
    expect((await call('POST', '/versions/b1c2')).status).toBe(405);
    for (const path of ['/uploads', '/versions/b1c2/x', '/versions/b1c2/release/x', '/versions/b1c2', '/ci-tokens/x/y'])
      expect((await call('GET', path)).status, path).toBe(404);
    expect((await call('DELETE', '/ci-tokens/b1c2')).status).toBe(404);
  });

  test('a token is given once, is good until it is revoked, and is never listed', async () => {
    const { call } = await api();
    const init = { body: '{"name":"ci"}', headers: { 'content-type': 'application/json' } };

    const { status, json } = await call('POST', '/ci-tokens', init);
    const { id, token } = json as { id: string; token: string };
    const listed = await call('GET', '/ci-tokens', {}, `Bearer ${token}`);
    await call('DELETE', `/ci-tokens/${id}`);

    expect(status).toBe(201);
    expect(listed.json).toEqual({ tokens: [expect.anything(), { id, name: 'ci', created_at: expect.any(String) }] });
    expect((await call('GET', '/ci-tokens', {}, `Bearer ${token}`)).status).toBe(401);
  });

  test.each([
    ['another type', { body: '{}' }],
    ['broken JSON', { body: '{', headers: { 'content-type': 'application/json' } }],
    ['a name that is none', { body: '{"name":7}', headers: { 'content-type': 'application/json' } }],
  ])('refuses a token request with %s', async (_, init) => {
    const { call } = await api();

    expect((await call('POST', '/ci-tokens', init)).status).toBe(400);
  });
});

const hasTools = ['curl', 'bash'].every((tool) => spawnSync(tool, ['--version']).status === 0);

test.runIf(hasTools)(
  "the vendor's own curl example runs against it, unchanged but for the address and the token",
  async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, 'app/build/outputs/apk/release'), { recursive: true });
    await copyFixture('v1.apk', join(folder, 'app/build/outputs/apk/release'), 'app-release.apk');
    const { url, token, call } = await api({ processingMs: 0 });
    const example = await readFile(fixture('vendor/autoappstore.sh'), 'utf8');
    await writeFile(join(folder, 'example.sh'), example.replace('https://api.autoappstore.com/portal/api', url));

    const { stdout } = await promisify(execFile)('bash', ['example.sh'], {
      cwd: folder,
      env: cleanEnvironment({ CI_UPLOAD_TOKEN: token }),
    });

    const { version, validation_run: run } = JSON.parse(stdout) as { version: { id: string }; validation_run: Fields };
    expect(run.status).toBe('running');
    expect(await call('GET', `/versions/${version.id}/validation`)).toMatchObject({
      status: 200,
      json: { runs: [{ id: run.id, status: 'passed' }] },
    });
    expect(await call('GET', `/versions/${version.id}`)).toMatchObject({ json: { status: 'live', version_code: 42 } });
    expect(await call('GET', `/versions/${version.id}/release`)).toMatchObject({ json: { live: true } });
  },
);

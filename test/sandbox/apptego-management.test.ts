import { execFile, spawnSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { copyFixture, fixture, sha256Of, temporaryFolder } from '../../src/testing/files.ts';
import { sandbox } from '../../src/testing/sandbox.ts';
import { cleanEnvironment } from '../support/cli.ts';

type Fields = Record<string, unknown>;

const MIB = 1024 * 1024;
const OCTETS = { 'content-type': 'application/octet-stream' };
const GOOD = { file_name: 'app.apk', platform: 'android', version: 'production', file_size: 4 };
const KEY = {
  key_name: 'Release',
  platform: 'android',
  file_name: 'release.jks',
  password: 'secret',
  alias: 'release',
  file_size: 5,
};
const LEGACY = { file: 'x', password: 'secret', application_id: 'app-sandbox', platform: 'android', alias: 'release' };
const UNKNOWN_BUILD = { version: 'production', platform: 'android', start_time: 1_500_000_000, file_name: 'app.apk' };

async function api(options: Parameters<typeof sandbox>[0] = {}) {
  const box = await sandbox({ processingMs: 0, appearMs: 0, ...options });
  const { variables } = box;
  const url = variables.APPTEGO_MANAGEMENT_URL ?? '';
  const pair = `${variables.APPTEGO_TOKEN_KEY}:${variables.APPTEGO_TOKEN_SECRET}`;
  const token = Buffer.from(pair).toString('base64');
  const usual = {
    authorization: `Bearer ${token}`,
    tenant: variables.APPTEGO_TENANT ?? '',
    'content-type': 'application/json',
  };
  const post = async (path: string, body: unknown, headers: Record<string, string> = usual, method = 'POST') => {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const answer = await fetch(`${url}/${path}`, { method, headers, ...(method === 'GET' ? {} : { body: text }) });
    return { status: answer.status, json: (await answer.json()) as Fields };
  };
  const put = async (address: unknown, body: string | Buffer, headers: Record<string, string> = OCTETS) =>
    await fetch(String(address), { method: 'PUT', headers, body: new Uint8Array(Buffer.from(body)) });
  /** A build at its end. */
  const build = async (change: Fields = {}) => {
    const { json } = await post('upload_application_build', { ...GOOD, ...change, file_size: undefined });
    await put(json.url, await readFile(fixture('v2.apk')));
    const row = async () => {
      const { json: history } = await post('get_application_builds', { version: 'production' });
      return (history.results as Fields[]).find(({ start_time }) => start_time === json.start_time) ?? {};
    };
    await expect.poll(row, { interval: 10 }).toMatchObject({ success: expect.any(Boolean) });
    return { start_time: Number(json.start_time), row };
  };
  const { 'content-type': _, ...bare } = usual;
  return { box, url, pair, token, tenant: usual.tenant, usual, bare, post, put, build };
}

describe('the Management API sandbox: access', () => {
  test.each([
    ['no token', () => undefined, 401, 'Missing or malformed Authorization header'],
    ['another scheme', () => 'Basic abc', 401, 'Missing or malformed Authorization header'],
    ['a raw token', (pair: string) => `Bearer ${pair}`, 401, 'Malformed token, expected base64'],
    ['an unknown token', () => `Bearer ${Buffer.from('key:secret').toString('base64')}`, 401, 'Unknown or disabled'],
  ])('refuses %s', async (_, authorization, status, error) => {
    const { post, pair, usual } = await api();
    const { authorization: _dropped, ...rest } = usual;
    const given = authorization(pair);

    expect(await post('get_applications', {}, given === undefined ? rest : { ...rest, authorization: given })).toEqual({
      status,
      json: { error: expect.stringContaining(error) },
    });
  });

  test('refuses no tenant with 400, and another tenant with 403', async () => {
    const { post, usual } = await api();
    const { tenant: _, ...rest } = usual;

    expect(await post('get_applications', {}, rest)).toEqual({ status: 400, json: { error: 'Missing tenant header' } });
    expect(await post('get_applications', {}, { ...rest, tenant: 'other' })).toMatchObject({ status: 403 });
  });

  test('get_tenants needs the token and no tenant, and is a GET', async () => {
    const { post, bare, tenant } = await api();
    const { tenant: _, ...withoutTenant } = bare;

    const { status, json } = await post('get_tenants', {}, withoutTenant, 'GET');

    expect([status, json.tenants]).toEqual([200, [{ tenant_id: tenant, name: 'Sandbox', plan: 'ENTERPRISE' }]]);
    expect((await post('get_tenants', {}, withoutTenant)).status).toBe(405);
    expect((await post('get_tenants', {}, {}, 'GET')).status).toBe(401);
  });

  test('answers 404 to another place, 405 to another method, 400 to what is not JSON', async () => {
    const { post, usual, bare } = await api();

    for (const path of ['', 'get_tenants_of', 'constructor', 'get_applications/x', '../get_applications'])
      expect((await post(path, {})).status, path).toBe(404);
    expect((await post('get_applications', {}, usual, 'GET')).status).toBe(405);
    expect((await post('get_applications', {}, usual, 'DELETE')).status).toBe(405);
    expect(await post('get_applications', '{')).toEqual({ status: 400, json: { error: 'Invalid JSON' } });
    expect(await post('get_applications', '{}', bare)).toEqual({
      status: 400,
      json: { error: 'Content-Type must be application/json' },
    });
  });
});

describe('the Management API sandbox: what it asks of each call', () => {
  const missing = (fields: string) => `Missing or invalid fields: ${fields}`;
  const without = (body: Fields, name: string): Fields => ({ ...body, [name]: undefined });

  test.each<[string, Fields, string]>([
    ...['file_name', 'platform', 'version'].map((name): [string, Fields, string] => [
      'upload_application_build',
      without(GOOD, name),
      missing(name),
    ]),
    ...['prod', 'dev', 'stg', 'Production', 'qa'].map((version): [string, Fields, string] => [
      'upload_application_build',
      { ...GOOD, version },
      'Invalid version: expected development, staging or production',
    ]),
    ['upload_application_build', { ...GOOD, platform: 'windows' }, 'Invalid platform'],
    ['upload_application_build', { ...GOOD, platform: 'ios' }, 'does not match the platform'],
    ['upload_application_build', { ...GOOD, file_name: 'app.APK' }, 'Invalid filename'],
    ['upload_application_build', { ...GOOD, file_size: '4' }, missing('file_size')],
    ['upload_application_build', { ...GOOD, file_size: 2 * 1024 * MIB + 1 }, 'File too large: the limit is 2 GB'],
    ['upload_application_build', { ...GOOD, signing_key_id: 'key-unknown' }, 'Invalid signing key selection'],
    ['get_application_builds', {}, missing('version')],
    ['get_application_builds', { version: 'prod' }, missing('version')],
    ['get_application_builds', { version: 'production', page_size: 51 }, missing('page_size')],
    ['get_application_builds', { version: 'production', page_size: 0 }, missing('page_size')],
    ['get_application_builds', { version: 'production', page: 0 }, missing('page')],
    ['get_application_builds', { version: 'production', page: '1' }, missing('page')],
    ['complete_multipart_upload', {}, missing('file_path, upload_id, parts')],
    ['complete_multipart_upload', { file_path: 'a', upload_id: 'b', parts: [] }, missing('parts')],
    ['abort_multipart_upload', {}, missing('file_path, upload_id')],
    ...['download_application_build', 'delete_application_build'].flatMap((path) =>
      Object.keys(UNKNOWN_BUILD).map((name): [string, Fields, string] => [
        path,
        without(UNKNOWN_BUILD, name),
        missing(name),
      ]),
    ),
    ['download_application_build', { ...UNKNOWN_BUILD, start_time: '1500000000' }, missing('start_time')],
    ['delete_application', {}, missing('application_id')],
    ...['key_name', 'platform', 'file_name', 'password', 'alias'].map((name): [string, Fields, string] => [
      'upload_signing_key',
      without(KEY, name),
      missing(name),
    ]),
    ['upload_signing_key', { ...KEY, file_size: 10 * MIB + 1 }, 'Signing key too large'],
    ['set_default_signing_key', {}, missing('platform')],
    ['delete_signing_key', {}, missing('key_id')],
    ...Object.keys(LEGACY).map((name): [string, Fields, string] => [
      'upload_code_signing_file',
      without(LEGACY, name),
      missing(name),
    ]),
    ['upload_code_signing_file', { ...LEGACY, platform: 'ios' }, 'The application is for another platform'],
    ['sign_application_build', {}, missing('platform, name, start_time')],
  ])('%s %j is a 400', async (path, body, error) => {
    const { post } = await api();

    expect(await post(path, body)).toEqual({ status: 400, json: { error: expect.stringContaining(error) } });
  });

  test.each([
    ['download_application_build', UNKNOWN_BUILD, 'Build not found'],
    ['delete_application_build', UNKNOWN_BUILD, 'Build not found'],
    ['sign_application_build', { platform: 'android', name: 'app.apk', start_time: 1_500_000_000 }, 'Build not found'],
    ['delete_application', { application_id: 'x' }, 'Application not found'],
    ['upload_code_signing_file', { ...LEGACY, application_id: 'x' }, 'Application not found'],
    ['set_default_signing_key', { platform: 'android', key_id: 'x' }, 'Signing key not found'],
    ['delete_signing_key', { key_id: 'x' }, 'Signing key not found'],
    ['abort_multipart_upload', { file_path: 'tenant-sandbox/x', upload_id: 'x' }, 'Upload not found'],
  ])('%s of what is not there is a 404', async (path, body, error) => {
    const { post } = await api();

    expect(await post(path, body)).toEqual({ status: 404, json: { error } });
  });

  test("another tenant's upload is a 403, one job more than its limits a 429", async () => {
    const { post } = await api();
    const [full, week] = [await api({ concurrencyLimit: 0 }), await api({ weeklyLimit: 0 })];
    const session = { file_path: 'tenant-other/x', upload_id: 'x' };

    expect((await post('abort_multipart_upload', session)).status).toBe(403);
    expect((await full.post('upload_application_build', GOOD)).status).toBe(429);
    expect((await week.post('upload_application_build', GOOD)).status).toBe(429);
  });
});

describe('the Management API sandbox: its answers', () => {
  test('a single upload has the documented fields and no more', async () => {
    const { post } = await api();

    const { json } = await post('upload_application_build', { ...GOOD, file_name: '../x/app.apk' });

    expect(json).toEqual({
      url: expect.stringMatching(/^http:/),
      file_path: `tenant-sandbox/uploads/android/production/${json.start_time}/app.apk`,
      start_time: expect.any(Number),
      expires_in: 3600,
      signing_key_id: null,
    });
  });

  test('a multipart upload has the documented fields, is completed with its parts in order, and is a build then', async () => {
    const { post, put, box } = await api({ multipartFromBytes: 1, chunkSizeBytes: 5 * MIB });
    const bytes = Buffer.alloc(5 * MIB + 1, 'x');

    const { json } = await post('upload_application_build', { ...GOOD, file_size: bytes.length });
    const [first, second] = json.part_urls as string[];
    const tags = [await put(first, bytes.subarray(0, 5 * MIB), {}), await put(second, bytes.subarray(5 * MIB), {})].map(
      ({ headers }) => headers.get('etag') ?? '',
    );
    const session = { file_path: json.file_path, upload_id: json.upload_id };
    const parts = tags.map((ETag, index) => ({ PartNumber: index + 1, ETag }));
    const swapped = await post('complete_multipart_upload', { ...session, parts: [...parts].reverse() });
    const completed = await post('complete_multipart_upload', { ...session, parts });

    expect(Object.keys(json).sort()).toEqual([
      'chunk_size',
      'expires_in',
      'file_path',
      'multipart',
      'part_urls',
      'signing_key_id',
      'start_time',
      'total_parts',
      'upload_id',
    ]);
    expect(swapped).toMatchObject({ status: 400, json: { error: expect.stringContaining('InvalidPartOrder') } });
    expect(completed).toEqual({ status: 200, json: { message: 'Upload completed successfully' } });
    expect((await post('get_application_builds', { version: 'production' })).json.total_count).toBe(1);
    expect(box.store.openUploads()).toEqual([]);
  });

  test('a multipart upload is aborted once', async () => {
    const { post, box } = await api({ multipartFromBytes: 1 });
    const { json } = await post('upload_application_build', GOOD);
    const session = { file_path: json.file_path, upload_id: json.upload_id };

    expect((await post('abort_multipart_upload', session)).json).toEqual({ message: 'Upload aborted successfully' });
    expect((await post('abort_multipart_upload', session)).status).toBe(404);
    expect(box.store.openUploads()).toEqual([]);
  });

  test('the history has no row before the object came, then all that is documented, six a page', async () => {
    const { post, build } = await api();
    await post('upload_application_build', GOOD);
    const before = await post('get_application_builds', { version: 'production' });
    const { start_time } = await build();
    for (let count = 0; count < 6; count += 1) await build();

    const first = await post('get_application_builds', { version: 'production' });
    const last = await post('get_application_builds', { version: 'production', page: 2 });
    const other = await post('get_application_builds', { version: 'staging', page_size: 50 });

    expect(before.json).toMatchObject({ results: [], total_count: 0, total_pages: 0 });
    expect(first.json).toMatchObject({ total_count: 7, page: 1, page_size: 6, total_pages: 2, still_waiting: false });
    expect(first.json).toMatchObject({ builds_used_android: 7, builds_used_apple: 0 });
    expect([first, last, other].map(({ json }) => (json.results as []).length)).toEqual([6, 1, 0]);
    expect((last.json.results as Fields[])[0]).toEqual({
      start_time,
      end_time: expect.any(Number),
      version: 'production',
      name: 'app.apk',
      platform: 'android',
      success: true,
      signed: false,
      error_message: null,
      status_message: 'Complete',
      signing_key_id: null,
      signing_key_name: null,
      deleted: false,
      signing_error_message: null,
    });
  });

  test('a build at work has success: null and cannot be downloaded; a failed one says why', async () => {
    const slow = await api({ processingMs: 60_000 });
    const failing = await api({ result: 'failed' });
    const { json } = await slow.post('upload_application_build', { ...GOOD, file_size: undefined });
    await slow.put(json.url, await readFile(fixture('v2.apk')));
    const { results } = (await slow.post('get_application_builds', { version: 'production' })).json;

    const { row } = await failing.build();

    expect(results).toMatchObject([{ success: null, end_time: null, status_message: expect.any(String) }]);
    expect(
      await slow.post('download_application_build', { ...UNKNOWN_BUILD, start_time: json.start_time }),
    ).toMatchObject({ status: 400, json: { error: 'Job is not completed' } });
    expect(await row()).toMatchObject({ success: false, error_message: expect.any(String) });
  });

  test('a build is downloaded and deleted by exactly its version, platform, time and name', async () => {
    const { post, build } = await api();
    const { start_time, row } = await build();
    const fields = { ...UNKNOWN_BUILD, start_time };

    for (const wrong of [{ version: 'staging' }, { platform: 'ios' }, { file_name: 'b.apk' }])
      expect((await post('download_application_build', { ...fields, ...wrong })).status).toBe(404);
    const { json } = await post('download_application_build', fields);
    const output = await fetch(String(json.url));
    const deleted = await post('delete_application_build', fields);

    expect(Object.keys(json)).toEqual(['url']);
    expect(
      Buffer.from(await output.arrayBuffer())
        .subarray(0, 2)
        .toString(),
    ).toBe('PK');
    expect(deleted).toEqual({ status: 200, json: { success: true } });
    expect(await row()).toEqual({});
  });

  test('an application is deleted from seven days after its creation on', async () => {
    const { post, build } = await api();
    await build();
    const { applications } = (await post('get_applications', {})).json as { applications: Fields[] };

    expect(applications.map((app) => Object.keys(app).sort())).toEqual(
      Array(2).fill([
        'application_id',
        'build_id',
        'build_image',
        'build_name',
        'build_version',
        'creation_time',
        'platform',
      ]),
    );
    const [old, young] = applications.map(({ application_id }) => ({ application_id }));
    expect(await post('delete_application', young)).toMatchObject({ status: 400 });
    expect(await post('delete_application', old)).toEqual({ status: 200, json: { success: true } });
    expect((await post('delete_application', old)).status).toBe(404);
  });
});

describe('the Management API sandbox: signing', () => {
  test('a key is listed without its password, is a default of its platform, and goes', async () => {
    const { post } = await api();

    const { json } = await post('upload_signing_key', { ...KEY, is_default: true });
    const { json: other } = await post('upload_signing_key', { ...KEY, alias: undefined, platform: 'ios' });
    const listed = await post('get_signing_keys', {});
    const wrong = await post('set_default_signing_key', { platform: 'ios', key_id: json.key_id });
    await post('set_default_signing_key', { platform: 'android' });
    const cleared = await post('get_signing_keys', {});
    await post('delete_signing_key', { key_id: json.key_id });

    expect(Object.keys(json).sort()).toEqual(['key_id', 'url']);
    expect(listed.json).toEqual({
      signing_keys: [
        {
          key_id: json.key_id,
          key_name: 'Release',
          platform: 'android',
          file_name: 'release.jks',
          is_default: true,
          uploaded_by: 'user@example.com',
          creation_time: expect.any(Number),
        },
        expect.objectContaining({ key_id: other.key_id, is_default: false }),
      ],
    });
    expect(wrong.status).toBe(400);
    expect(cleared.json).toMatchObject({ signing_keys: [{ is_default: false }, {}] });
    expect((await post('get_signing_keys', {})).json).toMatchObject({ signing_keys: [{ key_id: other.key_id }] });
  });

  test('a build takes the default key, the key that is named, or "none"; a key without its file signs nothing', async () => {
    const { post, put, build } = await api();
    const { json: full } = await post('upload_signing_key', { ...KEY, is_default: true });
    const { json: hollow } = await post('upload_signing_key', { ...KEY, key_name: 'Hollow' });
    await put(full.url, 'bytes', {});

    const [usual, named, none] = [
      await build(),
      await build({ signing_key_id: hollow.key_id }),
      await build({ signing_key_id: 'none' }),
    ];

    expect(await usual.row()).toMatchObject({ signing_key_id: full.key_id, signed: true, signing_error_message: null });
    expect(await named.row()).toMatchObject({
      success: true,
      signing_key_name: 'Hollow',
      signed: false,
      signing_error_message: 'The file of the signing key is missing',
    });
    expect(await none.row()).toMatchObject({ signing_key_id: null, signed: false, signing_error_message: null });
    const ios = { ...GOOD, file_name: 'app.ipa', platform: 'ios', signing_key_id: full.key_id };
    expect((await post('upload_application_build', ios)).status).toBe(400);
  });

  test('a build is signed by the legacy file of its application, after a reset', async () => {
    const { post, put, build, box } = await api();
    const { start_time, row } = await build();
    const sign = () => post('sign_application_build', { platform: 'android', name: 'app.apk', start_time });

    const early = await sign();
    const { json } = await post('upload_code_signing_file', { ...LEGACY, application_id: 'app-android-app.apk' });
    const hollow = await sign();
    const stored = await put(json.url, 'bytes', {});
    const signed = await sign();

    expect([early, hollow].map(({ status, json: { error } }) => `${status} ${String(error)}`)).toEqual(
      Array(2).fill('400 The application has no code-signing file'),
    );
    expect(Object.keys(json)).toEqual(['url']);
    expect(stored.status).toBe(200);
    expect(box.store.stored()).toHaveLength(2);
    expect(signed).toEqual({ status: 200, json: { success: true, message: 'Build queued for signing' } });
    await expect.poll(row).toMatchObject({ success: true, signed: true });
  });

  test('a build that is being signed has success: false and no reason', async () => {
    const { post, put, box } = await api({ processingMs: 1_500 });
    const { json } = await post('upload_application_build', { ...GOOD, file_size: undefined });
    await put(json.url, await readFile(fixture('v2.apk')));
    const fields = { platform: 'android', name: 'app.apk', start_time: json.start_time };
    const atWork = await post('sign_application_build', fields);
    const row = async () => (await post('get_application_builds', { version: 'production' })).json.results;
    await expect.poll(row, { timeout: 10_000 }).toMatchObject([{ success: true }]);
    const legacy = await post('upload_code_signing_file', { ...LEGACY, application_id: 'app-android-app.apk' });
    await put(legacy.json.url, 'bytes', {});

    await post('sign_application_build', fields);

    expect(await row()).toMatchObject([
      { success: false, signed: false, error_message: null, signing_error_message: null },
    ]);
    expect(atWork).toMatchObject({ status: 400, json: { error: 'Build is not completed' } });
    expect(box.store.stored()).toHaveLength(2);
  });

  test('a signed URL takes no credential beside it', async () => {
    const { post, put, bare } = await api();
    const { json } = await post('upload_signing_key', KEY);

    const refused = await put(json.url, 'bytes', { authorization: bare.authorization });

    expect(refused.status).toBe(400);
    expect(await refused.text()).toContain('InvalidArgument');
  });
});

const hasTools = ['bash', 'curl', 'jq', 'base64'].every((tool) => spawnSync(tool, ['--version']).status === 0);

test.runIf(hasTools)(
  "the vendor's own example runs against it call for call, unchanged but for the address and the token",
  { timeout: 60_000 },
  async () => {
    const folder = await temporaryFolder();
    const input = await copyFixture('v2.apk', folder, 'app-release.apk');
    const { box, url } = await api();
    const { APPTEGO_TOKEN_KEY = '', APPTEGO_TOKEN_SECRET = '', APPTEGO_TENANT = '' } = box.variables;
    const example = await readFile(fixture('vendor/apptego-management.sh'), 'utf8');
    const script = example.replace('https://app.apptego.com/frontend', url);
    await writeFile(join(folder, 'example.sh'), script);

    await promisify(execFile)('bash', ['example.sh'], {
      cwd: folder,
      env: cleanEnvironment({
        TOKEN_KEY: APPTEGO_TOKEN_KEY,
        TOKEN_SECRET: APPTEGO_TOKEN_SECRET,
        TENANT_ID: APPTEGO_TENANT,
      }),
    });

    expect(script).not.toContain('app.apptego.com');
    const output = join(folder, 'app-protected.apk');
    expect((await readFile(output)).subarray(0, 2).toString()).toBe('PK');
    expect(await sha256Of(output)).not.toBe(await sha256Of(input));
  },
);

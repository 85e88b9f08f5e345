import { execFile, spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { createUrlSigner } from '../../src/sandbox/signed-url.ts';
import { temporaryFolder } from '../../src/testing/files.ts';
import { sandbox } from '../../src/testing/sandbox.ts';

const MIB = 1024 * 1024;

interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

/** A request exactly as it is given: no header is added but Host and Connection. */
function raw(method: string, url: string, headers: Record<string, string>, body: string | Buffer = ''): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, headers }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('end', () =>
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text: Buffer.concat(chunks).toString() }),
      );
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

type Fields = Record<string, unknown>;

async function api(options: Parameters<typeof sandbox>[0] = {}) {
  const box = await sandbox(options);
  const base = box.variables.APPTEGO_API_URL ?? '';
  const key = box.variables.APPTEGO_API_KEY ?? '';
  const post = async (path: string, body: unknown, authorization = `Bearer ${key}`) => {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const reply = await raw(
      'POST',
      `${base}${path}`,
      { authorization, 'content-type': 'application/json', 'content-length': String(text.length) },
      text,
    );
    return { status: reply.status, json: JSON.parse(reply.text) as Fields };
  };
  const get = async (path: string, authorization = `Bearer ${key}`) => {
    const reply = await raw('GET', `${base}${path}`, { authorization });
    return { status: reply.status, json: JSON.parse(reply.text) as Fields };
  };
  return { box, base, key, post, get };
}

const GOOD = { file_name: 'app.apk', platform: 'android', version: 'prod', file_size: 4 };

describe('the AppTego sandbox: what it asks of an upload request', () => {
  test('answers a single PUT with both spellings of the address, and a string as job id', async () => {
    const { post } = await api();

    const { status, json } = await post('/automate/upload', GOOD);

    expect(status).toBe(200);
    expect(json).toMatchObject({
      url: json.upload_url,
      expires_in: 3600,
      signing_key_id: null,
      job_id: expect.stringMatching(/^\d{10}$/),
    });
    expect(json.file_path).toBe(`tenant-sandbox/uploads/android/production/${String(json.job_id)}/app.apk`);
    expect(json.multipart).toBeUndefined();
  });

  test('answers parts of 10 MiB from 100 MB on', async () => {
    const { post } = await api();

    const { json } = await post('/automate/upload', { ...GOOD, file_size: 110_000_000 });

    expect(json).toMatchObject({ multipart: true, chunk_size: 10 * MIB, total_parts: 11 });
    expect(json.part_urls).toHaveLength(11);
    expect(json.upload_url).toBeUndefined();
  });

  test.each([
    ['a missing name', { file_name: undefined }, 'file_name'],
    ['an upper-case extension', { file_name: 'app.APK' }, 'Invalid filename'],
    ['a foreign extension', { file_name: 'app.zip' }, 'Invalid filename'],
    ['an IPA for Android', { file_name: 'app.ipa' }, 'does not match the platform'],
    ['an unknown platform', { platform: 'windows' }, 'Invalid platform'],
    ['an unknown version', { version: 'qa' }, 'Invalid version'],
    ['more than 2 GB', { file_size: 2 * 1024 * MIB + 1 }, 'File too large'],
    ['a size that is text', { file_size: '4' }, 'file_size'],
    ['a size of 0', { file_size: 0 }, 'Invalid file_size'],
    ['a signing key with spaces', { signing_key_id: 'a b' }, 'Invalid signing key'],
  ])('refuses %s with 400', async (_, change, words) => {
    const { post } = await api();

    const { status, json } = await post('/automate/upload', { ...GOOD, ...change });

    expect(status).toBe(400);
    expect(json.error).toContain(words);
  });

  test('strips path components, takes aliases in any case, keeps a signing key', async () => {
    const { post } = await api();

    const { json } = await post('/automate/upload', {
      ...GOOD,
      file_name: '../../x/app.apk',
      version: 'Staging',
      signing_key_id: 'key-1',
    });

    expect(json.file_path).toMatch(/^tenant-sandbox\/uploads\/android\/staging\/\d+\/app\.apk$/);
    expect(json.signing_key_id).toBe('key-1');
  });

  test('refuses what is not JSON with 400', async () => {
    const { post } = await api();

    expect(await post('/automate/upload', '{')).toEqual({ status: 400, json: { error: 'Invalid JSON' } });
  });

  test.each([
    ['no key', '', 'Missing Authorization'],
    ['another scheme', 'Basic abc', 'Malformed'],
    ['a key in base64', `Bearer ${Buffer.from('id:secret').toString('base64')}`, 'Malformed automation key'],
    ['an unknown key', 'Bearer id:secret', 'Unknown or disabled'],
  ])('refuses %s with 401', async (_, authorization, words) => {
    const { base } = await api();
    const headers = authorization === '' ? {} : { authorization };

    const reply = await raw('GET', `${base}/automate/status/1`, headers);

    expect(reply.status).toBe(401);
    expect(reply.text).toContain(words);
  });

  test('answers 405 for another method and 404 for another path', async () => {
    const { get, post } = await api();

    expect((await get('/automate/upload')).status).toBe(405);
    expect((await get('/automate/jobs')).status).toBe(404);
    expect((await post('/automate/status/1', {})).status).toBe(405);
    expect((await get('/automate/status/abc')).json).toEqual({ error: 'Invalid job ID' });
  });

  test('refuses one job more than its limits with 429', async () => {
    const { post } = await api({ concurrencyLimit: 0 });
    const weekly = await api({ weeklyLimit: 0 });

    expect(await post('/automate/upload', GOOD)).toMatchObject({
      status: 429,
      json: { error: expect.stringContaining('Concurrent') },
    });
    expect(await weekly.post('/automate/upload', GOOD)).toMatchObject({
      status: 429,
      json: { error: expect.stringContaining('Weekly') },
    });
  });
});

describe('the AppTego sandbox: what its storage asks of a signed URL', () => {
  const OCTETS = { 'content-type': 'application/octet-stream' };

  async function put(
    headers: Record<string, string>,
    change: (url: string) => string = (url) => url,
    options: Parameters<typeof sandbox>[0] = {},
  ) {
    const { post, get } = await api(options);
    const { json } = await post('/automate/upload', GOOD);
    const reply = await raw('PUT', change(String(json.upload_url)), headers, 'test');
    return { reply, job: String(json.job_id), get };
  }

  test('stores the object and answers its MD5 as a quoted ETag', async () => {
    const { reply } = await put({ ...OCTETS, 'content-length': '4' });

    expect(reply.status).toBe(200);
    expect(reply.headers.etag).toBe('"098f6bcd4621d373cade4e832627b4f6"');
  });

  test.each([
    ['a chunked body', { ...OCTETS, 'transfer-encoding': 'chunked' }, 501, 'NotImplemented'],
    [
      'a credential beside the signature',
      { ...OCTETS, 'content-length': '4', authorization: 'Bearer id:secret' },
      400,
      'InvalidArgument',
    ],
    [
      'a stray Content-Range',
      { ...OCTETS, 'content-length': '4', 'content-range': 'bytes 0-3/4' },
      501,
      'NotImplemented',
    ],
  ])('refuses %s', async (_, headers, status, code) => {
    const { reply, job, get } = await put(headers);

    expect(reply.status).toBe(status);
    expect(reply.text).toContain(`<Code>${code}</Code>`);
    expect((await get(`/automate/status/${job}`)).status).toBe(404);
  });

  test('refuses a URL whose path or query was touched', async () => {
    const touched = await put({ ...OCTETS, 'content-length': '4' }, (url) =>
      url.replace('X-Amz-Expires=3600&', 'X-Amz-Expires=9999&'),
    );

    expect(touched.reply.status).toBe(403);
    expect(touched.reply.text).toContain('SignatureDoesNotMatch');
  });

  test('has the shape of a presigned URL, and takes what curl -T sends', async () => {
    const { post } = await api();
    const { json } = await post('/automate/upload', GOOD);
    const query = new URL(String(json.upload_url)).searchParams;
    // No type: `curl -T` sends a length alone.
    const reply = await raw('PUT', String(json.upload_url), { 'content-length': '4' }, 'test');

    expect(query.get('X-Amz-Date')).toMatch(/^\d{8}T\d{6}Z$/);
    expect(query.get('X-Amz-Expires')).toBe('3600');
    expect(query.get('X-Amz-SignedHeaders')).toBe('host');
    expect(query.get('X-Amz-Credential')).toMatch(/^sandbox\/\d{8}\/us-east-1\/s3\/aws4_request$/);
    expect(query.get('X-Amz-Signature')).toMatch(/^[0-9a-f]{64}$/);
    expect(reply.status).toBe(200);
  });

  test.runIf(spawnSync('curl', ['--version']).status === 0)('curl -T stores the file as it is', async () => {
    const { post, get } = await api({ appearMs: 0 });
    const { json } = await post('/automate/upload', GOOD);
    const file = join(await temporaryFolder(), 'app.apk');
    await writeFile(file, 'test');

    const sent = await promisify(execFile)('curl', ['-sS', '--fail', '-T', file, String(json.upload_url)]);

    expect(sent.stderr).toBe('');
    expect((await get(`/automate/status/${String(json.job_id)}`)).status).toBe(200);
  });

  test('an address that signs a type takes no other', () => {
    const signer = createUrlSigner('http://127.0.0.1:1', () => 0);
    const url = new URL(signer.sign('PUT', '/object/a', 1_000, { 'content-type': 'application/octet-stream' }));

    expect(signer.check('PUT', url, OCTETS)).toEqual({ ok: true });
    expect(signer.check('PUT', url, { 'content-type': 'text/plain' })).toMatchObject({ code: 'SignatureDoesNotMatch' });
  });

  test('refuses an expired URL as S3 does', async () => {
    const { reply } = await put({ ...OCTETS, 'content-length': '4' }, undefined, { urlLifetimeMs: 0 });

    expect(reply.status).toBe(403);
    expect(reply.text).toMatch(
      /<Code>AccessDenied<\/Code><Message>Request has expired<\/Message><Expires>.+<\/Expires><ServerTime>/,
    );
  });

  test('has no record of the job before the object has arrived', async () => {
    const { post, get } = await api({ appearMs: 0 });
    const { json } = await post('/automate/upload', GOOD);

    const before = await get(`/automate/status/${String(json.job_id)}`);
    await raw('PUT', String(json.upload_url), { ...OCTETS, 'content-length': '4' }, 'test');
    const after = await get(`/automate/status/${String(json.job_id)}`);

    expect(before).toEqual({ status: 404, json: { error: 'Job not found' } });
    expect(after).toMatchObject({
      status: 200,
      json: { job_id: json.job_id, status: 'processing', file_name: 'app.apk', version: 'production' },
    });
  });
});

describe('the AppTego sandbox: multipart', () => {
  const PART = Buffer.alloc(5 * MIB, 'x');

  async function begin(parts = 2) {
    const setting = await api({ multipartFromBytes: 1, chunkSizeBytes: 5 * MIB });
    const { json } = await setting.post('/automate/upload', { ...GOOD, file_size: (parts - 1) * PART.length + 7 });
    const urls = json.part_urls as string[];
    const session = { file_path: String(json.file_path), upload_id: String(json.upload_id) };
    const send = async (index: number, body: string | Buffer) =>
      (await raw('PUT', urls[index] ?? '', { 'content-length': String(body.length) }, body)).headers.etag as string;
    return { ...setting, session, send, job: String(json.job_id) };
  }

  test('assembles the parts in order, and frees them', async () => {
    const { box, post, session, send } = await begin();
    const tags = [await send(0, PART), await send(1, 'the end')];

    const reply = await post('/automate/upload/complete', {
      ...session,
      parts: tags.map((ETag, index) => ({ ETag, PartNumber: index + 1 })),
    });

    expect(reply.status).toBe(200);
    expect(box.store.openUploads()).toEqual([]);
  });

  test.each([
    [
      'unquoted ETags',
      (tags: string[]) => tags.map((tag, index) => ({ ETag: tag.replaceAll('"', ''), PartNumber: index + 1 })),
      'InvalidPart',
    ],
    [
      'descending parts',
      (tags: string[]) => tags.map((ETag, index) => ({ ETag, PartNumber: index + 1 })).reverse(),
      'InvalidPartOrder',
    ],
    ['a missing part', (tags: string[]) => [{ ETag: tags[0] ?? '', PartNumber: 1 }], 'InvalidPart'],
    [
      'swapped ETags',
      (tags: string[]) => [...tags].reverse().map((ETag, index) => ({ ETag, PartNumber: index + 1 })),
      'InvalidPart',
    ],
  ])('refuses %s', async (_, list, code) => {
    const { box, post, session, send } = await begin();
    const tags = [await send(0, PART), await send(1, 'the end')];

    const reply = await post('/automate/upload/complete', { ...session, parts: list(tags) });

    expect(reply).toMatchObject({ status: 400, json: { error: expect.stringContaining(code) } });
    expect(box.store.openUploads()).toHaveLength(1);
  });

  test('refuses a part that is too small and is not the last', async () => {
    const { post, session, send } = await begin();
    const tags = [await send(0, 'small'), await send(1, 'the end')];

    const reply = await post('/automate/upload/complete', {
      ...session,
      parts: tags.map((ETag, index) => ({ ETag, PartNumber: index + 1 })),
    });

    expect(reply).toMatchObject({ status: 400, json: { error: expect.stringContaining('EntityTooSmall') } });
  });

  test("refuses another tenant's path with 403, and a repeated complete with 404", async () => {
    const { post, session, send } = await begin();
    const parts = [await send(0, PART), await send(1, 'the end')].map((ETag, index) => ({
      ETag,
      PartNumber: index + 1,
    }));

    const foreign = await post('/automate/upload/complete', { ...session, file_path: 'tenant-other/x', parts });
    await post('/automate/upload/complete', { ...session, parts });
    const again = await post('/automate/upload/complete', { ...session, parts });

    expect(foreign.status).toBe(403);
    expect(again).toMatchObject({ status: 404, json: { error: expect.stringContaining('NoSuchUpload') } });
  });

  test('aborts, and refuses its parts from then on', async () => {
    const { box, post, session, send } = await begin();
    await send(0, PART);

    const aborted = await post('/automate/upload/abort', session);
    const late = await send(1, 'the end');

    expect(aborted.status).toBe(200);
    expect(box.store.openUploads()).toEqual([]);
    expect(late).toBeUndefined();
  });
});

describe('the sandbox on a machine that browses', () => {
  test.each(['evil.example', 'evil.example:80', '127.0.0.1.evil.example', 'localhost.evil.example', '10.0.0.1'])(
    'answers no request for another host: %j',
    async (host) => {
      const { box, base, key } = await api();

      for (const url of [`${base}/automate/status/1`, box.storageOrigin]) {
        const reply = await raw('GET', url, { authorization: `Bearer ${key}`, host });
        expect([400, 421]).toContain(reply.status);
      }
    },
  );

  test.each(['127.0.0.1', 'localhost', '[::1]:8080'])('answers for its own: %s', async (host) => {
    const { base, key } = await api();

    const reply = await raw('GET', `${base}/automate/status/1`, { authorization: `Bearer ${key}`, host });

    expect(reply.status).toBe(404);
  });

  test('takes no more bytes than were asked for', async () => {
    const { post } = await api();
    const { json } = await post('/automate/upload', GOOD);
    const type = { 'content-type': 'application/octet-stream' };

    const larger = await raw('PUT', String(json.upload_url), { ...type, 'content-length': '5' }, '12345');
    const right = await raw('PUT', String(json.upload_url), { ...type, 'content-length': '4' }, '1234');

    expect(larger.status).toBe(400);
    expect(larger.text).toContain('<Code>EntityTooLarge</Code>');
    expect(right.status).toBe(200);
  });
});

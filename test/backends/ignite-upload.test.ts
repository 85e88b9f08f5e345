import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { encodeUpload } from '../../src/backends/ignite/encoding.ts';
import { contentOf } from '../../src/backends/ignite/metadata.ts';
import { IgniteSettings } from '../../src/backends/ignite/settings.ts';
import { UsageError } from '../../src/contract/errors.ts';
import { artifactAt } from '../../src/testing/artifacts.ts';
import type { Fault } from '../../src/testing/fault-proxy.ts';
import { faults } from '../../src/testing/faults.ts';
import { bigApk, copyFixture, temporaryFolder } from '../../src/testing/files.ts';
import { CREATE, IGNITE_SETTINGS, igniteWith } from '../support/ignite.ts';
import { UPLOAD } from '../support/upload.ts';

const { permissions: _, ...WITHOUT_PERMISSIONS } = IGNITE_SETTINGS;

/** The settings as a user gave them, and what they make of a fixture. */
async function contentWith(given: Readonly<Record<string, unknown>>, fixture = 'v2.apk') {
  const artifact = await artifactAt(await copyFixture(fixture, await temporaryFolder()));
  return { artifact, content: () => contentOf(IgniteSettings.parse(given), artifact) };
}

function usageErrorOf(run: () => unknown): UsageError {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError);
    return error as UsageError;
  }
  throw new Error('nothing was refused');
}

describe('the metadata', () => {
  test('names everything that is missing at once, and sends nothing', async () => {
    const { plan, upload, proxy } = await igniteWith([], {});

    const error = usageErrorOf(plan);

    expect(error.message).toBe(
      'Ignite cannot take v2.apk with these settings: fallbackUrl, variantSegmentIds, sendToSamsung, category, shortDescription, ' +
        'iconUrl, developer, email, websiteUrl, marketUrl, privacyPolicyUrl missing; permissions without a description and a category: ' +
        'internet, camera (or set ignite.barePermissions=true)',
    );
    expect(error.next).toEqual({ do: 'set', backend: 'ignite', setting: 'storeMetadata', value: '@metadata.json' });
    await expect(upload()).rejects.toThrow(error.message);
    expect(proxy.seen).toEqual([]);
  });

  test('takes size, package name and names of permissions from the APK', async () => {
    const { content, artifact } = await contentWith({ ...WITHOUT_PERMISSIONS, barePermissions: true });

    expect(content().store_metadata).toMatchObject({
      package_name: 'dev.apptool.fixture',
      size: artifact.sizeBytes,
      permissions: { internet: {}, camera: {} },
    });
  });

  test('passes on what is said of a permission as it is, and adds the names of the others', async () => {
    const described = { 'android.permission.INTERNET': { description: { en: 'Loads data' }, category: 'network' } };

    const { content } = await contentWith({ ...IGNITE_SETTINGS, permissions: described, barePermissions: 'true' });

    expect(content().store_metadata.permissions).toEqual({ ...described, camera: {} });
  });

  test.each([
    ['nothing', {}],
    ['no category', { camera: { en: 'Scans codes' } }],
    ['no description', { camera: { category: 'camera' } }],
  ])('refuses a permission of which %s is said, before any request, and names the setting', async (_, given) => {
    const permissions = { internet: IGNITE_SETTINGS.permissions.internet, ...given };
    const { plan, proxy } = await igniteWith([], { ...IGNITE_SETTINGS, permissions });

    expect(usageErrorOf(plan).message).toContain(
      'permissions without a description and a category: camera (or set ignite.barePermissions=true)',
    );
    expect(proxy.seen).toEqual([]);
  });

  test('warns of a permission of which nothing is said, where that is allowed', async () => {
    const settings = { ...IGNITE_SETTINGS, permissions: { internet: { category: 'x' } }, barePermissions: true };
    const { upload, ctx } = await igniteWith([], settings);

    await upload();

    expect(ctx.ofType('warning')).toEqual([
      {
        type: 'warning',
        code: 'permission-not-described',
        message: 'ignite.permissions does not describe camera: only the name is sent',
      },
    ]);
  });

  test('refuses every contradiction to the APK, all in one error', async () => {
    const { content, artifact } = await contentWith({
      ...IGNITE_SETTINGS,
      packageName: 'com.example.other',
      permissions: { internet: {}, bluetooth: {} },
      storeMetadata: { size: 1, email: 7 },
    });

    const { message } = usageErrorOf(content);

    expect(message).toContain('packageName is com.example.other, but the package of the APK is dev.apptool.fixture');
    expect(message).toContain('permissions that the APK does not request: bluetooth');
    expect(message).toContain(`storeMetadata.size is not the ${artifact.sizeBytes} bytes of the file`);
  });

  test('believes the settings where the APK cannot be read, and needs them then', async () => {
    const { artifact } = await contentWith(IGNITE_SETTINGS);
    const unreadable = { ...artifact, identity: null };
    const own = { packageName: 'com.example.other', permissions: { bluetooth: {} }, barePermissions: true };
    const given = { ...IGNITE_SETTINGS, ...own };

    const content = contentOf(IgniteSettings.parse(given), unreadable);
    const error = usageErrorOf(() => contentOf(IgniteSettings.parse(WITHOUT_PERMISSIONS), unreadable));

    expect(content.store_metadata).toMatchObject({ package_name: 'com.example.other', permissions: { bluetooth: {} } });
    expect(error.message).toContain('packageName, permissions missing');
  });

  test('comes from storeMetadata too, as an object or as JSON; a setting of its own comes first', async () => {
    const storeMetadata = {
      category: 'Games',
      short_description: 'From a file',
      icon_url: 'https://example.com/icon.png',
      developer: 'Example Ltd',
      email: 'dev@example.com',
      website_url: 'https://example.com',
      market_url: 'https://store.example/app',
      privacy_policy_url: 'https://example.com/privacy',
      content_rating: 'PG',
      permissions: IGNITE_SETTINGS.permissions,
    };
    const { fallbackUrl, sendToSamsung } = IGNITE_SETTINGS;
    const others = { fallbackUrl, sendToSamsung: String(sendToSamsung), category: 'Tools' };
    const segments = IGNITE_SETTINGS.variantSegmentIds.join(', ');

    for (const form of [storeMetadata, JSON.stringify(storeMetadata)]) {
      const { content } = await contentWith({ ...others, variantSegmentIds: segments, storeMetadata: form });

      expect(content()).toMatchObject({
        send_to_samsung: true,
        variant_segment_ids: IGNITE_SETTINGS.variantSegmentIds,
        store_metadata: { ...storeMetadata, category: 'Tools' },
      });
    }
  });

  test.each([
    ['storeMetadata', '{ "category": '],
    ['storeMetadata', '["a list"]'],
    ['permissions', { internet: 'words' }],
    ['variantSegmentIds', 'segment-1'],
    ['variantSegmentIds', ''],
    ['sendToSamsung', 'perhaps'],
    ['fallbackUrl', 'example.com/app.apk'],
    ['iconUrl', 'file:///icon.png'],
    ['encoding', 'xml'],
  ])('refuses %s = %j, and says what it expects', (key, value) => {
    const parsed = IgniteSettings.shape[key as keyof IgniteSettings].safeParse(value);

    expect(parsed.error?.issues[0]?.message).toMatch(/^(expected|must be) /);
  });

  test('is checked in storeMetadata as the settings are', async () => {
    const { iconUrl: __, developer: ___, ...rest } = WITHOUT_PERMISSIONS;
    const storeMetadata = { icon_url: 'icon.png', developer: null, permissions: ['internet'] };

    const { content } = await contentWith({ ...rest, storeMetadata });

    const { message } = usageErrorOf(content);
    expect(message).toContain('storeMetadata.icon_url: expected a web address');
    expect(message).toContain('storeMetadata.permissions: expected an object with an object for each permission');
    expect(message).toContain('developer missing');
  });
});

describe('an upload', () => {
  /** The body of the creating request, as it came. */
  function listening() {
    const heard: { type: string; body: Buffer } = { type: '', body: Buffer.alloc(0) };
    const fault: Fault = async (exchange) => {
      heard.body = await exchange.readBody();
      heard.type = exchange.request.headers['content-type'] ?? '';
      exchange.reply(await exchange.forward(heard.body));
    };
    return { heard, planned: [{ ...CREATE, fault }] };
  }

  const SEGMENTS = IGNITE_SETTINGS.variantSegmentIds;

  test.each([
    ['json-part', [['variant_segment_ids', JSON.stringify(SEGMENTS)]], '"package_name":"dev.apptool.fixture"'],
    [
      'brackets',
      [
        ...SEGMENTS.map((id) => ['variant_segment_ids[]', id]),
        ['store_metadata[package_name]', 'dev.apptool.fixture'],
        ['store_metadata[permissions][internet][en]', 'Loads data'],
        ['store_metadata[permissions][camera]', ''],
      ],
      '',
    ],
    [
      'dots',
      [
        ...SEGMENTS.map((id) => ['variant_segment_ids', id]),
        ['store_metadata.package_name', 'dev.apptool.fixture'],
        ['store_metadata.permissions.internet.en', 'Loads data'],
        ['store_metadata.permissions.camera', ''],
      ],
      '',
    ],
  ])('in %s is a form with every field, the file last, and the service takes it', async (encoding, fields, words) => {
    const { heard, planned } = listening();
    const permissions = { internet: IGNITE_SETTINGS.permissions.internet };
    const { upload, artifact } = await igniteWith(planned, {
      ...IGNITE_SETTINGS,
      permissions,
      barePermissions: true,
      encoding,
    });

    expect(await upload()).toMatch(/^[0-9a-f-]{36}$/);

    const text = heard.body.toString('latin1');
    const part = (name = '', value = '') => `Content-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
    const always = [
      ['fallback_url', IGNITE_SETTINGS.fallbackUrl],
      ['send_to_samsung', 'true'],
    ];
    for (const [name, value] of [...always, ...fields]) expect(text).toContain(part(name, value));
    expect(text).toContain(words);
    expect(heard.type).toMatch(/^multipart\/form-data; boundary=/);
    const file = 'name="file"; filename="v2.apk"\r\nContent-Type: application/vnd.android.package-archive\r\n\r\n';
    const end = `\r\n--${heard.type.split('boundary=')[1]}--\r\n`;
    expect(text.endsWith(`${file}${(await readFile(artifact.path)).toString('latin1')}${end}`)).toBe(true);
  });

  test('in json-part says application/json on the parts that hold it, where that is asked for', async () => {
    const { heard, planned } = listening();
    const { upload } = await igniteWith(planned, { ...IGNITE_SETTINGS, jsonPartTypes: 'true' });

    await upload();

    const text = heard.body.toString('latin1');
    for (const name of ['store_metadata', 'variant_segment_ids'])
      expect(text).toContain(`name="${name}"\r\nContent-Type: application/json\r\n\r\n`);
    expect(text).toContain('name="fallback_url"\r\n\r\n');
  });

  test.each([0, 1, 2])(
    'in json-base64 is one JSON object with all of the file, whatever its length (%i)',
    async (more) => {
      const { heard, planned } = listening();
      const { backend, folder, ctx } = await igniteWith(planned, { ...IGNITE_SETTINGS, encoding: 'json-base64' });
      const path = await bigApk(join(folder, 'big.apk'), 1_200_000 + more);

      await backend.adapter.upload(await artifactAt(path), UPLOAD, ctx);

      const { file, ...content } = JSON.parse(heard.body.toString('utf8')) as Record<string, unknown>;
      expect(heard.type).toBe('application/json');
      expect(content).toMatchObject({ send_to_samsung: true, variant_segment_ids: SEGMENTS });
      expect(file).toBe((await readFile(path)).toString('base64'));
      expect(ctx.ofType('upload.progress').at(-1)).toMatchObject({ sentBytes: 1_200_000 + more });
    },
  );

  test.each(['json-part', 'json-base64'] as const)(
    'in %s is read piece by piece, to its exact length',
    async (encoding) => {
      const path = await bigApk(join(await temporaryFolder(), 'big.apk'), 40_000_001, 'hole');
      const settings = IgniteSettings.parse({ ...IGNITE_SETTINGS, encoding });
      const artifact = await artifactAt(path);

      const { body } = encodeUpload(contentOf(settings, artifact), artifact, settings);

      const sizes: number[] = [];
      for await (const chunk of body.open()) sizes.push(chunk.byteLength);
      expect(sizes.reduce((sum, size) => sum + size)).toBe(body.sizeBytes);
      expect(Math.max(...sizes)).toBeLessThan(1_000_000);
    },
  );

  test.each([
    ['F-NET-06: the connection is cut when it was received', faults.lostAnswer()],
    ['F-NET-09: the connection is cut when it was read and nothing was done', faults.lostBeforeWork()],
    ['F-NET-15: no answer comes', (async (exchange) => void (await exchange.readBody())) satisfies Fault],
    ['F-HTTP-02: a server error comes when it was received', faults.answer(503, { message: 'overloaded' })],
    ['the answer has no id', faults.answer(200, { data: { type: 'ApkStatuses', attributes: {} } })],
    ['the id is a path', faults.changeJson(() => ({ data: { id: '../../admin', attributes: {} } }))],
  ])('is never sent twice where nobody can say what came of it: %s', async (title, fault) => {
    const { upload, count } = await igniteWith([{ ...CREATE, times: 100, fault }]);

    const error = await upload().catch((thrown: unknown) => thrown);

    expect(error).toMatchObject({
      class: 'unknown',
      hint: expect.stringMatching(
        /the upload may have succeeded: .* dev\.apptool\.fixture \(v2\.apk\), sent at 20\d\d-.*Z$/,
      ),
    });
    if (title.startsWith('F-HTTP-02'))
      expect((error as Error).message).toContain('HTTP 503: server error after the request was received');
    expect(count(CREATE)).toBe(1);
  });

  test('F-NET-08: is sent again when it was cut midway, because the server cannot have taken it', async () => {
    const cut = { ...CREATE, fault: faults.resetInBody(100_000) };
    const { backend, folder, ctx, count } = await igniteWith([cut]);
    const file = await artifactAt(await bigApk(join(folder, 'big.apk'), 16_000_000));

    expect(await backend.adapter.upload(file, UPLOAD, ctx)).toMatch(/^[0-9a-f-]{36}$/);

    expect(count(CREATE)).toBe(2);
    expect(ctx.ofType('http.retry')).toHaveLength(1);
  });

  test('is refused in the words of the service', async () => {
    const errors = [
      { status: '422', code: 'package_mismatch', title: 'Invalid request', detail: 'package_name does not match' },
    ];
    const { upload, ctx } = await igniteWith([{ ...CREATE, times: 100, fault: faults.answer(422, { errors }) }]);

    await expect(upload()).rejects.toMatchObject({
      class: 'rejected',
      httpStatus: 422,
      backendCode: 'package_mismatch',
      serverText: 'Invalid request: package_name does not match',
    });
    expect(ctx.facts.at(-1)).toEqual({ type: 'not-landed' });
  });

  test('that the service answers with ERROR has failed, and its record is known', async () => {
    const failed = faults.changeJson((answer) => {
      const { data } = answer as { data: { attributes: object } };
      return { data: { ...data, attributes: { ...data.attributes, upload_status: 'ERROR' } } };
    });
    const { upload, ctx } = await igniteWith([{ ...CREATE, fault: failed }]);

    await expect(upload()).rejects.toMatchObject({ class: 'job-failed', serverText: 'upload ERROR' });

    expect(ctx.facts).toContainEqual(expect.objectContaining({ type: 'job', id: expect.any(String) }));
  });

  test('that is answered with two ids keeps the first, and says so', async () => {
    const twoIds = faults.changeJson((answer) => {
      const { data } = answer as { data: { attributes: object } };
      return { data: { ...data, attributes: { ...data.attributes, id: 'another' } } };
    });
    const { upload, ctx } = await igniteWith([{ ...CREATE, fault: twoIds }]);

    const id = await upload();

    expect(ctx.ofType('warning')).toMatchObject([
      { code: 'two-ids', message: `the server gave two ids, ${id} and another` },
    ]);
  });
});

import { readFile, truncate, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { apptegoManagement } from '../../src/backends/apptego-management/index.ts';
import type { Fault } from '../../src/testing/fault-proxy.ts';
import { faults } from '../../src/testing/faults.ts';
import { openBackend } from '../../src/testing/open-backend.ts';
import {
  ANDROID,
  type Asked,
  call,
  doneButBroken,
  type Fields,
  keeping,
  PASSWORD,
  tenant,
} from '../support/management.ts';

type Tenant = Awaited<ReturnType<typeof tenant>>;

const UPLOAD_KEY = call('upload_signing_key');
const PUT = { origin: 'storage', method: 'PUT' } as const;
const APP = 'app-android-app.apk';

/** Everything that a failed run has to say, wherever it stands. */
function saidBy({ ctx }: Tenant, error: unknown): string {
  const { stack, cause } = error as Error;
  return JSON.stringify([ctx.events, ctx.facts, error, String(error), stack, cause, String(cause)]);
}

async function failureOf(running: Promise<unknown>): Promise<unknown> {
  return await running.then(
    () => expect.fail('it should have failed'),
    (error: unknown) => error,
  );
}

describe('keys add', () => {
  test('makes the record with every documented field, then sends the file', async () => {
    const sent: Fields[] = [];
    const made = await tenant([{ ...UPLOAD_KEY, fault: keeping(sent) }]);
    const { run, keyFile, proxy, box } = made;

    const { text, data } = await run('keys add', { operands: [keyFile], flags: { ...ANDROID, default: true } });

    expect(sent).toEqual([
      {
        key_name: 'Release',
        platform: 'android',
        file_name: 'release.jks',
        password: PASSWORD,
        alias: 'release',
        file_size: 19,
        is_default: true,
      },
    ]);
    expect(text).toMatch(/^key-\w+$/);
    expect(data).toEqual({
      key: { id: text, name: 'Release', platform: 'android', fileName: 'release.jks', isDefault: true },
    });
    expect(await Promise.all(box.store.stored().map(({ path }) => readFile(path, 'utf8')))).toEqual([
      'bytes of a keystore',
    ]);
    const puts = proxy.seen.filter(({ origin }) => origin === 'storage');
    expect(puts).toHaveLength(1);
    for (const header of ['authorization', 'tenant', 'content-type', 'cookie'])
      expect(puts[0]?.headers).not.toHaveProperty(header);
    expect(saidBy(made, new Error(JSON.stringify([text, data])))).not.toContain(PASSWORD);
  });

  test('sends no alias that was not given, for an iOS key', async () => {
    const sent: Fields[] = [];
    const { run, keyFile } = await tenant([{ ...UPLOAD_KEY, fault: keeping(sent) }]);

    await run('keys add', { operands: [keyFile], flags: { name: 'Distribution', platform: 'ios' } });

    expect(sent).toMatchObject([{ platform: 'ios', is_default: false }]);
    expect(sent[0]).not.toHaveProperty('alias');
  });

  test.each([
    ['no name', { platform: 'android', alias: 'a' }, 'keys add needs a name'],
    ['no platform', { name: 'Release' }, 'keys add needs a platform'],
    ['no alias of an Android key', { name: 'Release', platform: 'android' }, 'keys add needs the alias'],
  ])('refuses %s before any request', async (_, flags, words) => {
    const { run, keyFile, proxy } = await tenant();

    await expect(run('keys add', { operands: [keyFile], flags })).rejects.toMatchObject({
      class: 'usage',
      message: expect.stringContaining(words),
    });
    expect(proxy.seen).toEqual([]);
  });

  test('takes a file of 10 MB, and refuses a larger, an empty and a missing one before any request', async () => {
    const { run, keyFile, proxy, box } = await tenant();
    const add = (path: string) => run('keys add', { operands: [path], flags: ANDROID });
    const large = join(dirname(keyFile), 'large.jks');
    const empty = join(dirname(keyFile), 'empty.jks');
    await writeFile(large, '');
    await writeFile(empty, '');
    await truncate(large, 10 * 1024 * 1024 + 1);

    await expect(add(large)).rejects.toMatchObject({
      class: 'usage',
      message: 'large.jks: file is larger than 10 MB, the limit of a signing key',
    });
    await expect(add(empty)).rejects.toMatchObject({ class: 'local-io' });
    await expect(add(`${keyFile}.not`)).rejects.toMatchObject({ class: 'local-io' });
    await expect(add(dirname(keyFile))).rejects.toMatchObject({ exitCode: expect.any(Number) });
    expect(proxy.seen).toEqual([]);
    await truncate(large, 10 * 1024 * 1024);
    await add(large);
    expect(box.store.stored()).toMatchObject([{ sizeBytes: 10 * 1024 * 1024 }]);
  });

  test.each([
    ['is lost', faults.lostAnswer()],
    ['says that it broke', doneButBroken()],
    ['holds no key', faults.changeJson(() => ({ ok: true }))],
    [
      'cannot be read',
      faults.answerInstead((answer) => ({ ...answer, body: Buffer.alloc(Number(answer.headers['content-length'])) })),
    ],
  ])('is never sent twice: when its answer %s, it names the key that was made', async (_, fault) => {
    const made = await tenant([{ ...UPLOAD_KEY, after: 1, times: 100, fault }]);
    const earlier = await made.addKey();
    const before = made.calls().length;

    const error = await failureOf(made.addKey());

    const { data } = await made.run('keys list');
    const added = (data as { keys: { id: string }[] }).keys.filter(({ id }) => id !== earlier);
    expect(added).toHaveLength(1);
    expect(error).toMatchObject({
      class: 'unknown',
      exitCode: 9,
      hint: expect.stringContaining('delete the key, then add it again'),
      next: { do: 'call', backend: 'apptego-management', command: 'keys delete', operands: [added[0]?.id] },
    });
    expect(made.calls().slice(before, -1)).toEqual(['get_signing_keys', 'upload_signing_key', 'get_signing_keys']);
    expect(made.ctx.facts).toContainEqual({ type: 'may-have-landed' });
    expect(saidBy(made, error)).not.toContain(PASSWORD);
  });

  test('whose answer is lost says where to look when no such key is there, one of before being none', async () => {
    const { addKey } = await tenant([{ ...UPLOAD_KEY, after: 1, fault: faults.lostBeforeWork() }]);
    await addKey();

    await expect(addKey()).rejects.toMatchObject({
      class: 'unknown',
      hint: expect.stringMatching(/^look for a key without a file/),
      next: { do: 'list', backend: 'apptego-management', command: 'keys list' },
    });
  });

  test('whose answer is lost says where to look when the keys cannot be listed either', async () => {
    const { addKey } = await tenant([
      { ...UPLOAD_KEY, fault: faults.lostAnswer() },
      { ...call('get_signing_keys'), after: 1, times: 100, fault: faults.answer(500, {}) },
    ]);

    await expect(addKey()).rejects.toMatchObject({ class: 'unknown', next: { command: 'keys list' } });
  });

  test('that is refused made nothing, and says so', async () => {
    const { addKey, ctx, calls } = await tenant([
      { ...UPLOAD_KEY, fault: faults.answer(400, { error: 'Plan does not include signing' }) },
    ]);

    await expect(addKey()).rejects.toMatchObject({ class: 'rejected', serverText: 'Plan does not include signing' });
    expect(ctx.facts.at(-1)).toEqual({ type: 'not-landed' });
    expect(calls()).toEqual(['get_signing_keys', 'upload_signing_key']);
  });

  test('sends its file again when that breaks', async () => {
    const { addKey, box, proxy } = await tenant([{ ...PUT, times: 3, fault: faults.lostBeforeWork() }]);

    await addKey();

    expect(proxy.struck).toEqual([3]);
    expect(box.store.stored()).toHaveLength(1);
  });

  test.each([
    ['breaks for good', faults.answer(500, {}), 'unavailable'],
    ['is refused', faults.answer(403, { error: 'AccessDenied' }), 'rejected'],
  ])('whose file %s names the key that has none, and is not to be run again as it is', async (_, fault, errorClass) => {
    const made = await tenant([{ ...PUT, times: 100, fault }]);

    const error = await failureOf(made.addKey());

    const { keys } = (await made.run('keys list')).data as { keys: { id: string }[] };
    expect(error).toMatchObject({
      class: errorClass,
      retryable: false,
      hint: 'the key has no file; delete the key, then add it again',
      next: { do: 'call', command: 'keys delete', operands: [keys[0]?.id] },
    });
    expect(saidBy(made, error)).not.toMatch(new RegExp(`${PASSWORD}|X-Amz-Signature`));
  });

  test('does not send the file to an address that is not safe', async () => {
    const unsafe = faults.changeJson((answer) => ({ ...answer, url: 'http://files.example/put?token=abc' }));
    const { addKey, proxy } = await tenant([{ ...UPLOAD_KEY, fault: unsafe }]);

    await expect(addKey()).rejects.toMatchObject({
      class: 'policy',
      next: { do: 'call', command: 'keys delete' },
    });
    expect(proxy.seen.filter(({ origin }) => origin === 'storage')).toEqual([]);
  });
});

describe('keys list, set-default and delete', () => {
  const isDefault = async ({ run }: Tenant) =>
    (((await run('keys list')).data as { keys: { id: string; isDefault: boolean }[] }).keys ?? [])
      .filter((key) => key.isDefault)
      .map(({ id }) => id);

  test('list shows each key, and no more than was asked for', async () => {
    const { run, addKey } = await tenant();
    const [first, second] = [await addKey({ default: true }), await addKey({ name: 'Other' })];

    const { table, data } = await run('keys list');

    expect(table).toEqual({
      columns: ['key', 'name', 'platform', 'file', 'default', 'by', 'created'],
      rows: [
        [first, 'Release', 'android', 'release.jks', 'yes', 'user@example.com', expect.stringMatching(/Z$/)],
        [second, 'Other', 'android', 'release.jks', 'no', 'user@example.com', expect.stringMatching(/Z$/)],
      ],
    });
    expect(data).toMatchObject({
      keys: [
        { id: first, isDefault: true },
        { id: second, isDefault: false },
      ],
    });
    expect((await run('keys list', { limit: 1 })).table?.rows).toHaveLength(1);
  });

  test('set-default takes the platform from the key, and is repeated after a lost answer', async () => {
    const made = await tenant([{ ...call('set_default_signing_key'), times: 3, fault: faults.lostAnswer() }]);
    const { run, addKey, calls } = made;
    const [, second] = [await addKey({ default: true }), await addKey()];

    const { text, data } = await run('keys set-default', { operands: [second ?? ''] });

    expect(text).toBe(`made ${second} the default signing key for android`);
    expect(data).toEqual({ key: second, platform: 'android' });
    expect(await isDefault(made)).toEqual([second]);
    expect(calls().filter((name) => name === 'set_default_signing_key')).toHaveLength(4);
  });

  test('set-default none clears the default of the platform that is given', async () => {
    const sent: Fields[] = [];
    const made = await tenant([{ ...call('set_default_signing_key'), fault: keeping(sent) }]);
    await made.addKey({ default: true });

    const { text } = await made.run('keys set-default', { operands: ['none'], flags: { platform: 'android' } });

    expect(text).toBe('made no default signing key for android');
    expect(sent).toEqual([{ platform: 'android', key_id: null }]);
    expect(await isDefault(made)).toEqual([]);
  });

  test.each([
    ['none without a platform', ['none'], {}, { class: 'usage', exitCode: 2 }],
    ['an unknown key', ['key-unknown'], {}, { class: 'rejected', next: { do: 'list', command: 'keys list' } }],
    [
      'an unknown key of a platform',
      ['key-unknown'],
      { platform: 'ios' },
      { class: 'rejected', next: { do: 'list', command: 'keys list' } },
    ],
  ])('set-default refuses %s', async (_, operands, flags, error) => {
    const { run } = await tenant();

    await expect(run('keys set-default', { operands, flags })).rejects.toMatchObject(error);
  });

  test('delete removes the key', async () => {
    const { run, addKey } = await tenant();
    const key = await addKey();

    const deleted = await run('keys delete', { operands: [key] });

    expect(deleted).toEqual({ text: `deleted signing key ${key}`, data: { key } });
    expect((await run('keys list')).table?.rows).toEqual([]);
  });
});

describe('code-signing upload and builds sign', () => {
  const SIGN = call('sign_application_build');
  const LEGACY = call('upload_code_signing_file');
  const upload = ({ run, keyFile }: Tenant, asked: Asked = {}) =>
    run('code-signing upload', {
      operands: [APP, keyFile],
      flags: { platform: 'android', alias: 'release' },
      ...asked,
    });

  test('a build is signed with the file of its application, and waited for with awaitsSigning', async () => {
    const sent: Fields[] = [];
    const made = await tenant([
      { ...LEGACY, fault: keeping(sent) },
      { ...SIGN, fault: keeping(sent) },
    ]);
    const { run, build, proxy, box } = made;
    const id = await build();

    const uploaded = await upload(made);
    const { next, data } = await run('builds sign', { operands: [id] });

    expect(uploaded.text).toBe(`uploaded release.jks as the signing file of application ${APP}`);
    expect(sent).toEqual([
      { file: 'release.jks', password: PASSWORD, application_id: APP, platform: 'android', alias: 'release' },
      { platform: 'android', name: 'app.apk', start_time: Number(id.split('/')[2]) },
    ]);
    expect(await readFile(box.store.stored().at(-1)?.path ?? '', 'utf8')).toBe('bytes of a keystore');
    expect(proxy.seen.findLast(({ origin }) => origin === 'storage')?.headers).not.toHaveProperty('authorization');
    expect(next).toEqual({
      do: 'wait',
      job: `apptego-management:${id}`,
      set: 'apptego-management.awaitsSigning=true',
    });
    expect(data).toEqual({ build: id });
    const { adapter } = await openBackend(apptegoManagement, proxy.variables, 1_000, { awaitsSigning: true });
    const ask = () => adapter.poll(id, { patience: 'retried', until: null }, made.ctx);
    await expect.poll(ask).toMatchObject({ phase: 'succeeded' });
    expect((await run('builds list')).table?.rows[0]?.[3]).toBe('yes');
    expect(JSON.stringify([uploaded, next, data, made.ctx.events])).not.toContain(PASSWORD);
  });

  test('upload refuses an unknown application, and an Android file without an alias', async () => {
    const made = await tenant();

    await expect(upload(made)).rejects.toMatchObject({
      class: 'rejected',
      next: { do: 'list', command: 'apps list' },
    });
    await expect(upload(made, { flags: { platform: 'android' } })).rejects.toMatchObject({ class: 'usage' });
  });

  test('upload is never asked for twice, and says what an application is left with', async () => {
    const lost = await tenant([{ ...LEGACY, fault: faults.lostAnswer() }]);
    const broken = await tenant([{ ...PUT, after: 1, times: 100, fault: faults.answer(500, {}) }]);
    await lost.build();
    await broken.build();

    const error = await failureOf(upload(lost));

    expect(error).toMatchObject({
      class: 'unknown',
      exitCode: 9,
      hint: expect.stringContaining('run the same command again'),
    });
    expect(lost.calls().filter((name) => name === 'upload_code_signing_file')).toHaveLength(1);
    expect(saidBy(lost, error)).not.toContain(PASSWORD);
    await expect(upload(broken)).rejects.toMatchObject({
      class: 'unavailable',
      retryable: true,
      hint: `application ${APP} has no signing file now: run the same command again`,
    });
  });

  test('sign refuses a build that is not there before it asks for a signature', async () => {
    const { run, calls } = await tenant();

    await expect(run('builds sign', { operands: ['production/android/1500000000/app.apk'] })).rejects.toMatchObject({
      class: 'rejected',
      next: { do: 'list', command: 'builds list' },
    });
    expect(calls()).toEqual(['get_application_builds']);
  });

  test('sign tells why an application without a file is refused, and takes no success: false', async () => {
    const { run, build } = await tenant([
      { ...SIGN, after: 1, fault: faults.answer(200, { success: false, message: 'Not today' }) },
    ]);
    const operands = [await build()];

    await expect(run('builds sign', { operands })).rejects.toMatchObject({
      class: 'rejected',
      serverText: 'The application has no code-signing file',
    });
    await expect(run('builds sign', { operands })).rejects.toMatchObject({
      class: 'rejected',
      serverText: 'Not today',
    });
  });

  async function signed(fault: Fault, more: Parameters<typeof tenant>[0] = []) {
    const made = await tenant([{ ...SIGN, times: 100, fault }, ...more]);
    const id = await made.build();
    await upload(made);
    const result = await made.run('builds sign', { operands: [id] }).catch((error: unknown) => error);
    return { result, requests: made.calls().filter((name) => name === 'sign_application_build').length };
  }

  test('sign is never asked for twice: after a lost answer a row that has changed tells that it is queued', async () => {
    const { result, requests } = await signed(faults.lostAnswer());

    expect(result).toMatchObject({ text: expect.stringContaining('is queued for signing') });
    expect(requests).toBe(1);
  });

  test('sign is never asked for twice: a row that has not changed tells nothing, exit 9', async () => {
    const { result, requests } = await signed(faults.lostBeforeWork());

    expect(result).toMatchObject({ class: 'unknown', exitCode: 9, next: { do: 'list', command: 'builds list' } });
    expect(requests).toBe(1);
  });
});

test('a rehearsal of any command sends nothing that writes, and says what would be sent', async () => {
  const made = await tenant();
  const { run, keyFile, addKey, build, calls } = made;
  const [id, key] = [await build(), await addKey()];
  const before = calls().length;
  const rehearse = async (name: string, operands: string[], flags: Asked['flags'] = {}) =>
    (await run(name, { operands, flags, dryRun: true })).text;

  const texts = [
    await rehearse('apps delete', ['app-sandbox']),
    await rehearse('builds delete', [id]),
    await rehearse('builds sign', [id]),
    await rehearse('keys add', [keyFile], ANDROID),
    await rehearse('keys set-default', [key]),
    await rehearse('keys delete', [key]),
    await rehearse('code-signing upload', [APP, keyFile], ANDROID),
  ];

  expect(texts).toEqual([
    'would delete application app-sandbox',
    `would delete build ${id}`,
    `would sign build ${id}`,
    'would add release.jks as signing key "Release" for android',
    `would make ${key} the default signing key for android`,
    `would delete signing key ${key}`,
    `would upload release.jks as the signing file of application ${APP}`,
  ]);
  expect(calls().slice(before)).toEqual(['get_application_builds', 'get_signing_keys']);
});

import { describe, expect, test } from 'vitest';
import { autoappstore } from '../../src/backends/autoappstore/index.ts';
import type { CommandInput, CommandOutput } from '../../src/contract/backend/definition.ts';
import type { SandboxOptions } from '../../src/contract/backend/sandbox.ts';
import { artifactAt } from '../../src/testing/artifacts.ts';
import { fakeClock } from '../../src/testing/clock.ts';
import { type TestContext, testContext } from '../../src/testing/context.ts';
import { faultProxy, type PlannedFault } from '../../src/testing/fault-proxy.ts';
import { faults } from '../../src/testing/faults.ts';
import { copyFixture, temporaryFolder } from '../../src/testing/files.ts';
import { backendInput, openBackend } from '../../src/testing/open-backend.ts';
import { sandbox } from '../../src/testing/sandbox.ts';
import { UPLOAD } from '../support/upload.ts';

type Asked = Partial<Pick<CommandInput<never>, 'operands' | 'flags' | 'limit' | 'dryRun'>>;

/** Runs a command as the command line does, without its rendering. */
async function runCommand(
  variables: Readonly<Record<string, string>>,
  name: string,
  asked: Asked,
  ctx: TestContext,
): Promise<CommandOutput> {
  const command = autoappstore.commands?.find((one) => one.name === name);
  if (command === undefined) throw new Error(`no command ${name}`);
  const usual = { operands: [], flags: {}, limit: 50, dryRun: false };
  return await command.run({ ...backendInput(autoappstore, variables), ...usual, ...asked } as never, ctx);
}

async function store(planned: readonly PlannedFault[] = [], options: Partial<SandboxOptions> = {}) {
  const proxy = await faultProxy(await sandbox(options), planned);
  const ctx = testContext({ clock: fakeClock() });
  return {
    proxy,
    ctx,
    run: (name: string, asked: Asked = {}) => runCommand(proxy.variables, name, asked, ctx),
    upload: async () => {
      const { adapter } = await openBackend(autoappstore, proxy.variables);
      return await adapter.upload(await artifactAt(await copyFixture('v1.apk', await temporaryFolder())), UPLOAD, ctx);
    },
  };
}

describe('tokens list', () => {
  test.each([
    ['a list', (tokens: unknown) => tokens],
    ['a list behind another', (tokens: unknown) => ({ filters: [], tokens })],
    ['a list of another name beside what is no row', (rows: unknown) => ({ scopes: ['ci'], results: rows })],
    ['a list in data', (tokens: unknown) => ({ data: { tokens } })],
    ['a list with odd rows in it', (tokens: unknown) => [null, 7, ...(tokens as unknown[])]],
  ])('reads the tokens from %s', async (_, wrap) => {
    const fault = faults.changeJson(({ tokens }) => wrap(tokens));
    const { run } = await store([{ method: 'GET', path: /\/ci-tokens$/, fault }]);

    expect((await run('tokens list')).data).toMatchObject({ tokens: [{ name: 'sandbox' }] });
  });

  test('warns of the tokens that it cannot read: there are more than it shows', async () => {
    const fault = faults.changeJson(({ tokens }) => ({ tokens: [{ token_id: 7 }, ...(tokens as unknown[])] }));
    const { run, ctx } = await store([{ method: 'GET', path: /\/ci-tokens$/, fault }]);

    expect((await run('tokens list')).data).toMatchObject({ tokens: [{ name: 'sandbox' }] });
    expect(ctx.ofType('warning')).toEqual([
      { type: 'warning', code: 'incomplete-list', message: expect.stringContaining('1 malformed row is left out') },
    ]);
  });

  test('does not take an answer without a list for a store without tokens', async () => {
    const fault = faults.changeJson(() => ({ nothing: true }));
    const { run } = await store([{ method: 'GET', path: /\/ci-tokens$/, times: 100, fault }]);

    await expect(run('tokens list')).rejects.toMatchObject({ class: 'unavailable' });
  });
});

describe('of one version', () => {
  test('validation shows each finding with its severity, code and message', async () => {
    const { run, upload } = await store([], { result: 'failed' });
    const operands = [await upload()];

    await expect
      .poll(async () => (await run('validation', { operands })).table?.rows)
      .toEqual([
        [expect.any(String), 'failed', 'warning', 'debuggable_apk', 'The APK is debuggable.'],
        [expect.any(String), 'failed', 'blocking', 'sandbox_failure', expect.stringContaining('was told to fail')],
      ]);
    expect((await run('validation', { operands })).data).toMatchObject({ runs: [{ status: 'failed' }] });
  });

  test('validation shows a run that found nothing', async () => {
    const { run, upload } = await store([], { processingMs: 60_000 });

    const { table } = await run('validation', { operands: [await upload()] });

    expect(table).toEqual({
      columns: ['run', 'status', 'severity', 'code', 'message'],
      rows: [[expect.any(String), 'running', '', '', '']],
    });
  });

  test('version shows its status, its code and name, and its open issues', async () => {
    const fault = faults.changeJson((answer) => ({ ...answer, open_issue_count: 3 }));
    const { run, upload } = await store([{ path: /\/versions\/[^/]+$/, fault }], { processingMs: 0 });
    const id = await upload();

    const { table, data } = await run('version', { operands: [id] });

    expect(table?.rows).toEqual([[id, 'live', '42', '1.2.3-rc.1', '3']]);
    expect(data).toEqual({
      version: { id, versionCode: 42, versionName: '1.2.3-rc.1', status: 'live', openIssues: 3 },
    });
  });

  test('release shows where it is live', async () => {
    const live = await store([], { processingMs: 0 });
    const draft = await store([], { processingMs: 60_000 });

    const released = await live.run('release', { operands: [await live.upload()] });
    const waiting = await draft.run('release', { operands: [await draft.upload()] });

    expect(released.table?.rows).toEqual([['yes', 'DE AT', 'parked']]);
    expect(released.data).toEqual({ release: { live: true, countries: ['DE', 'AT'], vehicleContexts: ['parked'] } });
    expect(waiting.table?.rows).toEqual([['no', '-', '-']]);
  });

  test.each(['validation', 'version', 'release'])('%s of one that does not exist says what to check', async (name) => {
    const { run } = await store();

    await expect(run(name, { operands: ['b1c2'] })).rejects.toMatchObject({
      class: 'rejected',
      hint: 'check the version id, and that the token belongs to its app',
    });
  });

  test.each(['validation', 'version', 'release'])('%s asks for nothing by an id that is none', async (name) => {
    const { run, proxy } = await store();

    await expect(run(name, { operands: ['../ci-tokens'] })).rejects.toMatchObject({ class: 'usage' });
    expect(proxy.seen).toEqual([]);
  });
});

describe('tokens', () => {
  const CREATE = { method: 'POST', path: /\/ci-tokens$/ };

  test('create gives the value once and says so; list never gives one; revoke ends it', async () => {
    const { run, ctx, proxy } = await store();

    const created = await run('tokens create', { flags: { name: 'nightly' } });
    const { id, value } = (created.data as { token: { id: string; value: string } }).token;
    const listed = await run('tokens list');
    const withIt = await runCommand(
      { ...proxy.variables, AUTOAPPSTORE_TOKEN: value },
      'tokens revoke',
      { operands: [id] },
      ctx,
    );

    expect(created.text).toBe(value);
    expect(ctx.ofType('warning')).toEqual([
      { type: 'warning', code: 'token-shown-once', message: expect.stringContaining('store it as a secret') },
    ]);
    expect(listed.table?.columns).toEqual(['token', 'name', 'created', 'last used']);
    expect(listed.table?.rows).toContainEqual([id, 'nightly', expect.stringMatching(/^\d{4}-/), '-']);
    expect(JSON.stringify(listed)).not.toContain(value);
    expect(withIt).toEqual({ text: `revoked ${id}`, data: { revoked: id } });
    expect(JSON.stringify(await run('tokens list'))).not.toContain(id);
  });

  test('list shows no more than was asked for', async () => {
    const { run } = await store();
    await run('tokens create');

    expect((await run('tokens list', { limit: 1 })).table?.rows).toHaveLength(1);
  });

  test.each([
    ['a bare list', [{ id: 'a1', name: 'ci' }]],
    ['a list under any name', { ci_tokens: [{ id: 'a1', name: 'ci' }] }],
  ])('list reads %s', async (_, answer) => {
    const { run } = await store([{ path: /\/ci-tokens$/, fault: faults.answer(200, answer) }]);

    expect((await run('tokens list')).data).toEqual({
      tokens: [{ id: 'a1', name: 'ci', createdAt: null, lastUsedAt: null }],
    });
  });

  test.each([
    ['beside the id', { id: 'a1', token: 'raw-value-1' }],
    ['as raw_token', { id: 'a1', name: 'ci', raw_token: 'raw-value-1' }],
    ['beside the record', { token: { id: 'a1', name: 'ci' }, raw_token: 'raw-value-1' }],
    ['in the record', { ci_token: { id: 'a1', value: 'raw-value-1' } }],
  ])('create finds the value %s', async (_, answer) => {
    const { run } = await store([{ ...CREATE, fault: faults.answer(201, answer) }]);

    expect((await run('tokens create')).data).toEqual({ token: { id: 'a1', value: 'raw-value-1' } });
  });

  test.each([
    ['is lost', faults.lostAnswer()],
    ['holds no value', faults.answer(201, { id: 'a1', name: 'nightly' })],
    ['cannot be read', faults.raw('HTTP/1.1 201 Created\r\ncontent-length: 14\r\n\r\nthe raw value!')],
  ])('create is never sent twice: when its answer %s, it names the tokens that there are', async (_, fault) => {
    const { run, proxy } = await store([{ ...CREATE, fault }]);

    const error = await run('tokens create', { flags: { name: 'nightly' } }).catch((thrown: unknown) => thrown);

    expect(error).toMatchObject({
      class: 'unknown',
      exitCode: 9,
      hint: expect.stringMatching(/revoke every token that you do not know$/),
      next: { do: 'call', backend: 'autoappstore', command: 'tokens revoke', operands: ['<token>'] },
      serverText: expect.stringMatching(/^tokens: [0-9a-f]{24} sandbox \d{4}-/),
    });
    expect(JSON.stringify([error, (error as Error).stack, (error as Error).cause])).not.toContain('the raw value!');
    expect(proxy.seen.map(({ method }) => method)).toEqual(['POST', 'GET']);
  });

  test('create whose answer is lost says how to list them when that fails too', async () => {
    const { run } = await store([
      { ...CREATE, fault: faults.lostAnswer() },
      { method: 'GET', times: 100, fault: faults.answer(503, {}) },
    ]);

    await expect(run('tokens create')).rejects.toMatchObject({
      class: 'unknown',
      hint: expect.stringContaining('revoke every token that you do not know'),
      next: { do: 'list', backend: 'autoappstore', command: 'tokens list' },
    });
  });

  test('revoke takes gone for revoked after a lost answer, and only then', async () => {
    const { run } = await store([{ method: 'DELETE', fault: faults.lostAnswer() }]);
    const { token } = (await run('tokens create')).data as { token: { id: string } };

    const revoked = await run('tokens revoke', { operands: [token.id] });
    const again = await run('tokens revoke', { operands: [token.id] }).catch((thrown: unknown) => thrown);

    expect(revoked.text).toBe(`revoked ${token.id}`);
    expect(again).toMatchObject({ class: 'rejected', next: { do: 'list', command: 'tokens list' } });
  });

  test.each(['tokens list', 'tokens create', 'tokens revoke'])(
    '%s refused: says where they may have to be managed',
    async (name) => {
      const { run } = await store([{ times: 100, fault: faults.answer(403, { error: 'session required' }) }]);

      await expect(run(name, { operands: ['a1'] })).rejects.toMatchObject({
        class: 'auth',
        serverText: 'session required',
        hint: expect.stringContaining('manages tokens only in its portal'),
      });
    },
  );

  test('a rehearsal sends nothing that writes', async () => {
    const { run, proxy } = await store();
    const { AUTOAPPSTORE_API_URL: apiUrl } = proxy.variables;

    const created = await run('tokens create', { flags: { name: 'ci' }, dryRun: true });
    const revoked = await run('tokens revoke', { operands: ['a1'], dryRun: true });

    expect(created.text).toBe(`would send POST ${apiUrl}/ci-tokens {"name":"ci"}`);
    expect(revoked.text).toBe(`would send DELETE ${apiUrl}/ci-tokens/a1`);
    expect(proxy.seen).toEqual([]);
  });
});

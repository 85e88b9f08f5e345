import { readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { UploadOptions } from '../../src/contract/adapter.ts';
import type { BackendDefinition } from '../../src/contract/backend/definition.ts';
import { AppToolError, AuthError, CancelledError, JobFailedError } from '../../src/contract/errors.ts';
import type { JobState, Phase, Question } from '../../src/contract/job.ts';
import { downloadToFile } from '../../src/transfer/download/download.ts';
import { artifactAt } from './artifacts.ts';
import { fakeClock } from './clock.ts';
import { type TestContext, testContext } from './context.ts';
import { type FaultProxy, faultProxy, faults, type PlannedFault } from './fault-proxy.ts';
import { bigApk, copyFixture, sha256Of, temporaryFolder } from './files.ts';
import { openBackend, UPLOAD } from './open-backend.ts';
import { sandbox } from './sandbox.ts';

/** What a backend's test says of it, so that one suite can judge them all. */
export interface Conformance {
  readonly definition: BackendDefinition;
  /** A small fixture that it takes. */
  readonly fixture: string;
  /** Makes another file that it takes beside the fixture; a copy where it takes the same twice. */
  readonly makeOther?: (path: string) => Promise<string>;
  /** The call that creates the job. */
  readonly create: Pick<PlannedFault, 'method' | 'path'>;
  /** The call that answers how a job stands. */
  readonly status: Pick<PlannedFault, 'method' | 'path'>;
  /** Its answer with a status that no documentation lists. */
  readonly withUnknownStatus: (answer: Record<string, unknown>) => unknown;
  /**
   * Every state that the documentation lists, and the odd forms of one: the answer to the status call that tells it, and what it is for each
   * milestone, by name; `''` where a job has one end.
   */
  readonly states: readonly DocumentedState[];
  /** The milestone that this status is asked for, where it is not the first. */
  readonly statusUntil?: string;
  /** A job id of the right form that does not exist. */
  readonly unknownId: string;
  readonly options?: Partial<UploadOptions>;
  /** Where a backend has several ways in: the name of this one, the sandbox's variables that open it, and whether it gives anything back. */
  readonly way?: {
    readonly name: string;
    readonly variables: (all: Readonly<Record<string, string>>) => Readonly<Record<string, string>>;
    readonly download: boolean;
  };
  /** The backend's own settings that an upload needs. */
  readonly settings?: Readonly<Record<string, unknown>>;
}

export interface DocumentedState {
  readonly name: string;
  readonly answer: (answer: Record<string, unknown>) => unknown;
  readonly phases: Readonly<Record<string, Phase>>;
}

const SETTLED_MS = 4_000;

/** Drives a backend's adapter through the interface against its own part of the sandbox. Every backend has to pass all of it. */
export function testAdapter(subject: Conformance): void {
  const { definition, way } = subject;
  const title = way === undefined ? definition.id : `${definition.id}, ${way.name}`;
  const variablesOf = way?.variables ?? ((all) => all);
  const options: UploadOptions = { ...UPLOAD, ...subject.options };
  const question = (patience: Question['patience'], until?: string): Question => ({
    patience,
    until: until ?? definition.capabilities.milestones[0]?.name ?? null,
  });

  async function setUp(planned: readonly PlannedFault[] = [], path?: string) {
    const folder = await temporaryFolder();
    const box = await sandbox({}, definition);
    const proxy = await faultProxy(box, planned);
    const backend = await openBackend(definition, variablesOf(proxy.variables), 1_000, subject.settings);
    const artifact = await artifactAt(path ?? (await copyFixture(subject.fixture, folder)));
    const ctx = testContext({ clock: fakeClock() });
    return { folder, box, proxy, backend, artifact, ctx, upload: () => backend.adapter.upload(artifact, options, ctx) };
  }

  async function stateOf(setting: Awaited<ReturnType<typeof setUp>>, id: string) {
    const deadline = performance.now() + SETTLED_MS;
    for (;;) {
      const state = await setting.backend.adapter.poll(id, question('retried'), setting.ctx);
      const isOver = state !== 'absent' && state.phase !== 'running' && state.phase !== 'queued';
      if (isOver || performance.now() > deadline) return state;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  function creations(proxy: FaultProxy): number {
    const { method, path } = subject.create;
    return proxy.seen.filter((one) => one.origin === 'api' && one.method === method && path?.test(one.path)).length;
  }

  describe(`${title}: what is declared`, () => {
    test('has a folder for an id, credentials with a variable each, and addresses among its settings', () => {
      const keys = Object.keys(definition.settings.shape);

      expect(definition.id).toMatch(/^[a-z][a-z-]+$/);
      expect(definition.credentials.length).toBeGreaterThan(0);
      expect(definition.credentials.every(({ variable }) => /^[A-Z][A-Z_]+$/.test(variable))).toBe(true);
      expect(definition.addresses.every((key) => keys.includes(key))).toBe(true);
      expect(Object.keys(definition.variables).every((key) => keys.includes(key))).toBe(true);
    });

    test('has a download exactly when it says so', async () => {
      const { backend } = await setUp();

      expect(backend.adapter.download !== undefined).toBe(definition.capabilities.download);
      expect(definition.capabilities.download || !definition.capabilities.protects).toBe(true);
    });

    test('creating the adapter and planning an upload make no request', async () => {
      const { backend, artifact, proxy } = await setUp();

      const plan = await backend.adapter.plan(artifact, options);

      expect(plan.url).toMatch(/^http/);
      expect(plan.url).not.toContain('?');
      expect(proxy.seen).toEqual([]);
    });
  });

  describe(`${title}: the way of a job`, () => {
    test('uploads, is asked until it has succeeded, and says the same when asked again', async () => {
      const setting = await setUp();

      const id = await setting.upload();
      const state = await stateOf(setting, id);

      expect(id).toMatch(definition.jobId);
      expect(JSON.parse(JSON.stringify(id))).toBe(id);
      expect(state).toMatchObject({ phase: 'succeeded' });
      const again = await setting.backend.adapter.poll(id, question('once'), setting.ctx);
      // A store may have gone on meanwhile; what has been reached stays reached.
      const { phase, status } = state as JobState;
      expect(again).toMatchObject({ phase, status });
      expect(creations(setting.proxy)).toBe(1);
    });

    test('records the job, and that it may have landed, before the upload resolves', async () => {
      const { upload, ctx } = await setUp();

      const id = await upload();

      expect(ctx.facts).toContainEqual(expect.objectContaining({ type: 'job', id }));
      expect(ctx.facts).toContainEqual({ type: 'may-have-landed' });
    });

    test('two uploads at once do not mix', async () => {
      const setting = await setUp();
      const name = `other-${subject.fixture}`;
      const made = subject.makeOther?.(join(setting.folder, name));
      const other = await artifactAt(await (made ?? copyFixture(subject.fixture, setting.folder, name)));

      const ids = await Promise.all([
        setting.upload(),
        setting.backend.adapter.upload(other, options, testContext({ clock: fakeClock() })),
      ]);

      expect(new Set(ids).size).toBe(2);
      for (const [index, artifact] of [setting.artifact, other].entries()) {
        const state = await stateOf(setting, ids[index] ?? '');
        const fileName = state === 'absent' ? undefined : state.subject?.fileName;
        expect([undefined, artifact.name]).toContain(fileName);
      }
    });

    test('gives absent for a job that does not exist', async () => {
      const { backend, ctx } = await setUp();

      expect(await backend.adapter.poll(subject.unknownId, question('once'), ctx)).toBe('absent');
    });

    test('reads every documented state as what it is for each milestone, also beside members that nobody knows', async () => {
      let told: DocumentedState['answer'] = (answer) => answer;
      const withMore = (answer: unknown) => ({ ...(answer as object), surprise: { of: ['tomorrow'] }, nothing: null });
      const fault = faults.changeJson((answer) => withMore(told(answer)));
      const setting = await setUp([{ ...subject.status, times: 1_000, fault }]);
      const id = await setting.upload();
      expect(await stateOf(setting, id)).toMatchObject({ phase: 'succeeded' });

      const asked = subject.states.flatMap(({ phases, ...state }) =>
        Object.entries(phases).map(([until, phase]) => ({ ...state, until: until === '' ? null : until, phase })),
      );
      for (const { name, answer, until, phase } of asked) {
        told = answer;
        const ask = () => setting.backend.adapter.poll(id, { patience: 'once', until }, setting.ctx);
        await expect.poll(ask, { timeout: SETTLED_MS, message: `${name}, until ${until}` }).toMatchObject({ phase });
        expect(await ask(), name).not.toHaveProperty('unrecognized');
      }
    });

    test('knows what each documented state is for each of its milestones', () => {
      const names = definition.capabilities.milestones.map(({ name }) => name);
      const expected = names.length === 0 ? [''] : names;

      expect(subject.states.map(({ phases }) => Object.keys(phases))).toEqual(subject.states.map(() => expected));
      expect(new Set(subject.states.flatMap(({ phases }) => Object.values(phases)))).toContain('failed');
    });

    test('passes an unknown status on as still running', async () => {
      const fault = faults.changeJson(subject.withUnknownStatus);
      const setting = await setUp([{ ...subject.status, times: 1_000, fault }]);
      const id = await setting.upload();

      const ask = () => setting.backend.adapter.poll(id, question('once', subject.statusUntil), setting.ctx);

      await expect.poll(ask, { timeout: SETTLED_MS }).toMatchObject({ phase: 'running', unrecognized: true });
    });
  });

  describe(`${title}: the proof of the credentials`, () => {
    const prove = async (planned: readonly PlannedFault[] = [], signal?: AbortSignal) => {
      const setting = await setUp(planned);
      const ctx = signal === undefined ? setting.ctx : testContext({ signal });
      return { ...setting, ctx, proof: setting.backend.adapter.proveCredentials?.(ctx) };
    };

    test('says what it showed, and creates nothing', async ({ skip }) => {
      const { proof, proxy, ctx } = await prove();
      skip(proof === undefined, 'the API has no harmless call');

      expect(await proof).toMatch(/^.{10,200}$/);
      expect(creations(proxy)).toBe(0);
      expect(proxy.seen.every(({ origin }) => origin === 'api')).toBe(true);
      expect([ctx.facts, ctx.ofType('warning')]).toEqual([[], []]);
    });

    test.each([
      ['auth', 'a refusal', faults.answer(401, { error: 'key is disabled', message: 'key is disabled' })],
      ['unavailable', 'an outage', faults.answer(503, { error: 'down' })],
      ['policy', 'a redirect', faults.answer(302, {}, { location: 'https://evil.example/?token=abc' })],
    ])('rejects with %s for %s, and does not ask again and again', async (errorClass, _, fault) => {
      const { proof, proxy } = await prove([{ times: 100, fault }]);

      if (proof !== undefined) await expect(proof).rejects.toMatchObject({ class: errorClass });
      expect(proxy.seen.length).toBeLessThanOrEqual(2);
    });

    test('rejects with the reason when it is cancelled', async ({ skip }) => {
      const reason = new CancelledError('SIGINT');
      const { proof, proxy } = await prove([], AbortSignal.abort(reason));
      skip(proof === undefined, 'the API has no harmless call');

      await expect(proof).rejects.toBe(reason);
      expect(proxy.seen).toEqual([]);
    });
  });

  describe(`${title}: trouble`, () => {
    test('sends every byte of the artifact with an exact length, and no credential to a storage', async () => {
      const { upload, proxy, artifact } = await setUp();

      await upload();

      const carriers = proxy.seen.filter(
        ({ method, headers }) => method !== 'GET' && Number(headers['content-length']) >= artifact.sizeBytes,
      );
      expect(carriers.length).toBeGreaterThan(0);
      expect(
        proxy.seen.every(({ method, headers }) => method === 'GET' || headers['content-length'] !== undefined),
      ).toBe(true);
      expect(proxy.seen.filter(({ headers }) => headers['transfer-encoding'] !== undefined)).toEqual([]);
      expect(
        proxy.seen.filter(({ origin, headers }) => origin === 'storage' && headers.authorization !== undefined),
      ).toEqual([]);
    });

    test('is cancelled before the first byte without a request', async () => {
      const { backend, artifact, proxy } = await setUp();
      const reason = new CancelledError('SIGINT');

      const ctx = testContext({ signal: AbortSignal.abort(reason) });
      const uploading = backend.adapter.upload(artifact, options, ctx);

      await expect(uploading).rejects.toBe(reason);
      expect(proxy.seen).toEqual([]);
    });

    test('rejects with the reason when it is cancelled while the server is silent', async () => {
      const { backend, artifact, proxy } = await setUp([{ ...subject.create, fault: faults.silence() }]);
      const controller = new AbortController();
      const reason = new CancelledError('SIGTERM');

      const uploading = backend.adapter.upload(artifact, options, testContext({ signal: controller.signal }));
      const ended = expect(uploading).rejects.toBe(reason);
      await expect.poll(() => proxy.struck, { interval: 10 }).toEqual([1]);
      controller.abort(reason);

      await ended;
    });

    test('explains a refused credential as auth, without a character of it', async () => {
      const refusal = faults.answer(401, { error: 'key is disabled', message: 'key is disabled' });
      // Every time: a backend with tokens of limited life may take one refusal for the end of a token.
      const { upload, box, ctx } = await setUp([{ ...subject.create, times: 100, fault: refusal }]);

      const error = await upload().catch((thrown: unknown) => thrown);

      expect(error).toBeInstanceOf(AuthError);
      expect(error).toMatchObject({ serverText: expect.stringContaining('key is disabled') });
      for (const secret of Object.entries(box.variables).filter(([name]) => /KEY|TOKEN|SECRET/.test(name))) {
        expect(JSON.stringify([ctx.events, error, (error as Error).message, (error as Error).stack])).not.toContain(
          secret[1],
        );
      }
    });

    test.each([
      [
        'an HTML page',
        faults.raw('HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 15\r\n\r\n<html>hi</html>'),
      ],
      ['bytes that are no HTTP', faults.raw('SSH-2.0-OpenSSH_9.2\r\n')],
      ['an empty answer', faults.raw('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n')],
      ['JSON of another shape', faults.answer(200, { unexpected: true })],
      ['a redirect', faults.answer(302, {}, { location: 'https://evil.example/?token=abc' })],
    ])('ends in an error of ours when every creating call is answered with %s', async (_, fault) => {
      const { upload } = await setUp([{ ...subject.create, times: 100, fault }]);

      const error = await upload().catch((thrown: unknown) => thrown);

      expect(error).toBeInstanceOf(AppToolError);
      expect((error as AppToolError).class).toMatch(/^(unavailable|unknown|policy)$/);
      expect((error as Error).message).not.toContain('token=abc');
    });

    test('a file that becomes shorter while it is sent never makes a job succeed', async () => {
      const folder = await temporaryFolder();
      const path = await bigApk(join(folder, 'app.apk'), 8_000_000);
      const setting = await setUp([{ ...subject.create, fault: cutFile(path) }], path);

      const error = await setting.upload().catch((thrown: unknown) => thrown);

      expect(error).toMatchObject({ class: 'local-io' });
      const id = jobOf(setting.ctx);
      if (id !== null) expect(await setting.backend.adapter.poll(id, question('retried'), setting.ctx)).toBe('absent');
    });
  });

  test(`${title}: says failed when the service says so, with its words`, async () => {
    const box = await sandbox({ result: 'failed' }, definition);
    const folder = await temporaryFolder();
    const backend = await openBackend(definition, variablesOf(box.variables), undefined, subject.settings);
    const artifact = await artifactAt(await copyFixture(subject.fixture, folder));
    const ctx = testContext({ clock: fakeClock() });

    const id = await backend.adapter.upload(artifact, options, ctx).catch((error: unknown) => error);

    if (id instanceof JobFailedError) return expect(id.message).not.toBe('');
    await expect
      .poll(() => backend.adapter.poll(String(id), question('retried'), ctx), { timeout: SETTLED_MS })
      .toMatchObject({ phase: 'failed', message: expect.any(String) });
  });

  describe.runIf(way?.download ?? definition.capabilities.download)(`${title}: the output`, () => {
    async function finished(planned: readonly PlannedFault[] = []) {
      const setting = await setUp(planned);
      const id = await setting.upload();
      await stateOf(setting, id);
      const target = { path: join(setting.folder, 'output.apk'), force: false };
      const download = () =>
        downloadToFile(
          {
            link: (ctx) =>
              setting.backend.adapter.download?.(id, null, ctx) ?? Promise.reject(new Error('no download')),
            storage: setting.backend.storage,
            target,
            inputBytes: setting.artifact.sizeBytes,
            verify: async () => {},
          },
          setting.ctx,
        );
      return { ...setting, target, download };
    }

    test('comes back as the bytes that the service has: the input, or its protected form', async () => {
      const { download, target, artifact } = await finished();

      const done = await download();

      expect(done.sha256).toBe(await sha256Of(target.path));
      expect(done.sizeBytes).toBe((await readFile(target.path)).length);
      const isInput = done.sha256 === (await artifact.sha256(new AbortController().signal));
      expect(isInput).toBe(!definition.capabilities.protects);
    });

    test('is fetched again when its connection breaks, and leaves nothing when it always does', async () => {
      const { download, folder, target } = await finished([
        { origin: 'storage', method: 'GET', times: 100, fault: ({ request }) => void request.socket.resetAndDestroy() },
      ]);

      const error = await download().catch((thrown: unknown) => thrown);

      expect(error).toMatchObject({ class: 'unavailable' });
      expect((await readdir(folder)).filter((name) => name.includes('partial') || name === 'output.apk')).toEqual([]);
      expect(target.path).toContain(folder);
    });

    test('does not touch what is there when it is cancelled midway', async () => {
      const controller = new AbortController();
      const setting = await finished([{ origin: 'storage', method: 'GET', fault: cancelWith(controller) }]);
      await writeFile(setting.target.path, 'before');
      const ctx = testContext({ signal: controller.signal });

      const downloading = downloadToFile(
        {
          link: () =>
            setting.backend.adapter.download?.(jobOf(setting.ctx) ?? '', null, ctx) ??
            Promise.reject(new Error('no download')),
          storage: setting.backend.storage,
          target: { ...setting.target, force: true },
          inputBytes: null,
          verify: async () => {},
        },
        ctx,
      );

      await expect(downloading).rejects.toBeInstanceOf(CancelledError);
      expect(await readFile(setting.target.path, 'utf8')).toBe('before');
      expect((await readdir(setting.folder)).filter((name) => name.includes('partial'))).toEqual([]);
    });
  });
}

function jobOf(ctx: TestContext): string | null {
  const fact = ctx.facts.findLast((one) => one.type === 'job');
  return fact?.type === 'job' ? fact.id : null;
}

/** The file loses its second half while the service works on the call that comes before the bytes, or on the bytes themselves. */
function cutFile(path: string): PlannedFault['fault'] {
  return async (exchange) => {
    const isCarrier = Number(exchange.request.headers['content-length']) > 1_000_000;
    if (isCarrier) await truncate(path, 4_000_000);
    const body = await exchange.readBody();
    if (!isCarrier) await truncate(path, 4_000_000);
    exchange.reply(await exchange.forward(body));
  };
}

function cancelWith(controller: AbortController): PlannedFault['fault'] {
  return (exchange) => {
    exchange.response.writeHead(200, { 'content-length': '1000000' });
    exchange.response.write(Buffer.alloc(1000));
    setTimeout(() => controller.abort(new CancelledError('SIGINT')), 50);
  };
}

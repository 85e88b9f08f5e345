import { truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { AppToolError, AuthError, CancelledError, JobFailedError } from '../../contract/errors.ts';
import { artifactAt } from '../artifacts.ts';
import { fakeClock } from '../clock.ts';
import { testContext } from '../context.ts';
import type { PlannedFault } from '../fault-proxy.ts';
import { faults } from '../faults.ts';
import { bigApk, copyFixture, temporaryFolder } from '../files.ts';
import { openBackend } from '../open-backend.ts';
import { sandbox } from '../sandbox.ts';
import { jobOf, type Rig, SETTLED_MS } from './rig.ts';

/** What goes wrong on the way. */
export function testTrouble({ subject, title, options, variablesOf, question, setUp, definition }: Rig): void {
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
      await expect.poll(() => proxy.struck, { interval: 10, timeout: 20_000 }).toEqual([1]);
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
      ['an empty response', faults.raw('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n')],
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

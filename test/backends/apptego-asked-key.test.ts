import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { apptego } from '../../src/backends/apptego/index.ts';
import { apptegoManagement } from '../../src/backends/apptego-management/index.ts';
import { artifactAt } from '../../src/testing/artifacts.ts';
import { fakeClock } from '../../src/testing/clock.ts';
import { testContext } from '../../src/testing/context.ts';
import { faultProxy } from '../../src/testing/fault-proxy.ts';
import { faults } from '../../src/testing/faults.ts';
import { bigApk, copyFixture, temporaryFolder } from '../../src/testing/files.ts';
import { openBackend } from '../../src/testing/open-backend.ts';
import { sandbox } from '../../src/testing/sandbox.ts';
import { UPLOAD } from '../support/upload.ts';

const REQUEST = { method: 'POST', path: /\/upload(?:_application_build)?$/ } as const;

describe.each([apptego, apptegoManagement])(
  '$id: the key that the response to an upload request names',
  (definition) => {
    /** An upload that asks for a key, where the server answers with another. */
    async function upload(asked: string | undefined, answered: unknown, sizeBytes?: number) {
      const folder = await temporaryFolder();
      const path = sizeBytes === undefined ? copyFixture('v2.apk', folder) : bigApk(join(folder, 'big.apk'), sizeBytes);
      const fault = faults.changeJson((reply) => ({ ...reply, signing_key_id: answered }));
      const strip = { method: 'POST', path: REQUEST.path, times: 100, fault: withoutKey(fault) };
      const proxy = await faultProxy(await sandbox({}, definition), [strip]);
      const { adapter } = await openBackend(definition, proxy.variables);
      const ctx = testContext({ clock: fakeClock() });
      const options = { ...UPLOAD, signingKey: asked };
      const uploading = adapter.upload(await artifactAt(await path), options, ctx);
      const sent = () => proxy.seen.filter(({ origin }) => origin === 'storage').length;
      const calls = () => proxy.seen.filter(({ origin }) => origin === 'api').map((one) => one.path.split('/').at(-1));
      return { uploading, sent, calls, ctx };
    }

    test.each([
      ['k1', null, 'no key'],
      ['k1', 'k2', 'key k2'],
      ['none', 'k2', 'key k2'],
    ])('is not the one that was asked for: %s, %s: nothing is sent', async (asked, answered, words) => {
      const { uploading, sent, ctx } = await upload(asked, answered);

      await expect(uploading).rejects.toMatchObject({
        class: 'job-failed',
        exitCode: 8,
        message: `signing key ${asked} was given, but AppTego would sign with ${words}: nothing was sent`,
      });
      expect(sent()).toBe(0);
      expect(ctx.facts).toEqual([]);
    });

    test.each([
      ['k1', 'k1'],
      ['k1', undefined],
      ['none', null],
      ['none', 'none'],
      [undefined, 'k-default'],
    ])('is right, or not known to be wrong: %s, %s', async (asked, answered) => {
      const { uploading, sent, ctx } = await upload(asked, answered);

      const id = await uploading;

      const filePath = expect.stringContaining('v2.apk');
      const details = asked === undefined ? { filePath } : { filePath, signingKey: asked };
      expect(sent()).toBe(1);
      expect(ctx.facts).toContainEqual({ type: 'job', id, details });
    });

    test('is not the one that was asked for: a multipart upload that was begun is aborted', async () => {
      const { uploading, sent, calls, ctx } = await upload('k1', 'k2', 101 * 1024 * 1024);

      await expect(uploading).rejects.toMatchObject({ exitCode: 8 });
      expect(sent()).toBe(0);
      expect(calls().at(-1)).toMatch(/^abort/);
      expect(ctx.facts.map(({ type }) => type)).toEqual(['multipart-open', 'multipart-closed']);
    });
  },
);

/** The sandbox knows no key of these names, so it is asked without one. */
function withoutKey(fault: ReturnType<typeof faults.changeJson>): ReturnType<typeof faults.changeJson> {
  return async (exchange) =>
    await fault({
      ...exchange,
      forward: async (body) => {
        const { signing_key_id: _, ...fields } = JSON.parse(body.toString('utf8')) as Record<string, unknown>;
        // As long as it was: its length goes before it.
        return await exchange.forward(Buffer.from(JSON.stringify(fields).padEnd(body.length)));
      },
    });
}

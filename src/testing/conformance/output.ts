import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { CancelledError } from '../../contract/errors.ts';
import { downloadToFile } from '../../transfer/download/download.ts';
import { testContext } from '../context.ts';
import type { PlannedFault } from '../fault-proxy.ts';
import { sha256Of } from '../files.ts';
import { jobOf, type Rig } from './rig.ts';

/** What comes back. */
export function testOutput({ title, setUp, stateOf, definition, way }: Rig): void {
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

function cancelWith(controller: AbortController): PlannedFault['fault'] {
  return (exchange) => {
    exchange.response.writeHead(200, { 'content-length': '1000000' });
    exchange.response.write(Buffer.alloc(1000));
    setTimeout(() => controller.abort(new CancelledError('SIGINT')), 50);
  };
}

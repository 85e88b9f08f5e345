import { describe, expect, test } from 'vitest';
import { testContext } from '../context.ts';
import type { Rig } from './rig.ts';

/** What a backend says of itself. */
export function testDeclared({ title, options, setUp, definition }: Rig): void {
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

    test('hands builds out at a link exactly when it says so', async () => {
      const { backend } = await setUp();

      expect(backend.adapter.publishLink !== undefined).toBe(definition.capabilities.accepts.includes('publishLink'));
    });

    test('creating the adapter and planning an upload make no request', async () => {
      const { backend, artifact, proxy } = await setUp();

      const plan = await backend.adapter.plan(artifact, options, testContext());

      expect(plan.url).toMatch(/^http/);
      expect(plan.url).not.toContain('?');
      expect(proxy.seen).toEqual([]);
    });

    test('the other files that it takes are no app archives, and their endings are written small, without a dot before', () => {
      const { files, otherFiles = [] } = definition.capabilities;

      expect(new Set([...files, ...otherFiles]).size).toBe(files.length + otherFiles.length);
      expect(otherFiles.every((ending) => /^[a-z0-9]+(\.[a-z0-9]+)*$/.test(ending))).toBe(true);
      expect(otherFiles.filter((ending) => /(^|\.)(apk|aab|ipa)$/.test(ending))).toEqual([]);
    });
  });
}

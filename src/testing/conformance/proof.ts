import { describe, expect, test } from 'vitest';
import { CancelledError } from '../../contract/errors.ts';
import { testContext } from '../context.ts';
import type { PlannedFault } from '../fault-proxy.ts';
import { faults } from '../faults.ts';
import type { Rig } from './rig.ts';

/** The call that proves the credentials. */
export function testProof({ title, setUp, creations }: Rig): void {
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
}

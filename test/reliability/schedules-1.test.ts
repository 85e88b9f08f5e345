import { expect, test } from 'vitest';
import { runSchedules } from '../support/schedules.ts';

test('150 random schedules of several faults: nothing lost, doubled or left open, and an end that fits', async () => {
  const { struck, endings } = await runSchedules(2026112200 + 1, 150);

  expect(struck).toBeGreaterThan(150);
  expect(endings.size).toBeGreaterThan(4);
}, 600_000);

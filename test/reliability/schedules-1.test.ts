import { test } from 'vitest';
import { testSchedules } from '../support/schedules.ts';

test('random schedules of several faults: nothing lost, doubled or left open, and an end that fits', async () => {
  await testSchedules(2026112201);
}, 600_000);

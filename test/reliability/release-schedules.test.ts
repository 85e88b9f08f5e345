import { test } from 'vitest';
import { testReleaseSchedules } from '../support/release-schedules.ts';

const COUNT = Number(process.env.APPTOOL_RELEASE_SCHEDULES ?? 300);

test('random faults and kills over whole releases: nothing twice, the right files, a true receipt', async () => {
  await testReleaseSchedules(2026112914, COUNT);
}, 900_000);

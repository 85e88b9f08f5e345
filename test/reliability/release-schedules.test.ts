import { test } from 'vitest';
import { testReleaseSchedules } from '../support/release-schedules.ts';

/** So many of them, each of them run; 300 otherwise, or two of these. */
const asked = process.env.APPTOOL_RELEASE_SCHEDULES;
const COUNT = Number(asked ?? 300);
const SEED = Number(process.env.APPTOOL_RELEASE_SEED ?? 2026112914);

test(
  'random faults, kills and power cuts over whole releases: nothing twice, the right files, a true receipt',
  async () => {
    await testReleaseSchedules(SEED, COUNT, asked !== undefined);
  },
  900_000 + COUNT * 10_000,
);

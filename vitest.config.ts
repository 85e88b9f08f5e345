import { defineConfig } from 'vitest/config';
import { LongestFirst } from './test/support/longest-first.ts';

/** The smoke tests run alone, on the versions of Node.js that scripts/smoke.mjs names. */
const isSmoke = process.env.APPTOOL_NODES !== undefined;
/** What measures the memory of the process that it runs in needs one of its own. */
const ALONE = ['test/archive/mutated-archives.test.ts'];

const shared = {
  name: 'shared',
  include: isSmoke ? ['test/smoke/*.test.ts'] : ['test/**/*.test.ts'],
  exclude: isSmoke ? [] : ['test/smoke/**', 'test/outside-backend/**', ...ALONE],
  // A process and its modules serve many files: to start and load them anew took as long as half of the tests.
  isolate: false,
  // The young generation of a process that serves many files is worth its memory: a tenth of the time.
  execArgv: ['--min-semi-space-size=16'],
};
const alone = { name: 'alone', include: ALONE, isolate: true };

export default defineConfig({
  test: {
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // A second, as Vitest has it, is too short on a busy machine.
    expect: { poll: { timeout: 20_000 } },
    // The built command line is what most tests run: one process each, so two test files at a time keep two cores busy.
    maxWorkers: 2,
    pool: 'forks',
    sequence: { sequencer: LongestFirst },
    globalSetup: ['test/support/global-setup.ts'],
    // The built command line, which tests run in their own process, is taken as it is.
    server: { deps: { external: [/\/dist\//] } },
    projects: (isSmoke ? [shared] : [shared, alone]).map((test) => ({ extends: true, test })),
  },
});

import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    // The smoke tests run alone, on the versions of Node.js that scripts/smoke.mjs names.
    include: process.env.APPTOOL_NODES === undefined ? ['test/**/*.test.ts'] : ['test/smoke/*.test.ts'],
    exclude: process.env.APPTOOL_NODES === undefined ? ['test/smoke/**', 'test/outside-backend/**'] : [],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // The built command line is what most tests run: one process each, so two test files at a time keep two cores busy.
    maxWorkers: 2,
    pool: 'forks',
    // A process and its modules serve many files: to start and load them anew took as long as half of the tests.
    isolate: false,
    globalSetup: ['test/support/global-setup.ts'],
    // The built command line, which tests run in their own process, is taken as it is.
    server: { deps: { external: [/\/dist\//] } },
  },
});

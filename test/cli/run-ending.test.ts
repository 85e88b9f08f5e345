import { describe, expect, test } from 'vitest';
import { endingLines } from '../../src/cli/output/ending/run-ending.ts';
import type { ResultDocument } from '../../src/contract/result-document.ts';
import { copyFixture, temporaryFolder } from '../../src/testing/files.ts';
import { sandbox } from '../../src/testing/sandbox.ts';
import { runCli } from '../support/cli.ts';

const QUICK = ['--poll-interval', '20ms'];

async function setUp(app = 'sample.apk') {
  const cwd = await temporaryFolder();
  await copyFixture(app, cwd, 'app.apk');
  const { variables } = await sandbox();
  const run = (line: string, env: Readonly<Record<string, string>> = {}) =>
    runCli([...line.split(' '), ...QUICK], { cwd, env: { ...variables, ...env } });
  return { cwd, run };
}

describe('the end of a run', () => {
  test('of protect says what, signed by whom, where, how long and what next', async () => {
    const { run } = await setUp();
    const { stderr } = await run('protect app.apk -e prod');

    expect(stderr.trimEnd().split('\n').slice(-4)).toEqual([
      expect.stringMatching(
        /^protected {2}dev\.apptool\.sample 4\.2\.0 \(4200\), app\.apk 8\.7 kB -> app-protected\.apk [\d.]+ kB$/,
      ),
      expect.stringMatching(/^signed by {2}CN=/),
      expect.stringMatching(/^job {8}apptego:\d+ at 127\.0\.0\.1:\d+: upload .*, download .*, all /),
      'next       apptool publish app-protected.apk --to BACKEND',
    ]);
  });

  test('of an output that nobody signed says so, and who had signed the input', async () => {
    const { run } = await setUp('v2.apk');
    const { stderr } = await run('protect app.apk -e prod --signing-key none');
    expect(stderr).toMatch(/^signed by {2}nobody; the input: CN=Fixture \(give --signing-key/m);
  });

  test('of an upload names the wait; of publish and a failure it is a table; --quiet has none', async () => {
    const { run } = await setUp();
    const upload = await run('upload app.apk --to applivery');
    const publish = await run('publish app.apk --to applivery,autoappstore', { AUTOAPPSTORE_TOKEN: 'another-token' });
    const quiet = await run('publish app.apk --to applivery --quiet');

    expect(upload.stderr).toMatch(/^next {6}apptool wait applivery:/m);
    expect(publish.stderr).toMatch(/^STEP +RESULT +STATE +TIME +NEXT?$|^STEP +RESULT +STATE +TIME$/m);
    expect(publish.stderr).toMatch(/^publish:applivery +done +processed/m);
    expect(publish.stderr).toMatch(/^publish:autoappstore +failed \(auth\)/m);
    expect(quiet.stderr).not.toContain('STEP');
  });

  test.each([30, 45, 80, 120])('fits %i columns, with marks', async (columns) => {
    const { run } = await setUp();
    const line = 'publish app.apk --to applivery,autoappstore --json';
    const document = JSON.parse((await run(line)).stdout) as ResultDocument;

    const lines = endingLines(document, columns);

    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(columns);
    expect(lines.filter((one) => one.startsWith('✓ publish:'))).toHaveLength(2);
  });

  test('what a plan, a list or a dry run says is no end of a release', async () => {
    const { run } = await setUp();
    for (const line of ['inspect app.apk', 'publish app.apk --to applivery --dry-run', 'protect missing.apk -e prod'])
      expect((await run(line)).stderr).not.toMatch(/^(STEP|protected|job {2})/m);
  });
});

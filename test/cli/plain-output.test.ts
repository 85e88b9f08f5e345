import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { copyFixture, temporaryFolder } from '../../src/testing/files.ts';
import { sandbox } from '../../src/testing/sandbox.ts';
import { BIN, cleanEnvironment } from '../support/cli.ts';
import { HAS_TERMINALS } from '../support/terminal.ts';

const APPTOOL = `"${process.execPath}" "${BIN}"`;
const PROTECT = `${APPTOOL} protect v2.apk -e prod --poll-interval 50ms`;

async function folderWithApp(): Promise<string> {
  const folder = await temporaryFolder();
  await copyFixture('v2.apk', folder);
  return folder;
}

test.runIf(HAS_TERMINALS).each([
  ['in a CI', { CI: 'true' }],
  ['that is dumb', { TERM: 'dumb' }],
])('a terminal %s gets no escape code, and the right exit codes', async (_, env) => {
  const command = `stty cols 80; ${PROTECT}; echo "<$?>"; ${APPTOOL} upload gone.apk --to apptego -e prod; echo "<$?>"`;

  const { variables } = await sandbox();
  const { stdout } = await promisify(execFile)('script', ['-qec', command, '/dev/null'], {
    cwd: await folderWithApp(),
    env: cleanEnvironment({ TERM: 'xterm-256color', ...variables, ...env }),
  });

  expect(stdout).not.toContain('\u001b');
  const ends = stdout.replaceAll('\r', '').replaceAll(/^warning: apptego is at .*\n/gm, '');
  expect(ends).toMatch(/^v2-protected\.apk\n<0>\nerror\[local-io\]: .*\n(?:hint: .*\n)?<3>\n$/m);
  expect(stdout).toMatch(/^apptego:\d+: \w+ .*$/m);
});

test.runIf(HAS_TERMINALS).each([
  ['nothing is asked for', {}, '', true, true],
  ['NO_COLOR is set', { NO_COLOR: '1' }, '', true, false],
  ['NO_COLOR is empty', { NO_COLOR: '' }, '', true, true],
  ['--no-color is given', {}, '--no-color', true, false],
  ['--no-progress is given', {}, '--no-progress', false, true],
  ['both are given', {}, '--no-color --no-progress', false, false],
])('where %s, a terminal has a live line or none, with colours or without', async (_, env, flags, isLive, hasColor) => {
  const command = `stty cols 80; ${PROTECT} ${flags}; ${APPTOOL} upload gone.apk --to apptego -e prod ${flags}`;

  const { variables } = await sandbox({ processingMs: 1000 });
  const { stdout } = await promisify(execFile)('script', ['-qefc', `${command}; true`, '/dev/null'], {
    cwd: await folderWithApp(),
    env: cleanEnvironment({ TERM: 'xterm-256color', ...variables, ...env }),
  });

  // https://no-color.org is about colours (SGR sequences, which end in m); a live line moves the cursor.
  const codes = stdout.split('\u001b[').slice(1);
  expect(codes.some((code) => /^[\d;?]*[A-Zhl]/.test(code))).toBe(isLive);
  expect(codes.some((code) => /^[\d;]*m/.test(code))).toBe(hasColor);
});

test.runIf(process.platform === 'linux').each([
  ['stdout closed', '>&-'],
  ['stderr closed', '2>&-'],
])('with %s nothing crashes, and every exit code is the right one', async (_, closed) => {
  const commands = ['inspect v2.apk', 'status nonsense --json', 'upload gone.apk --to apptego -e prod', '--help'];
  const script = commands.map((command) => `${APPTOOL} ${command} ${closed}; echo "$?" >> codes`).join('\n');

  const { stdout, stderr } = spawnSync('sh', ['-c', `${script}\ncat codes`], {
    cwd: await folderWithApp(),
    env: cleanEnvironment({ APPTEGO_API_KEY: 'key_id:key_secret' }),
    encoding: 'utf8',
  });

  expect(stdout.split('\n').slice(-5)).toEqual(['0', '2', '3', '0', '']);
  expect(stdout + stderr).not.toMatch(/EBADF|at .*\.js:\d+/);
  expect(stdout + stderr).not.toContain('\u001b');
});

import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { copyFixture, temporaryFolder } from '../../src/testing/files.ts';
import { sandbox } from '../../src/testing/sandbox.ts';
import { BIN, cleanEnvironment } from '../support/cli.ts';
import { takesTurn } from '../support/share.ts';
import { HAS_TERMINALS } from '../support/terminal.ts';

const APPTOOL = `"${process.execPath}" "${BIN}"`;
const PROTECT = `${APPTOOL} protect v2.apk -e prod --poll-interval 50ms`;

async function folderWithApp(): Promise<string> {
  const folder = await temporaryFolder();
  await copyFixture('v2.apk', folder);
  return folder;
}

const PLAIN = [
  ['in a CI', { CI: 'true' }],
  ['that is dumb', { TERM: 'dumb' }],
] as const;

test.runIf(HAS_TERMINALS).each(PLAIN.filter((_, index) => takesTurn(index, 2)))(
  'a terminal %s gets no escape code, and the right exit codes',
  async (_, env) => {
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
  },
);

const LIVE_OR_NOT = [
  ['nothing is asked for', {}, '', true, true],
  ['NO_COLOR is set', { NO_COLOR: '1' }, '', true, false],
  ['--no-color is given', {}, '--no-color', true, false],
  ['NO_COLOR is empty', { NO_COLOR: '' }, '', true, true],
  ['--no-progress is given', {}, '--no-progress', false, true],
  ['both are given', {}, '--no-color --no-progress', false, false],
] as const;

// Half of them a day: each half has one with colours and one without.
test.runIf(HAS_TERMINALS).each(LIVE_OR_NOT.filter((_, index) => takesTurn(index, 2)))(
  'where %s, a terminal has a live line or none, with colours or without',
  async (_, env, flags, isLive, hasColor) => {
    const command = `stty cols 80; ${PROTECT} ${flags}; echo "<$?>"`;

    const { variables } = await sandbox({ processingMs: 300, result: 'failed' });
    const { stdout } = await promisify(execFile)('script', ['-qefc', command, '/dev/null'], {
      cwd: await folderWithApp(),
      env: cleanEnvironment({ TERM: 'xterm-256color', ...variables, ...env }),
    });

    // https://no-color.org is about colours (SGR sequences, which end in m); a live line moves the cursor.
    const codes = stdout.split('\u001b[').slice(1);
    expect(codes.some((code) => /^[\d;?]*[A-Zhl]/.test(code))).toBe(isLive);
    expect(codes.some((code) => /^[\d;]*m/.test(code))).toBe(hasColor);
    expect(stdout).toContain('<8>');
  },
);

const CLOSED = ['inspect v2.apk', 'status nonsense --json', 'upload gone.apk --to apptego -e prod', '--help'].flatMap(
  (command, index) => ['>&-', '2>&-'].map((closed) => ({ command, closed, code: ['0', '2', '3', '0'][index] })),
);

// Each command with one of the two closed, the next day with the other.
test.runIf(process.platform === 'linux')(
  'with stdout or stderr closed nothing crashes, and every exit code is the right one',
  async () => {
    const ofToday = CLOSED.filter((_, index) => takesTurn(index + Math.floor(index / 2), 2));
    const script = ofToday
      .map(({ command, closed }) => `${APPTOOL} ${command} ${closed}; echo "$?" >> codes`)
      .join('\n');

    const { stdout, stderr } = spawnSync('sh', ['-c', `${script}\ncat codes`], {
      cwd: await folderWithApp(),
      env: cleanEnvironment({ APPTEGO_API_KEY: 'key_id:key_secret' }),
      encoding: 'utf8',
    });

    expect(stdout.split('\n').slice(-1 - ofToday.length)).toEqual([...ofToday.map(({ code }) => code), '']);
    expect(stdout + stderr).not.toMatch(/EBADF|at .*\.js:\d+/);
    expect(stdout + stderr).not.toContain('\u001b');
  },
);

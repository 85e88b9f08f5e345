import { execFile, spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { chmod, mkdir, open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { listenForSignals } from '../../src/cli/process/cancellation.ts';
import { fakeClock } from '../../src/testing/clock.ts';
import { copyFixture, fixture, temporaryFolder } from '../../src/testing/files.ts';
import { sandbox } from '../../src/testing/sandbox.ts';
import { BIN, cleanEnvironment, runCli, runProcess, startCli } from '../support/cli.ts';
import { runHere } from '../support/in-process.ts';
import { takesTurn } from '../support/share.ts';
import { strangeMachine } from '../support/strange-machine.ts';
import { CA_FILE } from '../support/tls-front.ts';

const isLinux = process.platform === 'linux';
const NOTES = ['publish', fixture('v2.apk'), '--to', 'applivery', '--dry-run', '--release-notes-file'];
const APPLIVERY = { APPLIVERY_APP_TOKEN: 'a-token' };

describe('F-ENV-01: a CA file that Node.js cannot use is told before anything is sent', () => {
  const ca = readFileSync(CA_FILE, 'utf8');
  const NO_CERTIFICATE = 'it has no certificate in PEM form';

  test.each([
    ['an empty file', '', NO_CERTIFICATE],
    ['a page', '<html>Sign in</html>', NO_CERTIFICATE],
    ['a key alone', '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n', NO_CERTIFICATE],
    ['UTF-16', Buffer.from(`\ufeff${ca}`, 'utf16le'), NO_CERTIFICATE],
    ['DER', Buffer.from(ca.replace(/-----[^-]+-----|\s/g, ''), 'base64'), NO_CERTIFICATE],
    ['line ends written as \\n', ca.replaceAll('\n', '\\n'), 'certificate 1 of 1 in it is damaged'],
    [
      'a damaged one behind a good one',
      `${ca}${ca.replace(/\n[\w+/]{8}/, '\n')}`,
      'certificate 2 of 2 in it is damaged',
    ],
    ['one that is cut off', `${ca}${ca.slice(0, -40)}`, 'a certificate in it is cut off'],
  ])('%s', async (_, contents, why) => {
    const file = join(await temporaryFolder(), 'ca.pem');
    await writeFile(file, contents);

    // In this process: it is the program that reads the file here, not Node.js.
    const result = await runHere(['status', 'apptego:1700000000'], {
      env: cleanEnvironment({ APPTEGO_API_KEY: 'key_id:key_secret', NODE_EXTRA_CA_CERTS: file }),
      cwd: '/',
    });

    expect(result.code).toBe(3);
    expect(result.stderr).toContain(`cannot read the CA file in NODE_EXTRA_CA_CERTS: ${why}\n`);
    expect(result.stderr).toContain('-----BEGIN CERTIFICATE-----');
  });

  test.each([
    ['a BOM', (text: string) => `\ufeff${text}`],
    ['Windows line ends', (text: string) => text.replaceAll('\n', '\r\n')],
    ['words before it, and two of them', (text: string) => `# our CA\n${text}\n${text}`],
  ])('%s in a good one does no harm', async (_, change) => {
    const file = join(await temporaryFolder(), 'ca.pem');
    await writeFile(file, change(ca));

    const result = await runHere(['status', 'apptego:1700000000'], {
      env: cleanEnvironment({ NODE_EXTRA_CA_CERTS: file }),
      cwd: '/',
    });

    expect(result.code).toBe(4);
  });

  test('a folder, and doctor says the same', async () => {
    const env = { APPTEGO_API_KEY: 'key_id:key_secret', NODE_EXTRA_CA_CERTS: await temporaryFolder() };

    const status = await runProcess(['status', 'apptego:1700000000'], { env });
    const doctor = await runHere(['doctor', '--to', 'apptego'], { env: cleanEnvironment(env), cwd: '/' });

    expect(status).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('NODE_EXTRA_CA_CERTS: it is a directory'),
    });
    expect(doctor.stdout).toMatch(/FAILED {3}network +cannot read the CA file/);
  });
});

describe('F-ENV-02: release notes from a writer that needs a moment', () => {
  test.runIf(takesTurn(0, 2))('through a pipe', async () => {
    // What cat gets goes on through a pipe; what we give a child ourselves is a socket.
    const child = spawn('sh', ['-c', `cat | "${process.execPath}" "${BIN}" "$@" -`, 'sh', ...NOTES], {
      env: cleanEnvironment(APPLIVERY),
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
        if (output.includes('dry run') && child.stdin.writable) child.stdin.end('Fixed the login.\n');
      });

    const code = await new Promise((resolve) => child.on('close', resolve));

    expect(code, output).toBe(0);
    expect(output).toContain('changelog: Fixed the login.\n');
  });

  test.runIf(isLinux && takesTurn(1, 2))('through a FIFO', async () => {
    const fifo = join(await temporaryFolder(), 'notes');
    spawnSync('mkfifo', [fifo]);
    const running = startCli([...NOTES, fifo], { env: APPLIVERY });
    await running.seen('dry run');

    const writer = await open(fifo, 'w');
    await writer.write('Fixed the login.\n');
    await writer.close();

    expect(await running.result).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('changelog: Fixed the login.\n'),
    });
  });

  test.runIf(isLinux && takesTurn(0, 2))('a FIFO without a writer is waited for until a signal', async () => {
    const fifo = join(await temporaryFolder(), 'notes');
    spawnSync('mkfifo', [fifo]);
    const running = startCli([...NOTES, fifo], { env: APPLIVERY });
    await running.seen('dry run');

    running.child.kill('SIGINT');

    expect(await running.result).toMatchObject({ code: 130 });
  });

  test.runIf(takesTurn(1, 2))('more than 64 KiB are not read to their end', async () => {
    const child = spawn(process.execPath, [BIN, ...NOTES, '-'], { env: cleanEnvironment(APPLIVERY) });
    child.stdin.on('error', () => {});
    const write = (): void => {
      if (child.stdin.writable) child.stdin.write(Buffer.alloc(64 * 1024, 'a'), write);
    };
    write();
    let stderr = '';
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });

    const code = await new Promise((resolve) => child.on('close', resolve));

    expect(code).toBe(2);
    expect(stderr).toContain('release notes are larger than 64 KiB');
  });
});

describe('F-ENV-03: a limit on address space', () => {
  const run = (limitKb: number, args: readonly string[]) =>
    spawnSync('bash', ['-c', `ulimit -v ${limitKb} && exec "$@"`, 'bash', process.execPath, BIN, ...args], {
      env: cleanEnvironment(),
      encoding: 'utf8',
    });

  test.runIf(isLinux && takesTurn(0, 3))('that is too low for the HTTP client is told as that', async () => {
    const file = await copyFixture('v2.apk', await temporaryFolder());

    const { status, stderr } = run(4_194_304, ['protect', file, '-e', 'dev', '--sandbox']);

    expect(status).toBe(3);
    expect(stderr).toMatch(/error\[local-io\]: cannot open a connection to 127.0.0.1:\d+: the limit on address space/);
    expect(stderr).toContain('ulimit -v');
    expect(stderr).not.toContain('bug in apptool');
  });

  test.runIf(isLinux && takesTurn(1, 3))('keeps no command from working that opens no connection', () => {
    expect(run(4_194_304, ['inspect', fixture('v2.apk')])).toMatchObject({ status: 0 });
    expect(run(4_194_304, ['backends'])).toMatchObject({ status: 0 });
  });

  test.runIf(takesTurn(2, 3))('Node.js without WebAssembly is told as that', async () => {
    const file = await copyFixture('v2.apk', await temporaryFolder());

    const { status, stderr } = spawnSync(
      process.execPath,
      ['--jitless', BIN, 'protect', file, '-e', 'dev', '--sandbox'],
      { env: cleanEnvironment(), encoding: 'utf8' },
    );

    expect(status).toBe(3);
    expect(stderr).toContain('hint: remove --jitless');
  });
});

test('F-ENV-04: a file system that reports nothing free is warned of, and written to', async () => {
  const folder = await temporaryFolder();
  const file = await copyFixture('v2.apk', folder);
  const box = await sandbox();

  const result = await runProcess(['protect', file, '-e', 'dev', '--poll-interval', '50ms'], {
    env: { ...box.variables, ...strangeMachine({ hasNoNumbers: true }) },
  });

  expect(result.code).toBe(0);
  expect(result.stderr).toMatch(/^warning: the file system of .* reports no free space; apptool tries/m);
});

test.each(['APPTOOL_TIMEOUT=45m', 'APPTOOL_CONCURRENCY=4', 'APPTOOL_QUIET=true', 'APPTOOL_JSON=true'])(
  'F-ENV-05: the carriage return at the end of %s is no part of it',
  async (assignment) => {
    const [name = '', value = ''] = assignment.split('=');
    const box = await sandbox();
    const file = await copyFixture('v2.apk', await temporaryFolder());
    const env = { ...box.variables, [name]: value };
    const variables = Object.fromEntries(Object.entries(env).map(([key, text]) => [key, `${text}\r`]));

    const result = await runCli(['protect', file, '-e', 'dev', '--poll-interval', '50ms'], { env: variables });

    expect(result).toMatchObject({ code: 0 });
    expect(result.stdout.startsWith('{')).toBe(name === 'APPTOOL_JSON');
  },
);

test.runIf(isLinux && process.getuid?.() === 0)(
  'F-ENV-06: a user without a home folder and without an entry in /etc/passwd',
  async () => {
    const folder = await temporaryFolder();
    await chmod(folder, 0o777);
    await copyFixture('v2.apk', folder);
    const user = ['--reuid', '12345', '--regid', '12345', '--clear-groups', 'env', '-i', `PATH=${process.env.PATH}`];
    const box = await sandbox();
    const variables = Object.entries(box.variables).map(([name, value]) => `${name}=${value}`);
    const run = async (...args: string[]) =>
      (await promisify(execFile)('setpriv', [...user, ...variables, process.execPath, BIN, ...args], { cwd: folder }))
        .stdout;

    // `execFile` rejects where the exit code is not 0.
    const protecting = run('protect', 'v2.apk', '-e', 'dev', '--poll-interval', '50ms', '--allow-debuggable');
    const others = [['backends'], ['config', 'show'], ['inspect', 'v2.apk']];
    for (const args of others.filter((_, index) => takesTurn(index, others.length))) await run(...args);

    expect(await protecting).toBe('v2-protected.apk\n');
  },
);

describe('F-ENV-07: the name that a Mac gives a file', () => {
  test('is sent composed, and recognized', async () => {
    const folder = await temporaryFolder();
    const box = await sandbox();
    const file = await copyFixture('v2.apk', folder, 'Gro\u0308ße.apk');

    const result = await runCli(['protect', file, '-e', 'dev', '--poll-interval', '50ms', '--json'], {
      env: box.variables,
      cwd: folder,
    });

    expect(JSON.parse(result.stdout)).toMatchObject({ ok: true, artifact: { name: 'Größe.apk' } });
  });
});

describe('F-SIG-14: signals', () => {
  function listener() {
    const clock = fakeClock();
    const handlers = new Map<string, (name: NodeJS.Signals) => void>();
    const ended: number[] = [];
    const host = {
      on: (name: string, handler: (name: NodeJS.Signals) => void) => handlers.set(name, handler),
      off: () => {},
      exit: (code: number) => ended.push(code),
    };
    const cancellation = listenForSignals(host as never, clock, { onFirst: () => {}, onHardStop: () => {} });
    return { clock, ended, cancellation, send: (name: NodeJS.Signals) => handlers.get(name)?.(name) };
  }

  test('of any kind within half a second of the first are the first again', () => {
    const { clock, ended, send, cancellation } = listener();

    send('SIGINT');
    clock.advance(499);
    send('SIGTERM');

    expect(cancellation.signal.aborted).toBe(true);
    expect(ended).toEqual([]);
  });

  test('after that end the process at once, with the first one’s exit code', () => {
    const { clock, ended, send } = listener();

    send('SIGINT');
    clock.advance(500);
    send('SIGTERM');

    expect(ended).toEqual([130]);
  });
});

describe('F-ENV-08: an input path that leads nowhere', () => {
  const COMMANDS = [
    ['protect', (file: string) => ['protect', file, '-e', 'dev', '--sandbox']],
    ['upload', (file: string) => ['upload', file, '-e', 'dev', '--to', 'apptego', '--sandbox']],
    ['publish', (file: string) => ['publish', file, '--to', 'applivery', '--sandbox']],
    ['inspect', (file: string) => ['inspect', file]],
  ] as const;
  const ROWS = [
    ['*.apk', ': apptool expands no patterns', 'it means "app-debug.apk", "app-release.apk"'],
    ['app-r*e.apk', ': apptool expands no patterns', 'it means "app-release.apk"'],
    ['*.ipa', '; the pattern matched nothing', 'check the path'],
    ['out*/a.apk', ': apptool expands no patterns', 'not in quotes'],
    ['~/app-release.apk', ': the shell expands ~ only outside of quotes', '$HOME'],
    [`${'$'}{BUILD_DIR}/a.apk`, ': the variable in it was not expanded', 'expand it'],
    ['$BUILD/a.apk', ': the variable in it was not expanded', 'expand it'],
    ['{{ dir }}/a.apk', ': the variable in it was not expanded', 'expand it'],
    ['%OUT%\\a.apk', ': the variable in it was not expanded', 'expand it'],
    ['file:///tmp/a.apk', ': it is a URL', 'the path alone'],
    ['https://ci.example/a.apk', ': it is a URL', 'download the file first'],
    ['build/outputs/app-release.apk', ': there is no folder "build" in "."', 'check the path'],
    ['outputs/nightly/a.apk', ': there is no folder "nightly" in "outputs"', '"outputs" there is "release"'],
    ['app-relase.apk', '', 'beside it is "app-debug.apk", "app-release.apk"'],
    ['App-Release.APK', '', 'beside it is "app-release.apk"'],
  ] as const;

  test.each(COMMANDS)('%s says so, with what is near', async (_, lineFor) => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, 'outputs', 'release'), { recursive: true });
    for (const name of ['app-release.apk', 'app-debug.apk', 'notes.txt']) await copyFixture('v2.apk', folder, name);

    for (const [path, why, hint] of ROWS) {
      const result = await runCli(lineFor(path), { cwd: folder });

      expect(result.code, path).toBe(3);
      expect(result.stderr).toContain(`error[local-io]: no such file "${path}"${why}\n`);
      expect(result.stderr).toContain(hint);
      expect(result.stderr).not.toContain('--output');
    }
  });

  test('an output of another kind is refused before anything is sent', async () => {
    const folder = await temporaryFolder();
    const box = await sandbox();
    const file = await copyFixture('v2.apk', folder);

    const result = await runCli(['protect', file, '-e', 'dev', '-o', 'out.AAB'], { env: box.variables, cwd: folder });

    expect(result.code).toBe(2);
    expect(result.stderr).toContain('error[usage]: the output is named out.AAB, but the input is an APK');
    expect(box.store.stored()).toEqual([]);
  });
});

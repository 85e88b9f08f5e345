import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { ResultDocument } from '../../src/contract/result-document.ts';
import { faultProxy } from '../../src/testing/fault-proxy.ts';
import { faults } from '../../src/testing/faults.ts';
import { bigApk, copyFixture, sha256Of, temporaryFolder } from '../../src/testing/files.ts';
import { sandbox } from '../../src/testing/sandbox.ts';
import { runScript } from '../support/ci-shell.ts';
import { BIN, cleanEnvironment, runCli, runProcess, startCli } from '../support/cli.ts';
import { takesTurn } from '../support/share.ts';

const QUICK = ['-e', 'prod', '--poll-interval', '50ms'];
const isLinux = process.platform === 'linux';
const hasScript = isLinux && spawnSync('script', ['--version']).status === 0;

/** A server that does what it is told with a connection, and counts them. */
async function tcpServer(
  onSocket: (socket: Socket) => void,
): Promise<{ readonly port: number; readonly count: () => number }> {
  let count = 0;
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    count += 1;
    sockets.add(socket);
    socket.on('error', () => {});
    onSocket(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, count: () => count };
}

describe('a peer that does not behave', () => {
  const KEY = { APPTEGO_API_KEY: 'key_id:key_secret', APPTEGO_API_URL: 'https://localhost:9' };

  test('F-NET-24: a proxy that closes the tunnel is asked six times, not for ever', async () => {
    const proxy = await tcpServer((socket) => socket.once('data', () => socket.end()));

    const result = await runCli(['status', 'apptego:1700000000'], {
      env: { ...KEY, HTTPS_PROXY: `http://127.0.0.1:${proxy.port}` },
      isFast: true,
    });

    // Whether the job runs is not known, so it is not told as if nothing did.
    expect(result.code).toBe(7);
    expect(result.stderr).toContain('closed the connection');
    expect(proxy.count()).toBe(6);
  }, 60_000);

  test('F-NET-24: a proxy that is not there is told as such', async () => {
    const result = await runCli(['status', 'apptego:1700000000'], {
      env: { ...KEY, HTTPS_PROXY: 'http://127.0.0.1:9' },
      isFast: true,
    });

    expect(result.stderr).toContain('cannot reach the proxy: 127.0.0.1:9 refused the connection');
  });

  test('F-NET-24: a proxy whose name nobody knows is told as such', async () => {
    const env = { ...KEY, HTTPS_PROXY: 'http://nowhere.invalid:3128' };
    // A process of its own, which need not ask for the name six times.
    const running = startCli(['status', 'apptego:1700000000'], { env });

    await running.seen('cannot reach the proxy: DNS');
    running.child.kill('SIGKILL');
  });

  test('F-SIG-06: a proxy that never answers does not hold up a Ctrl-C', async () => {
    const proxy = await tcpServer(() => {});
    const running = startCli(['wait', 'apptego:1700000000', '--json'], {
      env: { ...KEY, HTTPS_PROXY: `http://127.0.0.1:${proxy.port}` },
    });
    await expect.poll(proxy.count, { timeout: 30_000 }).toBeGreaterThan(0);

    const at = performance.now();
    running.child.kill('SIGINT');
    const result = await running.result;

    expect(performance.now() - at).toBeLessThan(1_500);
    expect(ResultDocument.parse(JSON.parse(result.stdout))).toMatchObject({
      exitCode: 130,
      job: { ref: 'apptego:1700000000' },
    });
  }, 60_000);

  test('F-NET-04: a proxy that never answers is given up after 10 s a try', async () => {
    const proxy = await tcpServer(() => {});
    const running = startCli(['status', 'apptego:1700000000'], {
      env: { ...KEY, HTTPS_PROXY: `http://127.0.0.1:${proxy.port}` },
      isFast: true,
    });

    await running.seen('no connection in 10 s; try 2');

    expect(proxy.count()).toBeGreaterThanOrEqual(1);
  }, 60_000);

  test('a wait ends at its deadline, also when the question is never answered', async () => {
    const box = await sandbox();
    const proxy = await faultProxy(box, [{ method: 'GET', times: 100, fault: faults.silence() }]);

    // A process of its own: it ends, with the question still open.
    const args = ['wait', 'apptego:1700000000', '--timeout', '10s'];
    const result = await runProcess(args, { env: proxy.variables, isFast: true });

    expect(result.code).toBe(7);
  }, 60_000);

  // The next day the test at the end of this file, which takes as long.
  test.runIf(takesTurn(0, 2))(
    'F-NET-13: a part that moves slowly is not cut',
    async () => {
      const folder = await temporaryFolder();
      const box = await sandbox();
      const slowly = { origin: 'storage', method: 'PUT', times: 1, fault: faults.slowRead(512 * 1024, 150) } as const;
      const proxy = await faultProxy(box, [slowly]);
      const file = await bigApk(join(folder, 'app.apk'), 5_000_000);

      const result = await runCli(['upload', file, '--to', 'apptego', '-e', 'prod', '--stall-timeout', '1s'], {
        env: proxy.variables,
      });

      expect(result.code).toBe(0);
      expect(result.stderr).not.toContain('no progress');
      expect(proxy.struck).toEqual([1]);
    },
    60_000,
  );

  test('a build that is done is not built again because its output cannot be fetched', async () => {
    const folder = await temporaryFolder();
    const box = await sandbox();
    const proxy = await faultProxy(box, [
      { method: 'GET', path: /\/automate\/download\//, times: 100, fault: faults.answer(500, { error: 'down' }) },
    ]);
    const file = await copyFixture('v2.apk', folder);

    const result = await runCli(['protect', file, ...QUICK, '--json'], { env: proxy.variables, isFast: true });

    const { error, job } = ResultDocument.parse(JSON.parse(result.stdout));
    expect(error).toMatchObject({
      class: 'pending',
      retryable: false,
      hint: `the job is done; to download its output: apptool download ${job?.ref} -o ${join(folder, 'v2-protected.apk')}`,
    });
    expect(proxy.seen.filter(({ path }) => path.includes('/automate/download/'))).toHaveLength(6);
  }, 60_000);

  test.each([
    ['file', { file_name: 'other.apk' }, 'is about "other.apk", not about "v2.apk"'],
    ['platform', { platform: 'ios' }, 'is about an app for ios, not about one for android'],
    ['environment', { version: 'development' }, 'is about development, not about production'],
  ])('F-SRV-11: a job of another %s, which has the same id, is not taken for ours', async (_, change, words) => {
    const folder = await temporaryFolder();
    const box = await sandbox();
    const other = faults.changeJson((answer) => ('status' in answer ? { ...answer, ...change } : answer));
    const proxy = await faultProxy(box, [{ method: 'GET', path: /\/status\//, times: 100, fault: other }]);
    const file = await copyFixture('v2.apk', folder);

    const result = await runCli(['protect', file, ...QUICK], { env: proxy.variables });

    expect(result.code).toBe(11);
    expect(result.stderr).toContain(words);
    expect(await readdir(folder)).toEqual(['v2.apk']);
  });
});

describe('a run that only looks like a release', () => {
  test.each(['sandbox', 'dryRun', 'detach'])('a config that was found may not set %s', async (key) => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'apptool.config.json'), JSON.stringify({ [key]: true }));
    const file = await copyFixture('v2.apk', folder);

    const result = await runCli(['protect', file, '-e', 'prod', '-q'], {
      cwd: folder,
      env: { APPTEGO_API_KEY: 'key_id:key_secret' },
    });

    expect(result.code).toBe(13);
    expect(result.stderr).toContain(`"${key}" is not allowed in a config that was only found`);
  });

  test.each([
    ['--sandbox', 'sandbox'],
    ['--dry-run', 'dry-run'],
  ])('%s says so in the document, whatever else is quiet', async (flag, code) => {
    const folder = await temporaryFolder();
    const file = await copyFixture('v2.apk', folder);

    const result = await runCli([
      'upload',
      file,
      '--to',
      'apptego',
      '-e',
      'prod',
      '-q',
      '--json',
      flag,
      ...(flag === '--sandbox' ? [] : ['--sandbox']),
    ]);

    expect(ResultDocument.parse(JSON.parse(result.stdout)).warnings).toContainEqual(expect.objectContaining({ code }));
    expect(result.stderr).toContain('warning: ');
  });

  test('--sandbox does not go with an address by --set', async () => {
    const result = await runCli([
      'status',
      'apptego:1',
      '--sandbox',
      '--set',
      'apptego.apiUrl=https://elsewhere.example',
    ]);

    expect(result.code).toBe(2);
    expect(result.stderr).toContain('--set apptego.apiUrl does not go with --sandbox');
  });
});

describe('what it prints', () => {
  test.each(['Basic Calculator.apk', 'bearer of news 2.apk', 'zero\u200dwidth.apk'])(
    'the path of %j, as it is',
    async (name) => {
      const folder = await temporaryFolder();
      const { variables } = await sandbox();
      const file = await copyFixture('v2.apk', folder, name);

      const result = await runCli(['protect', file, ...QUICK], { env: variables });

      const output = result.stdout.replace(/\n$/, '');
      expect(result.code).toBe(0);
      expect(await sha256Of(output)).not.toBe(await sha256Of(file));
    },
  );

  test.runIf(isLinux)('F-IO-15: into a pipe whose reader has gone, and keeps its exit code', async () => {
    const folder = await temporaryFolder();
    const file = await copyFixture('v2.apk', folder);
    const { variables } = await sandbox();
    const command = `"${process.execPath}" "${BIN}" protect "${file}" ${QUICK.join(' ')}; echo $? > code`;
    const env = cleanEnvironment(variables);

    const child = spawn('sh', ['-c', `(${command}) | true`], { cwd: folder, env, stdio: 'ignore' });
    await new Promise((resolve) => child.on('close', resolve));

    expect(await readFile(join(folder, 'code'), 'utf8')).toBe('0\n');
    expect(await readdir(folder)).toContain('v2-protected.apk');
  });

  test.runIf(isLinux)('nowhere, when the disk behind stdout is full: local-io, not success', async () => {
    const command = `"${process.execPath}" "${BIN}" backends > /dev/full; echo $?`;

    const { stdout, stderr } = spawnSync('sh', ['-c', command], { env: cleanEnvironment(), encoding: 'utf8' });

    expect(stdout).toBe('3\n');
    expect(stderr).toContain('error[local-io]: cannot write the result: ENOSPC');
  });

  test.runIf(isLinux)('F-IO-16: a document of 200 kB into a pipe that is read slowly, to its end', async () => {
    const folder = await temporaryFolder();
    const output = 'x'.repeat(200_000);
    await writeFile(join(folder, 'c.json'), JSON.stringify({ output }));
    const command = `"${process.execPath}" "${BIN}" config show -c c.json --json | (head -c 1; sleep 0.2; cat) > document`;

    const child = spawn('sh', ['-c', command], { cwd: folder, env: cleanEnvironment(), stdio: 'ignore' });
    await new Promise((resolve) => child.on('close', resolve));

    const document = ResultDocument.parse(JSON.parse(await readFile(join(folder, 'document'), 'utf8')));
    expect(JSON.stringify(document.data)).toContain(output);
  });

  test.runIf(isLinux)('F-IO-17: nothing, with stdout and stderr closed, and does its work', async () => {
    const folder = await temporaryFolder();
    const file = await copyFixture('v2.apk', folder);
    const { variables: env } = await sandbox();
    const command = `"${process.execPath}" "${BIN}" protect "${file}" ${QUICK.join(' ')} >&- 2>&-; echo $?`;

    const { stdout } = await runScript(['sh'], command, { cwd: folder, env });

    expect(stdout).toBe('0\n');
    expect(await readdir(folder)).toContain('v2-protected.apk');
  });

  const TERMINALS = [
    [0, 'no live line on a terminal without columns'],
    [80, 'a live line on a terminal that has them'],
  ] as const;
  test.runIf(hasScript).each(TERMINALS.filter((_, index) => takesTurn(index, 2)))(
    'at %i columns: %s',
    async (columns) => {
      const folder = await temporaryFolder();
      const file = await copyFixture('v2.apk', folder);
      const { variables } = await sandbox({ processingMs: 300 });
      const command = `stty cols ${columns}; "${process.execPath}" "${BIN}" protect "${file}" ${QUICK.join(' ')}`;

      const { stdout, code } = await runScript(['sh'], `script -qec '${command}' /dev/null`, {
        cwd: folder,
        env: { ...variables, TERM: 'xterm' },
      });

      expect(code).toBe(0);
      if (columns === 0) expect(stdout.length).toBeLessThan(5_000);
      else expect(stdout).toContain('\u001b[');
      if (columns > 0) expect(stdout).toMatch(/processing \(\w+/);
    },
  );
});

describe('where it runs', () => {
  test.runIf(takesTurn(0, 3))('a working directory that is gone is local-io, not a bug', async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, 'gone'));
    const command = `cd gone && rmdir ../gone && "${process.execPath}" "${BIN}" config show`;

    const { status, stderr } = spawnSync('sh', ['-c', command], {
      cwd: folder,
      env: cleanEnvironment(),
      encoding: 'utf8',
    });

    expect(status).toBe(3);
    expect(stderr).toContain('error[local-io]: the working directory no longer exists');
  });

  test.runIf(takesTurn(1, 3))('no home directory is no trouble', async () => {
    const environment = { ...cleanEnvironment() };
    delete environment.HOME;

    const { status } = spawnSync(process.execPath, [BIN, 'config', 'show'], {
      cwd: '/',
      env: environment,
      encoding: 'utf8',
    });

    expect(status).toBe(0);
  });

  test.runIf(takesTurn(2, 3))('a temporary folder that is missing is local-io', async () => {
    const result = await runCli(['sandbox'], { env: { TMPDIR: '/nowhere/at/all' } });

    expect(result.code).toBe(3);
    expect(result.stderr).toContain('cannot make a folder in /nowhere/at/all: ENOENT');
  });

  test('an output that names a folder is refused before anything is sent', async () => {
    const folder = await temporaryFolder();
    const file = await copyFixture('v2.apk', folder);

    const result = await runCli(['protect', file, '-e', 'prod', '-o', 'new/'], {
      cwd: folder,
      env: { APPTEGO_API_KEY: 'key_id:key_secret', APPTEGO_API_URL: 'http://127.0.0.1:1' },
    });

    expect(result.code).toBe(3);
    expect(result.stderr).toContain('output is not a regular file: new/ names a directory');
  });

  test('F-SIG-01: a signal in the first moment ends it as cancelled', async () => {
    const running = startCli(['protect', 'app.apk', '-e', 'prod', '--json']);
    // Until Node.js has read our first line, nobody can answer a signal but Node.js.
    while (running.child.exitCode === null && !hasOurHandlers(running.child.pid)) {
      await new Promise((resolve) => setTimeout(resolve, 1));
    }

    running.child.kill('SIGTERM');
    const result = await running.result;

    // It may just have ended by itself: the file does not exist.
    expect([143, 4]).toContain(result.code);
  });
});

describe('configs that are there', () => {
  test.runIf(process.getuid?.() !== 0)('one that cannot be read is an error, not a default', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'apptool.config.json'), '{}');
    await chmod(join(folder, 'apptool.config.json'), 0o000);

    const result = await runCli(['config', 'show'], { cwd: folder });

    expect(result.code).toBe(2);
  });

  test('a package.json with a BOM is read, a broken one with our key is refused, a folder of that name is passed over', async () => {
    const [bom, broken, strange] = [await temporaryFolder(), await temporaryFolder(), await temporaryFolder()];
    await writeFile(join(bom, 'package.json'), '\ufeff{ "apptool": { "timeout": "12m" } }');
    await writeFile(join(broken, 'package.json'), '{ "apptool": { "timeout": "12m" }, }');
    await mkdir(join(strange, 'package.json'));

    // One after the other: this process has one working directory.
    const read = await runCli(['config', 'show'], { cwd: bom });
    const refused = await runCli(['config', 'show'], { cwd: broken });
    const passed = await runCli(['config', 'show'], { cwd: strange });

    expect([read.code, refused.code, passed.code]).toEqual([0, 2, 0]);
    expect(read.stdout).toMatch(/timeout +12m/);
    expect(refused.stderr).toContain('package.json: not valid JSON');
  });

  test('variables set what flags without a setting set', async () => {
    const folder = await temporaryFolder();
    const { variables } = await sandbox();
    const file = await copyFixture('v2.apk', folder);

    const uploaded = await runCli(['upload', file], {
      env: { ...variables, APPTOOL_TO: 'apptego', APPTOOL_ENVIRONMENT: 'dev' },
    });
    const shown = await runCli(['config', 'show'], { env: { APPTOOL_SET: 'apptego.apiUrl=https://own.example' } });

    expect(uploaded.code).toBe(0);
    expect(shown.stdout).toContain('https://own.example');
  });

  test('a poll interval that is too short is named by its key', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'c.json'), '{ "pollInterval": "10ms" }');

    const result = await runCli(['status', 'apptego:1', '-c', 'c.json'], {
      cwd: folder,
      env: { APPTEGO_API_KEY: 'key_id:key_secret' },
    });

    expect(result.code).toBe(2);
    expect(result.stderr).toContain('c.json:1:3: pollInterval: must be at least 1s');
  });

  test('a key that is no word is refused without a warning of Node', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'apptool.config.yaml'), '? { a: 1 }\n: 2\n');

    const result = await runProcess(['config', 'show'], { cwd: folder });

    expect(result.code).toBe(2);
    expect(result.stderr).toBe('error[usage]: apptool.config.yaml: config keys must be plain words\n');
  });
});

test.runIf(takesTurn(1, 2))(
  '12 parts that fail at once print no warning of Node',
  async () => {
    const folder = await temporaryFolder();
    const box = await sandbox({ multipartFromBytes: 1, chunkSizeBytes: 5 * 1024 * 1024 });
    const proxy = await faultProxy(box, [
      { origin: 'storage', method: 'PUT', times: 15, fault: faults.answer(500, {}) },
    ]);
    const file = await bigApk(join(folder, 'app.apk'), 60_000_000, 'hole');

    const result = await runProcess(['upload', file, '--to', 'apptego', '-e', 'prod', '--concurrency', '12'], {
      env: proxy.variables,
      isFast: true,
    });

    expect(result.code).toBe(0);
    expect(result.stderr).not.toMatch(/Warning:/);
  },
  120_000,
);

/**
 * Linux tells which signals a process has handlers for (proc_pid_status(5)). Node.js has one of its own for SIGTERM, but not for SIGHUP, the
 * first bit, which we take together with it.
 */
function hasOurHandlers(pid: number | undefined): boolean {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return (BigInt(`0x${/^SigCgt:\s*(\w+)$/m.exec(status)?.[1] ?? '0'}`) & 1n) !== 0n;
}

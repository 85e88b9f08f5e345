import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ResultDocument } from '../../src/contract/result-document.ts';
import { atEnd } from '../../src/testing/cleanup.ts';
import { copyFixture, temporaryFolder } from '../../src/testing/files.ts';
import { sandbox } from '../../src/testing/sandbox.ts';
import { BIN, cleanEnvironment, runCli, runProcess, startCli } from '../support/cli.ts';
import { takesTurn } from '../support/share.ts';

const TOOL = `"${process.execPath}" "${BIN}"`;
/** Waits for a signal, says which, and ends with 42. */
const TRAPS =
  'trap "echo caught TERM; exit 42" TERM; trap "echo caught INT; exit 42" INT; echo ready; while :; do sleep 0.1; done';

/** Whether anything answers there. */
async function isServed(address: string): Promise<boolean> {
  const { hostname, port } = new URL(address);
  const socket = createConnection({ host: hostname, port: Number(port) });
  try {
    return await new Promise((resolve) => {
      socket.once('connect', () => resolve(true));
      socket.once('error', () => resolve(false));
    });
  } finally {
    socket.destroy();
  }
}

async function untilNotServed(address: string): Promise<void> {
  while (await isServed(address)) await new Promise((resolve) => setTimeout(resolve, 50));
}

describe('apptool sandbox -- <command>', () => {
  test('runs a whole pipeline inside, whatever real credentials and addresses are set, and says so in every run', async () => {
    const cwd = await temporaryFolder();
    await copyFixture('v2.apk', cwd, 'app.apk');
    const script = `${TOOL} protect app.apk -e prod -o out.apk --poll-interval 50ms --json > one.json
      ${TOOL} publish out.apk --to autoappstore,applivery --poll-interval 50ms --json > two.json`;
    const env = {
      APPTEGO_API_KEY: 'real:key',
      APPTEGO_API_URL: 'https://api.invalid',
      HTTPS_PROXY: 'http://127.0.0.1:9',
    };

    const result = await runProcess(['sandbox', '--processing-time', '50ms', '--', 'sh', '-ec', script], { cwd, env });

    expect(result.code, result.stderr).toBe(0);
    expect(result.stdout).toBe('');
    expect(result.stderr).toMatch(/warning: apptego is at 127\.0\.0\.1:\d+; nothing is released/);
    for (const name of ['one.json', 'two.json'])
      expect(ResultDocument.parse(JSON.parse(readFileSync(join(cwd, name), 'utf8')))).toMatchObject({
        ok: true,
        rehearsal: 'sandbox',
        warnings: expect.arrayContaining([expect.objectContaining({ code: 'loopback' })]),
      });
  }, 60_000);

  test.each([
    ['its exit code', 'exit 7', 7],
    ['0', 'true', 0],
    ['128 and the number of the signal that ended it', 'kill -KILL $$', 137],
  ])('ends with %s', async (_, script, code) => {
    const result = await runCli(['sandbox', '--', 'sh', '-c', script]);

    expect(result, result.stderr).toMatchObject({ code, stdout: '' });
  });

  test('gives its arguments and standard input to the command as they are', async () => {
    const result = await runProcess([
      'sandbox',
      '--',
      'sh',
      '-c',
      'printf "<%s>" "$@"',
      'sh',
      '--json',
      '-e',
      'a b',
      '',
    ]);

    expect(result, result.stderr).toMatchObject({ code: 0, stdout: '<--json><-e><a b><>' });
  });

  const SIGNALS = [
    ['SIGTERM', 'caught TERM'],
    ['SIGINT', 'caught INT'],
  ] as const;
  test.each(SIGNALS.filter((_, index) => takesTurn(index, 2)))(
    'passes %s on, and waits for what the command makes of it',
    async (signal, words) => {
      const running = startCli(['sandbox', '--', 'sh', '-c', TRAPS]);
      await running.seen('ready');

      running.child.kill(signal);
      const result = await running.result;

      expect(result, result.stderr).toMatchObject({ code: 42, stdout: `ready\n${words}\n` });
    },
  );

  test('what cannot be started is a mistake on the line', async () => {
    const missing = await runCli(['sandbox', '--', 'no-such-program-here']);
    const json = await runCli(['sandbox', '--json', '--', 'true']);

    expect(missing).toMatchObject({ code: 2, stderr: expect.stringContaining('cannot run "no-such-program-here"') });
    expect(JSON.parse(json.stdout)).toMatchObject({ exitCode: 2, error: { class: 'usage' } });
  });
});

describe('a wrapper that is killed', () => {
  const wrapped = async (words: string) => {
    const cwd = await temporaryFolder();
    const pids = join(cwd, 'pid');
    const script = `${TOOL} ${words} & echo $! > "${pids}"; wait`;
    const child = spawn('sh', ['-c', script], { cwd, env: cleanEnvironment({}), stdio: ['ignore', 'pipe', 'ignore'] });
    let output = '';
    const address = await new Promise<string>((resolve) =>
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        output += text;
        const [, found] = /APPTEGO_API_URL=(http\S+)/.exec(output) ?? [];
        if (found !== undefined) resolve(found);
      }),
    );
    atEnd(async () => {
      try {
        process.kill(Number(readFileSync(pids, 'utf8')), 'SIGKILL');
      } catch {
        // It has ended, as it should.
      }
    });
    return { child, address, cwd };
  };

  test.runIf(takesTurn(0, 2))('takes the server with it', async () => {
    const { child, address } = await wrapped('sandbox');
    const before = await isServed(address);

    child.kill('SIGKILL');
    await once(child, 'exit');
    await untilNotServed(address);

    expect(before).toBe(true);
  });

  test.runIf(takesTurn(1, 2))('takes the command with it, and the server', async () => {
    const inside = 'env | grep APPTEGO_API_URL; trap "echo ended > ended; exit" TERM; while :; do sleep 0.1; done';
    const { child, address, cwd } = await wrapped(`sandbox -- sh -c '${inside}'`);

    child.kill('SIGKILL');
    await once(child, 'exit');
    await untilNotServed(address);

    expect(readFileSync(join(cwd, 'ended'), 'utf8')).toBe('ended\n');
  });
});

describe('variables that lead to this machine', () => {
  test('mark the reports of a run, which released nothing', async () => {
    const cwd = await temporaryFolder();
    await copyFixture('v2.apk', cwd, 'app.apk');
    const env = {
      ...(await sandbox()).variables,
      GITHUB_ACTIONS: 'true',
      GITHUB_OUTPUT: 'out',
      GITHUB_STEP_SUMMARY: 'sum',
    };
    await Promise.all(['out', 'sum'].map((name) => writeFile(join(cwd, name), '')));
    const reports = ['--junit', 'j.xml', '--gitlab-dotenv', 'd.env', '--jenkins-properties', 'p.properties'];
    const line = ['upload', 'app.apk', '--to', 'apptego', '-e', 'prod', '--quiet', ...reports];

    const result = await runCli(line, { cwd, env });

    const text = (name: string) => readFileSync(join(cwd, name), 'utf8');
    expect(result.code, result.stderr).toBe(0);
    expect(result.stderr).toMatch(/apptego is at 127\.0\.0\.1:\d+; nothing is released/);
    expect(text('out')).toMatch(/^rehearsal<<(\S+)\nsandbox\n\1$/m);
    expect(text('sum')).toContain('### apptool upload: succeeded, sandbox');
    expect(text('d.env')).toContain('APPTOOL_RESULT_REHEARSAL=sandbox\n');
    expect(text('p.properties')).toContain('APPTOOL_RESULT_REHEARSAL=sandbox');
    expect(text('j.xml')).toContain('name="apptool.rehearsal" value="sandbox"');
  });

  test('a run that goes to a real host as well is no rehearsal, and says which target is one', async () => {
    const cwd = await temporaryFolder();
    await copyFixture('v2.apk', cwd, 'app.apk');
    const { APPLIVERY_UPLOAD_URL: _, ...rest } = (await sandbox()).variables;
    const env = { ...rest, APPLIVERY_UPLOAD_URL: 'https://applivery.invalid' };

    const line = ['publish', 'app.apk', '--to', 'autoappstore,applivery', '--json'];
    const result = await runCli(line, { cwd, env, isFast: true });

    const { rehearsal, warnings } = ResultDocument.parse(JSON.parse(result.stdout));
    expect(rehearsal).toBeNull();
    expect(warnings.filter(({ code }) => code === 'loopback')).toEqual([
      {
        code: 'loopback',
        message: expect.stringMatching(/^autoappstore is at 127\.0\.0\.1:\d+; nothing is released$/),
      },
    ]);
  });
});

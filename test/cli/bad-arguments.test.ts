import { execFileSync } from 'node:child_process';
import { link, mkdir, readFile, rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { COMMANDS } from '../../src/cli/commands/index.ts';
import { parseCommandLine } from '../../src/cli/line/program.ts';
import { copyFixture, sha256Of, temporaryFolder } from '../../src/testing/files.ts';
import { expectAccepted, expectHidden, expectRefused, named, type Refusal, startCanary } from '../support/canary.ts';
import { runCli } from '../support/cli.ts';

// Rows 1 to 40 of section 10 of faults.md. What is right about each command line is right enough to reach the server: see the first
// tests. So a row that stops too late, or not at all, shows there.

/** A command line that nothing is wrong with, but for what a row adds. */
const PROTECT = ['protect', 'app.apk', '--environment', 'dev'];

interface Row extends Refusal {
  readonly name: string;
  readonly args: readonly string[];
}

async function folderWithApp(): Promise<string> {
  const folder = await temporaryFolder();
  await copyFixture('v123.apk', folder, 'app.apk');
  return folder;
}

test.each(
  named([
    { name: 'protect', args: PROTECT },
    { name: 'upload', args: ['upload', 'app.apk', '--to', 'apptego', '--environment', 'dev'] },
    { name: 'status', args: ['status', 'apptego:1'] },
    { name: 'wait', args: ['wait', 'apptego:1'] },
    { name: 'download', args: ['download', 'apptego:1'] },
  ]),
)('%s: a run that nothing is wrong with reaches the server', async (_, { args }) => {
  const [cwd, canary] = [await folderWithApp(), await startCanary()];

  await runCli(args, { cwd, env: canary.variables, isFast: true });

  expect(canary.connections).toBeGreaterThan(0);
});

test.each(['https://api.example', 'http://127.0.0.1:1'])(
  'a run that nothing is wrong with reaches %s by the proxy',
  async (url) => {
    const canary = await startCanary();
    const proxies = { HTTP_PROXY: canary.url, HTTPS_PROXY: canary.url };

    await runCli(['status', 'apptego:1'], { env: { ...canary.variables, ...proxies, APPTEGO_API_URL: url } });

    expect(canary.connections).toBeGreaterThan(0);
  },
);

const SECRETS_REFUSED = 'secrets are not accepted as arguments (visible in ps); set ';
const SECRETS_ON_LINE = `${SECRETS_REFUSED}APPTEGO_API_KEY`;
const TIMEOUT_RANGE = '--timeout must be 10s to 24h, for example 45m';
const CONCURRENCY_RANGE = '--concurrency must be a whole number from 1 to 16';

const USAGE_ROWS: readonly Row[] = [
  {
    name: 'B-2: uplaod for upload',
    args: ['uplaod', 'app.apk'],
    exit: 2,
    says: 'unknown command "uplaod"; did you mean "upload"?',
  },
  {
    name: 'B-2: a key where the command belongs',
    args: ['key_9f3a:SECRET123', 'app.apk'],
    exit: 2,
    says: 'unknown command',
    hides: ['SECRET123', 'key_9f3a'],
  },
  {
    name: 'B-2: a lowercase word of 25 letters is not echoed',
    args: ['abcdefghijklmnopqrstuvwxy'],
    exit: 2,
    says: 'unknown command',
    hides: ['abcdef'],
  },
  {
    name: 'B-3: --platfrom=ios',
    args: [...PROTECT, '--platfrom=ios'],
    exit: 2,
    says: 'unknown option --platfrom; did you mean --platform?',
    hides: ['ios'],
  },
  {
    name: 'B-3: --platfrom with a value that may be a secret',
    args: [...PROTECT, '--platfrom=SECRET123'],
    exit: 2,
    says: 'unknown option --platfrom; did you mean --platform?',
  },
  { name: 'B-4: --api-key=SECRET123', args: [...PROTECT, '--api-key=SECRET123'], exit: 2, says: SECRETS_ON_LINE },
  {
    name: 'B-4: --api-key=SECRET123 before the command',
    args: ['--api-key=SECRET123', ...PROTECT],
    exit: 2,
    says: SECRETS_ON_LINE,
  },
  { name: 'B-5: --token SECRET123', args: [...PROTECT, '--token', 'SECRET123'], exit: 2, says: SECRETS_ON_LINE },
  {
    name: 'B-5: --token SECRET123 before the command',
    args: ['--token', 'SECRET123', ...PROTECT],
    exit: 2,
    says: SECRETS_ON_LINE,
  },
  ...(
    [
      ['upload app.apk --to applivery --applivery-token SECRET123', 'APPLIVERY_APP_TOKEN or APPLIVERY_SERVICE_TOKEN'],
      ['publish app.apk --to ignite,autoappstore --secret=SECRET123', 'AUTOAPPSTORE_TOKEN or IGNITE_CLIENT_ID'],
      ['wait applivery:64b0c1 --api-key SECRET123', 'APPLIVERY_APP_TOKEN'],
      ['autoappstore tokens list --token SECRET123', 'AUTOAPPSTORE_TOKEN'],
      ['upload app.apk --ignite-client-secret=SECRET123', 'IGNITE_CLIENT_ID or IGNITE_CLIENT_SECRET'],
      ['upload app.apk --api-key=SECRET123', 'the variable of its backend'],
    ] as const
  ).map(([line, variables]) => ({
    name: `a secret on the line names the variables of the backend that is meant: ${line}`,
    args: line.split(' '),
    exit: 2,
    says: `${SECRETS_REFUSED}${variables}`,
    hides: ['SECRET123', 'APPTEGO'],
  })),
  {
    name: 'B-6: --platform twice with different values',
    args: [...PROTECT, '--platform', 'ios', '--platform', 'android'],
    exit: 2,
    says: '--platform given twice with different values',
  },
  { name: 'B-7: --output as the last word', args: [...PROTECT, '--output'], exit: 2, says: '--output needs a value' },
  { name: 'B-7: -o as the last word', args: [...PROTECT, '-o'], exit: 2, says: '--output needs a value' },
  { name: 'B-8: --output ""', args: [...PROTECT, '--output', ''], exit: 2, says: '--output is empty' },
  { name: 'B-8: --output=', args: [...PROTECT, '--output='], exit: 2, says: '--output is empty' },
  {
    name: 'B-10: two files',
    args: ['protect', 'app.apk', 'other.apk', '--environment', 'dev'],
    exit: 2,
    says: 'one file expected, got 2',
  },
  {
    name: 'B-11: a pattern that matched nothing',
    args: ['protect', '*.aab', '--environment', 'dev'],
    exit: 3,
    says: 'no such file "*.aab"; the pattern matched nothing',
  },
  {
    name: 'B-12: --platform windows',
    args: [...PROTECT, '--platform', 'windows'],
    exit: 2,
    says: 'platform must be android or ios',
  },
  {
    name: 'B-13: --environment qa',
    args: ['protect', 'app.apk', '--environment', 'qa'],
    exit: 2,
    says: 'must be dev, staging or prod (aliases: development, stg, production)',
  },
  {
    name: 'B-14: --platform ios for an Android file',
    args: [...PROTECT, '--platform', 'ios'],
    exit: 2,
    says: 'app.apk is an Android file but platform is ios',
  },
  ...['0', '-1', 'NaN', '1e999', '10 minutes', '99999999h'].map((value) => ({
    name: `B-17: --timeout ${value}`,
    args: [...PROTECT, '--timeout', value],
    exit: 2,
    says: TIMEOUT_RANGE,
  })),
  ...['0', '1.5', '1000'].map((value) => ({
    name: `B-19: --concurrency ${value}`,
    args: [...PROTECT, '--concurrency', value],
    exit: 2,
    says: CONCURRENCY_RANGE,
  })),
  {
    name: 'B-20: --to nostore',
    args: ['upload', 'app.apk', '--to', 'nostore', '--environment', 'dev'],
    exit: 2,
    says: /unknown backend "nostore"; known: .*\bapptego\b/,
  },
  {
    name: 'B-20: --backend nostore',
    args: [...PROTECT, '--backend', 'nostore'],
    exit: 2,
    says: /unknown backend "nostore"; known: .*\bapptego\b/,
  },
  {
    name: 'B-23: --output in a missing directory',
    args: [...PROTECT, '--output', 'x/out.apk'],
    exit: 3,
    says: 'directory "x" does not exist',
  },
  ...(
    [
      ['nonsense', 'a job reference is <backend>:<id>\nhint: it is what apptool upload prints'],
      [':1', 'a job reference is <backend>:<id>'],
      ['apptego:../../admin', 'the job id is not one of apptego: its form is <number, such as 1700000000>'],
      ['apptego:a b', 'the job reference contains a space or a line end: remove it'],
      ['apptego:', 'the job id is not one of apptego: its form is'],
      ['apptego-management:zzz', 'its form is <version>/<platform>/<start time>/<name>\nhint: a job reference is'],
      ['autoappstore:a/b', 'the job id is not one of autoappstore: its form is <id of the version>'],
      ['applivery:a/b', 'its form is <build>, or <organization>/<app>/<build> of a workspace'],
      ['ignite:a/b', 'the job id is not one of ignite: its form is <UUID>'],
      ['aptego:1', 'names an unknown backend "aptego"\nhint: did you mean apptego:1?'],
      ['AppTego:1', 'names an unknown backend "AppTego"\nhint: did you mean apptego:1?'],
      [
        'autoapstore:a/b',
        'names an unknown backend "autoapstore"\nhint: did you mean autoappstore:<id of the version>?',
      ],
      ['nostore:1', /names an unknown backend "nostore"\nhint: the backends: .*\bapptego\b/],
      ['key_id:key_secret', /names an unknown backend\nhint: the backends: (?!.*key_)/],
    ] as const
  ).flatMap(([job, says]) =>
    ['status', 'wait', 'download'].map((command) => ({
      name: `B-26: ${command} ${job}`,
      args: [command, job],
      exit: 2,
      says,
    })),
  ),
  ...(
    [
      ['autoappstore version autoapstore:v1', 'hint: did you mean autoappstore:v1?'],
      ['autoappstore validation a/../b', 'the job id is not one of autoappstore: its form is'],
      ['applivery builds show apliveri:b1', 'hint: did you mean applivery:b1?'],
    ] as const
  ).map(([command, says]) => ({ name: `B-26: ${command}`, args: command.split(' '), exit: 2, says })),
  ...['status', 'wait', 'download'].map((command) => ({
    name: `B-27: ${command} ""`,
    args: [command, ''],
    exit: 2,
    says: 'job reference is empty',
  })),
  {
    name: 'B-28: --signing-key with a line break',
    args: [...PROTECT, '--signing-key', 'key\n1'],
    exit: 2,
    says: '--signing-key contains a control character',
  },
  {
    name: 'B-33: --timeout 5m --detach with --output',
    args: [...PROTECT, '--timeout', '5m', '--detach', '--output', 'out.apk'],
    exit: 2,
    says: '--detach ends before there is an output',
  },
  {
    name: 'B-40: 10000 arguments',
    args: ['protect', ...Array.from({ length: 9_999 }, () => 'a')],
    exit: 2,
    says: 'too many arguments',
  },
  {
    // Linux lets no single argument be longer than 128 KiB; the whole MiB is in the test below.
    name: 'B-40: an argument of 127 KiB',
    args: ['protect', 'a'.repeat(127 * 1024)],
    exit: 2,
    says: 'argument too long',
    hides: ['aaaaaaaa'],
  },
];

test('B-1: no command', async () => {
  const canary = await startCanary();

  const result = await runCli([], { env: canary.variables });

  expectRefused(result, canary, { exit: 2, says: ['no command given; try "apptool --help"', 'Usage: apptool'] });
});

test.each(named(USAGE_ROWS))('%s', async (_, { args, ...refusal }) => {
  const [cwd, canary] = [await folderWithApp(), await startCanary()];

  const result = await runCli(args, { cwd, env: canary.variables });

  expectRefused(result, canary, { ...refusal, hides: ['SECRET123', ...(refusal.hides ?? [])] });
});

test.each(
  named([
    { name: 'B-4: --api-key=SECRET123 with --json', args: [...PROTECT, '--json', '--api-key=SECRET123'] },
    { name: 'B-5: --token SECRET123 with --json', args: [...PROTECT, '--json', '--token', 'SECRET123'] },
  ]),
)('%s', async (_, { args }) => {
  const [cwd, canary] = [await folderWithApp(), await startCanary()];

  const result = await runCli(args, { cwd, env: canary.variables });

  expect(JSON.parse(result.stdout)).toMatchObject({ ok: false, exitCode: 2, error: { message: SECRETS_ON_LINE } });
  expectHidden(result, ['SECRET123']);
  expect(result.code).toBe(2);
  expect(canary.connections).toBe(0);
});

test('B-9: --output with a NUL', () => {
  // No system passes a NUL to a process, so this one cannot come through a child process.
  const line = [...PROTECT, '--output', 'a\0b'];

  const parse = () => parseCommandLine(line, COMMANDS, '0');

  expect(parse).toThrow(expect.objectContaining({ message: '--output contains a NUL character', exitCode: 2 }));
});

test('B-9: a NUL in the output of a config', async () => {
  const [cwd, canary] = [await folderWithApp(), await startCanary()];
  await writeFile(join(cwd, 'apptool.config.json'), '{"output": "a\\u0000b"}');

  const result = await runCli(PROTECT, { cwd, env: canary.variables });

  expectRefused(result, canary, { exit: 2, says: 'output: contains a NUL character' });
});

test('B-12: --platform Android', async () => {
  const [cwd, canary] = [await folderWithApp(), await startCanary()];

  const result = await runCli([...PROTECT, '--platform', 'Android', '--dry-run'], { cwd, env: canary.variables });

  expectAccepted(result);
  expect(result.stdout).toContain('platform: android');
});

test('B-15: an extension in capitals', async () => {
  const [cwd, canary] = [await folderWithApp(), await startCanary()];
  await rename(join(cwd, 'app.apk'), join(cwd, 'app.APK'));

  const result = await runCli(['protect', 'app.APK', '--environment', 'dev'], { cwd, env: canary.variables });

  expectRefused(result, canary, { exit: 2, says: 'AppTego needs a lowercase extension; rename to app.apk' });
});

test.each(named(['app.zip', 'app', 'app.apk.idsig'].map((file) => ({ name: `B-16: a file called ${file}`, file }))))(
  '%s',
  async (_, { file }) => {
    const [cwd, canary] = [await folderWithApp(), await startCanary()];
    await rename(join(cwd, 'app.apk'), join(cwd, file));

    const result = await runCli(['protect', file, '--environment', 'dev'], { cwd, env: canary.variables });

    expectRefused(result, canary, { exit: 2, says: 'apptego takes .apk, .aab, .ipa only' });
  },
);

test('B-18: --poll-interval 0.1s against a host that is not loopback', async () => {
  const [cwd, canary] = [await folderWithApp(), await startCanary()];
  // As the proxy, the canary would get whatever goes to that host.
  const env = { ...canary.variables, APPTEGO_API_URL: 'https://api.example', HTTPS_PROXY: canary.url };

  const result = await runCli([...PROTECT, '--poll-interval', '0.1s'], { cwd, env });

  expectRefused(result, canary, { exit: 2, says: '--poll-interval must be at least 1s' });
});

test.each(
  named([
    { name: 'B-21: the output is the input by the same path', output: 'app.apk', make: null },
    {
      name: 'B-21: the output is the input by another way of writing its path',
      output: './x/../app.apk',
      make: 'folder',
    },
    { name: 'B-21: the output is a hard link to the input', output: 'out.apk', make: 'hard link' },
    { name: 'B-21: the output is a symlink to the input', output: 'out.apk', make: 'symlink' },
  ] as const),
)('%s', async (_, { output, make }) => {
  const [cwd, canary] = [await folderWithApp(), await startCanary()];
  const [app, out] = [join(cwd, 'app.apk'), join(cwd, 'out.apk')];
  if (make === 'folder') await mkdir(join(cwd, 'x'));
  if (make === 'hard link') await link(app, out);
  if (make === 'symlink') await symlink(app, out);
  const before = await sha256Of(app);

  const plain = await runCli([...PROTECT, '--output', output], { cwd, env: canary.variables });
  const forced = await runCli([...PROTECT, '--output', output, '--force'], { cwd, env: canary.variables });

  const refusal = { exit: 3, says: 'output would overwrite the input' };
  expectRefused(plain, canary, refusal);
  expectRefused(forced, canary, refusal);
  expect(await sha256Of(app)).toBe(before);
});

test('B-21: the input is a symlink to the output', async () => {
  const [cwd, canary] = [await folderWithApp(), await startCanary()];
  await symlink('app.apk', join(cwd, 'link.apk'));
  const args = ['protect', 'link.apk', '--environment', 'dev', '--output', 'app.apk', '--force'];

  const result = await runCli(args, { cwd, env: canary.variables });

  expectRefused(result, canary, { exit: 3, says: 'output would overwrite the input' });
});

test.each(
  named([
    { name: 'B-22: --output that exists', args: ['--output', 'out.apk'], file: 'out.apk' },
    { name: 'B-22: a default output that exists', args: [], file: 'app-protected.apk' },
  ]),
)('%s', async (_, { args, file }) => {
  const [cwd, canary] = [await folderWithApp(), await startCanary()];
  await writeFile(join(cwd, file), 'precious');

  const result = await runCli([...PROTECT, ...args], { cwd, env: canary.variables });

  expectRefused(result, canary, { exit: 3, says: 'output exists; use --force to replace it' });
  expect(await readFile(join(cwd, file), 'utf8')).toBe('precious');
});

test('B-22: --output of a download that exists', async () => {
  const [cwd, canary] = [await folderWithApp(), await startCanary()];

  const result = await runCli(['download', 'apptego:1', '--output', 'app.apk'], { cwd, env: canary.variables });

  expectRefused(result, canary, { exit: 3, says: 'output exists; use --force to replace it' });
});

test.each(
  named([
    { name: 'B-24: --output is a directory', output: 'out' },
    { name: 'B-24: --output is a FIFO', output: 'out.fifo' },
    { name: 'B-24: --output is a device', output: '/dev/null' },
  ]),
)('%s', async (_, { output }) => {
  const [cwd, canary] = [await folderWithApp(), await startCanary()];
  await mkdir(join(cwd, 'out'));
  execFileSync('mkfifo', [join(cwd, 'out.fifo')]);

  const plain = await runCli([...PROTECT, '--output', output], { cwd, env: canary.variables });
  const forced = await runCli([...PROTECT, '--output', output, '--force'], { cwd, env: canary.variables });

  const refusal = { exit: 3, says: 'output is not a regular file' };
  expectRefused(plain, canary, refusal);
  expectRefused(forced, canary, refusal);
});

test('B-25: --output ../../x on the command line', async () => {
  const [folder, canary] = [await folderWithApp(), await startCanary()];
  const cwd = join(folder, 'a', 'b');
  await mkdir(cwd, { recursive: true });
  const args = ['protect', '../../app.apk', '--environment', 'dev', '--output', '../../x', '--dry-run'];

  const result = await runCli(args, { cwd, env: canary.variables });

  expectAccepted(result);
  expect(result.stdout).toContain('then write ../../x');
});

test('B-25: output ../../x in a config that was named', async () => {
  const [folder, canary] = [await folderWithApp(), await startCanary()];
  const cwd = join(folder, 'a', 'b');
  await mkdir(cwd, { recursive: true });
  await writeFile(join(cwd, 'apptool.config.json'), '{"output": "../../x"}');
  const args = ['protect', '../../app.apk', '--environment', 'dev', '--config', 'apptool.config.json', '--dry-run'];

  const result = await runCli(args, { cwd, env: canary.variables });

  expectAccepted(result);
  expect(result.stdout).toContain(`then write ${join(folder, 'x')}`);
});

test.each(
  named([
    { name: 'B-25: output ../../x in a config that was found', output: '../../x.apk' },
    { name: 'B-25: an absolute output in a config that was found', output: '/tmp/apptool-never-written.apk' },
    { name: 'B-25: output through a symlinked folder in a config that was found', output: 'outside/x.apk' },
  ]),
)('%s', async (_, { output }) => {
  const [folder, canary] = [await temporaryFolder(), await startCanary()];
  const cwd = join(folder, 'a', 'project');
  await mkdir(cwd, { recursive: true });
  await copyFixture('v123.apk', cwd, 'app.apk');
  await symlink(folder, join(cwd, 'outside'));
  await writeFile(join(cwd, 'apptool.config.json'), JSON.stringify({ output }));

  const result = await runCli(PROTECT, { cwd, env: canary.variables });

  expectRefused(result, canary, { exit: 13, says: 'a project config must not write outside the project' });
});

test.each(
  named([
    {
      name: 'B-29: APPTEGO_API_URL=http://api.example',
      url: 'http://api.example',
      exit: 13,
      says: 'refusing http: credentials would travel in clear text',
    },
    {
      name: 'B-29: a host that only begins as loopback does',
      url: 'http://localhost.example',
      exit: 13,
      says: 'refusing http: credentials would travel in clear text',
    },
    {
      name: 'B-30: APPTEGO_API_URL=https://u:pw@host',
      url: 'https://u:hunter2pw@host',
      exit: 13,
      says: 'APPTEGO_API_URL must not contain a user name or password',
    },
    {
      name: 'B-31: APPTEGO_API_URL=https://host/?x=1#y',
      url: 'https://host/?x=1#y',
      exit: 2,
      says: 'must not have a query or fragment',
    },
    ...['ftp://h', 'javascript:1', 'host'].map((url) => ({
      name: `B-32: APPTEGO_API_URL=${url}`,
      url,
      exit: 2,
      says: 'must start with https://',
    })),
  ]),
)('%s', async (_, { url, ...refusal }) => {
  const [cwd, canary] = [await folderWithApp(), await startCanary()];
  // As the proxy, the canary would get whatever goes to that host.
  const proxies = { HTTP_PROXY: canary.url, HTTPS_PROXY: canary.url };

  const result = await runCli(PROTECT, { cwd, env: { ...canary.variables, ...proxies, APPTEGO_API_URL: url } });

  expectRefused(result, canary, { ...refusal, hides: ['hunter2pw'] });
});

test('a flag that the command does not take is named', () => {
  const parse = () => parseCommandLine(['wait', 'apptego:1', '--verbose', '--to=apptego'], COMMANDS, '0');

  expect(parse).toThrow(expect.objectContaining({ message: 'wait does not take --to', exitCode: 2 }));
});

test('B-39: --json with --events - and --quiet', async () => {
  const [cwd, canary] = [await folderWithApp(), await startCanary()];

  const result = await runCli([...PROTECT, '--json', '--events', '-', '--quiet', '--dry-run'], {
    cwd,
    env: canary.variables,
  });

  expectAccepted(result);
  expect(JSON.parse(result.stdout)).toMatchObject({ ok: true, exitCode: 0, command: 'protect' });
  const lines = result.stderr.trimEnd().split('\n');
  expect(lines.filter((line) => !line.startsWith('{'))).toEqual([
    'warning: this is a dry run: nothing that writes is sent',
    expect.stringMatching(/^warning: apptego is at 127\.0\.0\.1:\d+; nothing is released$/),
    'warning: app.apk is debuggable; release builds should not be',
  ]);
  expect(lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line).type)).toContain('run.end');
});

test('B-40: an argument of 1 MiB', () => {
  const line = ['protect', 'a'.repeat(1024 * 1024)];

  const parse = () => parseCommandLine(line, COMMANDS, '0');

  expect(parse).toThrow(expect.objectContaining({ message: 'argument too long', exitCode: 2 }));
});

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { atEnd } from '../../src/testing/cleanup.ts';
import { copyFixture } from '../../src/testing/files.ts';
import { CANARY_KEY, named } from '../support/canary.ts';
import { runCli } from '../support/cli.ts';

// What people mistype, and what apptool says of it: each message has to lead on by itself.

interface Mistake {
  readonly name: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly exit: number;
  /** What is said, in this order. */
  readonly says: readonly string[];
  readonly hides?: readonly string[];
}

const PROTECT = ['protect', 'app.apk', '-e', 'dev'];
const OPEN = { APPTEGO_API_KEY: CANARY_KEY, APPTEGO_API_URL: 'http://127.0.0.1:9' };
const STORE = { AUTOAPPSTORE_TOKEN: 'token', AUTOAPPSTORE_API_URL: 'http://127.0.0.1:9' };
const NO_LOGIN = ['apptool needs no login', 'apptool backends', 'apptool doctor'];

function mistake(name: string, line: string | readonly string[], exit: number, ...says: string[]): Mistake {
  return { name, args: typeof line === 'string' ? line.split(' ') : line, exit, says };
}

let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'apptool-mistakes-'));
  await copyFixture('v123.apk', folder, 'app.apk');
  await copyFixture('v123.apk', folder, 'b.apk');
  for (const name of ['app.zip', 'app.apks', 'app.xapk', 'app.apkm', 'app.apk.idsig', 'app.aar', 'app.json'])
    await writeFile(join(folder, name), 'PK');
  await copyFixture('unsigned.aab', folder, 'app.aab');
  await copyFixture('app.ipa', folder, 'app.ipa');
  await mkdir(join(folder, 'outputs'));
  await mkdir(join(folder, 'folder.apk'));
  await copyFixture('v123.apk', join(folder, 'outputs'), 'release.apk');
  const configs = {
    'js.config.js': 'export default {}',
    'c.toml': 'timeout = "5m"',
    'number.yaml': 'timeout: 45',
    'number.json': '{"timeout": 45}',
    'zero.yaml': 'capacityWait: 0',
    'comma.json': '{"timeout": "45m",}',
    'comment.json': '{\n// minutes\n"timeout": "45m"}',
    'quotes.json': "{'timeout': '45m'}",
    'bare.json': '{\n  timeout: "45m"\n}',
    'space.yaml': 'timeout: "5m "',
    'typo.yaml': 'tiemout: 45m',
    'list.yaml': '- timeout',
    'until.yaml': 'environment: prodution',
    'tab.yaml': 'apptego:\n\tapiUrl: x',
    'indent.yaml': 'timeout: 5m\n  backend: apptego',
    'properties.yaml': 'timeout=5m',
    'workflow.yaml': 'on: push\njobs: {}',
    'twice.yaml': 'timeout: 5m\ntimeout: 6m',
    'secret.yaml': 'apptego: {apiKey: "a:b"}',
    'cut.json': '{"timeout": "45m"',
  };
  for (const text of REFUSED) await writeFile(join(folder, fileOf(text)), text);
  for (const [name, text] of Object.entries(configs)) await writeFile(join(folder, name), text);
});

afterAll(async () => await rm(folder, { recursive: true }));

/** Configs that a run refuses, by their text. */
const REFUSED = [
  ...['backend: Apptego', 'to: a b', 'to: ignite,,applivery', 'to: ignite,ignite', 'to: [ignite, nostore]'],
  ...['backend: ignite', 'until: aproved', 'releases: {r: {publish: [{backend: ignite, until: live}]}}'],
  'ignite: {apiUrl: "http://x.example"}',
  '{backend: apptego-management, pollInterval: 5ms}',
  '{backend: apptego-management, apptego-management: {apiUrl: nowhere}, pollInterval: 5ms}',
];

function fileOf(text: string): string {
  return `refused-${REFUSED.indexOf(text)}.yaml`;
}

const WORDS: readonly Mistake[] = [
  ...['login', 'logout', 'whoami', 'auth'].map((word) =>
    mistake(word, word, 2, `unknown command "${word}"`, ...NO_LOGIN),
  ),
  mistake('list', 'list', 2, 'unknown command "list"', 'apptego-management apps list'),
  mistake('show', 'show', 2, 'unknown command "show"', 'apptool config show'),
  mistake('sign', 'sign', 2, 'unknown command "sign"', '--signing-key'),
  mistake('build', 'build', 2, 'unknown command "build"', 'builds'),
  mistake('deploy', 'deploy app.apk', 2, 'unknown command "deploy"', 'apptool publish <file> --to'),
  mistake('cancel', 'cancel apptego:1', 2, 'unknown command "cancel"', 'cannot be stopped', 'apptool abort'),
  mistake('get', 'get apptego:1', 2, 'unknown command "get"', 'apptool download <job>'),
  mistake('test', 'test', 2, 'unknown command "test"', 'apptool doctor', 'apptool inspect'),
  mistake('retry', 'retry r.json', 2, 'unknown command "retry"', '--resume'),
  mistake(
    'a backend for a command',
    'ignite',
    2,
    'ignite has no commands of its own',
    'apptool upload <file> --to ignite',
  ),
  mistake('a backend in capitals', 'Applivery builds', 2, 'unknown command; did you mean "applivery"?'),
  mistake('a backend and a word', 'AppTego apps', 2, 'apptego has no commands of its own'),
  mistake('uplaod', 'uplaod app.apk', 2, 'unknown command "uplaod"; did you mean "upload"?'),
  mistake('Protect in capitals', 'Protect app.apk', 2, 'unknown command; did you mean "protect"?'),
  mistake('a misspelt command and --help', 'protct --help', 2, 'unknown command "protct"; did you mean "protect"?'),
  mistake('help of a command that there is not', 'help protct', 2, 'unknown command "protct"; did you mean "protect"?'),
  mistake('no command', ['app.apk'], 2, 'expected a command, got a file', 'apptool protect <file>'),
  mistake('build list', 'applivery build list', 2, 'unknown command "build"; did you mean "builds"?'),
  mistake('a word below a group', 'config print', 2, 'unknown command "print"', 'config has: show, schema'),
  mistake('a group alone', 'config', 2, 'no config command given', 'apptool config --help'),
  mistake('the file before the command', ['app.apk', 'protect', '-e', 'prod'], 2, 'expected a command, got a file'),
  mistake('a vowel', 'fleet run', 2, 'fleet run needs an app'),
  mistake('version with a word', 'version 1', 2, 'version takes no argument, got 1'),
];

const OPTIONS: readonly Mistake[] = [
  mistake('-env prod', 'protect app.apk -env prod', 2, 'unknown option -env; did you mean --environment?'),
  mistake('-output', 'protect app.apk -output x.apk', 2, 'unknown option -output; did you mean --output?'),
  mistake('-json', 'inspect app.apk -json', 2, 'unknown option -json; did you mean --json?'),
  mistake('--env prod', 'protect app.apk --env prod', 2, 'unknown option --env; did you mean --environment?'),
  mistake('--out', 'protect app.apk --out x.apk', 2, 'unknown option --out; did you mean --output?'),
  mistake('--overwrite', [...PROTECT, '--overwrite'], 2, 'unknown option --overwrite; did you mean --force?'),
  mistake('--no-wait', [...PROTECT, '--no-wait'], 2, 'unknown option --no-wait; did you mean --detach?'),
  mistake('--notes', 'upload app.apk --to applivery --notes x', 2, 'did you mean --release-notes?'),
  mistake('--poll_interval', 'wait apptego:1 --poll_interval 5s', 2, 'did you mean --poll-interval?'),
  mistake('--pollInterval', 'wait apptego:1 --pollInterval 5s', 2, 'did you mean --poll-interval?'),
  mistake('--file', 'protect --file app.apk', 2, 'unknown option --file', 'give the file without an option'),
  mistake('--url', [...PROTECT, '--url', 'x'], 2, 'unknown option --url', 'apptool backends'),
  mistake('--insecure', [...PROTECT, '--insecure'], 2, 'unknown option --insecure', 'NODE_EXTRA_CA_CERTS'),
  mistake('--proxy', [...PROTECT, '--proxy', 'x'], 2, 'unknown option --proxy', 'HTTPS_PROXY'),
  mistake('--environment:prod', 'protect app.apk --environment:prod', 2, 'unknown option --environment; did you mean'),
  mistake(
    'a dash of a document',
    'protect app.apk \u2013environment prod',
    2,
    'not a hyphen; did you mean --environment?',
  ),
  mistake('a long dash', 'protect app.apk \u2014env=prod', 2, 'not a hyphen; did you mean --environment?'),
  mistake('a flag before the command', '--environment prod protect app.apk', 2, 'name the command first'),
  mistake(
    '--to of protect',
    'protect app.apk --to apptego',
    2,
    'protect does not take --to',
    'protect takes --backend',
  ),
  mistake(
    '--backend of publish',
    'publish app.apk --backend ignite',
    2,
    'publish does not take --backend',
    'takes --to',
  ),
  mistake('--force of wait', 'wait apptego:1 --force', 2, 'wait does not take --force', 'apptool wait --help'),
  mistake('--output=', 'protect app.apk --output=', 2, '--output is empty', 'may be unset', '--output <file>'),
  mistake('--environment =prod', 'protect app.apk --environment =prod', 2, 'begins with "="', '--environment=<'),
  mistake('--environment==prod', 'protect app.apk --environment==prod', 2, 'begins with "="'),
  mistake('--environment = prod', 'protect app.apk --environment = prod', 2, 'begins with "="'),
  mistake(
    'a flag that has no value',
    'protect app.apk --environment --force',
    2,
    '--environment needs a value',
    '--force',
  ),
  mistake('a value in quotes', ['protect', 'app.apk', '-e', "'prod'"], 2, '--environment is in quotes: remove them'),
  mistake('a value in curly quotes', ['protect', 'app.apk', '-e', '\u201cprod\u201d'], 2, 'is in quotes'),
  mistake(
    'a file for an environment',
    'protect -e app.apk prod',
    2,
    '--environment got the name of a file',
    'right after',
  ),
  mistake('a placeholder', ['publish', 'app.apk', '--to', '<backend>'], 2, '--to still has a placeholder', 'your own'),
  mistake('an environment without its option', 'protect app.apk prod', 2, 'got 2: app.apk, prod', '--environment prod'),
  mistake('a backend without its option', 'publish app.apk ignite', 2, 'got 2: app.apk, ignite', '--to ignite'),
  mistake('a backend before the file', 'upload ignite app.apk', 2, 'got 2: ignite, app.apk', '--to ignite'),
  mistake('a backend of protect', 'protect app.apk apptego', 2, '--backend apptego'),
  mistake('an unset variable', ['protect', 'app.apk', '-e', ''], 2, '--environment is empty', 'may be unset'),
  {
    ...mistake(
      'a secret as a flag',
      [...PROTECT, '--token', 'SECRET'],
      2,
      'secrets are not accepted',
      'APPTEGO_API_KEY',
    ),
    hides: ['SECRET'],
  },
];

const VALUES: readonly Mistake[] = [
  mistake('--timeout 45', 'wait apptego:1 --timeout 45', 2, '--timeout 45: give a unit, such as 45m or 45s'),
  mistake('--timeout 5', 'wait apptego:1 --timeout 5', 2, '--timeout 5: give a unit, such as 5m'),
  mistake('--poll-interval 15', 'wait apptego:1 --poll-interval 15', 2, 'give a unit, such as 15m or 15s'),
  mistake('--timeout 5min', 'wait apptego:1 --timeout 5min', 2, '--timeout must be 10s to 24h', 'write 5m'),
  mistake(
    '--timeout "10 minutes"',
    ['wait', 'apptego:1', '--timeout', '10 minutes'],
    2,
    'must be 10s to 24h',
    'write 10m',
  ),
  mistake('--timeout 5M', 'wait apptego:1 --timeout 5M', 2, 'write 5m'),
  mistake('--timeout 1d', 'wait apptego:1 --timeout 1d', 2, 'write 1 days as 24h'),
  mistake('--timeout 5 minutes', 'wait apptego:1 --timeout 5 minutes', 2, 'one job expected, got 2', 'as one word'),
  mistake('--timeout 90h', 'wait apptego:1 --timeout 90h', 2, '--timeout must be 10s to 24h'),
  {
    ...mistake('APPTOOL_TIMEOUT=45', 'wait apptego:1', 2, 'APPTOOL_TIMEOUT 45: give a unit'),
    env: { APPTOOL_TIMEOUT: '45' },
  },
  mistake(
    'timeout: 45 in YAML',
    'config show -c number.yaml',
    2,
    'number.yaml:1:1: timeout: 45: give a unit, such as 45m or 45s',
  ),
  mistake('timeout: 45 in JSON', 'config show -c number.json', 2, 'number.json:1:2: timeout: 45: give a unit'),
  mistake('--processing-time 2', 'sandbox --processing-time 2', 2, '--processing-time 2: give a unit'),
  mistake('-e prd', 'protect app.apk -e prd', 2, 'must be dev, staging or prod', 'did you mean prod?'),
  mistake('-e qa', 'protect app.apk -e qa', 2, 'must be dev, staging or prod'),
  mistake(
    'an environment in a config',
    'config show -c until.yaml',
    2,
    'environment: must be',
    'did you mean production?',
  ),
  mistake('--concurrency 64', [...PROTECT, '--concurrency', '64'], 2, 'a whole number from 1 to 16, or auto'),
  mistake('--port http', 'sandbox --port http', 2, '--port must be a whole number from 0 to 65535'),
  mistake('--to aptego', 'publish app.apk --to aptego', 2, 'unknown backend "aptego"', 'did you mean apptego?'),
  mistake('--to with a semicolon', ['publish', 'app.apk', '--to', 'ignite;applivery'], 2, 'unknown backend', 'known:'),
  mistake('a comma at the end', 'publish app.apk --to ignite,', 2, '--to has an empty name', 'remove the extra comma'),
  mistake('two commas', 'publish app.apk --to ignite,,applivery', 2, '--to has an empty name'),
  mistake('a backend twice', 'publish app.apk --to ignite,ignite', 2, 'ignite is named twice'),
  mistake('--timeout PT5M', 'wait apptego:1 --timeout PT5M', 2, '--timeout must be 10s to 24h, for example 45m'),
  mistake('--timeout 1:30:00', 'wait apptego:1 --timeout 1:30:00', 2, '--timeout must be 10s to 24h'),
  mistake('milliseconds', 'wait apptego:1 --timeout 300000', 2, '--timeout 300000: give a unit', '300s or 300000ms'),
  mistake('--platform iPhone', [...PROTECT, '--platform', 'iPhone'], 2, '--platform must be android or ios'),
  mistake('no --to', 'publish app.apk', 2, 'publish needs --to <backend>', 'apptool backends'),
  mistake('--to a b', 'publish app.apk --to ignite autoappstore', 2, 'got 2: app.apk, autoappstore', '--to a,b'),
  {
    ...mistake('a milestone', 'publish app.apk --to autoappstore --until aproved', 2, 'did you mean approved?'),
    env: STORE,
  },
  {
    ...mistake('a milestone of a wait', 'wait autoappstore:1 --until aproved', 2, 'it has', 'did you mean approved?'),
    env: STORE,
  },
  mistake('--set without a backend', [...PROTECT, '--set', 'apiUrl=x'], 2, '--set expects <backend>.<key>=<value>'),
  mistake('a version code', [...PROTECT, '--min-version-code', 'v1'], 2, '--min-version-code must be a whole number'),
  mistake('a fingerprint', [...PROTECT, '--expect-signer', 'abc'], 2, 'must be a SHA-256: 64 hexadecimal digits'),
  mistake('--result ok', 'sandbox --result ok', 2, '--result must be completed or failed'),
];

const PATHS: readonly Mistake[] = [
  mistake(
    'a missing folder',
    'protect build/outputs/app.apk -e prod',
    3,
    'no such file',
    'no folder "build"',
    '"outputs"',
  ),
  mistake('a pattern without a match', ['protect', 'outputs/*.aab', '-e', 'prod'], 3, 'the pattern matched nothing'),
  mistake('a pattern in quotes', ['protect', 'outputs/*.apk', '-e', 'prod'], 3, 'expands no patterns', '"release.apk"'),
  mistake('a pattern in a missing folder', ['protect', 'x/*.apk', '-e', 'prod'], 3, 'no folder "x"'),
  mistake(
    'a pattern with several matches',
    'protect app.apk b.apk -e prod',
    2,
    'got 2: app.apk, b.apk',
    'one file at a time',
  ),
  mistake('a file that is not there', 'protect ap.apk -e prod', 3, 'no such file "ap.apk"', '"app.apk"'),
  mistake('a variable', ['protect', '$APP.apk', '-e', 'prod'], 3, 'the variable in it was not expanded'),
  {
    ...mistake(
      'release notes that are not there',
      'upload app.apk --to applivery --release-notes-file nope.md',
      3,
      'cannot read nope.md: no such file',
      'check the path',
    ),
    env: { APPLIVERY_APP_TOKEN: 'token' },
  },
  mistake(
    '@file that is not there',
    [...PROTECT, '--set', 'apptego.apiUrl=@nope.txt'],
    3,
    'cannot read',
    'check the path',
  ),
  mistake('a tilde', ['protect', '~/app.apk', '-e', 'prod'], 3, 'the shell expands ~ only outside of quotes'),
  mistake('a URL', 'protect https://x.example/app.apk -e prod', 3, 'it is a URL', 'download the file first'),
  mistake('a path of Windows', ['protect', 'C:\\build\\app.apk', '-e', 'dev'], 3, 'backslashes', 'with / between'),
  mistake('this folder', 'protect . -e dev', 2, 'cannot use .: it is a folder', 'give the app file in it'),
  mistake('a folder with a slash', 'protect ./ -e dev', 2, 'it is a folder'),
  mistake('a placeholder for the file', ['protect', '<file>', '-e', 'dev'], 2, 'it is a placeholder'),
  mistake('a file:// address', 'protect file:///app.apk -e dev', 3, 'it is a URL', 'without file://'),
  mistake('an s3:// address', 'protect s3://bucket/app.apk -e dev', 3, 'it is a URL', 'download the file first'),
  mistake('capitals in the name', 'protect APP.APK -e dev', 3, 'no such file "APP.APK"', '"app.apk"'),
  mistake('a tab in YAML', 'config show -c tab.yaml', 2, 'not valid YAML', 'indent with spaces'),
  mistake('an indentation', 'config show -c indent.yaml', 2, 'not valid YAML', 'check the indentation'),
  mistake('properties for YAML', 'config show -c properties.yaml', 2, 'config must be a mapping', '"key: value"'),
  mistake('the workflow for the config', 'config show -c workflow.yaml', 2, 'workflow.yaml:1:1: unknown key "on"'),
  mistake('a key twice', 'config show -c twice.yaml', 2, '"timeout" appears twice (lines 1 and 2)'),
  mistake('a secret in the config', 'config show -c secret.yaml', 13, 'keep secrets out of the config', 'variables'),
  mistake('JSON that is cut', 'config show -c cut.json', 2, 'not valid JSON', 'missing quote, comma or bracket'),
  mistake('a folder as the config', 'config show -c outputs', 2, 'outputs: config is not a regular file'),
  mistake('a folder as the receipt', [...PROTECT, '--receipt', 'outputs'], 3, 'cannot write the receipt outputs'),
  mistake('an app as the receipt', [...PROTECT, '--receipt', 'b.apk'], 3, 'overwrite b.apk', 'name another file'),
  mistake('a folder', 'protect outputs -e prod', 2, 'apptego takes', 'give the app file itself'),
  mistake('a folder called .apk', 'protect folder.apk -e prod', 3, 'not a regular file', 'it is a folder'),
  mistake('standard input', 'protect - -e prod', 2, 'file name is not usable', 'standard input'),
  mistake('a hyphen first', 'protect -e prod -- --x.apk', 2, 'file name is not usable', 'begins with a hyphen'),
  mistake('a path in quotes', ['protect', '"app.apk"', '-e', 'prod'], 2, 'in quotes: remove them'),
  mistake('a space at the end', ['protect', 'app.apk ', '-e', 'prod'], 2, 'ends in a space'),
  mistake('a Windows line end', ['protect', 'app.apk\r', '-e', 'prod'], 2, 'control characters', 'Unix line ends'),
  mistake('.zip', 'protect app.zip -e prod', 2, 'apptego takes', 'unpack it'),
  mistake('.apks', 'protect app.apks -e prod', 2, 'apptego takes', 'universal'),
  mistake('.xapk', 'protect app.xapk -e prod', 2, 'apptego takes', 'universal APK'),
  mistake('.apkm', 'protect app.apkm -e prod', 2, 'apptego takes', 'universal APK'),
  mistake('.idsig', 'protect app.apk.idsig -e prod', 2, 'apptego takes', 'this file only comes with it'),
  mistake('.aar', 'protect app.aar -e prod', 2, 'apptego takes', 'it is a library'),
  mistake('a receipt as the file', 'protect app.json -e prod', 2, 'apptego takes', 'it may be a receipt'),
  mistake('a job as the file', 'protect apptego:17 -e prod', 2, 'apptego takes', 'a job reference'),
  {
    ...mistake(
      'an AAB to a store of APKs',
      'publish app.aab --to autoappstore',
      2,
      'takes .apk only',
      'bundletool build-apks --mode=universal',
    ),
    env: STORE,
  },
  {
    ...mistake(
      'an IPA to a store of APKs',
      'publish app.ipa --to autoappstore',
      2,
      'takes .apk only',
      'this is an iOS app',
    ),
    env: STORE,
  },
  mistake(
    'an output of another kind',
    [...PROTECT, '-o', 'out.aab'],
    2,
    'named out.aab, but the input is an APK',
    '.apk',
  ),
  mistake('an output in no folder', [...PROTECT, '-o', 'x/out.apk'], 3, 'directory "x" does not exist', '--output'),
  mistake('a folder as the output', [...PROTECT, '-o', 'outputs'], 3, 'not a regular file', 'not only its folder'),
  mistake(
    'the input as the output',
    [...PROTECT, '-o', 'app.apk'],
    3,
    'overwrite the input',
    'another name',
    '--output',
  ),
  mistake('an output that is there', [...PROTECT, '-o', 'b.apk'], 3, 'output exists; use --force'),
  mistake('a config of JavaScript', 'config show -c js.config.js', 2, 'not a config file', 'JSON or YAML'),
  mistake('a config of TOML', 'config show -c c.toml', 2, 'not a config file', 'JSON or YAML', '.yaml'),
  mistake('a config that is not there', 'config show -c x.yaml', 2, 'no such file', 'apptool init'),
  mistake('a comma too many', 'config show -c comma.json', 2, 'comma.json:1:19: not valid JSON', 'remove the comma'),
  mistake('a comment in JSON', 'config show -c comment.json', 2, 'not valid JSON', 'no comments'),
  mistake('single quotes in JSON', 'config show -c quotes.json', 2, 'not valid JSON', 'double quotes'),
  mistake('a bare key in JSON', 'config show -c bare.json', 2, 'not valid JSON', 'double quotes'),
  mistake('a key of a config', 'config show -c typo.yaml', 2, 'unknown key "tiemout"; did you mean "timeout"?'),
  mistake('an app as a config', 'config show -c app.apk', 2, 'app.apk'),
];

const JOBS: readonly Mistake[] = [
  mistake('a number', 'wait 1700000000', 2, 'a job reference is <backend>:<id>', 'apptego:1700000000'),
  mistake('a backend typo', 'wait aptego:1', 2, 'unknown backend "aptego"', 'did you mean apptego:1?'),
  mistake('capitals', 'wait APPTEGO:1', 2, 'unknown backend "APPTEGO"', 'did you mean apptego:1?'),
  mistake('a URL for a job', 'wait https://portal.example/17', 2, '<backend>:<id>, not a URL', 'apptool upload prints'),
  mistake('a Windows line end of a job', ['wait', 'apptego:17\r'], 2, 'contains a space or a line end'),
  mistake('a space in a job', ['status', 'apptego: 17'], 2, 'contains a space or a line end: remove it'),
  mistake('a job of another form', 'wait apptego:17:18', 2, 'the job id is not one of apptego', 'number'),
  mistake('a folder for a receipt', 'wait outputs', 2, 'outputs is a folder, not a receipt', '--receipt'),
  mistake('a job for a receipt', 'abort apptego:17', 2, 'abort needs a receipt', '--receipt'),
  mistake('a backend without an id', 'wait apptego', 2, 'a job reference is', 'the id is missing: apptego:'),
  mistake('an id of another form', 'status apptego-management:zzz', 2, 'its form is <version>/<platform>'),
  mistake('a space for the colon', 'status apptego 17', 2, 'one job expected, got 2: apptego, 17'),
  mistake('a file for a job', 'wait nope.apk', 2, 'a job reference is', 'apptool protect, upload or publish'),
  mistake('an app for a receipt', 'wait app.apk', 2, 'app.apk is not a receipt', '--receipt'),
  mistake(
    'a receipt that is not there',
    'wait r.json',
    2,
    'cannot read receipt r.json: no such file',
    'the earlier job',
  ),
  mistake('something else for a receipt', 'wait number.json', 2, 'is not a receipt of apptool', '--receipt'),
  { ...mistake('a download where there is none', 'download autoappstore:1', 2, 'autoappstore'), env: STORE },
  mistake('a release without a config', 'release app.apk', 2, 'there is no config', 'apptool init'),
];

const SECRETS: readonly Mistake[] = [
  {
    ...mistake('an empty key', PROTECT, 4, 'no AppTego key', 'is set but empty: the CI did not give the secret'),
    env: { APPTEGO_API_KEY: '' },
  },
  {
    ...mistake(
      'a key by another name',
      PROTECT,
      4,
      'no AppTego key',
      'APPTEGO_KEY is set, but apptool reads APPTEGO_API_KEY',
    ),
    env: { APPTEGO_API_KEY: '', APPTEGO_KEY: 'SECRET' },
    hides: ['SECRET'],
  },
  {
    ...mistake('a key with a slip', PROTECT, 4, 'APPTEGO_APIKEY is set'),
    env: { APPTEGO_API_KEY: '', APPTEGO_APIKEY: 'x' },
  },
  {
    ...mistake('a file of a key', PROTECT, 3, 'no such file ("/nope/key")', 'check the path'),
    env: { APPTEGO_API_KEY: '', APPTEGO_API_KEY_FILE: '/nope/key' },
  },
  {
    ...mistake('a key in place of its file', PROTECT, 3, 'no such file', 'a secret itself belongs in APPTEGO_API_KEY'),
    env: { APPTEGO_API_KEY: '', APPTEGO_API_KEY_FILE: 'keyId9:S3CRETs3cret/XYZ' },
    hides: ['S3CRET', 'XYZ'],
  },
  {
    ...mistake('a key in small letters in place of its file', PROTECT, 3, 'no such file', 'a secret itself belongs in'),
    env: { APPTEGO_API_KEY: '', APPTEGO_API_KEY_FILE: 'keyid.hushhushhush/abc.xyz' },
    hides: ['hushhush', 'abc.xyz'],
  },
  ...['$KEY', '$' + '{KEY}', '$' + '{{ secrets.KEY }}', '$(KEY)', '%KEY%'].map((key) => ({
    ...mistake(`a key that is ${key}`, PROTECT, 4, 'was not expanded by your CI', 'check the name of the secret'),
    env: { APPTEGO_API_KEY: key },
  })),
  {
    ...mistake('a header for a key', PROTECT, 4, 'begins with "Bearer"', 'credential alone'),
    env: { APPTEGO_API_KEY: 'Bearer id:SECRET' },
    hides: ['SECRET'],
  },
  {
    ...mistake('a line of an env file for a key', PROTECT, 4, 'begins with the name of a variable'),
    env: { APPTEGO_API_KEY: 'APPTEGO_API_KEY=id:SECRET' },
    hides: ['SECRET'],
  },
  {
    ...mistake('a placeholder for a key', PROTECT, 4, 'contains a placeholder: replace it'),
    env: { APPTEGO_API_KEY: '<your key>' },
  },
  {
    ...mistake('an address in quotes', PROTECT, 2, 'APPTEGO_API_URL is in quotes: remove them'),
    env: { APPTEGO_API_URL: '"https://api.example"' },
  },
  {
    ...mistake('an address with a placeholder', PROTECT, 2, 'APPTEGO_API_URL still has a placeholder'),
    env: { APPTEGO_API_URL: 'https://<tenant>.example' },
  },
  {
    ...mistake('an address with a bad port', PROTECT, 2, 'APPTEGO_API_URL is not a valid URL', 'port'),
    env: { APPTEGO_API_URL: 'https://api.example:port' },
  },
  {
    ...mistake('a proxy of SOCKS', PROTECT, 2, 'proxy scheme socks5 is not supported', 'http://host:port'),
    env: { HTTPS_PROXY: 'socks5://p:1' },
  },
  { ...mistake('a key in quotes', PROTECT, 4, 'remove the surrounding quotes'), env: { APPTEGO_API_KEY: '"a:b"' } },
  {
    ...mistake('a key in base64', PROTECT, 4, 'looks base64-encoded', 'decode it first'),
    env: { APPTEGO_API_KEY: 'a2V5OnNlY3JldA==' },
  },
  {
    ...mistake('a key without a colon', PROTECT, 4, 'is malformed: expected key_id:key_secret'),
    env: { APPTEGO_API_KEY: 'abc' },
  },
  {
    ...mistake(
      'a variable of ours',
      'config show',
      0,
      'APPTOOL_ENVIROMENT is ignored; did you mean APPTOOL_ENVIRONMENT?',
    ),
    env: { APPTOOL_ENVIROMENT: 'prod' },
  },
  {
    ...mistake(
      'a variable in small letters',
      'config show',
      0,
      'apptool_timeout is ignored; did you mean APPTOOL_TIMEOUT?',
    ),
    env: { apptool_timeout: '5m' },
  },
  ...[' 5m', '5m ', '5m\t'].map((value) => ({
    ...mistake(
      `${JSON.stringify(value)} in a variable`,
      'config show',
      2,
      'APPTOOL_TIMEOUT has a space around its value',
    ),
    env: { APPTOOL_TIMEOUT: value },
  })),
  mistake('a space in a flag', ['protect', 'app.apk', '-e', 'prod '], 2, '--environment has a space around its value'),
  mistake(
    'a space in a config',
    'config show -c space.yaml',
    2,
    'space.yaml:1:1: timeout: has a space around its value',
  ),
  ...Object.entries({
    'backend: Apptego': ['backend: unknown backend "Apptego"', 'did you mean apptego?'],
    'to: a b': ['to: unknown backend', 'commas between several'],
    'to: ignite,,applivery': ['to: has an empty name in its list'],
    'to: ignite,ignite': ['to: ignite is named twice'],
    'to: [ignite, nostore]': ['to: unknown backend "nostore"'],
  }).flatMap(([text, says]) =>
    ['config show', 'publish app.apk', 'inspect app.apk'].map((command) =>
      mistake(`${text} of ${command}`, `${command} -c ${fileOf(text)}`, 2, `${fileOf(text)}:1:1: `, ...says),
    ),
  ),
  ...Object.entries({
    'backend: ignite': 'ignite does not protect',
    'until: aproved': 'until: no backend has a milestone "aproved"; did you mean approved?',
    'releases: {r: {publish: [{backend: ignite, until: live}]}}': 'ignite has no milestone "live"',
    '{backend: apptego-management, pollInterval: 5ms}': 'pollInterval: must be at least 1s',
  }).flatMap(([text, says]) =>
    ['config show', 'doctor'].map((command) =>
      mistake(`${text} of ${command}`, `${command} -c ${fileOf(text)}`, 2, says),
    ),
  ),
  mistake(
    'http of config show',
    `config show -c ${fileOf('ignite: {apiUrl: "http://x.example"}')}`,
    13,
    'apiUrl: refusing',
  ),
  ...['config show', 'doctor'].map((command) =>
    mistake(
      `an address and a poll interval of ${command}`,
      `${command} -c ${fileOf('{backend: apptego-management, apptego-management: {apiUrl: nowhere}, pollInterval: 5ms}')}`,
      2,
      'apiUrl: must start with https://',
    ),
  ),
  ...Object.entries({
    APPTOOL_ENV: '; did you mean APPTOOL_ENVIRONMENT?',
    APPTOOL_STAGE: '; did you mean APPTOOL_ENVIRONMENT?',
    APPTOOL_TARGETS: '; did you mean APPTOOL_TO?',
    APPTOOL_DEBUG: '; did you mean APPTOOL_VERBOSE?',
    APPTOOL_POLLINTERVAL: '; did you mean APPTOOL_POLL_INTERVAL?',
    APPTOOL_OUTPUT_FILE: '; did you mean APPTOOL_OUTPUT?',
    APPTOOL_TIMEOUT_SECONDS: '; did you mean APPTOOL_TIMEOUT?',
    APPTOOL_RECEIPT_PATH: '; did you mean APPTOOL_RECEIPT?',
    APPTOOL_APPTEGO_API_KEY: '; did you mean APPTEGO_API_KEY?',
    APPTOOL_IGNITE_CLIENT_SECRET_FILE: '; did you mean IGNITE_CLIENT_SECRET_FILE?',
    APPTOOL_APPTEGO_API_URL: '; did you mean APPTEGO_API_URL?',
    APPTOOL_API_URL: ': addresses have variables of their own; apptool backends lists them',
    APPTOOL_PROXY: ': set HTTPS_PROXY to the proxy',
    ...Object.fromEntries(
      ['TOKEN', 'API_KEY', 'APIKEY', 'KEY', 'SECRET', 'CLIENT_SECRET', 'PASSWORD', 'CREDENTIALS', 'AUTH'].map(
        (word) => [
          `APPTOOL_${word}`,
          ': each backend has variables of its own for its credentials, such as APPTEGO_API_KEY; apptool backends',
        ],
      ),
    ),
  }).map(([name, says]) => ({
    ...mistake(name, 'config show', 0, `warning: the variable ${name} is ignored${says}`),
    env: { [name]: 'SECRET-VALUE' },
    hides: ['SECRET-VALUE'],
  })),
  {
    ...mistake('a switch of the line in a variable', 'config show', 2, 'APPTOOL_ALL expected true or false'),
    env: { APPTOOL_ALL: 'ture' },
  },
  {
    ...mistake('a proxy in quotes', PROTECT, 2, 'HTTPS_PROXY is not a URL', 'remove the quotes'),
    env: { HTTPS_PROXY: '"http://p:1"' },
  },
  {
    ...mistake('a URL without a scheme', PROTECT, 2, 'must start with https://'),
    env: { APPTEGO_API_URL: 'api.example' },
  },
  {
    ...mistake('a switch that is no word for yes', 'config show', 2, 'APPTOOL_QUIET expected true or false'),
    env: { APPTOOL_QUIET: 'ture' },
  },
];

describe.each(Object.entries({ WORDS, OPTIONS, VALUES, PATHS, JOBS, SECRETS }))('%s', (_, mistakes) => {
  test.each(named(mistakes))('%s', async (_name, { args, env = {}, exit, says, hides = [] }) => {
    const { code, stdout, stderr } = await runCli(args, { cwd: folder, env: { ...OPEN, ...env } });

    expect(code, stderr).toBe(exit);
    let from = 0;
    for (const words of says) {
      const at = stderr.indexOf(words, from);
      expect(at, `${words}\nin\n${stderr}`).toBeGreaterThanOrEqual(0);
      from = at + words.length;
    }
    for (const secret of hides) expect(stdout + stderr).not.toContain(secret);
  });
});

test.each([['help'], ['help', 'help'], ['--no-color', 'help']])('%s %s prints what --help prints', async (...args) => {
  const [asked, whole] = await Promise.all([runCli(args), runCli(['--help'])]);

  expect(asked).toEqual({ ...whole, code: 0 });
  expect(asked.stdout).toContain('help ');
  expect(asked.stdout).toContain('version ');
});

test.each([['protect'], ['config', 'show'], ['applivery', 'builds'], ['protect', '--verbose']])(
  'help %s %s prints what its --help prints',
  async (...words) => {
    const [asked, whole] = await Promise.all([runCli(['help', ...words]), runCli([...words, '--help'])]);

    expect(asked).toEqual({ ...whole, code: 0 });
    expect(asked.stdout).toContain(`Usage: apptool ${words[0]}`);
  },
);

test.each([['version'], ['-v'], ['version', '--json']])('%s prints the version alone', async (...args) => {
  const [asked, whole] = await Promise.all([runCli(args), runCli(['--version'])]);

  expect(asked).toEqual({ ...whole, code: 0 });
});

test.each(['\n', '\r', '\r\n', '\n\n', '\r\r\n'])('%j at the end of a variable is no part of it', async (end) => {
  const env = { APPTEGO_API_KEY: `${CANARY_KEY}${end}`, APPTOOL_TIMEOUT: `5m${end}`, APPTOOL_QUIET: `yes${end}` };

  const shown = await runCli(['config', 'show'], { cwd: folder, env: { ...OPEN, ...env } });
  const planned = await runCli([...PROTECT, '--dry-run'], { cwd: folder, env: { ...OPEN, ...env } });
  await writeFile(join(folder, 'key.txt'), `${CANARY_KEY}${end}`, { mode: 0o600 });
  const fromFile = await runCli([...PROTECT, '--dry-run'], {
    cwd: folder,
    env: { ...OPEN, APPTEGO_API_KEY: '', APPTEGO_API_KEY_FILE: 'key.txt' },
  });

  expect(shown.stdout).toMatch(/^timeout +5m +APPTOOL_TIMEOUT$/m);
  expect([shown.code, planned.code, fromFile.code], planned.stderr + fromFile.stderr).toEqual([0, 0, 0]);
});

test.each(['1h30m', '90m', '0.5h', '1500ms'])('%s is a duration', async (value) => {
  const { code, stderr } = await runCli(['config', 'show', '-c', 'zero.yaml'], {
    cwd: folder,
    env: {
      APPTOOL_STALL_TIMEOUT: '60s',
      APPTOOL_APPEAR_TIMEOUT: value === '90m' ? '1h' : '5m',
      APPTOOL_CAPACITY_WAIT: value,
    },
  });

  expect(code, stderr).toBe(0);
});

test('a variable of somebody else that is not near one of ours is left alone', async () => {
  const env = {
    APPTOOL_SEED: '1',
    APPTOOL_URL: 'x',
    APPTOOL_INTEGRITY: 'x',
    APPTOOL_JOB: 'x',
    APPTOOL_RESULT_REHEARSAL: 'x',
    APPTOOL_RESULT_OUTPUT_FILE: 'x',
    APPTOOL_NPMRC: 'x',
    APPTOOL_VERSION: '0.1.0',
    APPTOOL_CACHE_DIR: 'x',
    APPTOOL_JOB_NAME: 'x',
    APPTOOL_FOO: 'x',
    APPTOOL_TOKEN: '',
    MY_APPTOOL_TOKEN: 'x',
  };

  const { stderr } = await runCli(['config', 'show'], { cwd: folder, env });

  expect(stderr).not.toContain('is ignored');
});

test.each([
  ['1', 'default'],
  ['no', '--all shows them'],
])('APPTOOL_ALL=%s is --all, or is not', async (value, words) => {
  const { code, stdout, stderr } = await runCli(['config', 'show'], { cwd: folder, env: { APPTOOL_ALL: value } });

  expect(code, stderr).toBe(0);
  expect(stdout).toContain(words);
  expect(stdout.includes('--all shows them')).toBe(value === 'no');
});

test('a login page in place of the API is told as that', async () => {
  const url = await serve((response) => {
    response.writeHead(200, { 'content-type': 'text/html' });
    response.end('<html><title>Guest Wi-Fi</title></html>');
  });

  const { code, stderr } = await runCli(['status', 'apptego:1'], {
    env: { ...OPEN, APPTEGO_API_URL: url },
    isFast: true,
  });

  expect(code).not.toBe(0);
  expect(stderr).toContain('expected JSON, got text/html');
  expect(stderr).toContain('a login page answered instead of the server');
});

test.each([
  ['nobody listens', undefined, /\(127\.0\.0\.1:9\): 127\.0\.0\.1:9 refused the connection; try 2 in/],
  ['it is down', 503, /: HTTP 503.*; try 2 in/],
])('a wait for an API that does not answer says so once, where %s', async (_, status, words) => {
  const down = (response: ServerResponse) => response.writeHead(status ?? 0).end('{}');
  const env = status === undefined ? OPEN : { ...OPEN, APPTEGO_API_URL: await serve(down) };

  const wait = ['wait', 'apptego:17', '--timeout', '10s', '--poll-interval', '1s'];
  const { code, stderr } = await runCli(wait, { env, isFast: true });

  expect(code, stderr).toBe(7);
  const told = stderr.split('\n').filter((line) => line.startsWith('could not get the status of apptego:17'));
  expect(told, stderr).toEqual([expect.stringMatching(words)]);
});

test('https to a port that speaks http is told as that', async () => {
  const url = await serve((response) => response.end('{}'));

  const { code, stderr } = await runCli(['status', 'apptego:1'], {
    env: { ...OPEN, APPTEGO_API_URL: url.replace('http:', 'https:') },
    isFast: true,
  });

  expect(code).toBe(13);
  expect(stderr).toContain('does not speak TLS (https) on this port');
  expect(stderr).toContain('check the scheme and the port');
});

async function serve(answer: (response: ServerResponse) => void): Promise<string> {
  const server = createServer((_, response) => answer(response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('a poll interval that the backend on this machine takes is no mistake, until another one is named', async () => {
  const config = join(folder, 'short.yaml');
  await writeFile(config, 'pollInterval: 5ms');
  const line = ['config', 'show', '-c', config];

  const open = await runCli(line, { cwd: folder, env: OPEN });
  const others = await runCli(line, { cwd: folder, env: {} });

  expect([open.code, others.code], open.stderr).toEqual([0, 2]);
  expect(others.stderr).toContain('short.yaml:1:1: pollInterval: must be at least 1s');
});

import { type ExecFileSyncOptionsWithStringEncoding, execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { SHELL } from '../../../src/ci/reports/key-values/env-out.ts';
import { FLAGS } from '../../../src/cli/line/flags.ts';
import { copyFixture, sha256Of, temporaryFolder } from '../../../src/testing/files.ts';
import { sandbox } from '../../../src/testing/sandbox.ts';
import { elements } from '../../support/ci-files.ts';
import { agentCommands, readCodemagic } from '../../support/ci-readers.ts';
import { runCli, runProcess } from '../../support/cli.ts';
import { readJUnit } from '../../support/junit-form.ts';
import { fc } from '../../support/properties.ts';
import { commandsIn } from '../../support/runners.ts';

const QUICK = ['--poll-interval', '20ms', '--timeout', '30s'];
const ODD = 'my app (1).apk';
const PROTECT = ['protect', ODD, '-e', 'dev', ...QUICK];
const OUTPUT = 'my app (1)-protected.apk';

type Variables = Readonly<Record<string, string>>;

async function setUp() {
  const folder = await temporaryFolder();
  await copyFixture('v123.apk', folder, ODD);
  const box = await sandbox();
  return {
    folder,
    text: (name: string) => readFileSync(join(folder, name), 'utf8'),
    run: (args: readonly string[], env: Variables = {}) =>
      runCli(args, { cwd: folder, env: { ...box.variables, ...env } }),
  };
}

const SHELLS = ['sh', 'bash', 'dash'].filter((shell) => spawnSync(shell, ['-c', ':']).status === 0);

/** bash takes a socket as its input for a login from elsewhere, and runs what its user has set up for that. */
const QUIET: ExecFileSyncOptionsWithStringEncoding = { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] };

/** What a shell has under these names once it has sourced the file, with all its checks on. */
function sourced(shell: string, file: string, names: readonly string[]): (string | null)[] {
  const show = names.map((name) => `printf '%s\\0' "\${${name}-}" "\${${name}+set}"`);
  const script = `set -eu; . "$FILE"; ${show.join('; ')}`;
  const env = { PATH: process.env.PATH, FILE: file };
  const answers = execFileSync(shell, ['-c', script], { ...QUIET, env }).split('\0');
  return names.map((_, at) => (answers[2 * at + 1] === 'set' ? (answers[2 * at] ?? null) : null));
}

describe('--env-out', () => {
  const NAMES = ['OK', 'OUTPUT', 'JOB', 'ERROR_CLASS'].map((name) => `APPTOOL_RESULT_${name}`);

  test('every shell sources it, between what others have written there; a later run takes back what does not hold', async () => {
    const { run, text, folder } = await setUp();
    // Of a release before, which told of each of its steps.
    const ofStep = 'APPTOOL_RESULT_PUBLISH_IGNITE_RESULT';
    await writeFile(join(folder, 'bash_env'), `export ${ofStep}=done; export MINE=1 # no end of line`);
    const file = join(folder, 'bash_env');

    const failed = await run(['status', 'apptego:1', '--env-out', 'bash_env'], { [ofStep]: 'done' });
    const afterFailure = SHELLS.map((shell) => sourced(shell, file, NAMES));
    const protect = await run([...PROTECT, '--env-out', 'bash_env']);

    expect([failed.code, protect.code]).toEqual([5, 0]);
    expect(SHELLS.length).toBeGreaterThan(0);
    for (const found of afterFailure) expect(found).toEqual(['false', null, 'apptego:1', 'rejected']);
    const job = /waiting for (apptego:\d+)/.exec(protect.stderr)?.[1];
    for (const shell of SHELLS)
      expect(sourced(shell, file, [...NAMES, 'MINE', ofStep])).toEqual(['true', OUTPUT, job, null, '1', null]);
    expect(text('bash_env')).toMatch(/^export .*MINE=1 # no end of line\n/);
    expect(commandsIn(text('bash_env'))).toEqual([]);
  });

  test.each(SHELLS)('%s gets back any text that has no NUL', (shell) => {
    const value = fc.oneof(
      fc.string({ unit: 'binary-ascii', maxLength: 40 }),
      fc.constantFrom(
        "'",
        "'\\''",
        '$(touch owned)',
        '`touch owned`',
        '\\',
        '"',
        'a\nb',
        '\n',
        '!x',
        '-n',
        '\u00e9 \u{1f600}',
      ),
    );
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 40 }), (all) => {
        const fit = all.filter(SHELL.isFit);
        const script = fit.map((one, at) => SHELL.line(`V${at}`, one)).join('');
        const show = fit.map((_, at) => `printf '%s\\0' "$V${at}"`).join('\n');
        const answer = execFileSync(shell, ['-c', `set -eu\n${script}${show}`], { ...QUIET, env: {} });
        expect(answer.split('\0').slice(0, -1)).toEqual(fit);
      }),
      { numRuns: 8 },
    );
  });

  test("the file of Codemagic's CM_ENV has Codemagic's form, whatever the path to it", async () => {
    const { run, text, folder } = await setUp();
    const codemagic = { CM_BUILD_ID: '1', CM_ENV: join(folder, 'cm.env') };
    await writeFile(join(folder, 'cm.env'), 'MINE=1\n');

    await run(['status', 'apptego:1', '--env-out', 'cm.env'], codemagic);
    const result = await run([...PROTECT, '--env-out', './cm.env'], codemagic);

    expect(result.code, result.stderr).toBe(0);
    const values = readCodemagic(text('cm.env'));
    expect(Object.fromEntries(values)).toMatchObject({
      MINE: '1',
      APPTOOL_RESULT_OK: 'true',
      APPTOOL_RESULT_OUTPUT: OUTPUT,
    });
    expect(values.has('APPTOOL_RESULT_ERROR_CLASS')).toBe(false);
  });

  test.each([
    ['link', 3, 'it is a symbolic link'],
    ['folder', 3, 'not a regular file'],
    ['nowhere/x', 3, 'no such file or directory'],
    ['old.apk', 3, 'old.apk contains something else'],
    ['r.json', 3, 'r.json contains something else'],
    [ODD, 2, `--env-out and the input are the same file: ${ODD}`],
    ['.git/hooks/x', 13, 'into .git'],
  ])('%s is refused before anything is sent', async (path, code, why) => {
    const { run, folder } = await setUp();
    await mkdir(join(folder, 'folder'));
    await mkdir(join(folder, '.git/hooks'), { recursive: true });
    await symlink('bash_env', join(folder, 'link'));
    await copyFixture('v2.apk', folder, 'old.apk');
    await writeFile(join(folder, 'r.json'), '{"schemaVersion":2}');
    const before = readdirSync(folder);

    const result = await run([...PROTECT, '--env-out', path]);

    expect(result.code, result.stderr).toBe(code);
    expect(result.stderr).toContain(why);
    expect(readdirSync(folder)).toEqual(before);
  });

  test('--env-file is the same where there is a file: Node.js ends where there is none, and so no flag of ours begins like it', async () => {
    const { run, text, folder } = await setUp();
    await writeFile(join(folder, 'bash_env'), '');

    await run(['status', 'apptego:1', '--env-file=bash_env']);
    const ofNode = await runProcess(['status', 'apptego:1', '--env-file', 'none'], { cwd: folder });

    expect(text('bash_env')).toContain("export APPTOOL_RESULT_JOB='apptego:1'");
    expect(ofNode).toMatchObject({ code: 9, stderr: expect.stringContaining('none: not found') });
    expect(FLAGS.filter(({ name }) => name.startsWith('env-file'))).toEqual([]);
  });
});

test('--summary: the page of a CI as a file, in place of the one of an earlier run', async () => {
  const { run, text, folder } = await setUp();
  await writeFile(join(folder, 'readme.md'), '# Mine\n');

  const failed = await run(['status', 'apptego:1', '--summary', 's.md']);
  const before = text('s.md');
  const result = await run([...PROTECT, '--summary', 's.md']);
  const other = await run([...PROTECT, '-f', '--summary', 'readme.md']);

  expect([failed.code, result.code, other.code]).toEqual([5, 0, 3]);
  expect(before).toContain('### apptool status: failed (rejected)');
  expect(text('s.md')).toMatch(/^<!-- apptool summary -->\n\n### apptool protect: succeeded, sandbox\n/);
  expect(text('s.md').match(/###/g)).toHaveLength(1);
  expect(text('s.md')).toContain(`<code>${OUTPUT}</code>`);
  expect(text('readme.md')).toBe('# Mine\n');
});

test('JUnit says which app: by its suites, by properties, and by a name of your own', async () => {
  const { run, text } = await setUp();
  const propertiesIn = (xml: string) =>
    elements(readJUnit(xml), 'testsuite').map((suite) => [
      suite.attributes.name,
      Object.fromEntries(elements(suite, 'property').map(({ attributes }) => [attributes.name, attributes.value])),
    ]);
  const app = { package: 'dev.apptool.fixture', versionCode: '42', 'apptool.rehearsal': 'sandbox' };

  await run([...PROTECT, '--junit', 'j.xml', '--receipt', 'r.json']);
  const protect = propertiesIn(text('j.xml'));
  await run(['wait', 'r.json', '--junit', 'j.xml', '--junit-suite', 'acme <1>']);
  const named = propertiesIn(text('j.xml'));
  await run(['publish', ODD, '--to', 'applivery,autoappstore', ...QUICK, '--junit', 'j.xml']);

  const job = expect.stringMatching(/^apptego:\d+$/);
  expect(protect).toEqual([['apptool.dev.apptool.fixture.protect.apptego', { ...app, job }]]);
  expect(named).toEqual([['acme <1>.wait.apptego', { ...app, job }]]);
  expect(propertiesIn(text('j.xml'))).toEqual([
    ['apptool.dev.apptool.fixture.publish', app],
    ['apptool.dev.apptool.fixture.publish.applivery', { ...app, job: expect.stringMatching(/^applivery:/) }],
    ['apptool.dev.apptool.fixture.publish.autoappstore', { ...app, job: expect.stringMatching(/^autoappstore:/) }],
  ]);
});

describe('--azure', () => {
  const agent = (folder: string) => ({ TF_BUILD: 'True', AGENT_TEMPDIRECTORY: join(folder, 'temp') });

  async function azure() {
    const set = await setUp();
    await mkdir(join(set.folder, 'temp'));
    return { ...set, env: agent(set.folder) };
  }

  test.each([
    ['words', [], `${OUTPUT}\n`],
    ['--json', ['--json', '--quiet', '--events', '-'], null],
  ] as const)(
    'by itself: variables, issues and a summary by stderr; stdout is the result alone (%s)',
    async (_, flags, stdout) => {
      const { run, env, text, folder } = await azure();

      const result = await run([...PROTECT, '--receipt', 'r.json', ...flags], env);

      expect(result.code, result.stderr).toBe(0);
      if (stdout !== null) expect(result.stdout).toBe(stdout);
      else expect(JSON.parse(result.stdout)).toMatchObject({ ok: true, command: 'protect' });
      const commands = agentCommands(result.stderr);
      const variables = commands.filter(({ name }) => name === 'task.setvariable');
      const values = Object.fromEntries(variables.map(({ properties, data }) => [properties.variable, data]));
      expect(values).toMatchObject({
        APPTOOL_RESULT_OK: 'true',
        APPTOOL_RESULT_OUTPUT: OUTPUT,
        APPTOOL_RESULT_RECEIPT: 'r.json',
        APPTOOL_RESULT_OUTPUT_SHA256: await sha256Of(join(folder, OUTPUT)),
      });
      const [uploaded, ...others] = commands.filter(({ name }) => name === 'task.uploadsummary');
      expect(others).toEqual([]);
      expect(uploaded?.data).toMatch(new RegExp(`^${folder}/temp/apptool-protect-[0-9a-f]{8}\\.md$`));
      expect(text(`temp/${readdirSync(join(folder, 'temp'))[0]}`)).toContain('### apptool protect: succeeded, sandbox');
      const issues = commands.filter(({ name }) => name === 'task.logissue');
      expect(issues.map(({ properties }) => properties.type)).toEqual(['warning', 'warning']);
      expect(commands).toHaveLength(variables.length + 1 + issues.length);
    },
  );

  test('what failed is an error; off, it is silent', async () => {
    const { run, env } = await azure();

    const failed = await run(['status', 'apptego:1', '--json'], env);
    const off = await run(['status', 'apptego:1'], { ...env, APPTOOL_AZURE: 'false' });

    const errors = agentCommands(failed.stderr).filter(({ properties }) => properties.type === 'error');
    expect(errors.map(({ data }) => data.split('\n')[0])).toEqual([
      expect.stringMatching(/^apptool status: rejected: /),
    ]);
    expect(off.stderr).not.toContain('##vso');
  });

  test.each([
    ['not set', {}],
    ['not there', { AGENT_TEMPDIRECTORY: 'none' }],
    ['a file', { AGENT_TEMPDIRECTORY: ODD }],
  ])(
    'where the folder for the summary is %s: a warning by itself, exit 3 where it was asked for',
    async (_, variables) => {
      const { run } = await setUp();

      const alone = await run(['status', 'apptego:1'], { TF_BUILD: 'True', ...variables });
      const asked = await run(['status', 'apptego:1', '--azure'], variables);

      expect(alone.code).toBe(5);
      expect(alone.stderr).toMatch(/^warning: no summary for Azure Pipelines: AGENT_TEMPDIRECTORY: /m);
      expect(agentCommands(alone.stderr).length).toBeGreaterThan(3);
      expect(asked).toMatchObject({ code: 3, stderr: expect.stringContaining('cannot write AGENT_TEMPDIRECTORY: ') });
    },
  );
});

/**
 * As envman takes a variable (github.com/bitrise-io/envman, cli/add.go): a value by `--value`, or by a named pipe, which a socket is not; a key
 * that is replaced. It also writes down what it sees of the environment, which is among what a shell has.
 */
const ENVMAN = `#!/bin/sh
[ "$1" = add ] && [ "$2" = --no-expand ] && [ "$3" = --key ] && [ -n "$4" ] && [ "$5" = --value ] && [ $# = 6 ] || exit 1
[ -n "$6" ] || ! [ -p /dev/stdin ] || exit 2
set > "$ENVMAN_ENVSTORE_PATH.seen"
printf '%s\\0%s\\0' "$4" "$6" >> "$ENVMAN_ENVSTORE_PATH"
`;

describe('--bitrise', () => {
  async function bitrise() {
    const set = await setUp();
    const { folder } = set;
    for (const name of ['tools', 'test', 'deploy', 'checkout/node_modules/.bin'])
      await mkdir(join(folder, name), { recursive: true });
    await writeFile(join(folder, 'tools/envman'), ENVMAN);
    await writeFile(
      join(folder, 'checkout/node_modules/.bin/envman'),
      '#!/bin/sh\ntouch "$ENVMAN_ENVSTORE_PATH.owned"\n',
    );
    for (const name of ['tools/envman', 'checkout/node_modules/.bin/envman']) await chmod(join(folder, name), 0o755);
    const env = {
      BITRISE_IO: 'true',
      BITRISE_SOURCE_DIR: join(folder, 'checkout'),
      BITRISE_TEST_RESULT_DIR: join(folder, 'test'),
      BITRISE_DEPLOY_DIR: join(folder, 'deploy'),
      ENVMAN_ENVSTORE_PATH: join(folder, 'store'),
      PATH: `${join(folder, 'checkout/node_modules/.bin')}:${join(folder, 'tools')}:${process.env.PATH}`,
    };
    const store = (): Record<string, string> => {
      const parts = set.text('store').split('\0');
      return Object.fromEntries(
        parts.slice(0, -1).flatMap((key, at) => (at % 2 === 0 ? [[key, parts[at + 1] ?? '']] : [])),
      );
    };
    return { ...set, env, store };
  }

  test('by itself: variables, test results, and the files to keep', async () => {
    const { run, env, store, text, folder } = await bitrise();
    const before = {
      APPTOOL_RESULT_ERROR_CLASS: 'rejected',
      APPTOOL_RESULT_STATUS: 'running',
      APPTOOL_RESULT_PUBLISH_IGNITE_RESULT: 'done',
    };

    const result = await run([...PROTECT, '--receipt', 'r.json'], { ...env, ...before });

    expect(result.code, result.stderr).toBe(0);
    expect(result.stdout).toBe(`${OUTPUT}\n`);
    expect(store()).toMatchObject({
      APPTOOL_RESULT_OK: 'true',
      APPTOOL_RESULT_OUTPUT: OUTPUT,
      APPTOOL_RESULT_STATUS: 'completed',
      APPTOOL_RESULT_ERROR_CLASS: '',
      APPTOOL_RESULT_PUBLISH_IGNITE_RESULT: '',
    });
    expect(text('store.seen')).not.toMatch(/^APPTEGO_|^APPTOOL_/m);
    expect(existsSync(join(folder, 'store.owned'))).toBe(false);
    const [results = '', ...others] = readdirSync(join(folder, 'test'));
    expect(others).toEqual([]);
    expect(JSON.parse(text(`test/${results}/test-info.json`))).toEqual({ 'test-name': 'apptool protect' });
    expect(elements(readJUnit(text(`test/${results}/apptool.xml`)), 'testcase')).toHaveLength(4);
    expect(readdirSync(join(folder, 'deploy')).sort()).toEqual([OUTPUT, 'r.json']);
    expect(await sha256Of(join(folder, 'deploy', OUTPUT))).toBe(await sha256Of(join(folder, OUTPUT)));
    expect(JSON.parse(text('deploy/r.json'))).toEqual(JSON.parse(text('r.json')));
  });

  test('a second step: its results beside, its receipt in place of the first, the same output once', async () => {
    const { run, env, text, folder } = await bitrise();
    await run([...PROTECT, '--receipt', 'r.json'], env);

    const wait = await run(['wait', 'r.json', '--receipt', 'r.json', '--junit-suite', 'acme'], env);
    const again = await run(['download', 'r.json', '-o', OUTPUT, '--force'], env);

    expect([wait.code, again.code], again.stderr).toEqual([0, 0]);
    const names = readdirSync(join(folder, 'test')).map((name) => JSON.parse(text(`test/${name}/test-info.json`)));
    expect(names.map((one) => one['test-name']).sort()).toEqual(['acme', 'apptool download', 'apptool protect']);
    expect(JSON.parse(text('deploy/r.json'))).toEqual(JSON.parse(text('r.json')));
    expect(readdirSync(join(folder, 'deploy')).sort()).toEqual([OUTPUT, 'r.json']);
  });

  test('another file of that name stays: a warning by itself, exit 3 where it was asked for, replaced by force', async () => {
    const { run, env, folder, text } = await bitrise();
    await writeFile(join(folder, 'deploy', OUTPUT), 'mine');

    const alone = await run(PROTECT, env);
    const kept = text(`deploy/${OUTPUT}`);
    await mkdir(join(folder, 'new'));
    const asked = await run([...PROTECT, '-o', `new/${OUTPUT}`, '--bitrise'], env);
    const forced = await run([...PROTECT, '--force'], env);

    expect([alone.code, asked.code, forced.code]).toEqual([0, 3, 0]);
    expect(kept).toBe('mine');
    expect(alone.stderr).toMatch(
      /^warning: cannot write BITRISE_DEPLOY_DIR: .* is there already, and is another file$/m,
    );
    expect(asked.stderr).toContain('cannot write BITRISE_DEPLOY_DIR: ');
    expect(await sha256Of(join(folder, 'deploy', OUTPUT))).toBe(await sha256Of(join(folder, OUTPUT)));
  });

  test.each([
    ['envman', { PATH: '/nowhere' }],
    ['BITRISE_TEST_RESULT_DIR', { BITRISE_TEST_RESULT_DIR: '' }],
    ['BITRISE_DEPLOY_DIR', { BITRISE_DEPLOY_DIR: 'none' }],
  ])('without %s: the rest with a warning by itself, exit 3 where it was asked for', async (what, missing) => {
    const { run, env, folder } = await bitrise();
    const status = ['status', 'apptego:1'];

    const alone = await run(status, { ...env, ...missing });
    const asked = await run([...status, '--bitrise'], { ...env, ...missing });

    expect(alone.code).toBe(5);
    expect(alone.stderr).toMatch(new RegExp(`^warning: apptool writes nothing to ${what} of Bitrise: `, 'm'));
    expect([existsSync(join(folder, 'store')), readdirSync(join(folder, 'test')).length]).toEqual([
      what !== 'envman',
      what === 'BITRISE_TEST_RESULT_DIR' ? 0 : 1,
    ]);
    expect(asked).toMatchObject({ code: 3, stderr: expect.stringContaining(`cannot write ${what}: `) });
  });

  test('an envman that fails makes no success a failure, unless it was asked for', async () => {
    const { run, env, folder } = await bitrise();
    await writeFile(join(folder, 'tools/envman'), '#!/bin/sh\nexit 7\n');

    const alone = await run([...PROTECT, '-o', 'a.apk'], env);
    const asked = await run([...PROTECT, '-o', 'b.apk', '--bitrise'], env);

    expect([alone.code, asked.code]).toEqual([0, 3]);
    for (const { stderr } of [alone, asked])
      expect(stderr).toContain('cannot write APPTOOL_RESULT_OK by envman: it ended with 7');
  });
});

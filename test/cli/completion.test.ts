import { spawnSync } from 'node:child_process';
import { access, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { backends } from '../../src/backends/index.ts';
import { COMMANDS } from '../../src/cli/commands/index.ts';
import { FLAGS, SHELLS } from '../../src/cli/line/flags.ts';
import { temporaryFolder } from '../../src/testing/files.ts';
import { cleanEnvironment, runCli } from '../support/cli.ts';
import { takesTurn } from '../support/share.ts';
import { HAS_TERMINALS, isInstalled, startAtTerminal, type Terminal } from '../support/terminal.ts';

const FILES = ['my app.apk', 'other.aab', "q'uote.apk", 'notes.txt', 'release.json', 'x.yaml'];
const IDS = backends.map(({ id }) => id);
const ENVIRONMENTS = ['dev', 'development', 'prod', 'production', 'staging', 'stg'];
const ofProtect = COMMANDS.find(({ name }) => name === 'protect')?.flags ?? [];
const GLOBAL = FLAGS.filter(({ isGlobal }) => isGlobal === true).map(({ name }) => name);
const flagsOf = (names: readonly string[], given: readonly string[]) =>
  [...names, ...GLOBAL].filter((name) => !given.includes(name)).map((name) => `--${name}`);
const topLevel = (words: readonly string[]) => [...new Set(words.map((name) => name.split(' ')[0] ?? ''))];
const withCommands = backends.filter(({ commands = [] }) => commands.length > 0).map(({ id }) => id);

interface Row {
  /** The words before the one that is completed. */
  readonly line: string;
  readonly word: string;
  readonly offers: readonly string[];
}

const row = (line: string, word: string, offers: readonly string[]): Row => ({ line, word, offers });

const ROWS: readonly Row[] = [
  row('apptool', '', topLevel([...COMMANDS.map(({ name }) => name), ...withCommands, 'help', 'version'])),
  row('apptool', 'prot', ['protect']),
  row('apptool help', 'prot', ['protect']),
  row('apptool config', '', ['show', 'schema']),
  row('apptool apptego-management keys', '', ['list', 'add', 'set-default', 'delete']),
  row('apptool --json config', 's', ['show', 'schema']),
  row('apptool -c x.yaml', 'con', ['config']),
  row('apptool nope', '', []),
  row('apptool protect', '--', flagsOf(ofProtect, [])),
  row('apptool protect -e prod --json --timeout=5m', '--', flagsOf(ofProtect, ['environment', 'json', 'timeout'])),
  row('apptool protect --set a=b', '--se', ['--set']),
  row('apptool protect -e', '', ENVIRONMENTS),
  row('apptool protect --environment', 'prod', ['prod', 'production']),
  row('apptool protect --platform', '', ['android', 'ios']),
  row('apptool protect --concurrency', 'a', ['auto']),
  row('apptool protect --signing-key', '', ['none']),
  row(
    'apptool protect --backend',
    '',
    backends.filter((one) => one.capabilities.protects).map(({ id }) => id),
  ),
  row('apptool publish --to', '', IDS),
  row(
    'apptool publish --to',
    'ignite,',
    IDS.filter((id) => id !== 'ignite').map((id) => `ignite,${id}`),
  ),
  row('apptool publish --to', 'ignite,apptego,au', ['ignite,apptego,autoappstore']),
  row('apptool wait --until', '', ['validated', 'approved', 'live', 'uploaded', 'samsung']),
  row('apptool protect --set', 'apptego.', ['apptego.apiUrl=', 'apptego.pageUrl=']),
  row('apptool protect --timeout', '', []),
  row('apptool inspect', '', ['my app.apk', 'other.aab', "q'uote.apk"]),
  row('apptool inspect', 'my', ['my app.apk']),
  row('apptool inspect', 'my\\ a', ['my app.apk']),
  row('apptool inspect', '"my a', ['my app.apk']),
  row('apptool wait', '', ['release.json']),
  row('apptool abort', 'rel', ['release.json']),
  row('apptool --config', 're', ['release.json']),
  row('apptool --config', 'x', ['x.yaml']),
  row('apptool --config', '.appt', ['.apptoolrc']),
  row('apptool apptego-management keys add', 'n', ['notes.txt']),
  row('apptool apptego-management code-signing upload app', 'n', ['notes.txt']),
  row('apptool completion', '', SHELLS),
  row('npx apptool', 'prot', ['protect']),
  row('npx --yes apptool@1 protect -e', 'sta', ['staging']),
  row('npx other', 'note', ['notes.txt']),
];

const sorted = (words: readonly string[]) => [...words].sort();

/** A folder with the files, and programs that leave a trace where one is run. */
async function playground(): Promise<{ readonly folder: string; readonly path: string }> {
  const folder = await temporaryFolder();
  const bin = await temporaryFolder();
  for (const name of [...FILES, '.apptoolrc']) await writeFile(join(folder, name), '');
  await writeFile(join(folder, 'apptool.config.js'), 'throw 1');
  for (const name of ['apptool', 'npx', 'node'])
    await writeFile(join(bin, name), `#!/bin/sh\n: > '${join(folder, 'ran')}'\n`, { mode: 0o755 });
  return { folder, path: `${bin}:${process.env.PATH}` };
}

async function hasRun(folder: string): Promise<boolean> {
  return await access(join(folder, 'ran')).then(
    () => true,
    () => false,
  );
}

async function scriptFor(shell: (typeof SHELLS)[number]): Promise<string> {
  const { code, stdout, stderr } = await runCli(['completion', shell]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout;
}

/** A shell at a terminal whose line editor puts in all that it would offer. */
interface LineEditor {
  readonly terminal: Terminal;
  readonly insertAll: string;
}

const PROMPT = 'ready> ';
const SHOW = `unset HISTFILE; show() { printf '\\n@@'; printf '<%s>' "$@"; printf '\\n'; }; PS1='${PROMPT}'`;
const SHOWN = new RegExp(`^@@(.*)\\n[\\s\\S]*${PROMPT}$`, 'm');

/** The words that are offered, as the shell reads them once they stand in its line. */
async function offeredAt({ terminal, insertAll }: LineEditor, { line, word }: Row): Promise<string[]> {
  terminal.type(`${line} ${word}${insertAll}\u0001show \u0005\n`);
  const shown = SHOWN.exec(await terminal.until(SHOWN))?.[1] ?? '';
  const words = [...shown.matchAll(/<(.*?)>/g)].map(([, text = '']) => text);
  return words.slice(line.split(' ').length);
}

/** Presses the key on a line that would run something, and does not run the line. */
async function pressOnly({ terminal, insertAll }: LineEditor, typed: string): Promise<void> {
  terminal.type(`${typed}${insertAll}\u0001\u000bshow pressed\n`);
  await terminal.until(SHOWN);
}

/** A shell that is killed would still write into the folder that goes with it. */
async function leave({ terminal }: LineEditor): Promise<void> {
  terminal.type('exit\n');
  await terminal.ended;
}

async function startBash(folder: string, path: string): Promise<LineEditor> {
  const home = await temporaryFolder();
  await writeFile(join(home, 'completion'), await scriptFor('bash'));
  const settings = ['enable-bracketed-paste off', 'completion-query-items 0', 'bell-style none'];
  const rc = [
    ...settings.map((setting) => `bind 'set ${setting}'`),
    'source ~/completion',
    'source ~/completion',
    SHOW,
  ];
  await writeFile(join(home, 'rc'), `${rc.join('\n')}\n`);
  const env = { HOME: home, PATH: path };
  const terminal = startAtTerminal(`bash --noprofile --rcfile '${join(home, 'rc')}' -i`, { cwd: folder, env });
  await terminal.until(new RegExp(`${PROMPT}$`));
  return { terminal, insertAll: '\u001b*' };
}

async function startZsh(folder: string, path: string, install: 'autoload' | 'source'): Promise<LineEditor> {
  const home = await temporaryFolder();
  await mkdir(join(home, 'functions'));
  await writeFile(join(home, install === 'autoload' ? 'functions/_apptool' : 'completion'), await scriptFor('zsh'));
  const rc = [
    'unsetopt prompt_sp prompt_cr beep; fpath=(~/functions $fpath)',
    'autoload -Uz compinit; compinit -u -D',
    ...(install === 'source' ? ['source ~/completion'] : []),
    "zstyle ':completion:all-matches::::' completer _all_matches _complete",
    "zstyle ':completion:all-matches:*' old-matches false; zstyle ':completion:all-matches:*' insert true",
    "bindkey -e; zle -C all-matches complete-word _generic; bindkey '^Xa' all-matches",
    SHOW,
  ];
  await writeFile(join(home, '.zshrc'), `${rc.join('\n')}\n`);
  const terminal = startAtTerminal('zsh -d -i', { cwd: folder, env: { HOME: home, ZDOTDIR: home, PATH: path } });
  await terminal.until(new RegExp(`${PROMPT}$`));
  return { terminal, insertAll: '\u0018a' };
}

describe.skipIf(!HAS_TERMINALS || !isInstalled('bash'))('in bash', () => {
  test('offers what fits, with the words as they have to be typed', async () => {
    const { folder, path } = await playground();
    const bash = await startBash(folder, path);

    for (const one of ROWS)
      expect([one.line, one.word, sorted(await offeredAt(bash, one))]).toEqual([
        one.line,
        one.word,
        sorted(one.offers),
      ]);
    expect(await offeredAt(bash, row('apptool protect', '--environment=stag', []))).toEqual(['--environment=staging']);
    expect(await offeredAt(bash, row('apptool protect', '--set=ignite.enc', []))).toEqual(['--set=ignite.encoding=']);
    await pressOnly(bash, 'apptool protect "$(touch ran)" `touch ran` --e');
    await leave(bash);
    expect(await hasRun(folder)).toBe(false);
  });
});

describe.skipIf(!HAS_TERMINALS || !isInstalled('zsh'))('in zsh', () => {
  test('offers what fits, from a folder of $fpath', async () => {
    const { folder, path } = await playground();
    const zsh = await startZsh(folder, path, 'autoload');

    for (const one of ROWS)
      expect([one.line, one.word, sorted(await offeredAt(zsh, one))]).toEqual([one.line, one.word, sorted(one.offers)]);
    await pressOnly(zsh, 'apptool protect "$(touch ran)" `touch ran` --e');
    await leave(zsh);
    expect(await hasRun(folder)).toBe(false);
  });

  test.runIf(takesTurn(0, 2))('offers the same where it was sourced', async () => {
    const { folder, path } = await playground();
    const zsh = await startZsh(folder, path, 'source');

    expect(await offeredAt(zsh, row('apptool protect', '--environment=stag', []))).toEqual(['--environment=staging']);
    expect(await offeredAt(zsh, row('npx apptool', 'prot', []))).toEqual(['protect']);
    await leave(zsh);
  });
});

describe.skipIf(!isInstalled('fish'))('in fish', () => {
  test('offers what fits, with what it is', async () => {
    const { folder, path } = await playground();
    const home = await temporaryFolder();
    await writeFile(join(home, 'apptool.fish'), await scriptFor('fish'));
    const lines = [...ROWS.map(({ line, word }) => `${line} ${word}`), 'apptool protect --environment=stag'];
    const program = 'source ~/apptool.fish; for line in $argv; complete -C $line; echo @@; end';
    const run = (typed: readonly string[]) =>
      spawnSync('fish', ['--no-config', '-c', program, ...typed], {
        cwd: folder,
        env: cleanEnvironment({ HOME: home, PATH: path }),
        encoding: 'utf8',
      });

    const { stdout, stderr } = run([...lines, 'apptool protect "$(touch ran)" (touch ran) --e']);

    const offered = stdout.split('@@\n').map((part) => part.split('\n').filter((line) => line !== ''));
    const words = (index: number) => sorted((offered[index] ?? []).map((line) => line.replace(/\t.*/, '')));
    expect(stderr).toBe('');
    for (const [index, { line, word, offers }] of ROWS.entries())
      expect([line, word, words(index)]).toEqual([line, word, sorted(offers)]);
    expect(words(ROWS.length)).toEqual(['--environment=staging']);
    expect(offered[1]?.[0]).toBe(`protect\t${COMMANDS[0]?.summary}`);
    expect(await hasRun(folder)).toBe(false);
  });
});

describe('the command', () => {
  test('refuses another shell, naming the three', async () => {
    const { code, stdout, stderr } = await runCli(['completion', 'tcsh']);

    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('completion needs a shell: bash, zsh, fish');
  });

  test('works in a folder whose config is broken, and takes no line apart', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'apptool.config.json'), '{ broken');

    for (const shell of SHELLS) {
      const { code, stdout } = await runCli(['completion', shell], { cwd: folder });

      expect(code).toBe(0);
      expect(stdout.split('\n').length).toBeGreaterThan(100);
      expect(stdout).not.toMatch(/…$|\\u\{/m);
    }
  });

  test('shows how to install it', async () => {
    const { stdout } = await runCli(['completion', '--help']);

    for (const shell of SHELLS) expect(stdout).toContain(`apptool completion ${shell}`);
  });
});

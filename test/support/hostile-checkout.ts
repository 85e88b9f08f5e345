import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { atEnd } from '../../src/testing/cleanup.ts';
import { temporaryFolder } from '../../src/testing/files.ts';
import type { CiVariables } from './ci-shell.ts';
import { BIN } from './cli.ts';

/** A machine of a CI with the npm and the git that are installed here, and a checkout that would have its own programs run there. */
export interface HostilePlace {
  readonly ci: CiVariables;
  /** Puts everything hostile into a checkout. `git` is that of a checkout which the test itself asks nothing of. */
  plant(folder: string, git?: 'git'): Promise<void>;
  /** What of it was run. */
  marks(): string;
}

/**
 * The variables of a CI become those of such a machine: programs are looked for in `node_modules/.bin` first, `node` is a version manager's that goes
 * by `.node-version`, a build before has written `~/.npmrc`, and apptool comes from an address, as the package that npm installs.
 */
export async function hostilePlace({ secrets, env, calls }: CiVariables): Promise<HostilePlace> {
  const place = await temporaryFolder();
  const [marked, home, shims] = ['marked', 'home', 'shims'].map((name) => join(place, name)) as [
    string,
    string,
    string,
  ];
  const mark = (what: string): string => `echo '${what}' >> '${marked}'`;
  await write(join(place, 'evil.sh'), `#!/bin/sh\n${mark('a shell')}\nexec sh "$@"\n`);
  await write(join(place, 'evil.cjs'), `require('fs').appendFileSync(${JSON.stringify(marked)}, 'a module\\n');\n`);
  const npmrc = npmrcOf(place);
  await write(join(home, '.npmrc'), npmrc);
  const choice = `[ ! -e .node-version ] || ${mark('node by .node-version')}`;
  await write(join(shims, 'node'), `#!/bin/sh\n${choice}\nexec '${process.execPath}' "$@"\n`);
  const tool = await served(await packed(place, mark));
  return {
    ci: {
      secrets,
      calls,
      env: { ...env, ...tool, HOME: home, PATH: `node_modules/.bin:${shims}:${process.env.PATH}` },
    },
    async plant(folder, git) {
      await write(join(folder, '.npmrc'), npmrc);
      await write(join(folder, 'package.json'), JSON.stringify(manifestOf(mark)));
      await write(
        join(folder, 'evil/package.json'),
        JSON.stringify({ name: 'evil', version: '1.0.0', scripts: scriptsOf(mark) }),
      );
      for (const name of ['.node-version', '.nvmrc']) await write(join(folder, name), '18.0.0\n');
      await write(join(folder, '.tool-versions'), 'nodejs 18.0.0\n');
      for (const name of ['node', 'npm', 'npx', 'apptool', 'git'])
        await write(join(folder, 'node_modules/.bin', name), `#!/bin/sh\n${mark(`.bin/${name}`)}\n`);
      const own = { name: 'apptool', version: '0.1.0', type: 'commonjs', bin: 'bin/apptool.js' };
      await write(join(folder, 'node_modules/apptool/package.json'), JSON.stringify(own));
      await write(join(folder, 'node_modules/apptool/bin/apptool.js'), await readFile(join(place, 'evil.cjs'), 'utf8'));
      await bareRepository(folder, place);
      if (git !== undefined) await bareRepository(join(folder, '.git'), place);
    },
    marks: () => (existsSync(marked) ? readFileSync(marked, 'utf8') : ''),
  };
}

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text, { mode: 0o755 });
}

function npmrcOf(place: string): string {
  return [
    'registry=http://127.0.0.1:9/',
    'ignore-scripts=false',
    `script-shell=${place}/evil.sh`,
    `shell=${place}/evil.sh`,
    `git=${place}/evil.sh`,
    `node-options=--require ${place}/evil.cjs`,
    `onload-script=${place}/evil.cjs`,
    `init-module=${place}/evil.cjs`,
    '',
  ].join('\n');
}

type Mark = (what: string) => string;

function scriptsOf(mark: Mark): Record<string, string> {
  const names = ['preinstall', 'install', 'postinstall', 'prepublish', 'preprepare', 'prepare', 'postprepare'];
  return Object.fromEntries(names.map((name) => [name, mark(`the script ${name}`)]));
}

function manifestOf(mark: Mark) {
  const refused = { onFail: 'error', version: '99.0.0' };
  return {
    name: 'app',
    version: '1.0.0',
    scripts: scriptsOf(mark),
    workspaces: ['evil'],
    engines: { node: '>=99' },
    devEngines: { packageManager: { name: 'yarn', ...refused }, runtime: { name: 'deno', ...refused } },
    packageManager: 'yarn@9.9.9',
  };
}

/** What git takes for a repository, with a config that names programs. */
async function bareRepository(folder: string, place: string): Promise<void> {
  const program = `${place}/evil.sh`;
  const config = [
    '[core]\n\trepositoryformatversion = 1\n\tbare = true',
    `\tfsmonitor = ${program}\n\tpager = ${program}\n\tsshCommand = ${program}\n\thooksPath = ${place}\n\taskPass = ${program}`,
    `[extensions]\n\tpartialClone = origin\n[remote "origin"]\n\turl = ext::${program}\n\tpromisor = true\n[protocol]\n\tallow = always`,
    `[diff]\n\texternal = ${program}\n[gpg]\n\tprogram = ${program}\n[log]\n\tshowSignature = true\n[credential]\n\thelper = ${program}\n[alias]\n\tlog = !${program}\n`,
  ];
  await mkdir(join(folder, 'objects'), { recursive: true });
  await write(join(folder, 'refs/heads/main'), `${'1'.repeat(40)}\n`);
  await write(join(folder, 'HEAD'), 'ref: refs/heads/main\n');
  await write(join(folder, 'config'), config.join('\n'));
}

/** A tarball with the package `apptool`: the program is the built command line, and each of its install scripts leaves a mark. */
async function packed(place: string, mark: Mark): Promise<Buffer> {
  const folder = join(place, 'pack/package');
  const about = { name: 'apptool', version: '0.1.0', type: 'module', bin: 'bin/apptool.js', scripts: scriptsOf(mark) };
  await write(join(folder, 'package.json'), JSON.stringify(about));
  await write(join(folder, 'bin/apptool.js'), `await import(${JSON.stringify(pathToFileURL(BIN).href)});\n`);
  return execFileSync('tar', ['-cz', '-C', dirname(folder), 'package']);
}

/** Where the tarball is, and what it has to be. */
async function served(bytes: Buffer): Promise<{ readonly APPTOOL_URL: string; readonly APPTOOL_INTEGRITY: string }> {
  const server = createServer((_, response) => void response.end(bytes));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  return {
    APPTOOL_URL: `http://127.0.0.1:${port}/apptool-0.1.0.tgz`,
    APPTOOL_INTEGRITY: `sha512-${createHash('sha512').update(bytes).digest('base64')}`,
  };
}

import { type ChildProcess, spawn } from 'node:child_process';
import { appendFileSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { chmod, cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parse } from 'yaml';
import { Receipt } from '../../src/contract/record/journal.ts';
import type { Sandbox } from '../../src/sandbox/server.ts';
import { copyFixture, ROOT, temporaryFolder } from '../../src/testing/files.ts';
import { BIN, cleanEnvironment } from './cli.ts';
import { nodeHere } from './node-here.ts';
import { IS_WHOLE } from './share.ts';

const TOOL_VERSION: string = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).version;

export type Variables = Readonly<Record<string, string>>;

/** Has the hours of a recipe go by in minutes; a busy machine is still given a second and a half for an answer, and minutes to move a byte. */
export const FAST: Variables = {
  NODE_OPTIONS: `--import ${join(ROOT, 'test/support/fast-time.mjs')}`,
  FAST_TIME_FACTOR: '20',
  APPTOOL_STALL_TIMEOUT: '1h',
};

export interface ShellResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The secrets of a CI, and the variables that its jobs see all the time. */
export interface CiVariables {
  readonly secrets: Variables;
  readonly env: Variables;
  /** The commands of apptool that were run so far. */
  readonly calls: () => readonly string[];
  /** Puts into a checkout what it holds besides what the recipes need. */
  readonly checkedOut?: (folder: string) => Promise<void>;
}

/** A name that no recipe may stumble over, beside those that `gradlew` gives. */
export const ODD_APP = "app/build/outputs/apk/release/app's.apk";

/** Where the settings of a CI say that the program comes from. */
export const TOOL = {
  APPTOOL_URL: `https://packages.example.com/apptool-${TOOL_VERSION}.tgz`,
  APPTOOL_INTEGRITY: `sha512-${'A'.repeat(86)}==`,
} as const;

/** A recipe's text. */
export function recipe(name: string): string {
  return readFileSync(join(ROOT, 'recipes', name), 'utf8');
}

export function yamlOf<T>(text: string): T {
  return parse(text) as T;
}

/**
 * What the jobs of a CI find on their machines: `npx` is the built command line, and takes no other package or version; `sleep` takes no
 * time. The addresses of the sandbox are variables of every job, its credentials secrets. `node` runs apptool in the process of the test, but in
 * one of its own where all is run, and where the process is what matters: `apptool` says so.
 */
export async function ciVariables(
  variables: Sandbox['variables'],
  more: Variables = {},
  apptool: 'here' | 'a process' = IS_WHOLE || process.platform !== 'linux' ? 'a process' : 'here',
): Promise<CiVariables> {
  const tools = await temporaryFolder();
  const calls = join(tools, 'calls');
  await writeFile(calls, '');
  const npx = `#!/bin/sh
if [ "$1 $2" != "--yes apptool@${TOOL_VERSION}" ]; then echo "npx: $*" >&2; exit 99; fi
shift 2
echo "$1" >> "${calls}"
exec "${process.execPath}" "${BIN}" "$@"
`;
  const program = `import { appendFileSync } from 'node:fs';
appendFileSync(${JSON.stringify(calls)}, process.argv[2] + '\\n');
await import(${JSON.stringify(pathToFileURL(BIN).href)});
`;
  await writeFile(join(tools, 'apptool.mjs'), program);
  // Installs what is locked, where no file of a checkout is near.
  const npm = `#!/bin/sh
if [ "$1 $2" != "ci --ignore-scripts" ] || [ "$(ls -A)" != "$(printf 'package-lock.json\\npackage.json')" ]; then echo "npm: $* in $PWD" >&2; exit 99; fi
grep -qF '"resolved":"${TOOL.APPTOOL_URL}","integrity":"${TOOL.APPTOOL_INTEGRITY}"' package-lock.json || exit 98
mkdir -p node_modules/apptool/bin
echo 'await import("${pathToFileURL(join(tools, 'apptool.mjs')).href}")' > node_modules/apptool/bin/apptool.js
echo '{ "type": "module" }' > node_modules/apptool/package.json
`;
  const node =
    apptool === 'here'
      ? await nodeHere(([command]) => appendFileSync(calls, `${command}\n`))
      : `#!/bin/sh\nexec "${process.execPath}" "$@"\n`;
  for (const [name, text] of [
    ['npx', npx],
    ['npm', npm],
    ['node', node],
    ['sleep', '#!/bin/sh\n'],
  ] as const) {
    await writeFile(join(tools, name), text);
    await chmod(join(tools, name), 0o755);
  }
  const isAddress = ([name]: [string, string]): boolean => name.endsWith('_URL');
  const entries = Object.entries(variables);
  return {
    secrets: Object.fromEntries(entries.filter((entry) => !isAddress(entry))),
    env: {
      ...Object.fromEntries(entries.filter(isAddress)),
      PATH: `${tools}:${process.env.PATH}`,
      CI: 'true',
      ...TOOL,
      APPTOOL_POLL_INTERVAL: '20ms',
      ...more,
    },
    calls: () => readFileSync(calls, 'utf8').split('\n').slice(0, -1),
  };
}

/** How a script is run: where, with which variables, and who is told of its process. */
export interface ScriptOptions {
  readonly cwd: string;
  readonly env: Variables;
  /** Whether it is the head of a process group of its own. */
  readonly isGroup?: boolean;
  readonly started?: (child: ChildProcess) => void;
}

/** Runs a script as the CI does: written to a file that is given to the shell. */
export async function runScript(
  shell: readonly string[],
  script: string,
  { cwd, env, isGroup = false, started }: ScriptOptions,
): Promise<ShellResult> {
  const file = join(await temporaryFolder(), 'script');
  await writeFile(file, script);
  const [command = 'sh', ...args] = shell;
  const child = spawn(command, [...args, file], {
    cwd,
    env: cleanEnvironment(env),
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: isGroup,
  });
  started?.(child);
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { code, stdout, stderr };
}

/** The commit that GitHub and GitLab say they build. */
export const COMMIT = '9f1c2d3e4b5a69788796a5b4c3d2e1f001122334';

/** A checkout whose `gradlew` builds two apps, with a config, and the action where GitHub's recipe wants it. */
export async function checkout(folder: string): Promise<void> {
  await copyFixture('v123.apk', folder, 'built.apk');
  const target = 'app/build/outputs/apk/release';
  const gradlew = `#!/bin/sh\nmkdir -p ${target}\ncp built.apk ${target}/app-release.apk\ncp built.apk "${target}/app's.apk"\n`;
  await writeFile(join(folder, 'gradlew'), gradlew, { mode: 0o755 });
  const production = { protect: { backend: 'apptego', environment: 'prod' }, publish: ['autoappstore'] };
  await writeFile(join(folder, 'apptool.config.json'), JSON.stringify({ until: 'approved', releases: { production } }));
  await mkdir(join(folder, '.github/actions/apptool'), { recursive: true });
  await cp(join(ROOT, 'recipes/github/action.yml'), join(folder, '.github/actions/apptool/action.yml'));
}

export function receiptIn(folder = '', name = ''): Receipt {
  return Receipt.parse(JSON.parse(readFileSync(join(folder, name), 'utf8')));
}

/** Copies those of the files that are there, and names them. `*` stands for what a name ends with. */
export async function carry(files: readonly string[], from: string, to: string): Promise<string[]> {
  const names = existsSync(from) ? readdirSync(from) : [];
  const carried = files.flatMap((file) =>
    file.endsWith('*')
      ? names.filter((name) => name.startsWith(file.slice(0, -1)))
      : existsSync(join(from, file))
        ? [file]
        : [],
  );
  for (const file of carried) await cp(join(from, file), join(to, file), { recursive: true });
  return carried;
}

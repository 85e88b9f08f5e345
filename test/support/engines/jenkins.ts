import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { delimiter, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { ROOT, temporaryFolder } from '../../../src/testing/files.ts';
import { type CiVariables, checkout, type Variables } from '../ci-shell.ts';
import { cleanEnvironment } from '../cli.ts';
import { gitRepository } from '../git.ts';
import { leftOut } from './left-out.ts';

/** What a stage did. */
interface StageResult {
  /** Of the last script of a stage that failed, or 0. */
  readonly code: number;
  /** With which words it failed; `null` when it did not. */
  readonly error: string | null;
  /** How often each script ran whose exit code the recipe looks at, in their order. */
  readonly runs: readonly number[];
  readonly log: string;
  readonly archived: readonly string[];
  readonly junit: readonly string[];
  /** The last workspace that it had. */
  readonly folder: string;
}

export interface JenkinsBuild {
  readonly result: 'SUCCESS' | 'UNSTABLE' | 'FAILURE';
  readonly description: string | null;
  readonly stages: Readonly<Record<string, StageResult>>;
  /** What ended it; `null` where nothing did. */
  readonly error: string | null;
  /** Where its artifacts are kept. */
  readonly archive: string;
  /** Where what it has stashed is kept, by name. */
  readonly stashes: Variables;
}

export interface JenkinsOptions {
  /** Those that somebody chose; the others have their defaults. */
  readonly parameters?: Variables;
  /** `null` where the build is of a branch. */
  readonly tag?: string | null;
  /** A repository; that of an app where none is given. */
  readonly repository?: string;
  /** A build that is restarted from a stage: with what it has stashed, and without the stages before. */
  readonly restarted?: { readonly build: JenkinsBuild; readonly stage: string };
  /** The artifacts of the last build. */
  readonly before?: string;
  /** How many may hold a lock. */
  readonly slots?: number;
  /** Whether the person who is asked refuses. */
  readonly isRefused?: boolean;
  /** The exit codes of the scripts of each stage, of which then none is run. */
  readonly codes?: Readonly<Record<string, readonly number[]>>;
}

interface Outcome extends Omit<JenkinsBuild, 'stages'> {
  readonly fault?: string;
  readonly groovy: string;
  readonly stages: Readonly<
    Record<string, Omit<StageResult, 'runs'> & { readonly scripts: readonly { text: string; status: boolean }[] }>
  >;
}

const GROOVY = onPath('groovy');
const JAVA = onPath('java');
/** A start of a second or two, and little work. */
const JAVA_OPTS = '-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xshare:auto';

function onPath(name: string): string | undefined {
  return (process.env.PATH ?? '')
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find((path) => existsSync(path));
}

/** The Groovy that Jenkins has: 2.4, as Debian's package `groovy`. */
export const hasGroovy = GROOVY !== undefined && JAVA !== undefined;
if (!hasGroovy) leftOut('Groovy, and with it what runs a Jenkinsfile,', 'groovy or java is not installed');

function environment(): NodeJS.ProcessEnv {
  // The package's own default is another than the one that is installed, on some machines.
  return cleanEnvironment({ JAVA_OPTS, JAVA_HOME: dirname(dirname(realpathSync(JAVA ?? '/'))) });
}

/** The one Java of this process, which runs the builds of all its test files. */
interface Groovy {
  /** Runs the build whose order lies in a folder, and gives what was printed meanwhile. */
  build(folder: string): Promise<string>;
}

let started: Groovy | undefined;

function startGroovy(): Groovy {
  const child: ChildProcess = spawn(GROOVY ?? '', [join(ROOT, 'test/support/engines/jenkins.groovy')], {
    cwd: ROOT,
    env: environment(),
    stdio: 'pipe',
  });
  const waiting = new Map<string, (printed: string) => void>();
  let printed = '';
  const take = (line: string): void => {
    const [, folder = ''] = /^done (.*)$/.exec(line) ?? [];
    const end = waiting.get(folder);
    if (end === undefined) printed += `${line}\n`;
    waiting.delete(folder);
    end?.(printed);
  };
  for (const input of [child.stdout, child.stderr]) if (input !== null) createInterface({ input }).on('line', take);
  child.on('close', () => {
    started = undefined;
    for (const end of waiting.values()) end(printed);
  });
  // It ends with its stdin, which ends with this process; that does not wait for it.
  child.unref();
  for (const pipe of [child.stdin, child.stdout, child.stderr]) (pipe as Socket | null)?.unref();
  return {
    build: (folder) =>
      new Promise((resolve) => {
        printed = '';
        waiting.set(folder, resolve);
        child.stdin?.write(`${folder}\n`);
      }),
  };
}

/** Runs a Jenkinsfile: the first build of its job, whose parameters are no variables of the shell. */
export async function runJenkinsfile(
  source: string,
  ci: CiVariables,
  options: JenkinsOptions = {},
): Promise<JenkinsBuild> {
  const folder = await temporaryFolder();
  const { parameters = {}, tag = 'v1.2', before, slots = 1, isRefused = false, codes } = options;
  await writeFile(join(folder, 'Jenkinsfile'), source);
  const ordered = {
    folder: join(folder, 'jenkins'),
    params: parameters,
    env: {
      ...cleanEnvironment(),
      ...ci.env,
      JENKINS_URL: 'https://ci.example/',
      JOB_NAME: 'app',
      ...(tag === null ? { BRANCH_NAME: 'main' } : { TAG_NAME: tag, BRANCH_NAME: tag }),
    },
    secrets: ci.secrets,
    repository: options.repository ?? (await appRepository()),
    before,
    from: options.restarted?.stage,
    stashes: options.restarted?.build.stashes,
    slots,
    refused: isRefused,
    codes,
  };
  await mkdir(ordered.folder);
  await writeFile(join(folder, 'order.json'), JSON.stringify(ordered));
  started ??= startGroovy();
  const printed = await started.build(folder);
  const outcome = await readFile(join(folder, 'outcome.json'), 'utf8').catch(() => {
    throw new Error(`Groovy ended without an outcome\n${printed}`);
  });
  const { fault, groovy, stages, ...build } = JSON.parse(outcome) as Outcome;
  if (fault !== undefined) throw new Error(`${fault}\n${printed}`);
  if (!groovy.startsWith('2.4.')) leftOut('the Groovy of Jenkins, 2.4,', `this is ${groovy}`);
  const results = Object.entries(stages).map(([name, { scripts, code, error, ...stage }]) => {
    const counted = scripts.filter(({ status }) => status).map(({ text }) => text);
    return [name, { ...stage, error, code: error === null ? 0 : code, runs: runsOf(counted) }] as const;
  });
  return { ...build, error: build.error ?? null, stages: Object.fromEntries(results) };
}

/** How often each text stands there, one after the other. */
function runsOf(texts: readonly string[]): number[] {
  return texts.reduce<number[]>((runs, text, index) => {
    if (index > 0 && texts[index - 1] === text) runs.push((runs.pop() ?? 0) + 1);
    else runs.push(1);
    return runs;
  }, []);
}

async function appRepository(): Promise<string> {
  const { folder, git } = await gitRepository();
  await checkout(folder);
  git('add', '--all');
  return folder;
}

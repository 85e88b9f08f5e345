import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '../../src/testing/files.ts';
import { readProperties } from './ci-files.ts';
import { type CiVariables, carry, checkout, runScript, type Variables } from './ci-shell.ts';
import { type GitRepository, gitRepository } from './git.ts';
import { groovyFunction } from './groovy-function.ts';

/** A statement of a Jenkinsfile: its text up to its end or its block, each string in it as `''`, and the strings in their order. */
export interface Statement {
  readonly text: string;
  readonly strings: readonly string[];
  readonly block: readonly Statement[] | null;
}

const TOKENS =
  /\/\*[\s\S]*?\*\/|\/\/.*|'''[\s\S]*?'''|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|[{}()[\]\n;]|[^{}()[\]\n;'"/]+|[\s\S]/g;

/** Reads the little of Groovy that a declarative Jenkinsfile is made of. Throws where brackets do not match. */
export function parseJenkinsfile(source: string): readonly Statement[] {
  const tokens = (source.match(TOKENS) ?? []).filter((token) => !/^\/[/*]/.test(token));
  const statements = readStatements(tokens);
  if (tokens.length > 0) throw new Error('a } too many');
  return statements;
}

/** Takes statements off the front, up to the bracket that ends their block. */
function readStatements(tokens: string[]): Statement[] {
  const found: Statement[] = [];
  for (;;) {
    const statement = readStatement(tokens);
    const end = tokens.shift();
    const block = end === '{' ? readStatements(tokens) : null;
    if (end === '{' && tokens.shift() !== '}') throw new Error(`no } after ${statement.text}`);
    if (statement.text !== '') found.push({ ...statement, block });
    if (end === undefined) return found;
    if (end === '}') {
      tokens.unshift(end);
      return found;
    }
  }
}

/** Takes tokens off the front, up to what ends a statement outside of brackets. */
function readStatement(tokens: string[]): Omit<Statement, 'block'> {
  const strings: string[] = [];
  let [text, depth] = ['', 0];
  while (tokens[0] !== undefined && (depth > 0 || !/^[{}\n;]$/.test(tokens[0]))) {
    const token = tokens.shift() ?? '';
    if (/^[([]$/.test(token)) depth += 1;
    if (/^[)\]]$/.test(token)) depth -= 1;
    const string = /^('''|'|")([\s\S]*)\1$/.exec(token)?.[2];
    // Groovy joins lines at a backslash before the shell sees them.
    if (string !== undefined) strings.push(string.replaceAll('\\\n', ''));
    text += string === undefined ? token : "''";
  }
  if (depth !== 0) throw new Error(`a bracket is not closed, or one too many, in ${text}`);
  return { text: text.trim(), strings };
}

export function blockOf(statements: readonly Statement[], text: string): readonly Statement[] {
  return statements.find((statement) => statement.text === text)?.block ?? [];
}

export interface StageResult {
  /** Of the script that failed, or 0. */
  readonly code: number;
  /** With which words it failed; `null` when it did not. */
  readonly error: string | null;
  /** How often apptool ran in each of its steps. */
  readonly runs: readonly number[];
  readonly log: string;
  readonly archived: readonly string[];
  readonly junit: readonly string[];
  readonly folder: string;
}

interface Build {
  readonly source: string;
  readonly ci: CiVariables;
  readonly params: Variables;
  readonly repository: GitRepository;
  readonly stashes: Map<string, string>;
  /** `null` is what Groovy gives for a key that is not there. */
  readonly about: { description: string | null };
}

/** What one stage does, where it does it. */
interface Stage {
  readonly build: Build;
  readonly folder: string;
  readonly runs: number[];
  /** Of the last script. */
  code: number;
  log: string;
}

/** What ends a stage. */
class BuildFailure extends Error {}

/**
 * Runs the stages of a declarative Jenkinsfile, each in a folder of its own; only what is stashed goes from one to the next. Every
 * checkout finds one commit more, as a job does that follows a branch. Steps get no variable of git: a `checkout` step sets none.
 */
export async function runJenkinsfile(
  source: string,
  ci: CiVariables,
  parameters: Variables = {},
): Promise<{ readonly stages: Readonly<Record<string, StageResult>>; readonly description: string | null }> {
  const pipeline = blockOf(parseJenkinsfile(source), 'pipeline');
  const defaults = blockOf(pipeline, 'parameters').map(({ strings: [name = '', value = ''] }) => [name, value]);
  // As in the first build of a job: its parameters are no variables of the shell.
  const params: Readonly<Record<string, string>> = { ...Object.fromEntries(defaults), ...parameters };
  const variables = blockOf(pipeline, 'environment').map(({ text, strings: [value = ''] }) => [
    text.split(' ')[0],
    value.replace(/\$\{params\.(\w+)\}/g, (_, name: string) => params[name] ?? 'null'),
  ]);
  const env = {
    ...ci.env,
    ...Object.fromEntries(variables),
    JENKINS_URL: 'https://ci.example/',
  };
  const repository = await gitRepository();
  await checkout(repository.folder);
  repository.git('add', '--all');
  const build: Build = { source, ci, params, repository, stashes: new Map(), about: { description: null } };
  const stages: Record<string, StageResult> = {};
  for (const { strings, block } of blockOf(pipeline, 'stages')) {
    const stage: Stage = { build, folder: await temporaryFolder(), runs: [], code: 0, log: '' };
    // Beside the workspace, as Jenkins has it.
    const own = { ...env, WORKSPACE_TMP: await temporaryFolder() };
    const error = await runSteps(blockOf(block ?? [], 'steps'), own, stage).then(() => null, wordsOf);
    const after = await runPost(blockOf(blockOf(block ?? [], 'post'), 'always'), stage);
    const { code, runs, log, folder } = stage;
    stages[strings[0] ?? ''] = { code: error === null ? 0 : code, error, runs, log, folder, ...after };
    if (error !== null) break;
  }
  return { stages, description: build.about.description };
}

function wordsOf(failure: unknown): string {
  if (failure instanceof BuildFailure) return failure.message;
  throw failure;
}

/** Runs steps until one throws. */
async function runSteps(steps: readonly Statement[], env: Variables, stage: Stage): Promise<void> {
  for (const step of steps) await runStep(step, env, stage);
}

/** The function at the top of the recipe, called with a script or with the one that installs. */
const APPTOOL = /^apptool(?: ''(?:, '')?|\(installation\(\)\))$/;

async function runStep({ text, strings, block }: Statement, env: Variables, stage: Stage): Promise<void> {
  const { build, folder } = stage;
  const [first = ''] = strings;
  if (text === 'deleteDir()') {
    for (const name of await readdir(folder)) await rm(join(folder, name), { recursive: true });
  } else if (text === 'checkout scm') {
    const { git, folder: repository } = build.repository;
    git('commit', '--quiet', '--allow-empty', '--message=Next commit');
    await carry(['.'], repository, folder);
  } else if (text === "unstash ''") await carry(['.'], build.stashes.get(first) ?? '/nonexistent', folder);
  else if (text.startsWith('stash ')) build.stashes.set(first, await stashed(text, build.params, folder));
  else if (text === "input message: ''") stage.log += `${first}\n`;
  else if (block !== null) await runBlock({ text, strings, block }, env, stage);
  else await runScripts(text, strings, env, stage);
}

/** `stash name: '', includes: params.NAME` */
async function stashed(text: string, params: Variables, folder: string): Promise<string> {
  const [, name = ''] = /^stash name: '', includes: params\.(\w+)$/.exec(text) ?? [];
  const place = await temporaryFolder();
  await carry([params[name] ?? ''], folder, place);
  return place;
}

async function runBlock({ text, strings, block }: Statement, env: Variables, stage: Stage): Promise<void> {
  const [, variable = ''] = strings;
  const isSecret = text.startsWith('withCredentials([string(');
  if (!isSecret && text !== 'script') throw new Error(`unknown block: ${text}`);
  const more = isSecret ? { [variable]: stage.build.ci.secrets[variable] ?? '' } : {};
  await runSteps(block ?? [], { ...env, ...more }, stage);
}

async function runScripts(text: string, strings: readonly string[], env: Variables, stage: Stage): Promise<void> {
  const [first = ''] = strings;
  if (text === "sh ''") failUnlessZero(await shell(first, env, stage));
  else if (APPTOOL.test(text)) await apptool(strings, env, stage);
  else await describeBuild(text, join(stage.folder, first), stage.build);
}

/** `currentBuild.description = readProperties(file: …).KEY` */
async function describeBuild(text: string, file: string, { about }: Build): Promise<void> {
  const [, key] = /^currentBuild\.description = readProperties\(file: ''\)\.(\w+)$/.exec(text) ?? [];
  if (key === undefined) throw new Error(`unknown step: ${text}`);
  about.description = readProperties(await readFile(file, 'utf8')).get(key) ?? null;
}

function failUnlessZero(code: number): void {
  if (code !== 0) throw new BuildFailure(`script returned exit code ${code}`);
}

async function shell(script: string, env: Variables, stage: Stage): Promise<number> {
  const { code, stdout, stderr } = await runScript(['sh', '-xe'], script, { cwd: stage.folder, env });
  stage.log += stdout + stderr;
  stage.code = code ?? -1;
  return stage.code;
}

/** Runs the function of that name at the top of the recipe. */
async function apptool(given: readonly string[], env: Variables, stage: Stage): Promise<void> {
  const values = given.length === 0 ? [installation(stage.build.source)] : given;
  let runs = 0;
  const run = groovyFunction(stage.build.source, 'apptool', {
    sh: (script) => {
      runs += 1;
      return shell(script, env, stage);
    },
    sleep: (time, unit) => {
      stage.log += `sleep ${time} ${unit}\n`;
    },
    error: (message) => {
      throw new BuildFailure(message);
    },
  });
  await run(...values).finally(() => stage.runs.push(runs));
}

/** What the function of that name returns. */
function installation(source: string): string {
  return blockOf(parseJenkinsfile(source), 'String installation()')[0]?.strings[0] ?? '';
}

async function runPost(
  steps: readonly Statement[],
  { build, folder }: Stage,
): Promise<Pick<StageResult, 'archived' | 'junit'>> {
  const [archived, junit]: [string[], string[]] = [[], []];
  for (const { text, strings } of steps) {
    const files = (strings.at(-1) ?? '').split(', ');
    const kept = await temporaryFolder();
    const carried = await carry(files, folder, kept);
    if (text.startsWith('stash ')) build.stashes.set(strings[0] ?? '', kept);
    else if (text.startsWith('archiveArtifacts ')) archived.push(...carried);
    else if (text.startsWith('junit ')) junit.push(...carried);
    else throw new Error(`unknown step: ${text}`);
  }
  return { archived, junit };
}

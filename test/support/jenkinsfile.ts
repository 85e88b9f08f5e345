import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type CiVariables, carry, checkout, runScript, type Variables } from './ci-shell.ts';
import { temporaryFolder } from './files.ts';

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
  /** Of the step that failed, or 0. */
  readonly code: number;
  /** How often apptool ran in each of its steps. */
  readonly runs: readonly number[];
  readonly log: string;
  readonly archived: readonly string[];
  readonly junit: readonly string[];
  readonly folder: string;
}

interface Build {
  readonly ci: CiVariables;
  readonly stashes: Map<string, string>;
  /** `env` of Jenkins, parameters included. */
  readonly env: Record<string, string>;
  readonly about: { description: string };
}

/** What one stage does, where it does it. */
interface Stage {
  readonly build: Build;
  readonly folder: string;
  readonly runs: number[];
  log: string;
}

/** Runs the stages of a declarative Jenkinsfile, each in a folder of its own; only what is stashed goes from one to the next. */
export async function runJenkinsfile(
  source: string,
  ci: CiVariables,
  parameters: Variables = {},
): Promise<{ readonly stages: Readonly<Record<string, StageResult>>; readonly description: string }> {
  const pipeline = blockOf(parseJenkinsfile(source), 'pipeline');
  const defaults = blockOf(pipeline, 'parameters').map(({ strings: [name = '', value = ''] }) => [name, value]);
  const variables = blockOf(pipeline, 'environment').map(({ text, strings: [value = ''] }) => [
    text.split(' ')[0],
    value,
  ]);
  const env = {
    ...ci.env,
    ...Object.fromEntries([...defaults, ...variables]),
    ...parameters,
    JENKINS_URL: 'https://ci.example/',
  };
  const build: Build = { ci, env, stashes: new Map(), about: { description: '' } };
  const stages: Record<string, StageResult> = {};
  for (const { strings, block } of blockOf(pipeline, 'stages')) {
    const stage: Stage = { build, folder: await temporaryFolder(), runs: [], log: '' };
    const code = await runSteps(blockOf(block ?? [], 'steps'), build.env, stage);
    const after = await runPost(blockOf(blockOf(block ?? [], 'post'), 'always'), stage);
    stages[strings[0] ?? ''] = { code, runs: stage.runs, log: stage.log, folder: stage.folder, ...after };
    if (code !== 0) break;
  }
  return { stages, description: build.about.description };
}

/** Runs steps until one fails. */
async function runSteps(steps: readonly Statement[], env: Variables, stage: Stage): Promise<number> {
  for (const step of steps) {
    const code = await runStep(step, env, stage);
    if (code !== 0) return code;
  }
  return 0;
}

async function runStep({ text, strings, block }: Statement, env: Variables, stage: Stage): Promise<number> {
  const { build, folder } = stage;
  const [first = ''] = strings;
  if (text === 'deleteDir()') {
    for (const name of await readdir(folder)) await rm(join(folder, name), { recursive: true });
  } else if (text === 'checkout scm') await checkout(folder);
  else if (text === "unstash ''") await carry(['.'], build.stashes.get(first) ?? '/nonexistent', folder);
  else if (text === "sh ''") return await shell(first, env, stage);
  else if (text === "apptool ''") return await apptool(first, env, stage);
  else if (text === 'script') return await runSteps(block ?? [], env, stage);
  else if (text.startsWith('withCredentials([string(')) {
    const [, variable = ''] = strings;
    return await runSteps(block ?? [], { ...env, [variable]: build.ci.secrets[variable] ?? '' }, stage);
  } else await readProperty(text, join(folder, first), build);
  return 0;
}

/** `env.NAME = readProperties(file: …).KEY`, or the same for the build's description. */
async function readProperty(text: string, file: string, { env, about }: Build): Promise<void> {
  const pattern = /^(env\.\w+|currentBuild\.description) = readProperties\(file: ''\)\.(\w+)$/;
  const [, target = '', key = ''] = pattern.exec(text) ?? [];
  if (key === '') throw new Error(`unknown step: ${text}`);
  const value = propertiesIn(await readFile(file, 'utf8'))[key] ?? '';
  if (target.startsWith('env.')) env[target.slice('env.'.length)] = value;
  else about.description = value;
}

async function shell(script: string, env: Variables, stage: Stage): Promise<number> {
  const { code, stdout, stderr } = await runScript(['sh', '-xe'], script, { cwd: stage.folder, env });
  stage.log += stdout + stderr;
  return code ?? -1;
}

/** What the function of that name does at the top of the recipe. */
async function apptool(script: string, env: Variables, stage: Stage): Promise<number> {
  let [code, runs] = [6, 0];
  for (; code === 6 && runs < 3; runs += 1) code = await shell(script, env, stage);
  stage.runs.push(runs);
  return code;
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

/** A Java properties file, as far as one `KEY=value` a line goes. */
function propertiesIn(text: string): Record<string, string> {
  const unescaped = (value: string): string =>
    value.replace(/\\u([0-9a-fA-F]{4})|\\(.)/g, (_, code, other) =>
      code ? String.fromCharCode(Number.parseInt(code, 16)) : other,
    );
  const entries = [...text.matchAll(/^(\w+)=(.*)$/gm)].map(([, key = '', value = '']) => [key, unescaped(value)]);
  return Object.fromEntries(entries);
}

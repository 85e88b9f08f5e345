import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { temporaryFolder } from '../../src/testing/files.ts';
import { readGithubOutputs } from './ci-files.ts';
import { type CiVariables, COMMIT, checkout, runScript, type Variables, yamlOf } from './ci-shell.ts';
import { downloadArtifact, uploadArtifact } from './github-artifacts.ts';
import { type Contexts, evaluateText, holds, outputsOf } from './github-expressions.ts';

interface Step {
  readonly id?: string;
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
  readonly env?: Variables;
  readonly if?: string;
  readonly shell?: string;
  readonly 'continue-on-error'?: boolean;
  readonly 'working-directory'?: string;
}

interface Action {
  readonly inputs: Readonly<Record<string, { readonly default?: unknown }>>;
  readonly outputs: Readonly<Record<string, { readonly value: string }>>;
  readonly runs: { readonly using: string; readonly steps: readonly Step[] };
}

interface Job {
  readonly needs?: string | readonly string[];
  readonly if?: string;
  readonly environment?: string;
  readonly strategy?: { readonly matrix?: string | Matrix };
  readonly outputs?: Variables;
  readonly 'timeout-minutes': number;
  readonly steps: readonly Step[];
}

export interface Workflow {
  readonly jobs: Readonly<Record<string, Job>>;
}

export interface StepResult {
  readonly code: number;
  readonly outputs: Variables;
  readonly log: string;
  readonly summary: string;
}

type Steps = Record<string, { readonly outputs: Variables }>;

const NOTHING: StepResult = { code: 0, outputs: {}, log: '', summary: '' };

function evaluateAll(values: Readonly<Record<string, unknown>> = {}, contexts: Contexts): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, String(evaluateText(String(value), contexts))]),
  );
}

type Started = (child: ChildProcess) => void;

/** Runs a script as a GitHub runner does on Linux. */
async function runStep(
  step: Step,
  folder: string,
  env: Variables,
  contexts: Contexts,
  started?: Started,
): Promise<StepResult> {
  const files = await temporaryFolder();
  const [output, summary] = [join(files, 'output'), join(files, 'summary')];
  await Promise.all([output, summary].map((file) => writeFile(file, '')));
  const shell = step.shell === 'sh' ? ['sh', '-e'] : ['bash', '--noprofile', '--norc', '-eo', 'pipefail'];
  const result = await runScript(shell, step.run ?? '', {
    cwd: resolve(folder, String(evaluateText(step['working-directory'] ?? '.', contexts))),
    env: {
      ...env,
      ...evaluateAll(step.env, contexts),
      GITHUB_ACTIONS: 'true',
      GITHUB_OUTPUT: output,
      GITHUB_STEP_SUMMARY: summary,
      GITHUB_SHA: COMMIT,
      GITHUB_REF: 'refs/tags/v1.2',
    },
    ...(started === undefined ? {} : { started }),
  });
  return {
    code: result.code ?? -1,
    outputs: Object.fromEntries(readGithubOutputs(await readFile(output, 'utf8'))),
    log: result.stdout + result.stderr,
    summary: await readFile(summary, 'utf8'),
  };
}

interface ActionOptions {
  readonly folder: string;
  /** What the step that uses the action gives it. */
  readonly env: Variables;
  readonly temp?: string;
  /** Is told of the process of each step that has an id. */
  readonly started?: Started;
}

/** Runs a composite action in a folder. */
export async function runAction(
  text: string,
  given: Readonly<Record<string, unknown>>,
  { folder, env, temp, started }: ActionOptions,
): Promise<StepResult> {
  const action = yamlOf<Action>(text);
  const unknown = Object.keys(given).filter((name) => !(name in action.inputs));
  if (unknown.length > 0) throw new Error(`no such input: ${unknown}`);
  const inputs = Object.fromEntries(
    Object.entries(action.inputs).map(([name, input]) => [name, String(given[name] ?? input.default ?? '')]),
  );
  const steps: Steps = {};
  const contexts = { inputs, steps, runner: { temp: temp ?? (await temporaryFolder()) } };
  // A step that is never reached has no outputs, which is no error.
  for (const { id } of action.runs.steps) if (id !== undefined) steps[id] = { outputs: outputsOf({}) };
  let last = NOTHING;
  for (const step of action.runs.steps) {
    last = await runStep(step, folder, env, contexts, step.id === undefined ? undefined : started);
    steps[step.id ?? ''] = { outputs: outputsOf(last.outputs) };
    if (last.code !== 0) break;
  }
  const values = Object.entries(action.outputs).map(([name, { value }]) => [name, value] as const);
  return { ...last, outputs: evaluateAll(Object.fromEntries(values), contexts) };
}

interface JobResult {
  /** Of the first step that failed, or 0. */
  readonly code: number;
  readonly folder: string;
  readonly log: string;
  readonly summary: string;
  readonly steps: Readonly<Record<string, Variables>>;
}

interface WorkflowRun {
  /** The first cell of each job that ran. */
  readonly jobs: Readonly<Record<string, JobResult>>;
  /** Every cell of each job that ran. */
  readonly cells: Readonly<Record<string, readonly JobResult[]>>;
  readonly artifacts: string;
}

interface RunOptions {
  /** The run whose failed jobs are run again, with the artifacts that it has kept. */
  readonly again?: WorkflowRun;
  /** What an app's checkout has besides. */
  readonly checkedOut?: (folder: string) => Promise<void>;
}

/** What all jobs of a run share. */
interface Run {
  readonly ci: CiVariables;
  readonly artifacts: string;
  readonly attempt: number;
  readonly checkedOut: RunOptions['checkedOut'] | undefined;
  /** What is known of the jobs before, by id. */
  readonly needs: Record<string, { readonly result: string; readonly outputs: Variables }>;
}

/** Runs the jobs in their order, each cell in a folder of its own; only artifacts and outputs go from one to the next. */
export async function runWorkflow(
  workflow: Workflow,
  ci: CiVariables,
  { again, checkedOut }: RunOptions = {},
): Promise<WorkflowRun> {
  const artifacts = again?.artifacts ?? (await temporaryFolder());
  const run: Run = { ci, artifacts, attempt: again === undefined ? 1 : 2, checkedOut, needs: {} };
  const cells: Record<string, readonly JobResult[]> = {};
  for (const [name, job] of Object.entries(workflow.jobs)) {
    const needed = [job.needs ?? []].flat().map((one) => run.needs[one]);
    const standing = { failed: needed.some((one) => one?.result !== 'success') };
    if (!holds(job.if, { needs: run.needs, inputs: { resume: '' } }, standing)) {
      run.needs[name] = { result: 'skipped', outputs: outputsOf({}) };
      continue;
    }
    const before = again?.cells[name] ?? [];
    const places = await runCells(job, before, run);
    const last = places.at(-1);
    const failed = places.some(({ code }) => code !== 0);
    cells[name] = places;
    const steps = Object.fromEntries(
      Object.entries(last?.steps ?? {}).map(([id, outputs]) => [id, { outputs: outputsOf(outputs) }]),
    );
    run.needs[name] = {
      result: failed ? 'failure' : 'success',
      outputs: outputsOf(evaluateAll(job.outputs, { steps })),
    };
  }
  const firsts = Object.entries(cells).flatMap(([name, [first]]) => (first === undefined ? [] : [[name, first]]));
  return { jobs: Object.fromEntries(firsts), cells, artifacts };
}

type Cell = Readonly<Record<string, unknown>>;

/** The cells of a job, one after the other; what has succeeded in an earlier attempt is left as it is. */
async function runCells(job: Job, before: readonly JobResult[], run: Run): Promise<JobResult[]> {
  const given = job.strategy?.matrix;
  const matrix = (typeof given === 'string' ? evaluateText(given, { needs: run.needs }) : given) as Matrix | undefined;
  const places: JobResult[] = [];
  for (const [index, cell] of cellsOf(matrix).entries()) {
    const done = before[index];
    places.push(done?.code === 0 ? done : await runJob(job, cell, index, run));
  }
  return places;
}

type Matrix = Readonly<Record<string, readonly unknown[]>>;

/** Every combination, and what is included by itself. A job without a matrix is one cell. */
function cellsOf(matrix: Matrix | undefined): readonly Cell[] {
  if (matrix === undefined) return [{}];
  const { include = [], ...axes } = matrix;
  const all = Object.entries(axes).reduce<Cell[]>(
    (cells, [name, values]) => cells.flatMap((cell) => values.map((value) => ({ ...cell, [name]: value }))),
    [{}],
  );
  return Object.keys(axes).length === 0 ? (include as Cell[]) : all;
}

async function runJob(job: Job, matrix: Cell, index: number, run: Run): Promise<JobResult> {
  const { ci, attempt } = run;
  const folder = await temporaryFolder();
  const steps: Steps = {};
  const outputs: Record<string, Variables> = {};
  const contexts: Contexts = {
    matrix,
    steps,
    inputs: { resume: '' },
    needs: run.needs,
    secrets: outputsOf(ci.secrets),
    strategy: { 'job-index': index },
    github: { run_attempt: attempt, token: 'a token' },
    runner: { temp: await temporaryFolder() },
    vars: { APPTOOL_URL: ci.env.APPTOOL_URL, APPTOOL_INTEGRITY: ci.env.APPTOOL_INTEGRITY },
  };
  let [code, log, summary] = [0, '', ''];
  for (const step of job.steps) {
    if (!holds(step.if, contexts, { failed: code !== 0 })) continue;
    const result = await runWorkflowStep(step, { folder, run, contexts });
    outputs[step.id ?? ''] = result.outputs;
    steps[step.id ?? ''] = { outputs: outputsOf(result.outputs) };
    if (code === 0 && step['continue-on-error'] !== true) code = result.code;
    log += result.log;
    summary += result.summary;
  }
  return { code, folder, log, summary, steps: outputs };
}

interface Place {
  readonly folder: string;
  readonly run: Run;
  readonly contexts: Contexts;
}

async function runWorkflowStep(step: Step, { folder, run, contexts }: Place): Promise<StepResult> {
  const { artifacts, ci, checkedOut } = run;
  const env = { ...ci.env, ...evaluateAll(step.env, contexts) };
  if (step.uses === undefined) return await runStep(step, folder, env, contexts);
  const given = evaluateAll(step.with, contexts);
  if (step.uses.startsWith('./')) {
    const { temp } = contexts.runner as { readonly temp: string };
    const action = readFileSync(join(folder, step.uses, 'action.yml'), 'utf8');
    return await runAction(action, given, { folder, env, temp });
  }
  const [action] = step.uses.split('@');
  if (action === 'actions/checkout') {
    await checkoutInto(folder, given['sparse-checkout']);
    await checkedOut?.(folder);
    return NOTHING;
  }
  if (action === 'actions/upload-artifact') return { ...NOTHING, code: await uploadArtifact(given, folder, artifacts) };
  if (action === 'actions/download-artifact')
    return { ...NOTHING, code: await downloadArtifact(given, folder, artifacts) };
  throw new Error(`unknown action: ${step.uses}`);
}

/** A sparse checkout has the files of the root too: its cone mode is the default. */
async function checkoutInto(folder: string, sparse: string | undefined): Promise<void> {
  await checkout(folder);
  if (sparse === undefined) return;
  const entries = await readdir(folder, { withFileTypes: true });
  const left = entries.filter((entry) => entry.isDirectory() && !`${sparse}/`.startsWith(`${entry.name}/`));
  await Promise.all(left.map(({ name }) => rm(join(folder, name), { recursive: true })));
}

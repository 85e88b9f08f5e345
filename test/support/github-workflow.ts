import { readFileSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { temporaryFolder } from '../../src/testing/files.ts';
import { readGithubOutputs } from './ci-files.ts';
import { type CiVariables, COMMIT, carry, checkout, runScript, TOOL, type Variables, yamlOf } from './ci-shell.ts';

interface Step {
  readonly id?: string;
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
  readonly env?: Variables;
  readonly if?: string;
  readonly shell?: string;
  readonly 'working-directory'?: string;
}

interface Action {
  readonly inputs: Readonly<Record<string, { readonly default?: unknown }>>;
  readonly outputs: Readonly<Record<string, { readonly value: string }>>;
  readonly runs: { readonly using: string; readonly steps: readonly Step[] };
}

interface Job {
  readonly needs?: string;
  readonly 'timeout-minutes': number;
  readonly steps: readonly Step[];
}

export interface Workflow {
  readonly jobs: Readonly<Record<string, Job>>;
}

interface Contexts {
  readonly inputs: Variables;
  readonly secrets: Variables;
  readonly steps: Record<string, Variables>;
  /** The folder that a runner has for the job outside of the checkout. */
  readonly temp: string;
}

export interface StepResult {
  readonly code: number;
  readonly outputs: Variables;
  readonly log: string;
  readonly summary: string;
}

const NOTHING: StepResult = { code: 0, outputs: {}, log: '', summary: '' };

/** `${{ inputs.x }}`, `${{ secrets.X }}` and `${{ steps.x.outputs.y }}`; all else is an error of the recipe, or more than this knows. */
function evaluate(text: string, { inputs, secrets, steps, temp }: Contexts): string {
  return text.replace(/\$\{\{\s*(.*?)\s*\}\}/g, (_, expression: string) => {
    const fixed = {
      'runner.temp': temp,
      'strategy.job-index': '0',
      'vars.APPTOOL_URL': TOOL.APPTOOL_URL,
      'vars.APPTOOL_INTEGRITY': TOOL.APPTOOL_INTEGRITY,
    }[expression];
    if (fixed !== undefined) return fixed;
    const [, context = '', name = '', output = ''] =
      /^(inputs|secrets|steps)\.([\w-]+)(?:\.outputs\.(\w+))?$/.exec(expression) ?? [];
    const value =
      context === 'steps' ? steps[name] && (steps[name][output] ?? '') : { inputs, secrets }[context]?.[name];
    if (value === undefined) throw new Error(`no such value: ${expression}`);
    return value;
  });
}

function evaluateAll(values: Readonly<Record<string, unknown>> = {}, contexts: Contexts): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, evaluate(String(value), contexts)]));
}

/** Runs a script as a GitHub runner does on Linux. */
async function runStep(step: Step, folder: string, env: Variables, contexts: Contexts): Promise<StepResult> {
  const files = await temporaryFolder();
  const [output, summary] = [join(files, 'output'), join(files, 'summary')];
  await Promise.all([output, summary].map((file) => writeFile(file, '')));
  const shell = step.shell === 'sh' ? ['sh', '-e'] : ['bash', '--noprofile', '--norc', '-eo', 'pipefail'];
  const result = await runScript(shell, step.run ?? '', {
    cwd: resolve(folder, evaluate(step['working-directory'] ?? '.', contexts)),
    env: {
      ...env,
      ...evaluateAll(step.env, contexts),
      GITHUB_ACTIONS: 'true',
      GITHUB_OUTPUT: output,
      GITHUB_STEP_SUMMARY: summary,
      GITHUB_SHA: COMMIT,
      GITHUB_REF: 'refs/tags/v1.2',
    },
  });
  return {
    code: result.code ?? -1,
    outputs: Object.fromEntries(readGithubOutputs(await readFile(output, 'utf8'))),
    log: result.stdout + result.stderr,
    summary: await readFile(summary, 'utf8'),
  };
}

/** Runs a composite action in a folder; `env` is what its step gives it. */
export async function runAction(
  text: string,
  given: Readonly<Record<string, unknown>>,
  { folder, env, temp }: { readonly folder: string; readonly env: Variables; readonly temp?: string },
): Promise<StepResult> {
  const action = yamlOf<Action>(text);
  const unknown = Object.keys(given).filter((name) => !(name in action.inputs));
  if (unknown.length > 0) throw new Error(`no such input: ${unknown}`);
  const inputs = Object.fromEntries(
    Object.entries(action.inputs).map(([name, input]) => [name, String(given[name] ?? input.default ?? '')]),
  );
  const contexts: Contexts = { inputs, secrets: {}, steps: {}, temp: temp ?? (await temporaryFolder()) };
  // A step that is never reached has no outputs, which is no error.
  for (const { id } of action.runs.steps) if (id !== undefined) contexts.steps[id] = {};
  let last = NOTHING;
  for (const step of action.runs.steps) {
    last = await runStep(step, folder, env, contexts);
    contexts.steps[step.id ?? ''] = last.outputs;
    if (last.code !== 0) break;
  }
  const values = Object.entries(action.outputs).map(([name, { value }]) => [name, value] as const);
  return { ...last, outputs: evaluateAll(Object.fromEntries(values), contexts) };
}

export interface JobResult {
  /** Of the first step that failed, or 0. */
  readonly code: number;
  readonly folder: string;
  readonly log: string;
  readonly summary: string;
  readonly steps: Readonly<Record<string, Variables>>;
}

/** Runs the jobs in their order, each in a folder of its own; only artifacts go from one to the next. */
export async function runWorkflow(
  workflow: Workflow,
  { secrets, env }: CiVariables,
): Promise<{ readonly jobs: Readonly<Record<string, JobResult>>; readonly artifacts: string }> {
  const artifacts = await temporaryFolder();
  const jobs: Record<string, JobResult> = {};
  for (const [name, job] of Object.entries(workflow.jobs)) {
    if (job.needs !== undefined && jobs[job.needs]?.code !== 0) continue;
    const folder = await temporaryFolder();
    const contexts: Contexts = { inputs: {}, secrets, steps: {}, temp: await temporaryFolder() };
    let [code, log, summary] = [0, '', ''];
    for (const step of job.steps) {
      if (code !== 0 && step.if !== 'always()') continue;
      const result = await runWorkflowStep(step, { folder, artifacts, env, contexts });
      contexts.steps[step.id ?? ''] = result.outputs;
      if (code === 0) code = result.code;
      log += result.log;
      summary += result.summary;
    }
    jobs[name] = { code, folder, log, summary, steps: contexts.steps };
  }
  return { jobs, artifacts };
}

interface Place {
  readonly folder: string;
  readonly artifacts: string;
  readonly env: Variables;
  readonly contexts: Contexts;
}

async function runWorkflowStep(step: Step, { folder, artifacts, env, contexts }: Place): Promise<StepResult> {
  const all = { ...env, ...evaluateAll(step.env, contexts) };
  if (step.uses === undefined) return await runStep(step, folder, all, contexts);
  const given = evaluateAll(step.with, contexts);
  if (step.uses.startsWith('./'))
    return await runAction(readFileSync(join(folder, step.uses, 'action.yml'), 'utf8'), given, {
      folder,
      env: all,
      temp: contexts.temp,
    });
  const stored = join(artifacts, given.name ?? '');
  const [action] = step.uses.split('@');
  if (action === 'actions/checkout') await checkoutInto(folder, given['sparse-checkout']);
  else if (action === 'actions/upload-artifact') {
    // Without `recursive` it rejects where an artifact of this name is there, as GitHub does.
    await mkdir(stored);
    await carry((given.path ?? '').split('\n').filter(Boolean), folder, stored);
  } else if (action === 'actions/download-artifact') await carry(['.'], stored, folder);
  else throw new Error(`unknown action: ${step.uses}`);
  return NOTHING;
}

/** A sparse checkout has the files of the root too: its cone mode is the default. */
async function checkoutInto(folder: string, sparse: string | undefined): Promise<void> {
  await checkout(folder);
  if (sparse === undefined) return;
  const entries = await readdir(folder, { withFileTypes: true });
  const left = entries.filter((entry) => entry.isDirectory() && !`${sparse}/`.startsWith(`${entry.name}/`));
  await Promise.all(left.map(({ name }) => rm(join(folder, name), { recursive: true })));
}

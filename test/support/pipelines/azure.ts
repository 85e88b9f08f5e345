import { cp, readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { temporaryFolder } from '../../../src/testing/files.ts';
import { agentCommands } from '../ci-readers.ts';
import { type CiVariables, COMMIT, runScript, type ShellResult, TOOL, type Variables, yamlOf } from '../ci-shell.ts';
import { type JobResult, machine, picked } from './machine.ts';

export interface AzureStep {
  readonly bash?: string;
  readonly checkout?: string;
  readonly download?: string;
  readonly publish?: string;
  readonly artifact?: string;
  readonly task?: string;
  readonly name?: string;
  readonly condition?: string;
  readonly env?: Variables;
  readonly inputs?: Variables;
}

export interface AzureJob {
  readonly job?: string;
  readonly deployment?: string;
  readonly environment?: string;
  readonly timeoutInMinutes: number;
  readonly variables?: Variables;
  readonly steps?: readonly AzureStep[];
  readonly strategy?: { readonly runOnce: { readonly deploy: { readonly steps: readonly AzureStep[] } } };
}

type VariableList = readonly { readonly group?: string; readonly name?: string; readonly value?: string }[];

interface Stage {
  readonly stage: string;
  readonly condition: string;
  readonly variables?: VariableList;
  readonly jobs: readonly AzureJob[];
}

export interface AzurePipeline {
  readonly trigger: unknown;
  readonly pr: string;
  readonly variables: VariableList;
  readonly stages: readonly Stage[];
}

/** The groups that the settings of the project have, and which secrets are in them. */
const GROUPS: Readonly<Record<string, readonly string[]>> = {
  apptool: [],
  'apptool-prod': ['APPTEGO_API_KEY'],
  'apptool-store': ['AUTOAPPSTORE_TOKEN'],
};

export function stepsOf({ steps, strategy }: AzureJob): readonly AzureStep[] {
  return steps ?? strategy?.runOnce.deploy.steps ?? [];
}

function plain(list: VariableList = []): Record<string, string> {
  return Object.fromEntries(list.flatMap(({ name, value }) => (name === undefined ? [] : [[name, value ?? '']])));
}

/**
 * Runs a pipeline: each job in a checkout of its own, and only artifacts and output variables go from one to the next. `$(x)` is replaced in all texts
 * before anything is run, as Azure does it, and stays where there is no such variable
 * (https://learn.microsoft.com/azure/devops/pipelines/process/variables#understand-variable-syntax); a secret is a variable of a script only by `env`.
 */
export async function runAzure(text: string, ci: CiVariables): Promise<Readonly<Record<string, JobResult>>> {
  const { secrets } = ci;
  const pipeline = yamlOf<AzurePipeline>(text);
  const artifacts = new Map<string, string>();
  const outputs = new Map<string, string>();
  const results: Record<string, JobResult> = {};
  for (const stage of pipeline.stages)
    for (const job of stage.jobs) {
      if (Object.values(results).some(({ code }) => code !== 0)) return results;
      const groups = [...pipeline.variables, ...(stage.variables ?? [])].flatMap(({ group }) => group ?? []);
      const known = picked(
        secrets,
        groups.flatMap((group) => GROUPS[group] ?? fail(`no such group: ${group}`)),
      );
      const own = { ...plain(pipeline.variables), ...plain(stage.variables), ...job.variables };
      results[job.job ?? job.deployment ?? ''] = await runJob(job, {
        stage: stage.stage,
        secrets: known,
        ci,
        artifacts,
        outputs,
        own: Object.fromEntries(
          Object.entries(own).map(([name, value]) => [name, resolved(value, stage.stage, outputs)]),
        ),
      });
    }
  return results;
}

interface Place {
  readonly stage: string;
  readonly secrets: Variables;
  readonly ci: CiVariables;
  readonly own: Variables;
  readonly artifacts: Map<string, string>;
  readonly outputs: Map<string, string>;
}

/** `$[dependencies.job.outputs['step.name']]`, and the same of an earlier stage. */
function resolved(text: string, stage: string, outputs: ReadonlyMap<string, string>): string {
  const [, from, job, name] =
    /^\$\[(dependencies|stageDependencies\.\w+)\.(\w+)\.outputs\['([\w.]+)'\]\]$/.exec(text) ?? [];
  if (from === undefined) return text;
  const key = `${from === 'dependencies' ? stage : from.split('.')[1]}/${job}/${name}`;
  return outputs.get(key) ?? fail(`no such output: ${key}`);
}

/** What the steps of a job share. */
interface Agent extends Place {
  readonly job: string;
  readonly workspace: string;
  readonly variables: Record<string, string>;
  folder: string;
}

function replaced(text: string, { variables, secrets }: Agent): string {
  return text.replace(/\$\(([\w.]+)\)/g, (all, name: string) => variables[name] ?? secrets[name] ?? all);
}

async function download(step: AzureStep, agent: Agent): Promise<void> {
  const name = replaced(step.artifact ?? '', agent);
  const stored = agent.artifacts.get(name) ?? fail(`no such artifact: ${name}`);
  await cp(stored, join(agent.workspace, name), { recursive: true });
}

/** A name can be taken once. */
async function publish(step: AzureStep, agent: Agent): Promise<string[]> {
  const name = replaced(step.artifact ?? '', agent);
  if (agent.artifacts.has(name)) fail(`artifact ${name} already exists`);
  const stored = await temporaryFolder();
  await cp(resolve(agent.folder, replaced(step.publish ?? '', agent)), stored, { recursive: true });
  agent.artifacts.set(name, stored);
  return await readdir(stored);
}

async function runBash(step: AzureStep, agent: Agent): Promise<ShellResult> {
  const named = Object.entries(agent.variables).map(([name, value]) => [
    name.toUpperCase().replaceAll('.', '_'),
    value,
  ]);
  const mapped = Object.entries(step.env ?? {}).map(([name, value]) => [name, replaced(value, agent)]);
  const result = await runScript(['bash'], replaced(step.bash ?? '', agent), {
    cwd: agent.folder,
    env: { ...agent.ci.env, ...Object.fromEntries([...named, ...mapped]) },
  });
  for (const { name, properties, data } of agentCommands(result.stdout + result.stderr))
    if (name === 'task.setvariable' && properties.variable !== undefined) {
      agent.variables[`${step.name}.${properties.variable}`] = data;
      agent.outputs.set(`${agent.stage}/${agent.job}/${step.name}.${properties.variable}`, data);
    }
  return result;
}

async function runJob(job: AzureJob, place: Place): Promise<JobResult> {
  const [workspace, staging, temp] = await Promise.all([temporaryFolder(), temporaryFolder(), temporaryFolder()]);
  const agent: Agent = {
    ...place,
    job: job.job ?? job.deployment ?? '',
    workspace,
    folder: workspace,
    variables: {
      'Build.SourceBranch': 'refs/tags/v1.2',
      'Build.SourceVersion': COMMIT,
      'Build.ArtifactStagingDirectory': staging,
      'Pipeline.Workspace': workspace,
      'System.StageAttempt': '1',
      'Agent.TempDirectory': temp,
      TF_BUILD: 'True',
      ...picked(place.ci.env, Object.keys(TOOL)),
      ...place.own,
    },
  };
  let [code, log] = [0, ''];
  const kept: string[] = [];
  for (const step of stepsOf(job)) {
    if (code !== 0 && step.condition !== 'always()') continue;
    if (step.checkout !== undefined) agent.folder = await machine(place.ci);
    if (step.download !== undefined) await download(step, agent);
    if (step.publish !== undefined) kept.push(...(await publish(step, agent)));
    if (step.bash === undefined) continue;
    const result = await runBash(step, agent);
    code = result.code ?? -1;
    log += result.stdout + result.stderr;
  }
  return { code, log, kept };
}

function fail(why: string): never {
  throw new Error(why);
}

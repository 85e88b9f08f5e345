import { cp, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '../../../src/testing/files.ts';
import { type CiVariables, COMMIT, runScript, type Variables, yamlOf } from '../ci-shell.ts';
import { type JobResult, machine, matching, picked } from './machine.ts';

type Paths = { readonly root: string; readonly paths: readonly string[] };

type CircleStep =
  | 'checkout'
  | {
      readonly run?: string | { readonly name: string; readonly command: string };
      readonly attach_workspace?: { readonly at: string };
      readonly persist_to_workspace?: Paths;
      readonly store_artifacts?: { readonly path: string };
      readonly store_test_results?: { readonly path: string };
    };

interface CircleJob {
  readonly environment?: Variables;
  readonly steps: readonly CircleStep[];
}

interface Invocation {
  readonly context?: string;
  readonly requires?: readonly string[];
  readonly type?: string;
  readonly filters?: unknown;
}

export interface CircleConfig {
  readonly jobs: Readonly<Record<string, CircleJob>>;
  readonly workflows: { readonly release: { readonly jobs: readonly Readonly<Record<string, Invocation>>[] } };
}

const CONTEXTS: Readonly<Record<string, readonly string[]>> = {
  'apptool-prod': ['APPTEGO_API_KEY'],
  'apptool-store': ['AUTOAPPSTORE_TOKEN'],
};

export function invocations({ workflows }: CircleConfig): (Invocation & { readonly name: string })[] {
  return workflows.release.jobs.flatMap((one) => Object.entries(one).map(([name, job]) => ({ ...job, name })));
}

/** Runs the workflow of a tag; from job to job go what is persisted alone. A job that waits for an approval is approved. */
export async function runCircle(text: string, ci: CiVariables): Promise<Readonly<Record<string, JobResult>>> {
  const { secrets, env } = ci;
  const config = yamlOf<CircleConfig>(text);
  const workspace = await temporaryFolder();
  const results: Record<string, JobResult> = {};
  for (const { name, type, context, requires = [] } of invocations(config)) {
    if (requires.some((needed) => results[needed]?.code !== 0)) continue;
    const given = picked(secrets, context === undefined ? [] : (CONTEXTS[context] ?? []));
    const job = config.jobs[name];
    results[name] =
      type === 'approval' || job === undefined
        ? { code: 0, log: '', kept: [] }
        : await runJob(job, workspace, { ...ci, env: { ...env, ...job.environment, ...given } });
  }
  return results;
}

/** What a step does on the machine, and how its command ends. */
async function runStep(step: CircleStep, folder: string, workspace: string, env: Variables): Promise<JobResult> {
  if (step === 'checkout') return DONE;
  const { run, attach_workspace: attach, persist_to_workspace: persist } = step;
  if (attach !== undefined) await cp(workspace, join(folder, attach.at), { recursive: true });
  if (persist !== undefined)
    for (const name of await matching(join(folder, persist.root), persist.paths))
      await cp(join(folder, persist.root, name), join(workspace, name));
  if (run === undefined) return DONE;
  const command = typeof run === 'string' ? run : run.command;
  const { code, stdout, stderr } = await runScript(['bash', '-eo', 'pipefail'], command, { cwd: folder, env });
  return { code: code ?? -1, log: stdout + stderr, kept: [] };
}

const DONE: JobResult = { code: 0, log: '', kept: [] };

async function runJob(job: CircleJob, workspace: string, ci: CiVariables): Promise<JobResult> {
  const folder = await machine(ci);
  const env = {
    ...ci.env,
    BASH_ENV: join(await temporaryFolder(), 'bash_env'),
    CIRCLECI: 'true',
    CIRCLE_SHA1: COMMIT,
    CIRCLE_TAG: 'v1.2',
    CIRCLE_BUILD_NUM: '7',
  };
  const kept: string[] = [];
  let [code, log] = [0, ''];
  for (const step of job.steps) {
    const stored = step === 'checkout' ? undefined : (step.store_artifacts ?? step.store_test_results);
    // What is stored is stored whatever has happened before (https://circleci.com/docs/reference/configuration-reference/#the-when-attribute).
    if (stored !== undefined) kept.push(...(await readdir(join(folder, stored.path)).catch(() => [])));
    if (code !== 0) continue;
    const result = await runStep(step, folder, workspace, env);
    code = result.code;
    log += result.log;
  }
  return { code, log, kept };
}

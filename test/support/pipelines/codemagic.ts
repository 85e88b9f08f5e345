import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '../../../src/testing/files.ts';
import { readCodemagic } from '../ci-readers.ts';
import { type CiVariables, COMMIT, runScript, type Variables, yamlOf } from '../ci-shell.ts';
import { type JobResult, machine, matching, picked } from './machine.ts';

interface CodemagicWorkflow {
  readonly max_build_duration: number;
  readonly environment: { readonly groups: readonly string[]; readonly vars: Variables };
  readonly triggering?: { readonly events: readonly string[] };
  readonly scripts: readonly { readonly name: string; readonly script: string; readonly test_report?: string }[];
  readonly artifacts: readonly string[];
}

export interface Codemagic {
  readonly workflows: Readonly<Record<string, CodemagicWorkflow>>;
}

const GROUPS: Readonly<Record<string, readonly string[]>> = {
  apptool: [],
  apptool_prod: ['APPTEGO_API_KEY'],
  apptool_store: ['AUTOAPPSTORE_TOKEN'],
};

/** Runs one workflow on a machine of its own. A variable that a script adds to CM_ENV is there in those that follow. */
export async function runCodemagic(text: string, name: string, inputs: Variables, ci: CiVariables): Promise<JobResult> {
  const { secrets, env } = ci;
  const { environment, scripts, artifacts } = yamlOf<Codemagic>(
    text.replace(/\$\{\{ inputs\.(\w+) \}\}/g, (_, input: string) => JSON.stringify(inputs[input] ?? '')),
  ).workflows[name] as CodemagicWorkflow;
  const folder = await machine(ci);
  const file = join(await temporaryFolder(), 'cm_env');
  await writeFile(file, '');
  const groups = environment.groups.flatMap((group) => GROUPS[group] ?? []);
  const all = { ...env, ...picked(secrets, groups), ...environment.vars };
  let [code, log] = [0, ''];
  for (const { script } of scripts) {
    if (code !== 0) break;
    const later = Object.fromEntries(readCodemagic(await readFile(file, 'utf8')));
    const build = { CI: 'true', CM_BUILD_ID: '5f', CM_COMMIT: COMMIT, CM_TAG: 'v1.2', CM_ENV: file };
    const result = await runScript(['sh'], script, { cwd: folder, env: { ...all, ...later, ...build } });
    code = result.code ?? -1;
    log += result.stdout + result.stderr;
  }
  return { code, log, kept: await matching(folder, artifacts) };
}

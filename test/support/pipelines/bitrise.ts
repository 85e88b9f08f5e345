import { chmod, cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ROOT, temporaryFolder } from '../../../src/testing/files.ts';
import { type CiVariables, COMMIT, runScript, type Variables, yamlOf } from '../ci-shell.ts';
import { type JobResult, machine } from './machine.ts';

type Item = Readonly<Record<string, unknown>>;

interface BitriseStep {
  readonly title?: string;
  readonly timeout?: number;
  readonly is_always_run?: boolean;
  readonly inputs?: readonly Item[];
}

export interface BitriseConfig {
  readonly app: { readonly envs: readonly Item[] };
  readonly workflows: Readonly<
    Record<string, { readonly triggers?: unknown; readonly steps: readonly Readonly<Record<string, BitriseStep>>[] }>
  >;
}

interface StepFile {
  readonly inputs: readonly Item[];
  readonly toolkit: { readonly bash: { readonly entry_file: string } };
}

/** As envman takes a variable (github.com/bitrise-io/envman, cli/add.go): no value of more than 20 KB. */
const ENVMAN = `#!/bin/sh
[ "$1" = add ] && [ "$2" = --no-expand ] && [ "$3" = --key ] && [ -n "$4" ] && [ "$5" = --value ] && [ $# = 6 ] || exit 1
[ "\${#6}" -le 20480 ] || exit 2
printf '%s\\0%s\\0' "$4" "$6" >> "$ENVMAN_ENVSTORE_PATH"
`;

/** The keys of such items with their values; `null` is none. */
function pairs(items: readonly Item[]): [string, string][] {
  return items.flatMap((item) =>
    Object.entries(item)
      .filter(([key, value]) => key !== 'opts' && value !== null)
      .map(([key, value]): [string, string] => [key, String(value)]),
  );
}

/** The step, with its script and what it wants beside it, where the recipe says that it goes. */
async function withStep(ci: CiVariables): Promise<string> {
  const folder = await machine(ci);
  const step = join(folder, 'bitrise/apptool');
  await mkdir(step, { recursive: true });
  for (const name of ['bitrise/step.yml', 'bitrise/step.sh', 'shell/apptool.sh'])
    await cp(join(ROOT, 'recipes', name), join(step, name.split('/')[1] ?? ''));
  return folder;
}

/**
 * Runs one workflow on a machine of its own: a step's inputs are variables, in whose values those that are known are put in place of `$NAME`
 * (github.com/bitrise-io/envman, `is_expand`), and its script is run as `bash <file>` in the checkout.
 */
export async function runBitrise(
  text: string,
  name: string,
  started: Variables,
  ci: CiVariables,
): Promise<JobResult & { readonly values: Variables }> {
  const { secrets, env } = ci;
  const { app, workflows } = yamlOf<BitriseConfig>(text);
  const [folder, tools, deploy, tests] = await Promise.all([
    withStep(ci),
    temporaryFolder(),
    temporaryFolder(),
    temporaryFolder(),
  ]);
  const store = join(tools, 'store');
  await writeFile(join(tools, 'envman'), ENVMAN);
  await chmod(join(tools, 'envman'), 0o755);
  await writeFile(store, '');
  let values: Variables = {};
  let [code, log] = [0, ''];
  for (const one of workflows[name]?.steps ?? [])
    for (const [id, step] of Object.entries(one)) {
      if (code !== 0 && step.is_always_run !== true) continue;
      const all: Record<string, string> = {
        ...env,
        ...secrets,
        ...Object.fromEntries(pairs(app.envs)),
        ...started,
        ...values,
        PATH: `${tools}:${env.PATH}`,
        BITRISE_IO: 'true',
        BITRISE_SOURCE_DIR: folder,
        BITRISE_DEPLOY_DIR: deploy,
        BITRISE_TEST_RESULT_DIR: tests,
        BITRISE_GIT_COMMIT: COMMIT,
        BITRISE_GIT_TAG: 'v1.2',
        ENVMAN_ENVSTORE_PATH: store,
      };
      const script = await scriptOf(id, step, folder, all);
      if (script === null) continue;
      const result = await runScript(['bash'], script, { cwd: folder, env: all });
      const parts = (await readFile(store, 'utf8')).split('\0').slice(0, -1);
      values = Object.fromEntries(parts.flatMap((key, at) => (at % 2 === 0 ? [[key, parts[at + 1] ?? '']] : [])));
      code = result.code ?? -1;
      log += result.stdout + result.stderr;
    }
  return { code, log, kept: (await readdir(deploy)).sort(), values };
}

/** What a step runs; its inputs are added to the variables. `null` for one that only fetches or keeps. */
async function scriptOf(
  id: string,
  step: BitriseStep,
  folder: string,
  variables: Record<string, string>,
): Promise<string | null> {
  const given = pairs(step.inputs ?? []);
  const content = given.find(([key]) => key === 'content')?.[1];
  if (/^script@\d+$/.test(id)) return content ?? '';
  if (/^(?:git-clone|deploy-to-bitrise-io)@\d+$/.test(id)) return null;
  const file = join(folder, id.replace(/^path::/, ''), 'step.yml');
  const { inputs, toolkit } = yamlOf<StepFile>(await readFile(file, 'utf8'));
  const known = inputs.flatMap((item) => Object.keys(item).filter((key) => key !== 'opts'));
  const unknown = given.filter(([key]) => !known.includes(key));
  if (unknown.length > 0) throw new Error(`no such input: ${unknown}`);
  for (const [key, value] of [...pairs(inputs), ...given])
    variables[key] = value.replace(/\$(\w+)/g, (all, variable: string) => variables[variable] ?? all);
  return `exec bash "${join(dirname(file), toolkit.bash.entry_file)}"\n`;
}

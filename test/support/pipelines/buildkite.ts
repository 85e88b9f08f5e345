import { chmod, cp, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { temporaryFolder } from '../../../src/testing/files.ts';
import { type CiVariables, COMMIT, runScript, yamlOf } from '../ci-shell.ts';
import { type JobResult, machine, picked } from './machine.ts';

export interface BuildkiteStep {
  readonly key: string;
  readonly block?: string;
  readonly if?: string;
  readonly depends_on?: string;
  readonly secrets?: readonly string[];
  readonly command?: string;
  readonly artifact_paths?: string | readonly string[];
  readonly timeout_in_minutes?: number;
  readonly concurrency?: number;
  readonly retry?: {
    readonly automatic: readonly { readonly exit_status: number | readonly number[]; readonly limit: number }[];
    readonly manual?: { readonly allowed?: boolean; readonly permit_on_passed?: boolean };
  };
}

/** `buildkite-agent artifact download <path> <folder>`: the file, in its folders, or a failure. */
const agent = (store: string): string => `#!/bin/sh
[ "$1 $2" = 'artifact download' ] && [ -e "${store}/$3" ] || exit 1
mkdir -p "$4/$(dirname "$3")" && cp "${store}/$3" "$4/$3"
`;

/**
 * Runs the steps of a tag, each in a checkout of its own; between them go artifacts alone. A command is given to the shell as it stands
 * (https://buildkite.com/docs/agent/self-hosted/configure#shell), a block is unblocked, and a job runs again after the exit statuses that its rules name.
 */
export async function runBuildkite(
  text: string,
  ci: CiVariables,
): Promise<Readonly<Record<string, JobResult & { readonly runs: number }>>> {
  const { secrets, env } = ci;
  const { steps } = yamlOf<{ steps: readonly BuildkiteStep[] }>(text);
  const [store, tools] = await Promise.all([temporaryFolder(), temporaryFolder()]);
  await writeFile(join(tools, 'buildkite-agent'), agent(store));
  await chmod(join(tools, 'buildkite-agent'), 0o755);
  const results: Record<string, JobResult & { runs: number }> = {};
  for (const step of steps) {
    if (step.depends_on !== undefined && results[step.depends_on]?.code !== 0) continue;
    const attempt = async (): Promise<JobResult> => {
      if (step.command === undefined) return { code: 0, log: '', kept: [] };
      const folder = await machine(ci);
      const { code, stdout, stderr } = await runScript(['bash', '-e'], step.command, {
        cwd: folder,
        env: {
          ...env,
          ...picked(secrets, step.secrets ?? []),
          PATH: `${tools}:${env.PATH}`,
          BUILDKITE: 'true',
          BUILDKITE_COMMIT: COMMIT,
          BUILDKITE_BRANCH: 'v1.2',
          BUILDKITE_TAG: 'v1.2',
        },
      });
      const kept: string[] = [];
      for (const path of [step.artifact_paths ?? []].flat()) {
        await mkdir(dirname(join(store, path)), { recursive: true });
        const isThere = await cp(join(folder, path), join(store, path)).then(
          () => true,
          () => false,
        );
        if (isThere) kept.push(path);
      }
      return { code: code ?? -1, log: stdout + stderr, kept };
    };
    let [result, runs] = [await attempt(), 1];
    const rules = step.retry?.automatic ?? [];
    const limit = () => rules.find((rule) => [rule.exit_status].flat().includes(result.code))?.limit ?? 0;
    while (runs <= limit()) [result, runs] = [await attempt(), runs + 1];
    results[step.key] = { ...result, runs };
  }
  return results;
}

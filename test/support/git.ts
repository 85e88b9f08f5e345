import { execFileSync } from 'node:child_process';
import { temporaryFolder } from '../../src/testing/files.ts';

/** A repository of its own, with nobody's settings. */
export interface GitRepository {
  readonly folder: string;
  /** Runs git there and gives what it prints, without the line break at its end. */
  git(...args: string[]): string;
}

/** Has one commit, `First commit`, on the branch `main`. */
export async function gitRepository(): Promise<GitRepository> {
  const folder = await temporaryFolder();
  const env = { PATH: process.env.PATH, HOME: folder, GIT_CONFIG_NOSYSTEM: '1' };
  const who = ['-c', 'user.name=Test', '-c', 'user.email=test@example.com'];
  const git = (...args: string[]): string =>
    execFileSync('git', [...who, ...args], { cwd: folder, env, encoding: 'utf8', stdio: 'pipe' }).trimEnd();
  git('init', '--quiet', '--initial-branch=main');
  git('commit', '--quiet', '--allow-empty', '--message=First commit\n\nWith a body.');
  return { folder, git };
}

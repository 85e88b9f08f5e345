import type { Env } from '../../contract/env.ts';
import { UsageError } from '../../contract/errors.ts';
import { openGit } from './git-question.ts';

export interface ChangedPaths {
  /** The folder that the paths are from. */
  readonly root: string;
  readonly paths: readonly string[];
}

/** The paths of which git knows other contents at `ref` than at HEAD. Throws `UsageError` where git cannot tell. */
export async function changedSince(
  ref: string,
  { cwd, environment, signal }: { readonly cwd: string; readonly environment: Env; readonly signal: AbortSignal },
): Promise<ChangedPaths> {
  const git = await openGit(cwd, environment, signal);
  const refuse = (why: string, hint: string) => new UsageError(`cannot tell what has changed: ${why}`, { hint });
  if (git === null)
    throw refuse('there is no git, or no repository here', 'plan all apps, or name the apps with --only');
  const base = ref.startsWith('-') ? null : await git.ask('rev-parse', '--verify', '--quiet', `${ref}^{commit}`);
  signal.throwIfAborted();
  if (base === null)
    throw refuse(
      'git does not know that commit, tag or branch here',
      'check out the repository with its history (fetch depth 0)',
    );
  const quietly = ['--no-renames', '--no-ext-diff', '--no-textconv', '--ignore-submodules=none'];
  const names = await git.ask('diff', '--name-only', '-z', ...quietly, base.trim(), 'HEAD', '--');
  signal.throwIfAborted();
  if (names === null)
    throw refuse('git could not compare the commits', 'check out the repository with its history (fetch depth 0)');
  return { root: git.root, paths: names.split('\0').filter((path) => path !== '') };
}

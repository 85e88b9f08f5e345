import type { BuildMetadata } from '../../contract/build-metadata.ts';
import type { Env } from '../../contract/env.ts';
import { asBranch, asMessage, asName, asRepositoryUrl, asTag } from './field-values.ts';
import { openGit } from './git-question.ts';

export type GitFacts = Pick<BuildMetadata, 'commit' | 'commitMessage' | 'branch' | 'tag' | 'repositoryUrl'>;

/**
 * What git knows of the repository around `cwd`. Never rejects: `null` where there is no git, no repository, no commit or no trust, and when the
 * signal ends it.
 */
export async function readGit(cwd: string, environment: Env, signal: AbortSignal): Promise<GitFacts | null> {
  const git = await openGit(cwd, environment, signal);
  if (git === null) return null;
  const [head, remote] = await Promise.all([
    git.ask('log', '-1', '--no-show-signature', '--encoding=UTF-8', '--decorate=full', '--format=%H%x00%D%x00%B'),
    git.ask('config', '--get', 'remote.origin.url'),
  ]);
  if (head === null) return null;
  const [commit = '', refs = '', text = ''] = head.split('\0');
  const after = (mark: string): string => {
    const ref = refs.split(', ').find((one) => one.startsWith(mark));
    return ref?.slice(mark.length) ?? '';
  };
  return {
    commit: asName(commit),
    commitMessage: asMessage(text),
    branch: asBranch(after('HEAD -> ')),
    tag: asTag(after('tag: ')),
    repositoryUrl: asRepositoryUrl(remote ?? ''),
  };
}

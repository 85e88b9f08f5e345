import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { BuildMetadata } from '../../contract/build-metadata.ts';
import type { Env } from '../../contract/env.ts';
import { asBranch, asMessage, asName, asRepositoryUrl, asTag } from './field-values.ts';

const run = promisify(execFile);

/** All that git gets of the environment: where programs are, and where the user's settings are, which say what repositories to trust. */
const NEEDED_VARIABLES = ['PATH', 'HOME', 'XDG_CONFIG_HOME'];

export type GitFacts = Pick<BuildMetadata, 'commit' | 'commitMessage' | 'branch' | 'tag' | 'repositoryUrl'>;

/**
 * What git knows of the repository around `cwd`. Asks for no password, takes no lock, fetches nothing, runs no program that the
 * repository names, and never rejects: `null` where there is no git, no repository, no commit or no trust, and when the signal ends it.
 */
export async function readGit(cwd: string, environment: Env, signal: AbortSignal): Promise<GitFacts | null> {
  const own = Object.fromEntries(NEEDED_VARIABLES.map((variable) => [variable, environment[variable]]));
  const env = { ...own, GIT_OPTIONAL_LOCKS: '0', GIT_TERMINAL_PROMPT: '0', GIT_NO_LAZY_FETCH: '1' };
  const ask = async (...args: string[]): Promise<string | null> => {
    try {
      return (await run('git', args, { cwd, env, signal, killSignal: 'SIGKILL' })).stdout;
    } catch {
      // What git would have said is optional.
      return null;
    }
  };
  const [head, remote] = await Promise.all([
    ask('log', '-1', '--no-show-signature', '--encoding=UTF-8', '--decorate=full', '--format=%H%x00%D%x00%B'),
    ask('config', '--get', 'remote.origin.url'),
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

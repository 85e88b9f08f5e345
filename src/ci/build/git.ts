import { execFile } from 'node:child_process';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import type { BuildMetadata } from '../../contract/build-metadata.ts';
import type { Env } from '../../contract/env.ts';
import { asBranch, asMessage, asName, asRepositoryUrl, asTag } from './field-values.ts';
import { findGit } from './git-program.ts';

const run = promisify(execFile);

/** All that git gets of the environment, besides where programs are: where the user's settings are, which say what repositories to trust. */
const NEEDED_VARIABLES = ['HOME', 'XDG_CONFIG_HOME'];

/** Nothing is written, asked or fetched: by no protocol at all, also for a git that does not know how not to fetch what is missing. */
const CAREFUL = {
  GIT_OPTIONAL_LOCKS: '0',
  GIT_TERMINAL_PROMPT: '0',
  GIT_NO_LAZY_FETCH: '1',
  GIT_ALLOW_PROTOCOL: '',
  GIT_PROTOCOL_FROM_USER: '0',
};

/** Settings by which a repository names programs (git-config(1)); on the command line they stand above the repository's. */
const OVERRIDES = [
  'core.fsmonitor=',
  'core.hooksPath=/dev/null',
  'core.pager=cat',
  'core.sshCommand=false',
  'core.askPass=',
  'core.attributesFile=/dev/null',
  'credential.helper=',
  'diff.external=',
  'gpg.program=false',
  'log.showSignature=false',
  'protocol.allow=never',
  'safe.bareRepository=explicit',
].flatMap((setting) => ['-c', setting]);

export type GitFacts = Pick<BuildMetadata, 'commit' | 'commitMessage' | 'branch' | 'tag' | 'repositoryUrl'>;

/**
 * What git knows of the repository around `cwd`. Asks for no password, takes no lock, fetches nothing, runs no program that the
 * repository names or holds, and never rejects: `null` where there is no git, no repository, no commit or no trust, and when the signal
 * ends it.
 */
export async function readGit(cwd: string, environment: Env, signal: AbortSignal): Promise<GitFacts | null> {
  const place = await findGit(cwd, environment).catch(() => null);
  if (place === null) return null;
  const own = Object.fromEntries(NEEDED_VARIABLES.map((variable) => [variable, environment[variable]]));
  const env = { ...own, ...CAREFUL, PATH: place.path, GIT_CEILING_DIRECTORIES: dirname(place.root) };
  const ask = async (...args: string[]): Promise<string | null> => {
    try {
      const all = ['--no-pager', '--no-replace-objects', ...OVERRIDES, ...args];
      return (await run(place.program, all, { cwd: place.root, env, signal, killSignal: 'SIGKILL' })).stdout;
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

import { execFile } from 'node:child_process';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import type { Env } from '../../contract/env.ts';
import { findGit } from './git-program.ts';

const run = promisify(execFile);

/** A list of a million paths fits in. */
const LONGEST_ANSWER = 256 * 1024 * 1024;

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

export interface Git {
  /** The folder that holds `.git`. */
  readonly root: string;
  /** What git says to that; `null` where it fails, and when the signal ends it. */
  ask(...args: string[]): Promise<string | null>;
}

/**
 * Git, asked of the repository around `cwd`. Asks for no password, takes no lock, fetches nothing, runs no program that the repository names or
 * holds. `null` where there is no git or no repository.
 */
export async function openGit(cwd: string, environment: Env, signal: AbortSignal): Promise<Git | null> {
  const place = await findGit(cwd, environment).catch(() => null);
  if (place === null) return null;
  const own = Object.fromEntries(NEEDED_VARIABLES.map((variable) => [variable, environment[variable]]));
  const env = { ...own, ...CAREFUL, PATH: place.path, GIT_CEILING_DIRECTORIES: dirname(place.root) };
  return {
    root: place.root,
    async ask(...args) {
      try {
        const all = ['--no-pager', '--no-replace-objects', ...OVERRIDES, ...args];
        const options = { cwd: place.root, env, signal, killSignal: 'SIGKILL', maxBuffer: LONGEST_ANSWER } as const;
        return (await run(place.program, all, options)).stdout;
      } catch {
        // Whoever asks knows what to do without an answer.
        return null;
      }
    },
  };
}

import type { BuildMetadata } from '../../contract/build-metadata.ts';
import type { Env } from '../../contract/env.ts';
import { type GitFacts, readGit } from './git.ts';
import { metadataFromEnvironment } from './metadata-from-environment.ts';

const GIT_LIMIT_MS = 2_000;

export interface MetadataInput {
  readonly environment: Env;
  readonly cwd: string;
  readonly signal: AbortSignal;
  /** How long git may take, all in all. */
  readonly gitLimitMs?: number;
}

/** What the CI's variables say, and from git what they do not say. Never rejects. */
export async function readBuildMetadata(input: MetadataInput): Promise<BuildMetadata> {
  const { environment, cwd, signal, gitLimitMs = GIT_LIMIT_MS } = input;
  const known = metadataFromEnvironment(environment);
  const git = await readGit(cwd, environment, AbortSignal.any([signal, AbortSignal.timeout(gitLimitMs)]));
  return git === null || !isSameCommit(known.commit, git.commit) ? known : completed(known, git);
}

/** A repository at another commit would tell of another build: a second checkout, or a commit that the build itself made. */
function isSameCommit(built: string | null, head: string | null): boolean {
  return built === null || (built.length >= 7 && head?.startsWith(built.toLowerCase()) === true);
}

/** Branch and tag go together: a tag on the commit of a branch's build is not what was built. */
function completed(known: BuildMetadata, git: GitFacts): BuildMetadata {
  const isRefKnown = known.branch !== null || known.tag !== null || known.pullRequest !== null;
  return {
    ...known,
    commit: known.commit ?? git.commit,
    commitMessage: known.commitMessage ?? git.commitMessage,
    branch: isRefKnown ? known.branch : git.branch,
    tag: isRefKnown ? known.tag : git.tag,
    repositoryUrl: known.repositoryUrl ?? git.repositoryUrl,
  };
}

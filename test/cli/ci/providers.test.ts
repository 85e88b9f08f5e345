import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { metadataFromEnvironment } from '../../../src/ci/build/metadata-from-environment.ts';
import { PROVIDERS, type Provider } from '../../../src/ci/build/providers.ts';
import { ROOT } from '../../../src/testing/files.ts';

const SHA = '9f1c2d3e4b5a69788796a5b4c3d2e1f001122334';

interface Build {
  /** The provider's id, then what is built. */
  readonly name: string;
  /** What the builds of this provider have in common is taken from the one before. */
  readonly env: Readonly<Record<string, string>>;
  readonly expected: Readonly<Record<string, unknown>>;
}

const BRANCH = { branch: 'main', tag: null, pullRequest: null };
const TAG = { branch: null, tag: 'v1.2', pullRequest: null };
const PULL = { branch: 'topic', tag: null, pullRequest: '12' };

/** Of each provider its first build with all fields, then what differs for the others. */
const BUILDS: readonly Build[] = [
  {
    name: 'github, a branch',
    env: {
      GITHUB_ACTIONS: 'true',
      GITHUB_SHA: SHA,
      GITHUB_REF: 'refs/heads/main',
      GITHUB_HEAD_REF: '',
      GITHUB_RUN_NUMBER: '173',
      GITHUB_RUN_ID: '99',
      GITHUB_SERVER_URL: 'https://github.com',
      GITHUB_REPOSITORY: 'owner/app',
    },
    expected: {
      ...BRANCH,
      provider: { id: 'github', name: 'GitHub Actions' },
      commitMessage: null,
      buildNumber: '173',
      buildUrl: 'https://github.com/owner/app/actions/runs/99',
      ciUrl: 'https://github.com/owner/app/actions',
      repositoryUrl: 'https://github.com/owner/app',
      triggeredAtMs: null,
    },
  },
  { name: 'github, a tag', env: { GITHUB_REF: 'refs/tags/v1.2' }, expected: TAG },
  {
    name: 'github, a pull request',
    env: { GITHUB_REF: 'refs/pull/12/merge', GITHUB_HEAD_REF: 'topic' },
    expected: PULL,
  },
  {
    name: 'github, the base of a pull request (pull_request_target)',
    env: { GITHUB_REF: 'refs/heads/main', GITHUB_HEAD_REF: 'topic' },
    expected: BRANCH,
  },
  {
    name: 'github, a branch named like a tag',
    env: { GITHUB_REF: 'refs/heads/tags/12' },
    expected: { branch: 'tags/12', tag: null },
  },
  {
    name: 'gitlab, a branch',
    env: {
      GITLAB_CI: 'true',
      CI_COMMIT_SHA: SHA,
      CI_COMMIT_MESSAGE: 'Fix it\n\nFor good.\n',
      CI_COMMIT_BRANCH: 'main',
      CI_PIPELINE_IID: '31',
      CI_PIPELINE_URL: 'https://gitlab.com/group/app/-/pipelines/7',
      CI_PROJECT_URL: 'https://gitlab.com/group/app',
      CI_REPOSITORY_URL: 'https://gitlab-ci-token:secret@gitlab.com/group/app.git',
      CI_PIPELINE_CREATED_AT: '2022-01-31T16:47:55Z',
    },
    expected: {
      ...BRANCH,
      provider: { id: 'gitlab', name: 'GitLab CI' },
      commitMessage: 'Fix it\n\nFor good.',
      buildNumber: '31',
      buildUrl: 'https://gitlab.com/group/app/-/pipelines/7',
      ciUrl: 'https://gitlab.com/group/app/-/pipelines',
      repositoryUrl: 'https://gitlab.com/group/app',
      triggeredAtMs: 1_643_647_675_000,
    },
  },
  { name: 'gitlab, a tag', env: { CI_COMMIT_BRANCH: '', CI_COMMIT_TAG: 'v1.2' }, expected: TAG },
  {
    name: 'gitlab, a merge request',
    env: { CI_COMMIT_BRANCH: '', CI_MERGE_REQUEST_IID: '12', CI_MERGE_REQUEST_SOURCE_BRANCH_NAME: 'topic' },
    expected: PULL,
  },
  {
    name: 'bitrise, a branch',
    env: {
      BITRISE_IO: 'true',
      BITRISE_GIT_COMMIT: SHA,
      BITRISE_GIT_MESSAGE: 'Fix it',
      BITRISE_GIT_BRANCH: 'main',
      BITRISE_PULL_REQUEST: 'false',
      BITRISE_BUILD_NUMBER: '5',
      BITRISE_BUILD_URL: 'https://app.bitrise.io/build/5f',
      BITRISE_APP_URL: 'https://app.bitrise.io/app/a1',
      GIT_REPOSITORY_URL: 'git@github.com:owner/app.git',
      BITRISE_BUILD_TRIGGER_TIMESTAMP: '1558359012',
    },
    expected: {
      ...BRANCH,
      provider: { id: 'bitrise', name: 'Bitrise' },
      commitMessage: 'Fix it',
      buildNumber: '5',
      buildUrl: 'https://app.bitrise.io/build/5f',
      ciUrl: 'https://app.bitrise.io/app/a1',
      repositoryUrl: 'https://github.com/owner/app',
      triggeredAtMs: 1_558_359_012_000,
    },
  },
  { name: 'bitrise, a tag', env: { BITRISE_GIT_BRANCH: '', BITRISE_GIT_TAG: 'v1.2' }, expected: TAG },
  {
    name: 'bitrise, a pull request',
    env: { BITRISE_GIT_BRANCH: 'topic', BITRISEIO_GIT_BRANCH_DEST: 'main', BITRISE_PULL_REQUEST: '12' },
    expected: PULL,
  },
  {
    name: 'bitrise, started by hand: the commit is known after the clone',
    env: { BITRISE_GIT_COMMIT: '', GIT_CLONE_COMMIT_HASH: SHA },
    expected: BRANCH,
  },
  {
    name: 'circleci, a branch',
    env: {
      CIRCLECI: 'true',
      CIRCLE_SHA1: SHA,
      CIRCLE_BRANCH: 'main',
      CIRCLE_BUILD_NUM: '8',
      CIRCLE_BUILD_URL: 'https://circleci.com/gh/owner/app/8',
      CIRCLE_REPOSITORY_URL: 'git@github.com:owner/app.git',
    },
    expected: {
      ...BRANCH,
      provider: { id: 'circleci', name: 'CircleCI' },
      commitMessage: null,
      buildNumber: '8',
      buildUrl: 'https://circleci.com/gh/owner/app/8',
      ciUrl: null,
      repositoryUrl: 'https://github.com/owner/app',
      triggeredAtMs: null,
    },
  },
  { name: 'circleci, a tag', env: { CIRCLE_BRANCH: '', CIRCLE_TAG: 'v1.2' }, expected: TAG },
  {
    name: 'circleci, a pull request',
    env: { CIRCLE_BRANCH: 'topic', CIRCLE_PULL_REQUEST: 'https://github.com/owner/app/pull/12' },
    expected: PULL,
  },
  {
    name: 'azure-pipelines, a branch',
    env: {
      TF_BUILD: 'True',
      BUILD_SOURCEVERSION: SHA,
      BUILD_SOURCEVERSIONMESSAGE: 'Fix it',
      BUILD_SOURCEBRANCH: 'refs/heads/main',
      BUILD_BUILDNUMBER: '20240131.2',
      BUILD_BUILDID: '77',
      SYSTEM_COLLECTIONURI: 'https://dev.azure.com/org/',
      SYSTEM_TEAMPROJECT: 'My App',
      BUILD_REPOSITORY_URI: 'https://org@dev.azure.com/org/My%20App/_git/app',
    },
    expected: {
      ...BRANCH,
      provider: { id: 'azure-pipelines', name: 'Azure Pipelines' },
      commitMessage: 'Fix it',
      buildNumber: '20240131.2',
      buildUrl: 'https://dev.azure.com/org/My%20App/_build/results?buildId=77',
      ciUrl: 'https://dev.azure.com/org/My%20App/_build',
      repositoryUrl: 'https://dev.azure.com/org/My%20App/_git/app',
      triggeredAtMs: null,
    },
  },
  { name: 'azure-pipelines, a tag', env: { BUILD_SOURCEBRANCH: 'refs/tags/v1.2' }, expected: TAG },
  {
    name: 'azure-pipelines, a pull request of Azure Repos',
    env: {
      BUILD_SOURCEBRANCH: 'refs/pull/12/merge',
      SYSTEM_PULLREQUEST_SOURCEBRANCH: 'refs/heads/topic',
      SYSTEM_PULLREQUEST_PULLREQUESTID: '12',
    },
    expected: PULL,
  },
  {
    name: 'azure-pipelines, a pull request of GitHub',
    env: {
      BUILD_SOURCEBRANCH: 'refs/pull/12/merge',
      SYSTEM_PULLREQUEST_SOURCEBRANCH: 'topic',
      SYSTEM_PULLREQUEST_PULLREQUESTID: '1234567',
      SYSTEM_PULLREQUEST_PULLREQUESTNUMBER: '12',
    },
    expected: PULL,
  },
  {
    name: 'codemagic, a branch',
    env: {
      CM_BUILD_ID: '6f',
      CM_PROJECT_ID: 'a1',
      CM_COMMIT: SHA,
      CM_BRANCH: 'main',
      CM_PULL_REQUEST: 'false',
      BUILD_NUMBER: '3',
      PROJECT_BUILD_NUMBER: '40',
    },
    expected: {
      ...BRANCH,
      provider: { id: 'codemagic', name: 'Codemagic' },
      commitMessage: null,
      buildNumber: '40',
      buildUrl: 'https://codemagic.io/app/a1/build/6f',
      ciUrl: 'https://codemagic.io/app/a1',
      repositoryUrl: null,
      triggeredAtMs: null,
    },
  },
  { name: 'codemagic, a tag', env: { CM_BRANCH: '', CM_TAG: 'v1.2' }, expected: TAG },
  {
    name: 'codemagic, a pull request',
    env: { CM_BRANCH: 'topic', CM_PULL_REQUEST: 'true', CM_PULL_REQUEST_NUMBER: '12' },
    expected: PULL,
  },
  {
    name: 'bitbucket, a branch',
    env: {
      BITBUCKET_BUILD_NUMBER: '21',
      BITBUCKET_COMMIT: SHA,
      BITBUCKET_BRANCH: 'main',
      BITBUCKET_REPO_FULL_NAME: 'owner/app',
    },
    expected: {
      ...BRANCH,
      provider: { id: 'bitbucket', name: 'Bitbucket Pipelines' },
      commitMessage: null,
      buildNumber: '21',
      buildUrl: 'https://bitbucket.org/owner/app/pipelines/results/21',
      ciUrl: 'https://bitbucket.org/owner/app/pipelines',
      repositoryUrl: 'https://bitbucket.org/owner/app',
      triggeredAtMs: null,
    },
  },
  { name: 'bitbucket, a tag', env: { BITBUCKET_BRANCH: '', BITBUCKET_TAG: 'v1.2' }, expected: TAG },
  { name: 'bitbucket, a pull request', env: { BITBUCKET_BRANCH: 'topic', BITBUCKET_PR_ID: '12' }, expected: PULL },
  {
    name: 'travis, a branch',
    env: {
      TRAVIS: 'true',
      TRAVIS_COMMIT: SHA,
      TRAVIS_COMMIT_MESSAGE: 'Fix it',
      TRAVIS_BRANCH: 'main',
      TRAVIS_TAG: '',
      TRAVIS_PULL_REQUEST: 'false',
      TRAVIS_PULL_REQUEST_BRANCH: '',
      TRAVIS_BUILD_NUMBER: '4',
      TRAVIS_BUILD_WEB_URL: 'https://app.travis-ci.com/owner/app/builds/44',
    },
    expected: {
      ...BRANCH,
      provider: { id: 'travis', name: 'Travis CI' },
      commitMessage: 'Fix it',
      buildNumber: '4',
      buildUrl: 'https://app.travis-ci.com/owner/app/builds/44',
      ciUrl: null,
      repositoryUrl: null,
      triggeredAtMs: null,
    },
  },
  { name: 'travis, a tag, which is the branch too', env: { TRAVIS_BRANCH: 'v1.2', TRAVIS_TAG: 'v1.2' }, expected: TAG },
  {
    name: 'travis, a pull request',
    env: { TRAVIS_BRANCH: 'main', TRAVIS_PULL_REQUEST: '12', TRAVIS_PULL_REQUEST_BRANCH: 'topic' },
    expected: PULL,
  },
  {
    name: 'xcode-cloud, a branch',
    env: {
      CI_XCODE_CLOUD: 'TRUE',
      CI_COMMIT: SHA,
      CI_BRANCH: 'main',
      CI_BUILD_NUMBER: '6',
      CI_BUILD_URL: 'https://appstoreconnect.apple.com/teams/t/apps/a/ci/builds/b',
    },
    expected: {
      ...BRANCH,
      provider: { id: 'xcode-cloud', name: 'Xcode Cloud' },
      commitMessage: null,
      buildNumber: '6',
      buildUrl: 'https://appstoreconnect.apple.com/teams/t/apps/a/ci/builds/b',
      ciUrl: null,
      repositoryUrl: null,
      triggeredAtMs: null,
    },
  },
  { name: 'xcode-cloud, a tag', env: { CI_BRANCH: '', CI_TAG: 'v1.2' }, expected: TAG },
  {
    name: 'xcode-cloud, a pull request',
    env: { CI_BRANCH: 'topic', CI_PULL_REQUEST_SOURCE_BRANCH: 'topic', CI_PULL_REQUEST_NUMBER: '12' },
    expected: PULL,
  },
  {
    name: 'teamcity, which tells little',
    env: {
      TEAMCITY_VERSION: '2025.11',
      BUILD_VCS_NUMBER: SHA,
      BUILD_NUMBER: '17',
      BUILD_URL: 'https://teamcity.example.com/build/1017',
    },
    expected: {
      branch: null,
      tag: null,
      pullRequest: null,
      provider: { id: 'teamcity', name: 'TeamCity' },
      commitMessage: null,
      buildNumber: '17',
      buildUrl: 'https://teamcity.example.com/build/1017',
      ciUrl: null,
      repositoryUrl: null,
      triggeredAtMs: null,
    },
  },
  {
    name: 'buildkite, a branch',
    env: {
      BUILDKITE: 'true',
      BUILDKITE_COMMIT: SHA,
      BUILDKITE_MESSAGE: 'Fix the login\n',
      BUILDKITE_BRANCH: 'main',
      BUILDKITE_TAG: '',
      BUILDKITE_PULL_REQUEST: 'false',
      BUILDKITE_BUILD_NUMBER: '1514',
      BUILDKITE_BUILD_URL: 'https://buildkite.com/acme-inc/my-project/builds/1514',
      BUILDKITE_ORGANIZATION_SLUG: 'acme-inc',
      BUILDKITE_PIPELINE_SLUG: 'my-project',
      BUILDKITE_REPO: 'git@github.com:acme-inc/my-project.git',
    },
    expected: {
      ...BRANCH,
      provider: { id: 'buildkite', name: 'Buildkite' },
      commitMessage: 'Fix the login',
      buildNumber: '1514',
      buildUrl: 'https://buildkite.com/acme-inc/my-project/builds/1514',
      ciUrl: 'https://buildkite.com/acme-inc/my-project',
      repositoryUrl: 'https://github.com/acme-inc/my-project',
      triggeredAtMs: null,
    },
  },
  { name: 'buildkite, a tag', env: { BUILDKITE_BRANCH: 'v1.2', BUILDKITE_TAG: 'v1.2' }, expected: TAG },
  {
    name: 'buildkite, a pull request',
    env: { BUILDKITE_BRANCH: 'topic', BUILDKITE_PULL_REQUEST: '12', BUILDKITE_PULL_REQUEST_BASE_BRANCH: 'main' },
    expected: PULL,
  },
  { name: 'buildkite, a build of no fixed commit', env: { BUILDKITE_COMMIT: 'HEAD' }, expected: { commit: null } },
  {
    name: 'jenkins, a branch of a plain job',
    env: {
      JENKINS_URL: 'https://jenkins.example.com/',
      GIT_COMMIT: SHA,
      GIT_BRANCH: 'origin/main',
      GIT_URL: 'https://user:secret@git.example.com/owner/app.git',
      BUILD_NUMBER: '153',
      BUILD_URL: 'https://jenkins.example.com/job/app/153/',
    },
    expected: {
      ...BRANCH,
      provider: { id: 'jenkins', name: 'Jenkins' },
      commitMessage: null,
      buildNumber: '153',
      buildUrl: 'https://jenkins.example.com/job/app/153/',
      ciUrl: 'https://jenkins.example.com/',
      repositoryUrl: 'https://git.example.com/owner/app',
      triggeredAtMs: null,
    },
  },
  {
    name: 'jenkins, a branch with slashes',
    env: { GIT_BRANCH: 'refs/remotes/origin/a/b' },
    expected: { branch: 'a/b' },
  },
  { name: 'jenkins, a detached HEAD', env: { GIT_BRANCH: 'detached' }, expected: { branch: null } },
  {
    name: 'jenkins, a tag of a multibranch job, which is the branch too',
    env: { BRANCH_NAME: 'v1.2', GIT_BRANCH: 'v1.2', TAG_NAME: 'v1.2' },
    expected: TAG,
  },
  {
    name: 'jenkins, a pull request of a multibranch job',
    env: { BRANCH_NAME: 'PR-12', GIT_BRANCH: 'PR-12', CHANGE_ID: '12', CHANGE_BRANCH: 'topic', CHANGE_TARGET: 'main' },
    expected: PULL,
  },
];

function idOf(build: Build): string {
  return build.name.split(',')[0] ?? '';
}

describe.each(PROVIDERS.map((provider) => [provider.id, provider] as const))('%s', (id, provider) => {
  const [base, ...others] = BUILDS.filter((build) => idOf(build) === id);

  test('tells all that it tells of a build', () => {
    expect(base).toBeDefined();
    expect(metadataFromEnvironment(base?.env ?? {})).toEqual({ isCi: true, commit: SHA, ...base?.expected });
  });

  if (others.length > 0)
    test.each(others.map((other) => [other.name, other] as const))('%s', (_, other) => {
      const metadata = metadataFromEnvironment({ ...base?.env, ...other.env });

      expect(metadata).toMatchObject({ commit: SHA, ...other.expected });
    });

  test('stands in the documentation as it is', () => {
    expect(readFileSync(join(ROOT, 'docs', 'ci-metadata.md'), 'utf8')).toContain(documented(provider));
  });
});

test('every build here is of a provider', () => {
  const ids = PROVIDERS.map(({ id }) => id);

  expect(BUILDS.map(idOf).filter((id) => !ids.includes(id))).toEqual([]);
});

describe('an environment', () => {
  test('of no CI is none', () => {
    expect(metadataFromEnvironment({ CI: 'false', GITHUB_ACTIONS: 'false', GITHUB_SHA: SHA })).toMatchObject({
      isCi: false,
      provider: null,
      commit: null,
    });
  });

  test('of an unknown CI is one', () => {
    expect(metadataFromEnvironment({ CI: 'true', GITHUB_SHA: SHA })).toMatchObject({
      isCi: true,
      provider: null,
      commit: null,
    });
  });

  test('that lacks a part of an address gives none', () => {
    const env = { GITHUB_ACTIONS: 'true', GITHUB_SERVER_URL: 'https://github.com', GITHUB_REPOSITORY: ' ' };

    expect(metadataFromEnvironment(env)).toMatchObject({ buildUrl: null, ciUrl: null, repositoryUrl: null });
  });

  test.each([
    [
      'an address with a password',
      { CIRCLE_BUILD_URL: 'https://u:secret@ci.example.com/1' },
      'buildUrl',
      'https://ci.example.com/1',
    ],
    ['an address of something else', { CIRCLE_BUILD_URL: 'javascript:alert(1)' }, 'buildUrl', null],
    ['an address without end', { CIRCLE_BUILD_URL: `https://ci.example.com/${'a'.repeat(3_000)}` }, 'buildUrl', null],
    ['a name without end', { CIRCLE_BRANCH: 'a'.repeat(100_000) }, 'branch', 'a'.repeat(255)],
    ['blank text', { CIRCLE_BRANCH: ' \n ' }, 'branch', null],
    ['a pull request that is no number', { CIRCLE_PR_NUMBER: 'javascript:1' }, 'pullRequest', null],
  ])('with %s is tamed', (_, env, field, value) => {
    expect(metadataFromEnvironment({ CIRCLECI: 'true', ...env })).toHaveProperty(field, value);
  });

  test.each([
    ['1558359012', 1_558_359_012_000],
    ['1558359012580', 1_558_359_012_580],
    ['2022-01-31T16:47:55+01:00', 1_643_644_075_000],
    ['yesterday', null],
    ['2022-99-99T00:00:00Z', null],
  ])('with the time %s is read', (time, ms) => {
    const env = { BITRISE_IO: 'true', BITRISE_BUILD_TRIGGER_TIMESTAMP: time };

    expect(metadataFromEnvironment(env).triggeredAtMs).toBe(ms);
  });
});

/** A provider's section of the documentation. */
function documented({ id, name, docs, marker, fields }: Provider): string {
  const rows = Object.entries(fields).map(([field, sources]) => {
    const shown = sources.map((source) => `\`${source}\``).join(', else ');
    return `| ${field} | ${shown} |\n`;
  });
  return `\n## ${name}\n\n\`${id}\`, where \`${marker}\` is set ([variables](${docs}))\n\n| field | from |\n|---|---|\n${rows.join('')}`;
}

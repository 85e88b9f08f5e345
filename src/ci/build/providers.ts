import type { BuildMetadata } from '../../contract/build-metadata.ts';

export type ProvidedField = Exclude<keyof BuildMetadata, 'isCi' | 'provider'>;

/** How one CI says what it builds. */
export interface Provider {
  readonly id: string;
  readonly name: string;
  /** The vendor's page that names the variables. */
  readonly docs: string;
  /** A build runs there when this variable is set, and to something else than `false`. */
  readonly marker: string;
  /** Texts with `$VARIABLE`s in them, the best first. One counts when all its variables are set and it gives a value of the field. */
  readonly fields: Readonly<Partial<Record<ProvidedField, readonly string[]>>>;
}

/**
 * Every CI whose variables are known, in the order in which they are looked for. Full refs (`refs/tags/v1`) say what they are, so one
 * variable may stand for branch, tag and pull request. `docs/ci-metadata.md` shows this table, and a test holds the two together.
 */
export const PROVIDERS: readonly Provider[] = [
  {
    id: 'github',
    name: 'GitHub Actions',
    docs: 'https://docs.github.com/en/actions/reference/workflows-and-actions/variables',
    marker: 'GITHUB_ACTIONS',
    fields: {
      commit: ['$GITHUB_SHA'],
      // The ref first: for `pull_request_target` it is the base branch, and so is the commit, whatever the head ref says.
      branch: ['$GITHUB_REF', '$GITHUB_HEAD_REF'],
      tag: ['$GITHUB_REF'],
      pullRequest: ['$GITHUB_REF'],
      buildNumber: ['$GITHUB_RUN_NUMBER'],
      buildUrl: ['$GITHUB_SERVER_URL/$GITHUB_REPOSITORY/actions/runs/$GITHUB_RUN_ID'],
      ciUrl: ['$GITHUB_SERVER_URL/$GITHUB_REPOSITORY/actions'],
      repositoryUrl: ['$GITHUB_SERVER_URL/$GITHUB_REPOSITORY'],
    },
  },
  {
    id: 'gitlab',
    name: 'GitLab CI',
    docs: 'https://docs.gitlab.com/ci/variables/predefined_variables/',
    marker: 'GITLAB_CI',
    fields: {
      commit: ['$CI_COMMIT_SHA'],
      commitMessage: ['$CI_COMMIT_MESSAGE'],
      branch: ['$CI_MERGE_REQUEST_SOURCE_BRANCH_NAME', '$CI_COMMIT_BRANCH'],
      tag: ['$CI_COMMIT_TAG'],
      pullRequest: ['$CI_MERGE_REQUEST_IID'],
      buildNumber: ['$CI_PIPELINE_IID'],
      buildUrl: ['$CI_PIPELINE_URL'],
      ciUrl: ['$CI_PROJECT_URL/-/pipelines'],
      // Not CI_REPOSITORY_URL, which holds the job's token.
      repositoryUrl: ['$CI_PROJECT_URL'],
      triggeredAtMs: ['$CI_PIPELINE_CREATED_AT'],
    },
  },
  {
    id: 'bitrise',
    name: 'Bitrise',
    docs: 'https://docs.bitrise.io/en/bitrise-ci/references/available-environment-variables.html',
    marker: 'BITRISE_IO',
    fields: {
      commit: ['$BITRISE_GIT_COMMIT', '$GIT_CLONE_COMMIT_HASH'],
      commitMessage: ['$BITRISE_GIT_MESSAGE'],
      branch: ['$BITRISE_GIT_BRANCH'],
      tag: ['$BITRISE_GIT_TAG'],
      pullRequest: ['$BITRISE_PULL_REQUEST'],
      buildNumber: ['$BITRISE_BUILD_NUMBER'],
      buildUrl: ['$BITRISE_BUILD_URL'],
      ciUrl: ['$BITRISE_APP_URL'],
      repositoryUrl: ['$GIT_REPOSITORY_URL'],
      triggeredAtMs: ['$BITRISE_BUILD_TRIGGER_TIMESTAMP'],
    },
  },
  {
    id: 'circleci',
    name: 'CircleCI',
    docs: 'https://circleci.com/docs/reference/variables/',
    marker: 'CIRCLECI',
    fields: {
      commit: ['$CIRCLE_SHA1'],
      branch: ['$CIRCLE_BRANCH'],
      tag: ['$CIRCLE_TAG'],
      pullRequest: ['$CIRCLE_PR_NUMBER', '$CIRCLE_PULL_REQUEST'],
      buildNumber: ['$CIRCLE_BUILD_NUM'],
      buildUrl: ['$CIRCLE_BUILD_URL'],
      repositoryUrl: ['$CIRCLE_REPOSITORY_URL'],
    },
  },
  {
    id: 'azure-pipelines',
    name: 'Azure Pipelines',
    docs: 'https://learn.microsoft.com/en-us/azure/devops/pipelines/build/variables',
    marker: 'TF_BUILD',
    fields: {
      commit: ['$BUILD_SOURCEVERSION'],
      commitMessage: ['$BUILD_SOURCEVERSIONMESSAGE'],
      branch: ['$SYSTEM_PULLREQUEST_SOURCEBRANCH', '$BUILD_SOURCEBRANCH'],
      tag: ['$BUILD_SOURCEBRANCH'],
      // The number is GitHub's; for Azure Repos the id is the number.
      pullRequest: ['$SYSTEM_PULLREQUEST_PULLREQUESTNUMBER', '$SYSTEM_PULLREQUEST_PULLREQUESTID'],
      buildNumber: ['$BUILD_BUILDNUMBER'],
      buildUrl: ['$SYSTEM_COLLECTIONURI$SYSTEM_TEAMPROJECT/_build/results?buildId=$BUILD_BUILDID'],
      ciUrl: ['$SYSTEM_COLLECTIONURI$SYSTEM_TEAMPROJECT/_build'],
      repositoryUrl: ['$BUILD_REPOSITORY_URI'],
    },
  },
  {
    id: 'codemagic',
    name: 'Codemagic',
    docs: 'https://docs.codemagic.io/yaml-basic-configuration/environment-variables/',
    marker: 'CM_BUILD_ID',
    fields: {
      commit: ['$CM_COMMIT'],
      branch: ['$CM_BRANCH'],
      tag: ['$CM_TAG'],
      pullRequest: ['$CM_PULL_REQUEST_NUMBER'],
      buildNumber: ['$PROJECT_BUILD_NUMBER'],
      buildUrl: ['https://codemagic.io/app/$CM_PROJECT_ID/build/$CM_BUILD_ID'],
      ciUrl: ['https://codemagic.io/app/$CM_PROJECT_ID'],
    },
  },
  {
    id: 'bitbucket',
    name: 'Bitbucket Pipelines',
    docs: 'https://support.atlassian.com/bitbucket-cloud/docs/variables-and-secrets/',
    marker: 'BITBUCKET_BUILD_NUMBER',
    fields: {
      commit: ['$BITBUCKET_COMMIT'],
      branch: ['$BITBUCKET_BRANCH'],
      tag: ['$BITBUCKET_TAG'],
      pullRequest: ['$BITBUCKET_PR_ID'],
      buildNumber: ['$BITBUCKET_BUILD_NUMBER'],
      buildUrl: ['https://bitbucket.org/$BITBUCKET_REPO_FULL_NAME/pipelines/results/$BITBUCKET_BUILD_NUMBER'],
      ciUrl: ['https://bitbucket.org/$BITBUCKET_REPO_FULL_NAME/pipelines'],
      repositoryUrl: ['https://bitbucket.org/$BITBUCKET_REPO_FULL_NAME'],
    },
  },
  {
    id: 'travis',
    name: 'Travis CI',
    docs: 'https://docs.travis-ci.com/user/environment-variables/#default-environment-variables',
    marker: 'TRAVIS',
    fields: {
      commit: ['$TRAVIS_COMMIT'],
      commitMessage: ['$TRAVIS_COMMIT_MESSAGE'],
      // For a pull request TRAVIS_BRANCH is the target.
      branch: ['$TRAVIS_PULL_REQUEST_BRANCH', '$TRAVIS_BRANCH'],
      tag: ['$TRAVIS_TAG'],
      pullRequest: ['$TRAVIS_PULL_REQUEST'],
      buildNumber: ['$TRAVIS_BUILD_NUMBER'],
      buildUrl: ['$TRAVIS_BUILD_WEB_URL'],
    },
  },
  {
    id: 'xcode-cloud',
    name: 'Xcode Cloud',
    docs: 'https://developer.apple.com/documentation/xcode/environment-variable-reference',
    marker: 'CI_XCODE_CLOUD',
    fields: {
      commit: ['$CI_COMMIT'],
      branch: ['$CI_PULL_REQUEST_SOURCE_BRANCH', '$CI_BRANCH'],
      tag: ['$CI_TAG'],
      pullRequest: ['$CI_PULL_REQUEST_NUMBER'],
      buildNumber: ['$CI_BUILD_NUMBER'],
      buildUrl: ['$CI_BUILD_URL'],
    },
  },
  {
    id: 'teamcity',
    name: 'TeamCity',
    docs: 'https://www.jetbrains.com/help/teamcity/predefined-build-parameters.html',
    marker: 'TEAMCITY_VERSION',
    fields: {
      commit: ['$BUILD_VCS_NUMBER'],
      buildNumber: ['$BUILD_NUMBER'],
      buildUrl: ['$BUILD_URL'],
    },
  },
  {
    id: 'buildkite',
    name: 'Buildkite',
    docs: 'https://buildkite.com/docs/pipelines/configure/environment-variables',
    marker: 'BUILDKITE',
    fields: {
      // `HEAD` until the agent has resolved it: then git knows better.
      commit: ['$BUILDKITE_COMMIT'],
      commitMessage: ['$BUILDKITE_MESSAGE'],
      branch: ['$BUILDKITE_BRANCH'],
      tag: ['$BUILDKITE_TAG'],
      pullRequest: ['$BUILDKITE_PULL_REQUEST'],
      buildNumber: ['$BUILDKITE_BUILD_NUMBER'],
      buildUrl: ['$BUILDKITE_BUILD_URL'],
      ciUrl: ['https://buildkite.com/$BUILDKITE_ORGANIZATION_SLUG/$BUILDKITE_PIPELINE_SLUG'],
      repositoryUrl: ['$BUILDKITE_REPO'],
    },
  },
  {
    id: 'jenkins',
    name: 'Jenkins',
    docs: 'https://plugins.jenkins.io/git/#plugin-content-environment-variables',
    marker: 'JENKINS_URL',
    fields: {
      commit: ['$GIT_COMMIT'],
      branch: ['$CHANGE_BRANCH', '$BRANCH_NAME', '$GIT_BRANCH'],
      tag: ['$TAG_NAME'],
      pullRequest: ['$CHANGE_ID'],
      buildNumber: ['$BUILD_NUMBER'],
      buildUrl: ['$BUILD_URL'],
      ciUrl: ['$JENKINS_URL'],
      repositoryUrl: ['$GIT_URL'],
    },
  },
];

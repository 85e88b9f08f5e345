import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { copyFixture, temporaryFolder } from '../../src/testing/files.ts';
import { sandbox } from '../../src/testing/sandbox.ts';
import { runCli } from '../support/cli.ts';

/** What GitLab says of the build, from which apptool takes its own fields. */
const GITLAB = {
  GITLAB_CI: 'true',
  CI_COMMIT_SHA: 'f52ace0f52ace0f52ace0f52ace0f52ace0f52a0',
  CI_COMMIT_MESSAGE: 'Fix crash on login',
  CI_COMMIT_BRANCH: 'release/2.4',
  CI_COMMIT_TAG: 'v2.4.0',
  CI_PIPELINE_IID: '173',
  CI_PIPELINE_URL: 'https://gitlab.example/acme/app/-/pipelines/9',
  CI_PROJECT_URL: 'https://gitlab.example/acme/app',
};
const { CI_COMMIT_SHA, CI_COMMIT_MESSAGE, CI_COMMIT_BRANCH, CI_COMMIT_TAG, CI_PIPELINE_IID } = GITLAB;
const PIPELINES = `${GITLAB.CI_PROJECT_URL}/-/pipelines`;

interface Client {
  readonly authorization: (token: string) => string;
  readonly file: string;
  readonly type: string;
  /** Its form field by field, in its order; `build` is the file. */
  readonly fields: readonly (readonly [string, string])[];
  /** The same as settings of apptool. */
  readonly settings: Readonly<Record<string, string>>;
}

/** Each request as the client's public source makes it. */
const CLIENTS: Readonly<Record<string, Client>> = {
  // fastlane-community/fastlane-plugin-applivery 2.4.0, applivery_action.rb: a nested body, git's output as it is printed, seconds.
  'the fastlane plugin': {
    authorization: (token) => `bearer ${token}`,
    file: 'v2.apk',
    type: 'application/octet-stream',
    fields: [
      ['changelog', 'Uploaded automatically with fastlane plugin'],
      ['notifyCollaborators', 'true'],
      ['notifyEmployees', 'true'],
      ['notifyMessage', 'New version uploaded!'],
      ['filter', 'group1,group2|group3'],
      ['build', ''],
      ['deployer[name]', 'fastlane'],
      ['deployer[info][buildNumber]', CI_PIPELINE_IID],
      ['deployer[info][branch]', CI_COMMIT_BRANCH],
      ['deployer[info][commit]', `${CI_COMMIT_SHA}\n`],
      ['deployer[info][commitMessage]', CI_COMMIT_MESSAGE],
      ['deployer[info][repositoryUrl]', `${GITLAB.CI_PROJECT_URL}\n`],
      ['deployer[info][tag]', `${CI_COMMIT_TAG}\n`],
      ['deployer[info][triggerTimestamp]', '1558359012'],
      ['versionName', '2.4'],
      ['tags', 'rc, sprint-42'],
    ],
    settings: {
      changelog: 'Uploaded automatically with fastlane plugin',
      notifyCollaborators: 'true',
      notifyEmployees: 'true',
      notifyMessage: 'New version uploaded!',
      filter: 'group1,group2|group3',
      deployerName: 'fastlane',
      versionName: '2.4',
      tags: 'rc,sprint-42',
    },
  },
  // applivery/steps-applivery-android-deploy, step.sh: dotted names, one curl -F for each, empty where the step knows nothing.
  'the Bitrise step': {
    authorization: (token) => `bearer ${token}`,
    file: 'signed.aab',
    type: 'application/octet-stream',
    fields: [
      ['versionName', '2.4'],
      ['changelog', ''],
      ['notifyCollaborators', 'false'],
      ['notifyEmployees', 'false'],
      ['tags', 'rc'],
      ['filter', ''],
      ['build', ''],
      ['deployer.name', 'bitrise'],
      ['deployer.info.commitMessage', CI_COMMIT_MESSAGE],
      ['deployer.info.commit', CI_COMMIT_SHA],
      ['deployer.info.branch', CI_COMMIT_BRANCH],
      ['deployer.info.tag', CI_COMMIT_TAG],
      ['deployer.info.triggerTimestamp', '1558359012'],
      ['deployer.info.buildUrl', GITLAB.CI_PIPELINE_URL],
      ['deployer.info.ciUrl', PIPELINES],
      ['deployer.info.repositoryUrl', GITLAB.CI_PROJECT_URL],
      ['deployer.info.buildNumber', CI_PIPELINE_IID],
    ],
    settings: { versionName: '2.4', tags: 'rc', deployerName: 'bitrise' },
  },
  // dgilbert-foreflight/applivery-distribution, src/client/applivery.ts and src/utils.ts: the file first, the platform named, ISO 8601.
  'the GitHub action': {
    authorization: (token) => `Bearer ${token}`,
    file: 'app.ipa',
    type: 'application/octet-stream',
    fields: [
      ['build', ''],
      ['versionName', 'release/2.4'],
      ['buildPlatform', 'ios'],
      ['tags', 'rc,sprint-42'],
      ['changelog', 'All new'],
      ['notifyMessage', 'A new build has been uploaded to Applivery for release/2.4'],
      ['notifyLanguage', 'en'],
      ['deployer.name', 'GitHub Actions'],
      ['deployer.info.commitMessage', CI_COMMIT_MESSAGE],
      ['deployer.info.commit', CI_COMMIT_SHA],
      ['deployer.info.branch', CI_COMMIT_BRANCH],
      ['deployer.info.triggerTimestamp', '2019-05-20T13:30:12.580Z'],
      ['deployer.info.buildUrl', GITLAB.CI_PIPELINE_URL],
      ['deployer.info.ciUrl', PIPELINES],
      ['deployer.info.repositoryUrl', GITLAB.CI_PROJECT_URL],
      ['deployer.info.buildNumber', CI_PIPELINE_IID],
    ],
    settings: {
      versionName: 'release/2.4',
      buildPlatform: 'ios',
      tags: 'rc,sprint-42',
      changelog: 'All new',
      notifyMessage: 'A new build has been uploaded to Applivery for release/2.4',
      notifyLanguage: 'en',
      deployerName: 'GitHub Actions',
    },
  },
};

interface Build {
  readonly id: string;
  readonly deployer: { readonly name: string; readonly info: Readonly<Record<string, string>> };
  readonly [member: string]: unknown;
}

test.each(Object.entries(CLIENTS))('the request of %s makes the same build as ours', async (_, client) => {
  const { file, type, fields, settings } = client;
  const folder = await temporaryFolder();
  const { variables } = await sandbox({ processingMs: 0 });
  const { APPLIVERY_APP_TOKEN: token = '', APPLIVERY_UPLOAD_URL: host } = variables;
  await copyFixture(file, folder);
  const bytes = await readFile(join(folder, file));
  const body = new FormData();
  for (const [name, value] of fields)
    if (name === 'build') body.append(name, new Blob([bytes], { type }), file);
    else body.append(name, value);

  const headers = { authorization: client.authorization(token) };
  const posted = await fetch(`${host}/v1/integrations/builds`, { method: 'POST', headers, body });
  const set = Object.entries(settings).flatMap(([key, value]) => ['--set', `applivery.${key}=${value}`]);
  const ours = await runCli(['upload', file, '--to', 'applivery', ...set], {
    cwd: folder,
    env: { ...variables, ...GITLAB, APPLIVERY_SERVICE_TOKEN: '' },
  });

  const read = async (id: string): Promise<Build> => {
    const answer = await fetch(`${variables.APPLIVERY_API_URL}/v1/integrations/builds/${id}`, { headers });
    return ((await answer.json()) as { data: Build }).data;
  };
  expect(posted.status).toBe(200);
  expect(ours.code, ours.stderr).toBe(0);
  const theirs = await read(((await posted.json()) as { data: Build }).data.id);
  const own = await read(ours.stdout.trim().replace('applivery:', ''));
  // Each build has its own id and times; what a client sends as the time of its trigger is kept as it is.
  const { id: _id, createdAt: _created, updatedAt: _updated, deployer, ...rest } = theirs;
  const { triggerTimestamp, ...info } = deployer.info;
  expect(triggerTimestamp).toBe(fields.find(([name]) => /triggerTimestamp/.test(name))?.[1]);
  expect(own).toMatchObject({ ...rest, deployer: { name: deployer.name, info } });
  expect(Object.keys(info).length).toBeGreaterThan(5);
});

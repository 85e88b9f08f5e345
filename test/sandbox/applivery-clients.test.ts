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
  /** A second file that it sends, and its field. */
  readonly more?: readonly [string, string];
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
  // applivery/steps-applivery-ios-deploy, step.sh: the same, the app for the simulator beside it, and what it knows of the signing.
  'the Bitrise step for iOS': {
    authorization: (token) => `bearer ${token}`,
    file: 'app.ipa',
    more: ['simulatorBuild', 'app.zip'],
    type: 'application/octet-stream',
    fields: [
      ['versionName', '2.4'],
      ['changelog', 'All new'],
      ['notifyCollaborators', 'false'],
      ['notifyEmployees', 'false'],
      ['tags', 'rc'],
      ['filter', 'group1,group2|group3'],
      ['build', ''],
      ['simulatorBuild', ''],
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
      ['deployer.info.provisionUrl', 'https://ci.example/app.mobileprovision'],
      ['deployer.info.certificateUrl', 'https://ci.example/app.p12'],
      ['deployer.info.certificatePassphrase', 'open'],
    ],
    settings: {
      versionName: '2.4',
      changelog: 'All new',
      tags: 'rc',
      filter: 'group1,group2|group3',
      deployerName: 'bitrise',
    },
  },
  // "E.g.: [["group1", "group2"], ["group3"]]": the older copies of the vendor's page, by curl.
  'the older page': {
    authorization: (token) => `bearer ${token}`,
    file: 'v2.apk',
    type: 'application/octet-stream',
    fields: [
      ['build', ''],
      ['versionName', 'RC-1'],
      ['notifyCollaborators', 'false'],
      ['notifyEmployees', 'true'],
      ['filter', '[["group1", "group2"], ["group3"]]'],
      ['deployer.name', 'Jenkins CI'],
      ['deployer.info.commitMessage', CI_COMMIT_MESSAGE],
      ['deployer.info.commit', CI_COMMIT_SHA],
      ['deployer.info.branch', CI_COMMIT_BRANCH],
      ['deployer.info.triggerTimestamp', '1558359012580'],
      ['deployer.info.buildUrl', GITLAB.CI_PIPELINE_URL],
      ['deployer.info.ciUrl', PIPELINES],
      ['deployer.info.buildNumber', CI_PIPELINE_IID],
    ],
    settings: {
      versionName: 'RC-1',
      notifyEmployees: 'true',
      filter: 'group1+group2,group3',
      deployerName: 'Jenkins CI',
    },
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
  const { file, more, type, fields, settings } = client;
  const folder = await temporaryFolder();
  const { variables } = await sandbox({ processingMs: 0 });
  const { APPLIVERY_APP_TOKEN: token = '', APPLIVERY_UPLOAD_URL: host } = variables;
  await copyFixture(file, folder);
  const bytes = await readFile(join(folder, file));
  const body = new FormData();
  for (const [name, value] of fields)
    if (name === 'build') body.append(name, new Blob([bytes], { type }), file);
    else if (name === more?.[0]) body.append(name, new Blob(['for the simulator'], { type }), more[1]);
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

// The same client, src/main.ts: publications by branch and by slug, one where there is none, the build, and what has become of it.
test('the other requests of the GitHub action are answered as it reads them', async () => {
  const { variables } = await sandbox({ processingMs: 0 });
  const { APPLIVERY_APP_TOKEN: token = '', APPLIVERY_API_URL: host } = variables;
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const ask = async (path: string, more: RequestInit = {}) => {
    const answer = await fetch(`${host}/v1/integrations/${path}`, { headers, ...more });
    return { status: answer.status, data: ((await answer.json()) as { data: Record<string, unknown> }).data };
  };
  const byBranch = 'distributions?filterType=gitBranch&filterValue=main&sort=createdAt%3Aasc&page=1';
  const payload = {
    slug: 'main',
    visibility: 'unlisted',
    security: 'public',
    password: '',
    filter: { type: 'gitBranch', value: 'main' },
    showDevInfo: true,
    showHistory: true,
  };

  const before = await ask(byBranch);
  const made = await ask('distributions', { method: 'POST', body: JSON.stringify(payload) });
  const bySlug = await ask('distributions?slug=main&page=1');
  const after = await ask(byBranch);
  const ours = await runCli(['applivery', 'publications', 'list', '--json'], {
    env: { ...variables, APPLIVERY_SERVICE_TOKEN: '' },
  });

  expect(before).toMatchObject({ status: 200, data: { items: [], totalPages: 1 } });
  expect(made).toMatchObject({
    status: 200,
    data: { slug: 'main', distributionUrl: expect.stringMatching(/^http/), filter: payload.filter },
  });
  expect(bySlug.data.items).toEqual([made.data]);
  expect(after.data.items).toEqual([made.data]);
  expect(JSON.parse(ours.stdout).data.publications).toEqual([made.data]);
});

import { spawnSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type FaultProxy, faultProxy } from '../../src/testing/fault-proxy.ts';
import { copyFixture, temporaryFolder } from '../../src/testing/files.ts';
import { sandbox } from '../../src/testing/sandbox.ts';
import { checkout, ciVariables, recipe, runScript, yamlOf } from '../support/ci-shell.ts';
import { cleanEnvironment } from '../support/cli.ts';
import { hasGroovy, runJenkinsfile } from '../support/engines/jenkins.ts';
import { gitRepository } from '../support/git.ts';
import { runWorkflow, type Workflow } from '../support/github-workflow.ts';
import { startPipeline } from '../support/gitlab-pipeline.ts';
import { type HostilePlace, hostilePlace } from '../support/hostile-checkout.ts';
import { FLOWS } from '../support/pipelines/flows.ts';
import { ofToday } from '../support/share.ts';

// A checkout may hold anything: npm's settings, packages, programs, scripts, a repository that names programs. Nothing of it runs in any recipe, whose
// jobs hold the credentials. npm, node and git are the real ones here.

async function setUp(): Promise<HostilePlace & { readonly sends: () => readonly [number, number] }> {
  const proxy = await faultProxy(await sandbox(), []);
  return { ...(await hostilePlace(await ciVariables(proxy.variables))), sends: () => sendsOf(proxy) };
}

function sendsOf({ seen }: FaultProxy): readonly [number, number] {
  const count = (path: RegExp): number => seen.filter((one) => one.method === 'POST' && path.test(one.path)).length;
  return [count(/\/automate\/upload$/), count(/\/uploads\/ci$/)];
}

test('what this checkout holds does run where it is asked by its name', async () => {
  const { ci, plant, marks } = await setUp();
  const folder = await temporaryFolder();
  await plant(folder, 'git');
  const env = cleanEnvironment({ ...ci.env });
  const run = (script: string) => spawnSync('/bin/sh', ['-c', script], { cwd: folder, env, timeout: 20_000 });

  for (const name of ['node', 'npm', 'npx', 'apptool', 'git']) run(`${name} --version`);
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a shell expands it.
  run('PATH=${PATH#*:}; node --version; npm run prepare --force; git status');

  expect([...new Set(marks().trim().split('\n'))].sort()).toEqual(
    expect.arrayContaining([
      '.bin/apptool',
      '.bin/git',
      '.bin/node',
      '.bin/npm',
      '.bin/npx',
      'a shell',
      'node by .node-version',
    ]),
  );
});

/** A recipe, and what runs it in such a place. Gives what it printed. */
const RECIPES: readonly (readonly [string, (place: HostilePlace) => Promise<string>])[] = [
  ...['workflow', 'release', 'release-gate'].map(
    (name) =>
      [
        `github/${name}.yml`,
        async ({ ci, plant }: HostilePlace) => {
          const workflow = yamlOf<Workflow>(recipe(`github/${name}.yml`));
          const { jobs } = await runWorkflow(workflow, ci, {
            checkedOut: async (folder) => await plant(folder, 'git'),
          });
          return Object.values(jobs)
            .map(({ log }) => log)
            .join('\n');
        },
      ] as const,
  ),
  [
    'github/fleet.yml',
    async ({ ci, plant }) => {
      const checkedOut = async (folder: string): Promise<void> => {
        await fleetIn(folder);
        await plant(folder, 'git');
      };
      const { jobs } = await runWorkflow(yamlOf<Workflow>(recipe('github/fleet.yml')), ci, { checkedOut });
      return Object.values(jobs)
        .map(({ log }) => log)
        .join('\n');
    },
  ],
  ...['apptool', 'release', 'release-gate'].map(
    (name) =>
      [
        `gitlab/${name}.gitlab-ci.yml`,
        async ({ ci, plant }: HostilePlace) => {
          const text = recipe(`gitlab/${name}.gitlab-ci.yml`);
          const checkedOut = async (folder: string): Promise<void> => await plant(folder, 'git');
          const { results } = await startPipeline(text, 'bash', ci, { checkedOut });
          return Object.values(results)
            .map(({ log }) => log)
            .join('\n');
        },
      ] as const,
  ),
  ...(hasGroovy ? ['Jenkinsfile', 'release.Jenkinsfile', 'release-gate.Jenkinsfile', 'fleet.Jenkinsfile'] : []).map(
    (name) =>
      [
        `jenkins/${name}`,
        async ({ ci, plant }: HostilePlace) => {
          const { folder, git } = await gitRepository();
          await checkout(folder);
          if (name.startsWith('fleet')) await fleetIn(folder);
          await plant(folder);
          git('add', '--all', '--force');
          const { stages } = await runJenkinsfile(recipe(`jenkins/${name}`), ci, { repository: folder });
          return Object.values(stages)
            .map(({ log }) => log)
            .join('\n');
        },
      ] as const,
  ),
  ...Object.entries(FLOWS).map(
    ([name, flow]) =>
      [
        name,
        async ({ ci, plant }: HostilePlace) => {
          const jobs = await flow({ ...ci, checkedOut: (folder) => plant(folder, 'git') });
          return Object.values(jobs)
            .map(({ log }) => log)
            .join('\n');
        },
      ] as const,
  ),
  [
    'shell/release.sh',
    async (place) => await inShell(place, `set -- app.apk prod autoappstore\n${recipe('shell/release.sh')}`),
  ],
  [
    'shell/release-by-config.sh',
    async (place) =>
      await inShell(place, `set -- ../release.json production app.apk\n${recipe('shell/release-by-config.sh')}`),
  ],
  [
    'shell/apptool.sh',
    async (place) => await inShell(place, `set -- release production app.apk\n${recipe('shell/apptool.sh')}`),
  ],
];

/** A fleet of one app, which `gradlew` builds. */
async function fleetIn(folder: string): Promise<void> {
  const one = { file: 'out/one/*.apk', package: 'dev.apptool.fixture' };
  const fleet = { defaults: { release: 'production', environment: 'prod' }, apps: { one } };
  await writeFile(join(folder, 'apptool.fleet.json'), JSON.stringify(fleet));
  const build = '#!/bin/sh\nmkdir -p out/one\ncp built.apk out/one/app.apk\n';
  await writeFile(join(folder, 'gradlew'), build, { mode: 0o755 });
}

async function inShell({ ci, plant }: HostilePlace, script: string): Promise<string> {
  const folder = join(await temporaryFolder(), 'checkout');
  await mkdir(folder);
  await checkout(folder);
  await copyFixture('v123.apk', folder, 'app.apk');
  await plant(folder, 'git');
  const { stdout, stderr } = await runScript(['sh'], script, { cwd: folder, env: { ...ci.env, ...ci.secrets } });
  return stdout + stderr;
}

// One of them a day: npm and apptool are real ones in each of its jobs.
test.each(ofToday(RECIPES))(
  '%s',
  async (_, run) => {
    const place = await setUp();

    const log = await run(place);

    expect(place.marks(), log).toBe('');
    expect(place.sends(), log).toEqual([1, 1]);
  },
  120_000,
);

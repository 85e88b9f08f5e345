import { spawn } from 'node:child_process';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { FleetPlan } from '../../src/contract/record/fleet-plan.ts';
import { FleetStatus } from '../../src/contract/record/fleet-status.ts';
import { type FaultProxy, faultProxy, type PlannedFault } from '../../src/testing/fault-proxy.ts';
import { faults } from '../../src/testing/faults.ts';
import { ROOT } from '../../src/testing/files.ts';
import { sandbox } from '../../src/testing/sandbox.ts';
import { carry, ciVariables, recipe } from '../support/ci-shell.ts';
import { BIN, cleanEnvironment } from '../support/cli.ts';
import { gitlabCiLocal } from '../support/engines/gitlab-ci-local.ts';
import { hasGroovy, type JenkinsBuild, runJenkinsfile } from '../support/engines/jenkins.ts';
import { type FleetProject, fleetProject, sends } from '../support/fleet.ts';
import { gitRepository } from '../support/git.ts';
import { IS_WHOLE, takesTurn } from '../support/share.ts';

const FAST = `--import ${join(ROOT, 'test/support/fast-time.mjs')}`;

interface Wave {
  readonly project: FleetProject;
  readonly proxy: FaultProxy;
  readonly variables: Readonly<Record<string, string>>;
  commit(): void;
}

/** A fleet whose week has exactly one build for each app: a second one would be refused. Two stores refuse some apps once. */
async function fleetOf(count: number, refused: number): Promise<Wave> {
  const { folder, git } = await gitRepository();
  const box = await sandbox({ processingMs: 20, appearMs: 0, concurrencyLimit: 2, weeklyLimit: count });
  const some = Math.floor(refused / 2);
  const planned: PlannedFault[] = [
    { method: 'POST', path: /\/uploads\/ci$/, after: 1, times: some, fault: faults.answer(422, { error: 'no' }) },
    {
      method: 'POST',
      path: /\/v1\/upload_apk\/external_user$/,
      after: count - (refused - some),
      times: refused - some,
      fault: faults.answer(422, { message: 'no' }),
    },
  ];
  const proxy = await faultProxy(box, planned);
  const variables = { ...proxy.variables, APPTOOL_ALLOW_DEBUGGABLE: '1', NODE_OPTIONS: FAST };
  const project = await fleetProject({
    count,
    folder,
    variables: proxy.variables,
    defaults: { weekly: count, slots: 2 },
    config: { capacityWait: '24h', timeout: '10m' },
  });
  await writeFile(join(folder, '.gitignore'), '.gitlab-ci-local*\n');
  /** The engine takes what git knows; GitLab's own takes the artifacts of the pipeline above. */
  const commit = (): void => {
    git('add', '--all');
    git('commit', '--quiet', '--allow-empty', '--message=Wave');
  };
  return { project, proxy, variables, commit };
}

async function statusOf({
  run,
}: FleetProject): Promise<{ readonly code: number | null; readonly status: FleetStatus }> {
  const { code, stdout } = await run('fleet status receipts --plan plan.json --json');
  return { code, status: FleetStatus.parse((JSON.parse(stdout) as { data: unknown }).data) };
}

/**
 * Two waves of a fleet: all apps are protected once and published once to each store, whatever the stores refused first, and the second wave
 * does only what is missing.
 */
async function expectTwoWaves(count: number, refused: number, wave: (fleet: Wave) => Promise<void>): Promise<void> {
  const fleet = await fleetOf(count, refused);
  const { project, proxy } = fleet;
  const some = Math.floor(refused / 2);

  await wave(fleet);
  const first = await statusOf(project);
  expect([first.code, first.status.counts]).toMatchObject([
    12,
    { apps: count, failed: refused, done: 4 * count - refused },
  ]);
  expect(sends(proxy)).toEqual({ protected: count, autoappstore: count, applivery: count, ignite: count });

  await wave(fleet);
  const plan = FleetPlan.parse(JSON.parse(await readFile(join(project.folder, 'plan.json'), 'utf8')));
  const last = await statusOf(project);

  expect(plan.cells.every(({ step, steps }) => step === 'publish' && steps.length === 1)).toBe(true);
  expect([plan.cells.length, plan.done.length, plan.deferred.length]).toEqual([refused, count - refused, 0]);
  expect([last.code, last.status.counts.done]).toEqual([0, 4 * count]);
  expect(sends(proxy)).toEqual({
    protected: count,
    autoappstore: count + some,
    applivery: count,
    ignite: count + refused - some,
  });
}

async function inShell({ project: { run, folder }, variables }: Wave): Promise<void> {
  const planned = await run('fleet plan --resume receipts --format shell -o fleet.sh');
  expect(planned.code, planned.stderr).toBe(0);
  const program = join(folder, 'apptool');
  await writeFile(program, `#!/bin/sh\nexec '${process.execPath}' '${BIN}' "$@"\n`);
  await chmod(program, 0o755);
  const child = spawn('sh', ['fleet.sh'], {
    cwd: folder,
    env: cleanEnvironment({ ...variables, APPTOOL: program }),
    stdio: 'ignore',
  });
  await new Promise((resolve) => child.on('close', resolve));
}

// A day has one of the two.
test.runIf(takesTurn(0, 2))(
  'a fleet in plain shell: protected once, published once, and a second wave for what is missing',
  async () => {
    const [count, refused] = IS_WHOLE ? [40, 10] : [3, 2];

    await expectTwoWaves(count, refused, inShell);
  },
  600_000,
);

/** The last workspace has what the artifacts of a build are copied from, and the plan. */
test.runIf(hasGroovy && takesTurn(1, 2))(
  'a fleet in Jenkins: each app a branch of its own, and the next build does what is missing',
  async () => {
    const outcomes: JenkinsBuild[] = [];
    await expectTwoWaves(IS_WHOLE ? 3 : 2, 1, async ({ project: { folder }, variables, commit }) => {
      await writeFile(join(folder, 'gradlew'), '#!/bin/sh\n', { mode: 0o755 });
      commit();
      const before = outcomes.at(-1)?.archive;
      const build = await runJenkinsfile(
        recipe('jenkins/fleet.Jenkinsfile'),
        await ciVariables(variables, variables, 'a process'),
        {
          repository: folder,
          slots: 2,
          ...(before === undefined ? {} : { before }),
        },
      );
      outcomes.push(build);
      await carry(['receipts', 'plan.json'], build.stages.Status?.folder ?? '', folder);
    });

    const [first, last] = outcomes;
    expect(first).toMatchObject({
      result: 'FAILURE',
      error: expect.stringMatching(/^apptool ended with exit code 12/),
    });
    expect(last).toMatchObject({ result: 'SUCCESS', error: null });
  },
  120_000,
);

test.runIf(IS_WHOLE)(
  'a fleet in the generated child pipeline, run by gitlab-ci-local',
  async () => {
    const engine = await gitlabCiLocal();
    if (engine === null) return;
    const base = recipe('gitlab/apptool-base.gitlab-ci.yml');
    // Installed once, by hand: eighty jobs would fetch it.
    const installed = base.replace(/^ {4}- \|\n(?: {6}.*\n)+/m, `    - apptool=${BIN}\n`);
    expect(installed).not.toBe(base);

    await expectTwoWaves(40, 10, async ({ project: { run, folder }, variables, commit }) => {
      const planned = await run('fleet plan --resume receipts --format gitlab -o fleet.yml');
      expect(planned.code, planned.stderr).toBe(0);
      await mkdir(join(folder, 'ci'), { recursive: true });
      await writeFile(join(folder, 'ci/apptool-base.gitlab-ci.yml'), installed);
      await writeFile(join(folder, 'jobs.yml'), recipe('gitlab/fleet-jobs.gitlab-ci.yml'));
      await writeFile(
        join(folder, '.gitlab-ci.yml'),
        JSON.stringify({ include: [{ local: 'jobs.yml' }, { local: 'fleet.yml' }] }),
      );
      commit();
      const names = { CI_PIPELINE_SOURCE: 'parent_pipeline', APPTOOL_POLL_INTERVAL: '50ms' };
      const { log } = await engine.run('.gitlab-ci.yml', {
        cwd: folder,
        manual: ['gate'],
        variables: { ...variables, ...names },
      });
      expect(log).toContain('status');
    });
  },
  1_500_000,
);

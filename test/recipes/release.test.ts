import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Receipt } from '../../src/contract/record/journal.ts';
import { type FaultProxy, faultProxy, type PlannedFault } from '../../src/testing/fault-proxy.ts';
import { faults } from '../../src/testing/faults.ts';
import { copyFixture, temporaryFolder } from '../../src/testing/files.ts';
import { sandbox } from '../../src/testing/sandbox.ts';
import {
  type CiVariables,
  checkout,
  ciVariables,
  ODD_APP,
  receiptIn,
  recipe,
  runScript,
  yamlOf,
} from '../support/ci-shell.ts';
import { hasGroovy, type JenkinsBuild, runJenkinsfile } from '../support/engines/jenkins.ts';
import { runWorkflow, type Workflow } from '../support/github-workflow.ts';
import { gitlabJobs, type Pipeline, startPipeline } from '../support/gitlab-pipeline.ts';
import { blockOf, parseJenkinsfile } from '../support/jenkinsfile.ts';
import { IS_WHOLE, ofToday } from '../support/share.ts';

// The release variants of the recipes: one job, and two with a gate between. Each is run as it stands, with nothing from job to job but what it keeps.

/** The store refuses the first file, or is down for the first run (four tries of a call). */
const REFUSES: PlannedFault = { method: 'POST', path: /\/uploads\/ci$/, fault: faults.answer(422, { error: 'no' }) };

/** A backend with planned faults, the machine of a CI, and how often a file was sent for protection and to the store. */
async function ciBefore(planned: readonly PlannedFault[] = [], more: Readonly<Record<string, string>> = {}) {
  const proxy = await faultProxy(await sandbox(), planned);
  return { ci: await ciVariables(proxy.variables, more), sends: () => sendsOf(proxy) };
}

function sendsOf({ seen }: FaultProxy) {
  const count = (path: RegExp): number => seen.filter((one) => one.method === 'POST' && path.test(one.path)).length;
  return { protected: count(/\/automate\/upload$/), published: count(/\/uploads\/ci$/) };
}

/** The receipt of a release of which everything is done. */
function expectDone({ steps, release, output }: Receipt, isOdd = false): void {
  expect(release?.name).toBe('production');
  expect(output?.name).toMatch(isOdd ? /^app's-protected\.apk$/ : /^protected\.apk$/);
  expect(steps).toMatchObject([
    { id: 'protect:apptego', state: { phase: 'succeeded' } },
    { id: 'publish:autoappstore', state: { status: expect.stringMatching(/^(?:approved|live)$/) } },
  ]);
}

/** A run of a variant: whether it went well, and its last receipt. Called again it does what a person does: runs what has failed once more. */
interface Variant {
  run(): Promise<{ readonly ok: boolean; readonly log: string; readonly receipt: Receipt }>;
}

type Start = (name: string, ci: CiVariables) => Promise<Variant>;

const github: Start = async (name, ci) => {
  const workflow = yamlOf<Workflow>(recipe(`github/${name}.yml`).replaceAll('app-release.apk', "app's.apk"));
  let before: Awaited<ReturnType<typeof runWorkflow>> | undefined;
  return {
    async run() {
      before = await runWorkflow(workflow, ci, before === undefined ? {} : { again: before });
      const { jobs, artifacts } = before;
      const last = jobs.publish === undefined ? (jobs.release ?? jobs.protect) : jobs.publish;
      const kept = jobs.publish === undefined ? (jobs.release === undefined ? 'protect' : 'release') : 'publish';
      return { ok: last?.code === 0, log: last?.log ?? '', receipt: receiptIn(artifacts, `${kept}-0/${kept}.json`) };
    },
  };
};

const gitlab: Start = async (name, ci) => {
  const text = recipe(`gitlab/${name}.gitlab-ci.yml`);
  let before: Pipeline | undefined;
  return {
    async run() {
      before = await startPipeline(text, 'bash', ci, before === undefined ? {} : { retried: before });
      const [[, last] = []] = Object.entries(before.results).slice(-1);
      const file = last?.kept.find((one) => one.endsWith('.json')) ?? '';
      return { ok: last?.code === 0, log: last?.log ?? '', receipt: receiptIn(last?.folder, file) };
    },
  };
};

const jenkins: Start = async (name, ci) => {
  const text = recipe(`jenkins/${name}.Jenkinsfile`);
  let before: JenkinsBuild | undefined;
  return {
    async run() {
      const [[stage = '', failed] = []] = Object.entries(before?.stages ?? {}).slice(-1);
      const restarted = before === undefined || failed === undefined ? {} : { restarted: { build: before, stage } };
      before = await runJenkinsfile(text, ci, { parameters: { APP_FILE: ODD_APP }, ...restarted });
      const [[, last] = []] = Object.entries(before.stages).slice(-1);
      return { ok: last?.error === null, log: last?.log ?? '', receipt: receiptIn(last?.folder, 'release.json') };
    },
  };
};

/** On two machines where it has a gate: the receipt alone goes from one to the other. */
const shell: Start = async (name, ci) => {
  const script = recipe('shell/release-by-config.sh');
  const kept = await temporaryFolder();
  const parts = name === 'release' ? [''] : ['protect', 'publish'];
  return {
    async run() {
      let [code, log]: [number | null, string] = [0, ''];
      for (const part of parts) {
        if (code !== 0) break;
        const folder = await temporaryFolder();
        await copyFixture('v123.apk', folder, "app's.apk");
        await configIn(folder);
        const line = `set -- "$RECEIPT" production "app's.apk" ${part}\n${script}`;
        const env = { ...ci.env, ...ci.secrets, RECEIPT: join(kept, 'release.json') };
        const result = await runScript(['sh'], line, { cwd: folder, env });
        [code, log] = [result.code, log + result.stderr];
      }
      return { ok: code === 0, log, receipt: receiptIn(kept, 'release.json') };
    },
  };
};

async function configIn(folder: string): Promise<void> {
  const source = await temporaryFolder();
  await checkout(source);
  await copyFile(join(source, 'apptool.config.json'), join(folder, 'apptool.config.json'));
}

const CIS: readonly (readonly [string, Start])[] = [
  ['GitHub', github],
  ['GitLab', gitlab],
  ...(hasGroovy ? ([['Jenkins', jenkins]] as const) : []),
  ['shell', shell],
];

const VARIANTS = ['release', 'release-gate'] as const;

const CASES = CIS.flatMap(([ci, start]) => VARIANTS.map((name) => [ci, name, start] as const));

test.runIf(IS_WHOLE).each(CASES)(
  '%s: %s does all of it once',
  async (ci, name, start) => {
    const { ci: variables, sends } = await ciBefore();

    const { ok, log, receipt } = await (await start(name, variables)).run();

    expect(ok, log).toBe(true);
    expectDone(receipt, ci === 'shell');
    expect(sends()).toEqual({ protected: 1, published: 1 });
  },
  120_000,
);

// One variant of two CIs a day.
test.each(ofToday(CASES, 4))(
  '%s: %s goes on where the store had refused the file, and protects nothing again',
  async (ci, name, start) => {
    const { ci: variables, sends } = await ciBefore([REFUSES]);
    const variant = await start(name, variables);

    const first = await variant.run();
    const second = await variant.run();

    expect(first.ok, first.log).toBe(false);
    expect(first.receipt.steps.at(-1)).toMatchObject({ id: 'publish:autoappstore', ended: { exitCode: 5 } });
    expect(second.ok, second.log).toBe(true);
    expectDone(second.receipt, ci === 'shell');
    expect(sends()).toEqual({ protected: 1, published: 2 });
  },
  120_000,
);

test('GitLab runs no job again by itself that may have protected already: on another machine there may be no receipt', () => {
  const retriesOf = (name: string) =>
    [...gitlabJobs(recipe(`gitlab/${name}.gitlab-ci.yml`)).jobs.values()].map(({ retry }) => retry);

  expect(retriesOf('release')).toEqual([0]);
  expect(retriesOf('release-gate')).toEqual([
    { max: 2, exit_codes: 6 },
    { max: 2, exit_codes: 6 },
  ]);
});

test('a gate keeps the token of the store from whatever runs before it', () => {
  const { protect, publish } = yamlOf<Workflow>(recipe('github/release-gate.yml')).jobs;
  const secretsOf = (job: unknown): string[] =>
    [...JSON.stringify(job).matchAll(/secrets\.(\w+)/g)].map(([, name = '']) => name);
  const { jobs } = gitlabJobs(recipe('gitlab/release-gate.gitlab-ci.yml'));
  const stages = blockOf(blockOf(parseJenkinsfile(recipe('jenkins/release-gate.Jenkinsfile')), 'pipeline'), 'stages');

  expect([protect, publish].map((job) => [job?.environment, secretsOf(job)])).toEqual([
    ['prod', ['APPTEGO_API_KEY']],
    ['store', ['AUTOAPPSTORE_TOKEN']],
  ]);
  expect([...jobs.values()].map(({ environment, rules }) => [environment, rules?.[0]?.when])).toEqual([
    ['prod', undefined],
    ['store', 'manual'],
  ]);
  expect(
    stages.map(({ strings, block }) => [
      strings[0],
      [...JSON.stringify(block).matchAll(/"([A-Z]+_[A-Z_]+)"/g)].map(([, name]) => name),
    ]),
  ).toEqual([
    ['Build', []],
    ['Protect', ['APPTEGO_API_KEY']],
    ['Approve', []],
    ['Publish', ['AUTOAPPSTORE_TOKEN']],
  ]);
});

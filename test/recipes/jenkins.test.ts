import { readdir } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { faultProxy } from '../../src/testing/fault-proxy.ts';
import { faults } from '../../src/testing/faults.ts';
import { sandbox } from '../../src/testing/sandbox.ts';
import { ciVariables, FAST, ODD_APP, receiptIn, recipe } from '../support/ci-shell.ts';
import { hasGroovy, runJenkinsfile } from '../support/engines/jenkins.ts';
import { blockOf, parseJenkinsfile } from '../support/jenkinsfile.ts';
import { takesTurn } from '../support/share.ts';

const JENKINSFILE = recipe('jenkins/Jenkinsfile');
/** A start of Java, and several of apptool, on a machine that may be busy. */
const inGroovy = (name: string, run: () => Promise<void>, isToday = true) =>
  test.runIf(hasGroovy && isToday)(name, run, 120_000);
/** What goes another way than to the store has its turn every other day. */
const [FIRST, SECOND] = [takesTurn(0, 2), takesTurn(1, 2)];

test('is a declarative pipeline whose scripts Groovy puts nothing into', () => {
  const file = parseJenkinsfile(JENKINSFILE);
  const pipeline = blockOf(file, 'pipeline');
  const sections = pipeline.map(({ text }) => text.split(' ')[0]);
  const stages = blockOf(pipeline, 'stages');

  expect(sections).toEqual(['agent', 'parameters', 'environment', 'options', 'stages']);
  expect(stages.map(({ text, strings }) => [text, ...strings])).toEqual([
    ["stage('')", 'Build'],
    ["stage('')", 'Protect'],
    ["stage('')", 'Wait'],
    ["stage('')", 'Approve'],
    ["stage('')", 'Publish'],
  ]);
  for (const { block } of stages) {
    const texts = block?.map(({ text }) => text) ?? [];
    expect(texts.slice(0, 4)).toEqual(['when', expect.stringMatching(/^agent (?:any|none)$/), 'options', 'steps']);
    // A release is of a tag, never of a branch or a pull request.
    expect(blockOf(block ?? [], 'when').map(({ text }) => text)).toEqual(['beforeAgent true', 'buildingTag()']);
  }
  expect(JENKINSFILE).not.toContain('npx');
  expect(JENKINSFILE).not.toMatch(/"""|sh "/);
  expect(JENKINSFILE).toContain("choices: ['prod', ");
});

inGroovy('what the exit codes of a script make of a stage', async () => {
  const cases: [number[], string | null][] = [
    [[0], null],
    [[6, 6, 0], null],
    [[6, 6, 6], 'apptool ended with exit code 6'],
    [[6, 7], 'still running at the deadline: restart this build from the stage Wait'],
    [[9], 'nobody knows whether something has landed: look at the backend before anything is run again'],
    [[11], 'apptool ended with exit code 11'],
  ];
  const [functions = ''] = JENKINSFILE.split(/^pipeline /m);
  const calls = cases.map(
    ([codes]) => `stage('${codes}') { try { apptool('the script') } catch (failure) { echo failure.message } }\n`,
  );
  const codes = Object.fromEntries(cases.map(([some]) => [String(some), some]));

  const { stages } = await runJenkinsfile(functions + calls.join(''), await ciVariables({}), { codes });

  for (const [some, words] of cases) {
    const pauses = some.slice(1).map(() => 'sleep 1 MINUTES\n');
    expect(stages[String(some)]).toMatchObject({
      runs: [some.length],
      log: [...pauses, words === null ? '' : `${words}\n`].join(''),
    });
  }
});

inGroovy('a build of a branch does nothing; a step that Jenkins has not is an error', async () => {
  const ci = await ciVariables({});

  const ofBranch = await runJenkinsfile(JENKINSFILE, ci, { tag: null });
  const other = runJenkinsfile(JENKINSFILE.replace('deleteDir()', 'deleteFolder()'), ci);

  expect(ofBranch).toMatchObject({ result: 'SUCCESS', stages: {} });
  await expect(other).rejects.toThrow(/No signature of method: Jenkinsfile\.deleteFolder\(\)/);
});

inGroovy(
  'Protect, Wait and Publish go from stage to stage by the receipt; a backend that is not there is asked again',
  async () => {
    const box = await sandbox();
    const down = { method: 'POST', path: /\/automate\/upload$/, times: 4, fault: faults.answer(503, {}) } as const;
    const { variables } = await faultProxy(box, [down]);

    const { stages, description } = await runJenkinsfile(JENKINSFILE, await ciVariables(variables, FAST), {
      parameters: { APP_FILE: ODD_APP },
    });

    const { Protect, Wait, Publish } = stages;
    expect(Protect?.code, Protect?.log).toBe(0);
    expect(Wait?.code, Wait?.log).toBe(0);
    expect(Publish?.code, Publish?.log).toBe(0);
    expect([Protect?.runs, Wait?.runs, Publish?.runs]).toEqual([
      [1, 2],
      [1, 1],
      [1, 1, 1],
    ]);
    const { build, input } = receiptIn(Protect?.folder, 'protect.json');
    expect(input?.name).toBe("app's.apk");
    expect(build?.commit).toMatch(/^[0-9a-f]{40}$/);
    expect(receiptIn(Publish?.folder, 'download.json')).toMatchObject({
      steps: [{ job: { ref: description } }],
      output: { name: 'protected.apk' },
    });
    expect(receiptIn(Publish?.folder, 'publish.json')).toMatchObject({
      input: { name: 'protected.apk' },
      build: { provider: 'jenkins', commit: build?.commit },
      steps: [{ id: 'publish:autoappstore', state: { status: expect.stringMatching(/^(?:approved|live)$/) } }],
    });
    expect(Publish?.archived).toEqual(['download.json', 'protected.apk', 'publish.json']);
    expect(Publish?.junit).toEqual(['download.xml', 'publish.xml']);
    expect(Publish?.log).toContain('autoappstore succeeded');
  },
);

inGroovy(
  'a job that failed at the backend fails the build, with its report',
  async () => {
    const { variables } = await sandbox({ result: 'failed' });

    const { stages } = await runJenkinsfile(JENKINSFILE, await ciVariables(variables));

    expect(Object.keys(stages)).toEqual(['Build', 'Protect', 'Wait']);
    expect(stages.Wait).toMatchObject({
      code: 8,
      error: 'apptool ended with exit code 8',
      runs: [1, 1],
      archived: ['wait.json'],
      junit: ['wait.xml'],
    });
  },
  FIRST,
);

inGroovy(
  'what still runs at the store is not sent again',
  async () => {
    const stays = faults.changeJson((answer) => ({ ...answer, status: 'in_review' }));
    const status = { method: 'GET', path: /\/versions\//, times: 1_000, fault: stays };
    const { variables } = await faultProxy(await sandbox(), [status]);
    const quick = JENKINSFILE.replace('--timeout 50m', '--timeout 10s');

    const { stages } = await runJenkinsfile(quick, await ciVariables(variables, FAST));

    expect(stages.Publish, stages.Publish?.log).toMatchObject({
      code: 7,
      error: 'still running at the store: apptool wait publish.json (or a job of it); do not restart',
      runs: [1, 1, 1],
      archived: ['download.json', 'protected.apk', 'publish.json'],
    });
  },
  SECOND,
);

inGroovy(
  'a parameter is no command, and the shell has only those that the recipe hands on',
  async () => {
    const ci = await ciVariables({ APPTEGO_API_URL: 'http://127.0.0.1:9', APPTEGO_API_KEY: 'key_id:key_secret' });
    const parameters = { APP_ENVIRONMENT: '$(touch ran)"; touch ran; "' };

    const hostile = await runJenkinsfile(JENKINSFILE, ci, { parameters });
    const forgotten = await runJenkinsfile(JENKINSFILE.replace(/^ +APP_ENVIRONMENT = .*\n/m, ''), ci);

    const { Protect } = hostile.stages;
    expect(Protect, Protect?.log).toMatchObject({ code: 2, runs: [1, 1] });
    expect(await readdir(Protect?.folder ?? '')).not.toContain('ran');
    expect(forgotten.stages.Protect?.log).toContain('--environment is empty');
  },
  SECOND,
);

inGroovy(
  'where the person who is asked refuses, nothing is published',
  async () => {
    const { variables, seen } = await faultProxy(await sandbox(), []);

    const { error, result, stages } = await runJenkinsfile(JENKINSFILE, await ciVariables(variables, FAST), {
      isRefused: true,
    });

    expect([error, result, Object.keys(stages).at(-1)]).toEqual(['Rejected by somebody', 'FAILURE', 'Approve']);
    expect(seen.filter(({ path }) => path.includes('/uploads/ci'))).toEqual([]);
  },
  FIRST,
);

test.each(['jenkins/Jenkinsfile', 'jenkins/fleet.Jenkinsfile'])(
  '%s takes the program from outside the checkout, by address and SHA-512, and releases tags alone',
  (name) => {
    const source = recipe(name);
    expect(source).not.toContain('npx');
    expect(source).toContain('npm ci --ignore-scripts');
    expect(source).toContain('"integrity":"%s"');
    expect(source).toMatch(/buildingTag\(\)|env\.TAG_NAME == null && env\.BRANCH_NAME != null/);
  },
);

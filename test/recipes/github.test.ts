import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { copyFixture, sha256Of, temporaryFolder } from '../../src/testing/files.ts';
import { sandbox } from '../../src/testing/sandbox.ts';
import { COMMIT, ciVariables, receiptIn, recipe, TOOL, yamlOf } from '../support/ci-shell.ts';
import { runAction, runWorkflow, type Workflow } from '../support/github-workflow.ts';
import { ofToday, takesTurn } from '../support/share.ts';

const ACTION = recipe('github/action.yml');
const WORKFLOW_TEXT = recipe('github/workflow.yml');
const WORKFLOW = yamlOf<Workflow>(WORKFLOW_TEXT);

const FROM = { url: TOOL.APPTOOL_URL, integrity: TOOL.APPTOOL_INTEGRITY };

interface Script {
  readonly run?: string;
  readonly uses?: string;
}

test('no expression stands in a script, and no action of others without its commit', () => {
  const { runs, inputs } = yamlOf<{
    runs: { steps: Script[] };
    inputs: Record<string, { default?: string }>;
  }>(ACTION);
  const steps = [...runs.steps, ...Object.values(WORKFLOW.jobs).flatMap((job) => job.steps)] as Script[];

  expect(steps.filter(({ run }) => run?.includes('${{'))).toEqual([]);
  for (const { uses } of steps) expect(uses ?? './').toMatch(/^(?:\.\/|actions\/[a-z-]+@[0-9a-f]{40}$)/);
  // What was not protected for production, or is another file, is refused.
  expect(WORKFLOW.jobs.publish?.steps).toContainEqual(
    expect.objectContaining({ with: expect.objectContaining({ command: 'publish', args: '--from=download.json' }) }),
  );
  expect(inputs).toMatchObject({ url: { required: true }, integrity: { required: true } });
  expect(JSON.stringify(runs)).not.toContain('npx');
  expect(Object.keys(inputs).filter((name) => /key|token|secret|password/.test(name))).toEqual([]);
});

test('the workflow protects, waits and publishes in three jobs, with nothing between them but receipts and the protected file', async () => {
  const { variables } = await sandbox();

  const odd = yamlOf<Workflow>(WORKFLOW_TEXT.replaceAll('app-release.apk', "app's.apk"));

  const { jobs, artifacts } = await runWorkflow(odd, await ciVariables(variables));

  const { protect, wait, publish } = jobs;
  expect(wait?.code, wait?.log).toBe(0);
  expect(protect?.code, protect?.log).toBe(0);
  expect(publish?.code, publish?.log).toBe(0);
  expect(await readdir(join(artifacts, 'protect-0'))).toEqual(['protect.json']);
  expect(protect?.steps.protect).toMatchObject({
    job: expect.stringMatching(/^apptego:\d+$/),
    exit_code: '0',
    error_class: '',
    receipt: 'protect.json',
  });
  expect(receiptIn(artifacts, 'protected-0/download.json')).toMatchObject({
    steps: [{ job: { ref: protect?.steps.protect?.job } }],
    input: { name: "app's.apk" },
    output: { name: 'protected.apk', sha256: await sha256Of(join(artifacts, 'protected-0/protected.apk')) },
    build: { provider: 'github', tag: 'v1.2' },
  });
  expect(receiptIn(artifacts, 'publish-0/publish.json')).toMatchObject({
    input: { name: 'protected.apk' },
    build: { provider: 'github', commit: COMMIT, tag: 'v1.2' },
    steps: [{ id: 'publish:autoappstore', state: { status: expect.stringMatching(/^(?:approved|live)$/) } }],
  });
  expect((await readdir(join(artifacts, 'publish-0'))).sort()).toEqual(['publish.json', 'publish.xml']);
  expect((await readdir(join(artifacts, 'protected-0'))).sort()).toEqual([
    'download.json',
    'protected.apk',
    'wait.json',
    'wait.xml',
  ]);
  expect(publish?.summary).toContain('autoappstore');
});

test.runIf(takesTurn(1, 2))(
  'a job that failed at the backend fails the workflow, and its reports are kept',
  async () => {
    const { variables } = await sandbox({ result: 'failed' });

    const { jobs, artifacts } = await runWorkflow(WORKFLOW, await ciVariables(variables));

    expect(jobs.protect?.code, jobs.protect?.log).toBe(0);
    expect(jobs.wait?.code, jobs.wait?.log).toBe(8);
    expect(jobs.publish).toBeUndefined();
    expect(jobs.wait?.log).toContain('::error');
    expect((await readdir(join(artifacts, 'protected-0'))).sort()).toEqual(['wait.json', 'wait.xml']);
    expect(await readFile(join(artifacts, 'protected-0/wait.xml'), 'utf8')).toContain('<failure');
  },
);

/** One of them a day, as in the step of Bitrise. */
const ODD_NAMES = [
  ['that a shell would run', '$(touch ran) `touch ran` "; touch ran; \'# .apk', 0],
  ['that looks like a flag', '--output=ran', 2],
  ['of two lines', 'app.apk\ntouch ran.apk', 2],
] as const;

test.each(ofToday(ODD_NAMES))('a file name %s is a file name', async (_, file, code) => {
  const folder = await temporaryFolder();
  await copyFixture('v2.apk', folder, file);
  const { env, secrets } = await ciVariables((await sandbox()).variables);
  const given = { ...FROM, file, environment: 'prod', output: '$(touch ran).apk', receipt: '`touch ran`.json' };

  const result = await runAction(ACTION, given, { folder, env: { ...env, ...secrets } });

  const output = code === 0 ? ['$(touch ran).apk'] : [];
  expect(result.code, result.log).toBe(code);
  expect((await readdir(folder)).sort()).toEqual(['`touch ran`.json', file, ...output].sort());
});

test.runIf(takesTurn(0, 2))('more flags come one on each line, and none is more than a flag', async () => {
  const folder = await temporaryFolder();
  await copyFixture('v2.apk', folder);
  const { env, secrets } = await ciVariables((await sandbox()).variables);
  const args = '--detach\n\n--expect-package=$(touch ran) com.acme.app; touch ran';

  const result = await runAction(
    ACTION,
    { ...FROM, file: 'v2.apk', environment: 'prod', args },
    { folder, env: { ...env, ...secrets } },
  );

  expect(result.code, result.log).toBe(2);
  expect(result.log).toContain('not $(touch ran) com.acme.app; touch ran');
  expect(await readdir(folder)).toEqual(['v2.apk']);
});

test.each([
  ['command', { command: 'upload; touch ran' }],
  ['command', { command: '$(touch ran)' }],
  ['url', { url: 'https://h/a.tgz","x":"$(touch ran)' }],
  ['url', { url: 'http://packages.example.com/a.tgz' }],
  ['url', { url: '' }],
  ['integrity', { integrity: 'sha512-a"}' }],
  ['integrity', { integrity: 'sha1-aaaa' }],
  ['integrity', { integrity: '' }],
])('a hostile %s is refused before anything is run', async (name, given) => {
  const folder = await temporaryFolder();
  const { env } = await ciVariables({});
  await writeFile(join(folder, 'app.apk'), '');

  const result = await runAction(ACTION, { ...FROM, file: 'app.apk', ...given }, { folder, env });

  expect(result.code).toBe(2);
  expect(result.log).toMatch(new RegExp(`^::error title=apptool::${name} must be .*\n$`));
  expect(await readdir(folder)).toEqual(['app.apk']);
});

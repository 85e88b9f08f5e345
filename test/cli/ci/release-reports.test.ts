import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { PlannedFault } from '../../../src/testing/fault-proxy.ts';
import { faults } from '../../../src/testing/faults.ts';
import {
  elements,
  readDotenv,
  readGithubOutputs,
  readProperties,
  readXml,
  workflowCommands,
} from '../../support/ci-files.ts';
import { agentCommands, readExports } from '../../support/ci-readers.ts';
import { runCli } from '../../support/cli.ts';
import { casesIn } from '../../support/junit.ts';
import { PRODUCTION, releaseProject, STORE_REFUSES } from '../../support/release-project.ts';

const FILES = '--junit j.xml --gitlab-dotenv d.env --jenkins-properties p.properties --env-out e.sh --azure';
const LINE = `production app.apk --resume r.json -f ${FILES}`;
const SUITE = 'apptool.dev.apptool.fixture.release';
const PROTECTED = ['upload', 'wait', 'download'].map((part) => [`${SUITE}.protect.apptego`, part, 'passed']);

async function project(releases: unknown, planned: readonly PlannedFault[] = []) {
  const made = await releaseProject(releases, planned);
  const at = (name: string) => join(made.folder, name);
  const env = { GITHUB_ACTIONS: 'true', GITHUB_OUTPUT: at('outputs'), GITHUB_STEP_SUMMARY: at('summary') };
  const text = (name: string) => readFileSync(at(name), 'utf8');
  const run = async (line: string) => {
    for (const name of ['outputs', 'summary']) writeFileSync(at(name), '');
    return await made.run(line, made.folder, { env: { ...env, AGENT_TEMPDIRECTORY: made.folder } });
  };
  /** The rows of the summary: file, step, result, state. */
  const rows = () =>
    elements(readXml(`<page>${text('summary').replace(/^### .*$/m, '')}</page>`), 'tr')
      .slice(1)
      .map(({ children }) => children.map((cell) => cell.text))
      .filter((cells) => cells.length === 9)
      .map(([file, step, result, , state]) => [file, step, result, state]);
  return { ...made, run, text, rows, outputs: () => Object.fromEntries(readGithubOutputs(text('outputs'))) };
}

/** Without the findings. */
function partsIn(xml: string) {
  return casesIn(xml).filter(([, name]) => /^[a-z]+$/.test(name));
}

test('a release with a target that fails, and what goes on with it: each report has every step', async () => {
  const { run, text, rows, outputs } = await project({ production: PRODUCTION }, [STORE_REFUSES]);

  const first = await run(LINE);

  expect(first.code, first.stderr).toBe(12);
  expect(casesIn(text('j.xml'))).toEqual([
    [SUITE, 'check', 'passed'],
    ...PROTECTED,
    [`${SUITE}.publish.autoappstore`, 'upload', 'failure rejected'],
    [`${SUITE}.publish.autoappstore`, 'wait', 'skipped'],
    [`${SUITE}.publish.applivery`, 'upload', 'passed'],
    [`${SUITE}.publish.applivery`, 'wait', 'passed'],
  ]);
  const values = outputs();
  expect(values).toMatchObject({
    exit_code: '12',
    protect_apptego_result: 'done',
    protect_apptego_job: expect.stringMatching(/^apptego:\d+$/),
    publish_autoappstore_result: 'failed',
    publish_applivery_result: 'done',
    publish_applivery_job: expect.stringMatching(/^applivery:/),
  });
  // They would be of one of several steps.
  for (const name of ['job', 'backend', 'phase', 'status']) expect(values).not.toHaveProperty(name);
  const inCapitals = Object.entries(values).map(([name, value]) => [`APPTOOL_RESULT_${name.toUpperCase()}`, value]);
  expect(Object.fromEntries(readProperties(text('p.properties')))).toEqual(Object.fromEntries(inCapitals));
  expect(Object.fromEntries(readExports(text('e.sh')))).toEqual(Object.fromEntries(inCapitals));
  const dotenv = readDotenv(text('d.env'));
  expect(Object.fromEntries(inCapitals)).toMatchObject(Object.fromEntries(dotenv));
  for (const name of ['PROTECT_APPTEGO', 'PUBLISH_AUTOAPPSTORE', 'PUBLISH_APPLIVERY'])
    expect(dotenv.get(`APPTOOL_RESULT_${name}_RESULT`)).toBeDefined();
  const variables = agentCommands(first.stderr).filter(({ name }) => name === 'task.setvariable');
  expect(Object.fromEntries(variables.map(({ properties, data }) => [properties.variable, data]))).toEqual(
    Object.fromEntries(inCapitals),
  );
  expect(rows()).toEqual([
    ['app.apk', 'protect:apptego', 'done', 'succeeded completed'],
    ['app-protected.apk', 'publish:autoappstore', 'failed (rejected, exit code 5)', '–'],
    ['app-protected.apk', 'publish:applivery', 'done', 'succeeded processed'],
  ]);

  const second = await run(LINE);

  expect(second.code, second.stderr).toBe(0);
  // What an earlier run has done is done, with the time that it took.
  expect(partsIn(text('j.xml'))).toEqual([
    [SUITE, 'check', 'passed'],
    ...PROTECTED,
    ...['autoappstore', 'applivery'].flatMap((backend) =>
      ['upload', 'wait'].map((part) => [`${SUITE}.publish.${backend}`, part, 'passed']),
    ),
  ]);
  expect(outputs()).toMatchObject({ publish_autoappstore_result: 'done', publish_applivery_result: 'done' });
  expect(rows().map(([, step, result]) => [step, result])).toEqual([
    ['protect:apptego', 'done'],
    ['publish:autoappstore', 'done'],
    ['publish:applivery', 'done'],
  ]);
});

test('steps that were not begun are skipped; the half before a gate succeeds', async () => {
  const { run, text, rows, outputs } = await project({ production: PRODUCTION });

  const result = await run(`${LINE} --until protected`);

  expect(result.code, result.stderr).toBe(0);
  expect(casesIn(text('j.xml'))).toEqual([
    [SUITE, 'check', 'passed'],
    ...PROTECTED,
    ...['autoappstore', 'applivery'].flatMap((backend) =>
      ['upload', 'wait'].map((part) => [`${SUITE}.publish.${backend}`, part, 'skipped']),
    ),
  ]);
  expect(outputs()).toMatchObject({
    ok: 'true',
    protect_apptego_result: 'done',
    publish_applivery_result: 'not-begun',
  });
  expect(rows()).toHaveLength(3);
});

test('a protection that fails is the failure of its step, and of no other', async () => {
  const refused = { method: 'POST', path: /automate\/upload$/, fault: faults.answer(400, { status: false }) } as const;
  const { run, text, rows } = await project({ production: PRODUCTION }, [refused]);

  expect((await run(LINE)).code).toBe(5);
  expect(casesIn(text('j.xml')).map(([suite, part, outcome]) => [suite.slice(SUITE.length), part, outcome])).toEqual([
    ['', 'check', 'passed'],
    ['.protect.apptego', 'upload', 'failure rejected'],
    ['.protect.apptego', 'wait', 'skipped'],
    ['.protect.apptego', 'download', 'skipped'],
    ...['autoappstore', 'applivery'].flatMap((id) =>
      ['upload', 'wait'].map((part) => [`.publish.${id}`, part, 'skipped']),
    ),
  ]);
  expect(rows().map(([, , result]) => result)).toEqual(['failed (rejected, exit code 5)', 'not begun', 'not begun']);
});

test('a target that is not required fails no report: it is skipped, with why, and a warning', async () => {
  const release = { ...PRODUCTION, publish: ['applivery', { backend: 'autoappstore', required: false }] };
  const { run, text, rows } = await project({ production: release }, [STORE_REFUSES]);

  const result = await run(LINE);

  expect(result.code, result.stderr).toBe(0);
  expect(casesIn(text('j.xml')).filter(([, , outcome]) => /failure|error/.test(outcome))).toEqual([]);
  expect(casesIn(text('j.xml'))).toContainEqual([`${SUITE}.publish.autoappstore`, 'upload', 'skipped']);
  expect(elements(readXml(text('j.xml')), 'system-out').map(({ text: one }) => one)).toEqual([
    expect.stringMatching(/^not required; rejected: could not upload the file/),
  ]);
  const commands = workflowCommands(result.stderr);
  expect(commands.filter(({ command }) => command === 'error')).toEqual([]);
  expect(commands.filter(({ message }) => /^autoappstore is not required, and failed/.test(message))).toHaveLength(1);
  expect(rows()).toContainEqual([
    'app-protected.apk',
    'publish:autoappstore',
    'failed (rejected, exit code 5; not required)',
    '–',
  ]);
});

test('what ends a run is a failure of the run, where the only target is not required', async () => {
  const { run, text, outputs } = await project({ x: { publish: [{ backend: 'applivery', required: false }] } });

  const result = await run(`x app.apk --resume r.json -f ${FILES} --expect-package com.example.other`);

  expect(result.code, result.stderr).toBe(2);
  expect(casesIn(text('j.xml')).map(([, part, outcome]) => [part, outcome])).toEqual([
    ['check', 'error usage'],
    ['upload', 'skipped'],
    ['wait', 'skipped'],
  ]);
  expect(outputs()).toMatchObject({ ok: 'false', exit_code: '2' });
});

test.each([
  ['a target', true],
  ['a target that is not required', false],
])(
  '%s that failed in an earlier run fails no test anew, nor has it passed: what this run failed at does',
  async (_, required) => {
    const fault = faults.changeJson((reply: { data?: object }) => ({
      ...reply,
      data: { ...reply.data, status: 'error' },
    }));
    const isBad = { method: 'GET', path: /\/builds\//, times: 99, fault } as const;
    const publish = ['autoappstore', { backend: 'applivery', required }];
    const { run, text, rows } = await project({ production: { ...PRODUCTION, publish } }, [isBad]);
    await run(LINE);

    const second = await run(`${LINE} --min-version-code 99`);

    expect(second.code, second.stderr).toBe(2);
    expect(casesIn(text('j.xml'))).toEqual([
      [SUITE, 'check', 'error usage'],
      ...PROTECTED,
      [`${SUITE}.publish.autoappstore`, 'upload', 'passed'],
      [`${SUITE}.publish.autoappstore`, 'wait', 'passed'],
      [`${SUITE}.publish.applivery`, 'upload', 'passed'],
      [`${SUITE}.publish.applivery`, 'wait', 'skipped'],
    ]);
    expect(workflowCommands(second.stderr).filter(({ command }) => command === 'error')).toHaveLength(1);
    expect(rows().at(-1)?.slice(1, 3)).toEqual(['publish:applivery', required ? 'failed' : 'failed (not required)']);
  },
);

test('a wait on a receipt has a case for each job, and fails for the one that failed', async () => {
  let isFailing = false;
  const change = (value: Record<string, unknown>) => (isFailing ? { ...value, status: 'failed' } : value);
  const status = { method: 'GET', path: /automate\/status/, times: 99, fault: faults.changeJson(change) } as const;
  const { run, proxy, folder, text } = await project({ production: PRODUCTION }, [status]);
  await run(`${LINE} --detach`);
  await run(`${LINE} --detach`);
  isFailing = true;

  const args = ['wait', 'r.json', '--junit', 'j.xml', '--poll-interval', '20ms', '--timeout', '30s'];
  const { code, stderr } = await runCli(args, { cwd: folder, env: proxy.variables });

  expect(code, stderr).toBe(8);
  const suite = SUITE.replace(/release$/, 'wait');
  expect(partsIn(text('j.xml'))).toEqual([
    [`${suite}.protect.apptego`, 'wait', 'failure job-failed'],
    [`${suite}.publish.autoappstore`, 'wait', 'passed'],
    [`${suite}.publish.applivery`, 'wait', 'passed'],
  ]);
});

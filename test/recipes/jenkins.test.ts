import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Receipt } from '../../src/cli/receipt.ts';
import { ciVariables, FAST, recipe, TOOL_VERSION } from '../support/ci-shell.ts';
import { faultProxy, faults } from '../support/fault-proxy.ts';
import { blockOf, parseJenkinsfile, runJenkinsfile } from '../support/jenkinsfile.ts';
import { sandbox } from '../support/sandbox.ts';

const JENKINSFILE = recipe('jenkins/Jenkinsfile');
const PARAMETERS = { APP_ENVIRONMENT: 'prod' };

test('is a declarative pipeline whose scripts Groovy puts nothing into', () => {
  const file = parseJenkinsfile(JENKINSFILE);
  const pipeline = blockOf(file, 'pipeline');
  const sections = pipeline.map(({ text }) => text.split(' ')[0]);
  const stages = blockOf(pipeline, 'stages');

  const [, again] = blockOf(file, 'void apptool(String script)');
  expect(again?.text).toBe('for (int run = 1; code == 6 && run <= 3; run++)');
  expect(again?.block?.at(-1)?.text).toBe('code = sh(script: script, returnStatus: true)');
  expect(sections).toEqual(['agent', 'parameters', 'environment', 'options', 'stages']);
  expect(stages.map(({ text, strings }) => [text, ...strings])).toEqual([
    ["stage('')", 'Protect'],
    ["stage('')", 'Wait'],
    ["stage('')", 'Publish'],
  ]);
  for (const { block } of stages)
    expect(block?.map(({ text }) => text)).toEqual(['agent any', 'options', 'steps', 'post']);
  expect(JENKINSFILE).not.toMatch(/"""|sh "/);
  expect(blockOf(pipeline, 'environment')[0]?.strings).toEqual([`apptool@${TOOL_VERSION}`]);
});

test('Protect, Wait and Publish go from stage to stage by the receipt; a backend that is not there is asked again', async () => {
  const box = await sandbox();
  const down = { method: 'POST', path: /\/automate\/upload$/, times: 4, fault: faults.answer(503, {}) } as const;
  const { variables } = await faultProxy(box, [down]);

  const { stages, description } = await runJenkinsfile(JENKINSFILE, await ciVariables(variables, FAST), PARAMETERS);

  const { Protect, Wait, Publish } = stages;
  expect(Protect?.code, Protect?.log).toBe(0);
  expect(Wait?.code, Wait?.log).toBe(0);
  expect(Publish?.code, Publish?.log).toBe(0);
  expect([Protect?.runs, Wait?.runs, Publish?.runs]).toEqual([[2], [1], [1, 1]]);
  const text = await readFile(join(Publish?.folder ?? '', 'download.json'), 'utf8');
  expect(Receipt.parse(JSON.parse(text))).toMatchObject({
    job: { ref: description },
    output: { name: 'app-release-protected.apk' },
  });
  expect(Publish?.archived).toEqual(['download.json', 'publish.json']);
  expect(Publish?.junit).toEqual(['download.xml', 'publish.xml']);
  expect(Publish?.log).toContain('autoappstore succeeded');
}, 60_000);

test('a job that failed at the backend fails the build, with its report', async () => {
  const { variables } = await sandbox({ result: 'failed' });

  const { stages } = await runJenkinsfile(JENKINSFILE, await ciVariables(variables), PARAMETERS);

  expect(Object.keys(stages)).toEqual(['Protect', 'Wait']);
  expect(stages.Wait).toMatchObject({ code: 8, runs: [1], archived: ['wait.json'], junit: ['wait.xml'] });
});

test('a parameter is no command', async () => {
  const ci = await ciVariables({ APPTEGO_API_URL: 'http://127.0.0.1:9', APPTEGO_API_KEY: 'key_id:key_secret' });

  const { stages } = await runJenkinsfile(JENKINSFILE, ci, { APP_ENVIRONMENT: '$(touch ran)"; touch ran; "' });

  expect(stages.Protect, stages.Protect?.log).toMatchObject({ code: 2, runs: [1] });
  expect(await readdir(stages.Protect?.folder ?? '')).not.toContain('ran');
});

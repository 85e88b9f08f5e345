import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Receipt } from '../../src/cli/receipt.ts';
import { carry, checkout, ciVariables, FAST, recipe, runScript, TOOL_VERSION } from '../support/ci-shell.ts';
import { faultProxy, faults } from '../support/fault-proxy.ts';
import { temporaryFolder } from '../support/files.ts';
import { gitlabJobs, runPipeline } from '../support/gitlab-pipeline.ts';
import { sandbox } from '../support/sandbox.ts';

const TEMPLATE = recipe('gitlab/apptool.gitlab-ci.yml');

/** What the job that builds the app leaves. */
async function built(folder: string): Promise<void> {
  const source = await temporaryFolder();
  await checkout(source);
  await runScript(['sh'], './gradlew', { cwd: source, env: {} });
  await carry(['app/build/outputs/apk/release/app-release.apk'], source, folder);
}

test('every job keeps its receipt and reports whatever happens, and runs again after nothing but 6, or 7 for a wait', () => {
  const { jobs, variables } = gitlabJobs(TEMPLATE);

  expect([...jobs.keys()]).toEqual(['protect', 'wait', 'publish']);
  expect([...jobs.values()].map(({ retry }) => retry?.exit_codes)).toEqual([6, [6, 7], 6]);
  for (const { artifacts } of jobs.values()) {
    expect(artifacts).toMatchObject({ when: 'always', reports: { junit: expect.anything() } });
    expect(artifacts?.paths?.every((path) => path.endsWith('.json'))).toBe(true);
  }
  expect(variables.APPTOOL).toBe(`apptool@${TOOL_VERSION}`);
});

test('protect, wait and publish go from job to job by the receipt; a backend that is not there is asked again', async () => {
  const box = await sandbox();
  const down = { method: 'POST', path: /\/automate\/upload$/, times: 4, fault: faults.answer(503, {}) } as const;
  const { variables } = await faultProxy(box, [down]);

  const { protect, wait, publish } = await runPipeline(TEMPLATE, 'bash', await ciVariables(variables, FAST), built);

  expect(protect?.code, protect?.log).toBe(0);
  expect(wait?.code, wait?.log).toBe(0);
  expect(publish?.code, publish?.log).toBe(0);
  expect([protect?.runs, wait?.runs, publish?.runs]).toEqual([2, 1, 1]);
  expect(protect?.kept).toEqual(['protect.json', 'protect.env', 'protect.xml']);
  expect(publish?.kept).toEqual(['download.json', 'publish.json', 'publish.env', 'download.xml', 'publish.xml']);
  const receiptIn = async (folder = '', name = '') =>
    Receipt.parse(JSON.parse(await readFile(join(folder, name), 'utf8')));
  const [sent, fetched] = [
    await receiptIn(protect?.folder, 'protect.json'),
    await receiptIn(publish?.folder, 'download.json'),
  ];
  expect(fetched).toMatchObject({
    job: sent.job,
    artifact: sent.artifact,
    output: { name: 'app-release-protected.apk' },
  });
  expect(await readFile(join(protect?.folder ?? '', 'protect.env'), 'utf8')).toContain(
    `APPTOOL_RESULT_JOB=${sent.job?.ref}\n`,
  );
});

test('a job that failed at the backend ends the pipeline, with its report', async () => {
  const { variables } = await sandbox({ result: 'failed' });

  const results = await runPipeline(TEMPLATE, 'sh', await ciVariables(variables), built);

  expect(Object.keys(results)).toEqual(['protect', 'wait']);
  expect(results.wait).toMatchObject({ code: 8, runs: 1, kept: ['wait.json', 'wait.xml'] });
  expect(await readFile(join(results.wait?.folder ?? '', 'wait.xml'), 'utf8')).toContain('<failure');
});

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { faultProxy } from '../../src/testing/fault-proxy.ts';
import { faults } from '../../src/testing/faults.ts';
import { sandbox } from '../../src/testing/sandbox.ts';
import { COMMIT, ciVariables, FAST, ODD_APP, receiptIn, recipe } from '../support/ci-shell.ts';
import { gitlabJobs, runPipeline } from '../support/gitlab-pipeline.ts';
import { takesTurn } from '../support/share.ts';

const TEMPLATE = recipe('gitlab/apptool.gitlab-ci.yml');

test('every job keeps its receipt and reports whatever happens, and runs again after nothing but 6, or 7 for a wait', () => {
  const { jobs, variables } = gitlabJobs(TEMPLATE);

  expect([...jobs.keys()]).toEqual(['protect', 'wait', 'download', 'publish']);
  expect([...jobs.values()].map(({ retry }) => (retry ? retry.exit_codes : undefined))).toEqual([
    6,
    [6, 7],
    [6, 11],
    6,
  ]);
  for (const { artifacts } of jobs.values()) {
    expect(artifacts).toMatchObject({ when: 'always', reports: { junit: expect.anything() } });
    expect(artifacts?.paths?.every((path) => /\$CI_NODE_INDEX\.(?:json|apk|aab|ipa)$/.test(path))).toBe(true);
  }
  for (const { rules, script } of jobs.values()) {
    expect(rules?.map((rule) => rule.if)).toEqual(['$CI_COMMIT_TAG && $CI_COMMIT_REF_PROTECTED == "true"']);
    expect(script).toEqual([expect.stringMatching(/^exec node "\$apptool" /)]);
  }
  expect([...jobs.values()].map(({ environment }) => environment)).toEqual(['prod', 'prod', 'prod', 'store']);
  expect(jobs.get('publish')?.rules?.[0]?.when).toBe('manual');
  expect(variables.APP_ENVIRONMENT).toBe('prod');
});

test('protect, wait and publish go from job to job by the receipt; a backend that is not there is asked again', async () => {
  const box = await sandbox();
  const down = { method: 'POST', path: /\/automate\/upload$/, times: 4, fault: faults.answer(503, {}) } as const;
  const { variables } = await faultProxy(box, [down]);

  const ci = await ciVariables(variables, { ...FAST, APP_FILE: ODD_APP });
  const { protect, wait, download, publish } = await runPipeline(TEMPLATE, 'bash', ci);

  expect(protect?.code, protect?.log).toBe(0);
  expect(wait?.code, wait?.log).toBe(0);
  expect(download?.code, download?.log).toBe(0);
  expect(publish?.code, publish?.log).toBe(0);
  expect([protect?.runs, wait?.runs, publish?.runs]).toEqual([2, 1, 1]);
  expect(protect?.kept).toEqual(['protect.json', 'protect.env', 'protect.xml']);
  expect(download?.kept).toEqual(['download.json', 'protected.apk', 'download.xml']);
  expect(publish?.kept).toEqual(['publish.json', 'publish.env', 'publish.xml']);
  const sent = receiptIn(protect?.folder, 'protect.json');
  expect(sent.input?.name).toBe("app's.apk");
  expect(receiptIn(download?.folder, 'download.json')).toMatchObject({
    steps: [{ job: sent.steps[0]?.job }],
    input: sent.input,
    output: { name: 'protected.apk' },
  });
  expect(receiptIn(publish?.folder, 'publish.json')).toMatchObject({
    input: { name: 'protected.apk' },
    build: { provider: 'gitlab', commit: COMMIT, tag: 'v1.2' },
    steps: [{ id: 'publish:autoappstore', state: { status: expect.stringMatching(/^(?:approved|live)$/) } }],
  });
  expect(await readFile(join(protect?.folder ?? '', 'protect.env'), 'utf8')).toContain(
    `APPTOOL_RESULT_JOB=${sent.steps[0]?.job?.ref}\n`,
  );
}, 120_000);

test.runIf(takesTurn(0, 2))(
  'a job that failed at the backend ends the pipeline, with its report',
  async () => {
    const { variables } = await sandbox({ result: 'failed' });

    const results = await runPipeline(TEMPLATE, 'sh', await ciVariables(variables));

    expect(Object.keys(results)).toEqual(['protect', 'wait']);
    expect(results.wait).toMatchObject({ code: 8, runs: 1, kept: ['wait.json', 'wait.xml'] });
    expect(await readFile(join(results.wait?.folder ?? '', 'wait.xml'), 'utf8')).toContain('<failure');
  },
  120_000,
);

test.runIf(takesTurn(1, 2))(
  'what was protected for staging is not published',
  async () => {
    const { variables } = await sandbox();

    const ci = await ciVariables(variables, { ...FAST, APP_ENVIRONMENT: 'staging' });
    const { download, publish } = await runPipeline(TEMPLATE, 'sh', ci);

    expect(download?.code, download?.log).toBe(0);
    expect(publish).toMatchObject({ code: 2, runs: 1 });
    expect(publish?.log).toContain('was protected for staging');
  },
  120_000,
);

import { expect, test } from 'vitest';
import { runValues } from '../../../src/ci/reports/run-values.ts';
import { ResultDocument } from '../../../src/contract/result-document.ts';
import { createRedactor } from '../../../src/contract/text/redact.ts';
import { runCli } from '../../support/cli.ts';
import { projectIn } from '../../support/release-project.ts';

async function release(): Promise<ResultDocument> {
  const cwd = await projectIn({ x: { publish: ['autoappstore', 'applivery'] } });
  const { stdout } = await runCli(['release', 'x', 'app.apk', '--sandbox', '--json'], { cwd, isFast: true });
  return ResultDocument.parse(JSON.parse(stdout));
}

/** One for all tests: a rehearsal takes two seconds. */
let released: Promise<ResultDocument> | null = null;

/** What the release says, as if it had gone to these backends. */
async function documentOf(backends: readonly string[]): Promise<ResultDocument> {
  released ??= release();
  const document = await released;
  const steps = document.steps.map((step, index) => ({
    ...step,
    id: `publish:${backends[index]}`,
    backend: backends[index] ?? '',
    job: { ref: `${backends[index]}:1`, id: '1', details: {} },
  }));
  return { ...document, steps };
}

test('steps whose names a variable cannot tell apart have no values, and are named', async () => {
  const document = await documentOf(['a-b', 'a_b']);

  const { values, unfit } = runValues({ document, receipt: null }, createRedactor());

  expect(values.map(({ name }) => name)).toEqual(expect.arrayContaining(['ok', 'exit_code']));
  expect(values.filter(({ name }) => name.startsWith('publish_'))).toEqual([]);
  expect(unfit).toEqual(['publish_a_b_result', 'publish_a_b_job']);
});

test('a backend from elsewhere may have digits in its name', async () => {
  const document = await documentOf(['store2', 'b-3']);

  const { values, unfit } = runValues({ document, receipt: null }, createRedactor());

  expect(values).toContainEqual({ name: 'publish_store2_job', value: 'store2:1' });
  expect(values).toContainEqual({ name: 'publish_b_3_job', value: 'b-3:1' });
  expect(unfit).toEqual([]);
});

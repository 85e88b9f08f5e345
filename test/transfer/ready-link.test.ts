import { join } from 'node:path';
import { expect, test } from 'vitest';
import { applivery } from '../../src/backends/applivery/index.ts';
import { apptego } from '../../src/backends/apptego/index.ts';
import { apptegoManagement } from '../../src/backends/apptego-management/index.ts';
import { download } from '../../src/run/download.ts';
import { artifactAt } from '../../src/testing/artifacts.ts';
import { fakeClock } from '../../src/testing/clock.ts';
import { testContext } from '../../src/testing/context.ts';
import { faultProxy } from '../../src/testing/fault-proxy.ts';
import { faults } from '../../src/testing/faults.ts';
import { copyFixture, temporaryFolder } from '../../src/testing/files.ts';
import { openBackend } from '../../src/testing/open-backend.ts';
import { sandbox } from '../../src/testing/sandbox.ts';
import { waitForJob } from '../../src/transfer/wait/poll.ts';
import { jobContext } from '../support/journal.ts';
import { UPLOAD } from '../support/upload.ts';

/** A finished job whose link is answered so, `times` times; what became of the download, and how often it was asked for. */
async function downloadWith(
  [definition, link]: (typeof BACKENDS)[keyof typeof BACKENDS],
  answer: ReturnType<typeof faults.answer>,
  times: number,
) {
  const folder = await temporaryFolder();
  const box = await sandbox({ processingMs: 0, appearMs: 0 });
  const proxy = await faultProxy(box, [{ ...link, times, fault: answer }]);
  const backend = await openBackend(definition, proxy.variables);
  const artifact = await artifactAt(await copyFixture('v2.apk', folder));
  const ctx = testContext({ clock: fakeClock() });
  const id = await backend.adapter.upload(artifact, UPLOAD, ctx);
  const poll = () => backend.adapter.poll(id, { patience: 'once', until: null }, ctx);
  const waiting = { pollIntervalMs: 1_000, timeoutMs: 60_000, appearTimeoutMs: 5_000, uploaded: true };
  await waitForJob({ job: id, poll, ...waiting }, ctx);
  const { job, ctx: own } = jobContext({ backend: backend.id, id }, ctx);
  const input = { backend, job, output: join(folder, 'out.apk'), force: false, sent: null, dryRun: false };
  const error = await download(input, own).then(
    () => null,
    (thrown: unknown) => thrown,
  );
  return {
    error,
    asked: proxy.seen.filter(({ method, path }) => method === link.method && link.path.test(path)).length,
  };
}

const BACKENDS = {
  apptego: [apptego, { method: 'GET', path: /\/automate\/download\// }],
  management: [apptegoManagement, { method: 'POST', path: /\/download_application_build$/ }],
  applivery: [applivery, { method: 'GET', path: /\/downloadToken\?/ }],
} as const;
const refused = (code: number) => faults.answer(400, { status: false, error: { code, message: 'no' } });
const notCompleted = faults.answer(400, { error: 'Job is not completed' });

test.each([
  ['apptego', notCompleted],
  ['management', notCompleted],
  ['applivery', refused(5014)],
] as const)('F-SRV-08: %s says that an output is not ready yet, and is asked again', async (name, answer) => {
  expect(await downloadWith(BACKENDS[name], answer, 3)).toEqual({ error: null, asked: 4 });
});

test.each([
  ['apptego', notCompleted, { serverText: 'Job is not completed' }],
  ['management', notCompleted, { serverText: 'Job is not completed' }],
  ['applivery', refused(5014), { backendCode: '5014', serverText: '5014: no' }],
] as const)('F-SRV-08: an output of %s that stays not ready is unavailable', async (name, answer, says) => {
  const { error, asked } = await downloadWith(BACKENDS[name], answer, 100);

  expect(error).toMatchObject({ class: 'unavailable', retryable: true, httpStatus: 400, ...says });
  expect(asked).toBe(4);
});

test.each([
  ['applivery', refused(5006), 400, { backendCode: '5006' }],
  ['applivery', faults.answer(422, { error: 'no' }), 422, {}],
  ['apptego', faults.answer(422, { error: 'no' }), 422, {}],
  ['management', faults.answer(409, { error: 'no' }), 409, {}],
] as const)(
  'any other refusal of %s for a link is final, and is asked once: %#',
  async (name, answer, status, says) => {
    const { error, asked } = await downloadWith(BACKENDS[name], answer, 100);

    expect(error).toMatchObject({ class: 'rejected', exitCode: 5, retryable: false, httpStatus: status, ...says });
    expect(asked).toBe(1);
  },
);

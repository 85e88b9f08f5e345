import { expect, test } from 'vitest';
import type { Adapter } from '../../src/contract/adapter.ts';
import { CancelledError, RejectedError, UnavailableError, UnknownOutcomeError } from '../../src/contract/errors.ts';
import type { OpenBackend } from '../../src/run/backend.ts';
import { contextOf } from '../../src/run/journal/journal.ts';
import { uploadArtifact } from '../../src/run/upload.ts';
import { artifactAt } from '../../src/testing/artifacts.ts';
import { fakeClock } from '../../src/testing/clock.ts';
import { testContext } from '../../src/testing/context.ts';
import { copyFixture, temporaryFolder } from '../../src/testing/files.ts';
import { runContext } from '../support/journal.ts';
import { UPLOAD } from '../support/upload.ts';

const LOST = new UnknownOutcomeError('could not upload the file: connection closed', {
  hint: 'look in the portal',
  isAnswerLost: true,
});

/** An upload to a backend that fails so, and is looked for so. */
async function upload(error: Error, find?: Adapter['find'], signal?: AbortSignal) {
  const artifact = await artifactAt(await copyFixture('v2.apk', await temporaryFolder()));
  const base = testContext({ clock: fakeClock(), ...(signal === undefined ? {} : { signal }) });
  const run = runContext(base);
  const step = run.journal.draft({ action: 'upload', backend: { id: 'depot', host: null } }, false);
  const ctx = contextOf(step, run);
  const adapter = {
    upload: () => Promise.reject(error),
    ...(find === undefined ? {} : { find }),
  } as unknown as Adapter;
  const backend = { id: 'depot', adapter } as OpenBackend;
  const options = { ...UPLOAD, environment: 'prod', pollIntervalMs: 5_000 };
  const input = { backend, options, path: artifact.path, platform: undefined, expected: { allowDebuggable: false } };
  return { artifact, step, events: base, uploading: uploadArtifact(artifact, input, ctx) };
}

test('an upload whose answer was lost is looked for, and goes on with the one job that it can be', async () => {
  const asked: unknown[] = [];
  let looks = 0;

  const { uploading, step, events, artifact } = await upload(LOST, async (lost, since) => {
    asked.push([lost.name, lost.environment, lost.job, since instanceof Date]);
    looks += 1;
    return looks < 3 ? [] : ['a1'];
  });

  expect(await uploading).toMatchObject({ id: 'a1' });
  expect(asked[0]).toEqual([artifact.name, 'prod', null, true]);
  expect(step.job).toEqual({ backend: 'depot', id: 'a1', text: 'depot:a1', details: {} });
  expect(events.ofType('warning')).toMatchObject([
    { code: 'lost-response', message: expect.stringContaining('depot:a1') },
  ]);
});

test.each([
  ['nothing is found', async () => [], /^apptool looked for it for 30 s and did not find it; look in the portal$/],
  ['several can be it', async () => ['a1', 'b2'], /depot:a1, depot:b2/],
  [
    'it cannot be asked',
    async () => {
      throw new UnavailableError('down');
    },
    /apptool could not look for it/,
  ],
] satisfies [string, Adapter['find'], RegExp][])('it stays unknown when %s', async (_, find, hint) => {
  const { uploading, step } = await upload(LOST, find);

  await expect(uploading).rejects.toMatchObject({ class: 'unknown', hint: expect.stringMatching(hint) });
  expect(step.job).toBe(null);
});

test.each([
  ['a refusal', new RejectedError('no')],
  ['a file that changed while it was sent', new UnknownOutcomeError('changed')],
])('it is not looked for after %s', async (_, error) => {
  const { uploading } = await upload(error, async () => ['a1']);

  await expect(uploading).rejects.toBe(error);
});

test('the look ends when the run is stopped', async () => {
  const stop = new AbortController();
  const reason = new CancelledError('SIGINT');

  const { uploading } = await upload(
    LOST,
    async () => {
      stop.abort(reason);
      return [];
    },
    stop.signal,
  );

  await expect(uploading).rejects.toBe(reason);
});

import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  type AppEvent,
  type Backend,
  doctor,
  download,
  inspect,
  type JournalFacts,
  openBackend,
  publish,
  upload,
  wait,
} from '../../src/index.ts';
import { atEnd } from '../../src/testing/cleanup.ts';
import { faultProxy } from '../../src/testing/fault-proxy.ts';
import { faults } from '../../src/testing/faults.ts';
import { copyFixture, sha256Of, temporaryFolder } from '../../src/testing/files.ts';
import { sandbox } from '../../src/testing/sandbox.ts';

const QUICK = { pollIntervalMs: 20, capacityWaitMs: 0 } as const;

async function opened(id: string, env: Readonly<Record<string, string>>): Promise<Backend> {
  const backend = await openBackend(id, { env });
  atEnd(backend.close);
  return backend;
}

test('an upload is gone on with by its reference: waited for, then fetched', async () => {
  const { variables } = await sandbox();
  const folder = await temporaryFolder();
  const file = await copyFixture('v2.apk', folder);
  const backend = await opened('apptego', variables);

  const { job, sha256 } = await upload(backend, { file, environment: 'staging', ...QUICK });
  const { phase } = await wait(backend, job.text, QUICK);
  const output = await download(backend, job, { output: join(folder, 'out.apk') });

  expect(sha256).toBe(await sha256Of(file));
  expect(phase).toBe('succeeded');
  expect(output.sha256).toBe(await sha256Of(output.path));
});

test('one file goes to several backends, and each is told of', async () => {
  const { variables } = await sandbox();
  const file = await copyFixture('v2.apk', await temporaryFolder());
  const targets = await Promise.all(['autoappstore', 'applivery'].map((id) => opened(id, variables)));

  const { steps } = await publish(targets, { file, expected: { allowDebuggable: true }, ...QUICK });

  expect(steps.map(({ id, state }) => [id, state?.phase])).toEqual([
    ['publish:autoappstore', 'succeeded'],
    ['publish:applivery', 'succeeded'],
  ]);
});

test('no event, error or journal holds a credential that a server repeats', async () => {
  const box = await sandbox();
  const key = box.variables.APPTEGO_API_KEY ?? '';
  const proxy = await faultProxy(box, [{ times: 100, fault: faults.answer(401, { error: `${key} is disabled` }) }]);
  const file = await copyFixture('v2.apk', await temporaryFolder());
  const backend = await opened('apptego', proxy.variables);
  const events: AppEvent[] = [];
  const journals: JournalFacts[] = [];

  const error = await upload(backend, {
    file,
    environment: 'staging',
    onEvent: (event) => events.push(event),
    onJournal: (journal) => journals.push(journal),
    ...QUICK,
  }).catch((thrown: unknown) => thrown);

  expect(error).toMatchObject({ class: 'auth', serverText: '[redacted] is disabled' });
  expect(JSON.stringify([events, journals.at(-1), error, (error as Error).stack])).not.toContain(key);
  expect(journals.at(-1)?.current[0]?.ended).toMatchObject({ errorClass: 'auth' });
});

test('credentials and settings are taken as they are given, before variables', async () => {
  const { variables } = await sandbox();
  const { APPTEGO_API_KEY: apiKey = '', ...others } = variables;

  const { ok, checks } = await doctor('apptego', {
    env: { ...others, APPTEGO_API_URL: 'https://elsewhere.example' },
    credentials: { apiKey },
    settings: { apiUrl: variables.APPTEGO_API_URL },
  });

  expect(checks.filter(({ result }) => result === 'failed')).toEqual([]);
  expect(ok).toBe(true);
});

test('what cannot be opened is an error of its class, and a failed check of doctor', async () => {
  const misspelt = openBackend('apptego', { credentials: { key: 'a:b' } });

  await expect(misspelt).rejects.toMatchObject({ class: 'usage', hint: expect.stringContaining('there are') });
  await expect(openBackend('apptego')).rejects.toMatchObject({ class: 'auth' });
  await expect(openBackend('nowhere')).rejects.toMatchObject({ class: 'usage' });
  expect(await doctor('apptego')).toMatchObject({ ok: false, checks: [{ check: 'credentials', result: 'failed' }] });
});

test('refuses what no backend has a use for, a job of another form, and a signal that was aborted before', async () => {
  const { variables } = await sandbox();
  const backend = await opened('apptego', variables);
  const file = await copyFixture('v2.apk', await temporaryFolder());
  const reason = new Error('enough');

  const stopped = upload(backend, { file, environment: 'staging', signal: AbortSignal.abort(reason) });

  await expect(stopped).rejects.toMatchObject({ class: 'cancelled', message: 'stopped by the caller', cause: reason });
  await expect(upload(backend, { file, releaseNotes: 'new' })).rejects.toThrow('apptego does not take releaseNotes');
  await expect(wait(backend, 'apptego:../x')).rejects.toMatchObject({ class: 'usage' });
});

test('inspects a file, which needs no backend', async () => {
  const facts = await inspect(await copyFixture('v2.apk', await temporaryFolder()));

  expect(facts).toMatchObject({ kind: 'apk', signatures: [{ scheme: 'v2', verified: true }] });
});

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Receipt } from '../../src/contract/record/journal.ts';
import { type Backend, type JournalFacts, openBackend, type ReleaseOptions, release, upload } from '../../src/index.ts';
import { standingOf } from '../../src/run/journal/standing.ts';
import { atEnd } from '../../src/testing/cleanup.ts';
import { faultProxy, type PlannedFault } from '../../src/testing/fault-proxy.ts';
import { faults } from '../../src/testing/faults.ts';
import { copyFixture, sha256Of, temporaryFolder } from '../../src/testing/files.ts';
import { sandbox } from '../../src/testing/sandbox.ts';

const QUICK = { pollIntervalMs: 20, capacityWaitMs: 0 } as const;

async function opened(id: string, env: Readonly<Record<string, string>>): Promise<Backend> {
  const backend = await openBackend(id, { env });
  atEnd(backend.close);
  return backend;
}

async function setUp(planned: readonly PlannedFault[] = []) {
  const proxy = await faultProxy(await sandbox(), planned);
  const folder = await temporaryFolder();
  const [protector, store, testers] = await Promise.all(
    ['apptego', 'autoappstore', 'applivery'].map((id) => opened(id, proxy.variables)),
  );
  const options: ReleaseOptions = {
    file: await copyFixture('v123.apk', folder, 'app.apk'),
    expected: { allowDebuggable: true },
    receipt: join(folder, 'r.json'),
    protect: { backend: protector as Backend, environment: 'prod', signingKey: 'sandbox', ...QUICK },
    publish: [
      { backend: store as Backend, ...QUICK },
      { backend: testers as Backend, tags: ['rc'], ...QUICK },
    ],
  };
  const count = (path: RegExp) => proxy.seen.filter((one) => one.method === 'POST' && path.test(one.path)).length;
  return { folder, options, count };
}

test('a release protects and publishes, and the same call again with its receipt does what is missing', async () => {
  const { folder, options, count } = await setUp([
    { method: 'POST', path: /uploads\/ci$/, fault: faults.answer(422, { error: 'no' }) },
  ]);

  const failure = await release(options).catch((error: unknown) => error);
  const { steps, output } = await release(options);

  expect(failure).toMatchObject({ class: 'partial', next: { do: 'resume', receipt: options.receipt } });
  expect(steps.map(({ id, state }) => [id, state?.phase])).toEqual([
    ['protect:apptego', 'succeeded'],
    ['publish:autoappstore', 'succeeded'],
    ['publish:applivery', 'succeeded'],
  ]);
  expect(output).toBeNull();
  expect([count(/automate\/upload$/), count(/uploads\/ci$/), count(/\/builds\/?$/)]).toEqual([1, 2, 1]);
  const receipt = Receipt.parse(JSON.parse(await readFile(join(folder, 'r.json'), 'utf8')));
  expect(receipt.output?.sha256).toBe(await sha256Of(join(folder, 'app-protected.apk')));
  expect(receipt.runs.map(({ command, ended }) => [command, ended?.exitCode])).toEqual([
    ['release', 12],
    ['release', 0],
  ]);
});

test('what may have landed is never told as not begun again: at no change would a run that goes on send it twice', async () => {
  const { options } = await setUp();
  const seen = new Map<string, string[]>();
  const onJournal = ({ steps }: JournalFacts) => {
    for (const step of steps) seen.set(step.id, [...(seen.get(step.id) ?? []), standingOf(step)]);
  };

  await release({ ...options, onJournal });

  expect([...seen.keys()].sort()).toEqual(['protect:apptego', 'publish:applivery', 'publish:autoappstore']);
  for (const [id, standings] of seen) {
    const since = standings.slice(standings.indexOf('unknown'));
    expect(standings, id).toContain('unknown');
    expect(since, id).not.toContain('not-begun');
  }
});

test('what a release cannot be is refused before anything is sent', async () => {
  const { options, count } = await setUp();
  const { receipt: _, ...without } = options;

  await expect(release({ ...without, again: ['publish:applivery'] })).rejects.toMatchObject({ class: 'usage' });
  await expect(release({ ...without, from: 'publish' })).rejects.toMatchObject({ class: 'usage' });
  await expect(release({ file: 'app.apk' })).rejects.toMatchObject({ class: 'usage' });
  const staging = { ...options, protect: { ...options.protect, environment: 'staging' } } as ReleaseOptions;
  await expect(release(staging)).rejects.toThrow('would get a file that was protected for staging');
  expect(count(/./)).toBe(0);
});

test('an upload keeps a receipt, and a second one by it is refused while the first runs', async () => {
  const { folder, options } = await setUp();
  const { file = '', protect } = options;
  const sent = {
    file,
    environment: 'prod',
    receipt: join(folder, 'u.json'),
    expected: { allowDebuggable: true },
    ...QUICK,
  };

  const { job } = await upload(protect?.backend as Backend, sent);

  await expect(upload(protect?.backend as Backend, sent)).rejects.toMatchObject({ class: 'local-io' });
  const receipt = Receipt.parse(JSON.parse(await readFile(join(folder, 'u.json'), 'utf8')));
  expect(receipt.steps.map((step) => [step.id, step.job?.ref])).toEqual([['upload:apptego', job.text]]);
});

test('no step and no cause that a callback or a caller is given holds a secret', async () => {
  const box = await sandbox();
  const key = box.variables.APPTEGO_API_KEY ?? '';
  const proxy = await faultProxy(box, [{ times: 100, fault: faults.answer(401, { error: `${key} is disabled` }) }]);
  const backend = await opened('apptego', proxy.variables);
  const file = await copyFixture('v2.apk', await temporaryFolder());
  const said: string[] = [];
  const onJournal = ({ steps, current }: JournalFacts) => {
    for (const { error, ended, state } of [...steps, ...current])
      said.push(JSON.stringify([ended, state]), deep(error));
  };

  const error = await upload(backend, { file, environment: 'staging', onJournal, ...QUICK }).catch(
    (one: unknown) => one,
  );

  expect(deep(error)).toContain('[redacted] is disabled');
  expect([...said, deep(error)].join('\n')).not.toContain(key);
});

/** Everything that stands in an error and in what caused it. */
function deep(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const own = Object.entries(error).map(([name, value]) => `${name}: ${JSON.stringify(value)}`);
  return [error.message, error.stack, ...own, error.cause === undefined ? '' : deep(error.cause)].join('\n');
}

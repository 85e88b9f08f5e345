import { expect, test } from 'vitest';
import { ResultDocument } from '../../src/contract/result-document.ts';
import { faultProxy } from '../../src/testing/fault-proxy.ts';
import { faults } from '../../src/testing/faults.ts';
import { copyFixture, temporaryFolder } from '../../src/testing/files.ts';
import { sandbox } from '../../src/testing/sandbox.ts';
import { runCli } from '../support/cli.ts';

const EDIT = { method: 'PUT', path: /\/builds\// };
const DELETE = { method: 'DELETE', path: /\/builds\// };

/** A build with a label, tags and a changelog. */
async function setUp(planned: Parameters<typeof faultProxy>[1] = []) {
  const cwd = await temporaryFolder();
  const proxy = await faultProxy(await sandbox({ processingMs: 0 }), planned);
  const { variables: env } = proxy;
  await copyFixture('v2.apk', cwd, 'app.apk');
  const run = async (line: string, more: readonly string[] = []) => {
    const result = await runCli([...line.split(' '), ...more, '--json'], { cwd, env });
    return { ...ResultDocument.parse(JSON.parse(result.stdout)), stderr: result.stderr };
  };
  const set = ['--set', 'applivery.versionName=RC-1', '--set', 'applivery.changelog=new'];
  const { job } = await run('upload app.apk --to applivery --tags a,b', set);
  return { run, job: job?.ref ?? '', proxy };
}

const jobs = (data: unknown) => (data as { builds: { job: string }[] }).builds.map(({ job }) => job);

test('edit changes what is given, and leaves the rest', async () => {
  const { run, job } = await setUp();

  const tagged = await run(`applivery builds edit ${job} --tags approved,c`);
  const renamed = await run(`applivery builds edit ${job}`, ['--version-name', '2.0', '--changelog', 'Fixed "all"']);

  const other = { versionName: 'RC-1', changelog: 'new' };
  expect(tagged).toMatchObject({ ok: true, data: { build: { job, tags: ['approved', 'c'], ...other } } });
  expect(renamed).toMatchObject({
    data: { build: { tags: ['approved', 'c'], versionName: '2.0', changelog: 'Fixed "all"' } },
  });
  expect(await run(`applivery builds show ${job}`)).toMatchObject({
    data: { build: { tags: ['approved', 'c'], versionName: '2.0' } },
  });
});

test('edit asks again after a lost response, and without a change it sends nothing', async () => {
  const { run, job, proxy } = await setUp([{ ...EDIT, fault: faults.lostAnswer() }]);

  expect(await run(`applivery builds edit ${job} --tags approved`)).toMatchObject({ ok: true });
  expect(await run(`applivery builds edit ${job}`)).toMatchObject({ exitCode: 2, error: { class: 'usage' } });
  expect(proxy.seen.filter(({ method }) => method === 'PUT')).toHaveLength(2);
});

test('the tags of a config are for uploads: edit does not take them', async () => {
  const { run, job } = await setUp();

  const { error } = await run(`applivery builds edit ${job}`, ['--set', 'applivery.tags=from-config']);

  expect(error).toMatchObject({ class: 'usage', message: expect.stringContaining('nothing to change') });
});

test('delete needs a word, deletes, and is done where the try before has done it', async () => {
  const { run, job, proxy } = await setUp([{ ...DELETE, fault: faults.lostAnswer() }]);

  const asked = await run(`applivery builds delete ${job}`);
  const planned = await run(`applivery builds delete ${job} --dry-run`);
  const deleted = await run(`applivery builds delete ${job} --yes`);
  const again = await run(`applivery builds delete ${job} --yes`);

  expect(asked).toMatchObject({ exitCode: 2, error: { message: `this deletes build ${job}` } });
  expect(planned).toMatchObject({ exitCode: 0, data: { plan: { method: 'DELETE' } } });
  expect(deleted).toMatchObject({ exitCode: 0, data: { deleted: job } });
  expect(again).toMatchObject({
    exitCode: 5,
    error: { message: expect.stringContaining(`no such build: ${job.replace('applivery:', '')}`) },
  });
  expect(proxy.seen.filter(({ method }) => method === 'DELETE')).toHaveLength(3);
  expect(jobs((await run('applivery builds list')).data)).toEqual([]);
});

test('delete fails where the server says that it did not', async () => {
  const answer = { status: true, data: { deleted: false } };
  const { run, job } = await setUp([{ ...DELETE, fault: faults.answer(200, answer) }]);

  expect(await run(`applivery builds delete ${job} --yes`)).toMatchObject({
    exitCode: 5,
    error: { class: 'rejected' },
  });
});

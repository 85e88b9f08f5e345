import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { leftToDo } from '../../src/cli/output/page/left-to-do.ts';
import { releaseView } from '../../src/cli/output/page/release-view.ts';
import type { Receipt, StepRecord } from '../../src/contract/record/journal.ts';
import { temporaryFolder } from '../../src/testing/files.ts';
import { runCli, runProcess } from '../support/cli.ts';
import { after, DONE, RUNNING, receiptWith, stepOf } from '../support/receipts.ts';

const OUTPUT = {
  ...{ name: 'app-protected.apk', size: 1100, sha256: 'b'.repeat(64), packageName: 'com.acme.app' },
  ...{ versionName: '4.2.0', versionCode: 4200, signers: ['d'.repeat(64)], signedBy: null, permissions: null },
};
const FAILED = {
  ...DONE,
  state: { ...DONE.state, phase: 'failed', status: 'rejected' },
  ended: { exitCode: 8, errorClass: 'job-failed', message: 'rejected', limit: null },
} satisfies Partial<StepRecord>;
const LOST = { mayHaveLanded: true, startedAt: after(1), updatedAt: after(9) } satisfies Partial<StepRecord>;
const OPEN = { unfinished: { session: { uploadId: 'u' } }, startedAt: after(1) } satisfies Partial<StepRecord>;
const WAITING = {
  ...RUNNING,
  state: { ...RUNNING.state, phase: 'action-required', status: 'draft' },
} satisfies Partial<StepRecord>;

async function setUp(receipts: Readonly<Record<string, Receipt>>) {
  const folder = await temporaryFolder();
  for (const [name, receipt] of Object.entries(receipts)) await writeFile(join(folder, name), JSON.stringify(receipt));
  const run = (line: string) => runCli(['report', ...line.split(' ')], { cwd: folder });
  const page = (name: string) => readFile(join(folder, name), 'utf8');
  return { folder, run, page };
}

describe('apptool report', () => {
  test('writes one page beside the receipt, readable by others, and prints its path', async () => {
    const { folder, run, page } = await setUp({
      'r.json': receiptWith({ steps: [stepOf('publish:applivery', DONE)] }),
    });

    const { code, stdout, stderr } = await run('r.json');

    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: 'r.html\n', stderr: '' });
    const html = await page('r.html');
    expect(html).toContain('com.acme.app 4.2.0 (4200)');
    expect(html).toContain("default-src 'none'");
    expect(html).not.toContain('<script');
    expect((await stat(join(folder, 'r.html'))).mode & 0o777).toBe(0o644);
  });

  test('starts as a process of its own, and makes the same bytes again', async () => {
    const { folder, run, page } = await setUp({
      'r.json': receiptWith({ steps: [stepOf('publish:ignite', RUNNING)] }),
    });
    const { code } = await runProcess(['report', 'r.json', '-o', 'one.html'], { cwd: folder });

    expect([code, (await run('r.json -o two.html')).code]).toEqual([0, 0]);
    expect(await page('one.html')).toBe(await page('two.html'));
  });

  test('unites the receipts of one release, and keeps others apart', async () => {
    const protect = receiptWith({ steps: [stepOf('protect:apptego', DONE)], output: OUTPUT });
    const published = { ...protect.input, name: OUTPUT.name, sha256: OUTPUT.sha256 } as Receipt['input'];
    const publish = receiptWith({ input: published, steps: [stepOf('publish:applivery', DONE)] });
    const another = receiptWith({
      input: { ...published, sha256: 'e'.repeat(64), packageName: 'com.bravo' } as Receipt['input'],
    });
    const { run } = await setUp({ 'a.json': protect, 'b.json': publish, 'c.json': another });

    const { stdout } = await run('b.json c.json a.json -o all.html --json');

    expect(JSON.parse(stdout).data).toEqual({
      path: 'all.html',
      releases: [
        { app: 'com.acme.app', version: '4.2.0 (4200)', state: 'Done' },
        { app: 'com.bravo', version: '4.2.0 (4200)', state: 'Nothing was sent' },
      ],
    });
  });

  test('replaces a page of its own, and nothing else without --force', async () => {
    const { folder, run } = await setUp({ 'r.json': receiptWith({}) });
    await writeFile(join(folder, 'other.html'), '<html>');

    expect((await run('r.json')).code).toBe(0);
    expect((await run('r.json')).code).toBe(0);
    expect(await run('r.json -o other.html')).toMatchObject({ code: 3, stdout: '' });
    expect((await run('r.json -o other.html --force')).code).toBe(0);
  });

  test.each([
    ['a receipt that is not there', 'none.json', 2],
    ['what is no receipt', 'bad.json', 2],
    ['one good and one bad', 'r.json bad.json', 2],
    ['a page over the receipt', 'r.json -o r.json', 3],
    ['a page over the second receipt', 'r.json s.json -o s.json -f', 3],
    ['a folder that is not there', 'r.json -o no/r.html', 3],
    ['a folder in its place', 'r.json -o folder', 3],
  ])('refuses %s, and leaves everything as it is', async (_, line, exitCode) => {
    const receipt = receiptWith({});
    const { folder, run, page } = await setUp({ 'r.json': receipt, 's.json': receipt });
    await writeFile(join(folder, 'bad.json'), '{}');
    await mkdir(join(folder, 'folder'));

    expect(await run(line)).toMatchObject({ code: exitCode, stdout: '' });
    expect(await page('s.json')).toBe(JSON.stringify(receipt));
  });

  test('a dry run writes nothing', async () => {
    const { folder, run } = await setUp({ 'r.json': receiptWith({}) });
    expect((await run('r.json --dry-run')).code).toBe(0);
    await expect(stat(join(folder, 'r.html'))).rejects.toThrow('ENOENT');
  });
});

describe('what a page says', () => {
  const publish = (own: Partial<StepRecord>) => stepOf('publish:applivery', own);
  const optional = (own: Partial<StepRecord>) => stepOf('publish:ignite', { ...own, required: false });
  const protect = stepOf('protect:apptego', DONE);

  test.each<[string, Partial<Receipt>, string]>([
    ['no step', { steps: [] }, 'Nothing was sent'],
    ['all done', { steps: [publish(DONE)] }, 'Done'],
    ['an optional failure', { steps: [publish(DONE), optional(FAILED)] }, 'Done, with warnings'],
    ['one of two failed', { steps: [publish(FAILED), stepOf('publish:autoappstore', DONE)] }, 'Partly done'],
    ['all failed', { steps: [publish(FAILED)] }, 'Failed'],
    ['a lost response beside a success', { steps: [publish(DONE), optional(LOST)] }, 'Something may have landed'],
    ['a running job', { steps: [publish(RUNNING)] }, 'Still running'],
    ['a draft', { steps: [publish(WAITING)] }, 'Needs a person'],
    ['an unfinished upload', { steps: [publish(OPEN)] }, 'Not finished'],
    ['a target that did not begin', { steps: [publish(DONE), stepOf('publish:autoappstore')] }, 'Not finished'],
    ['an output that was not fetched', { steps: [protect] }, 'Not finished'],
    ['an output that was fetched', { steps: [protect], output: OUTPUT }, 'Done'],
  ])('%s', (_, own, words) => {
    const view = releaseView({ path: 'r.json', receipt: receiptWith(own) }, () => false);
    expect(view.verdict.words).toBe(words);
    // What is not done says what is left to do, and what is done leaves nothing.
    expect(view.todos.length > 0).toBe(words !== 'Done' && own.steps?.length !== 0);
  });

  test('what is left to do has the command for it, quoted for a shell', () => {
    const commands = (own: Partial<Receipt>) => leftToDo("it's.json", receiptWith(own)).map(({ command }) => command);
    const file = `'it'\\''s.json'`;

    expect(commands({ steps: [publish({ ...RUNNING, until: 'live' })] })).toEqual([
      `apptool wait ${file} --step publish:applivery --until live --receipt ${file}`,
    ]);
    expect(commands({ steps: [publish(OPEN)] })).toEqual([`apptool abort ${file} --step publish:applivery`]);
    expect(commands({ steps: [protect] })).toEqual([`apptool download ${file}`]);
    const release = { name: 'production', definition: 'f'.repeat(64) };
    expect(commands({ steps: [publish(FAILED), optional(LOST)], release })).toEqual([
      null,
      `apptool release production --resume ${file}`,
    ]);
  });

  test.each([
    [null, 'applivery waits for a person: draft.'],
    ['submit it', 'applivery waits for a person: draft, submit it.'],
  ])('a person is told of a step what the backend says: %s', (message, why) => {
    const state = { ...WAITING.state, message };
    const steps = [publish({ ...WAITING, state })];

    expect(leftToDo('r.json', receiptWith({ steps }))[0]).toEqual({ why, command: null });
  });

  test('says of a rehearsal that nothing was released', async () => {
    const here = receiptWith({ steps: [stepOf('publish:applivery', { ...DONE, host: '127.0.0.1:8080' })] });
    const { run, page } = await setUp({ 'r.json': here });
    await run('r.json');
    expect(await page('r.html')).toContain('nothing was released');
  });

  test('permissions that changed, by name', async () => {
    const own = receiptWith({ steps: [protect], output: { ...OUTPUT, permissions: ['android.permission.CAMERA'] } });
    const { run, page } = await setUp({ 'r.json': { ...own, input: { ...own.input, permissions: [] } as never } });
    await run('r.json');
    expect(await page('r.html')).toMatch(/added<\/strong> <code>android\.permission\.CAMERA/);
  });
});

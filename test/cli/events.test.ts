import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { HttpResponse, http } from 'msw';
import { describe, expect, test } from 'vitest';
import type * as z from 'zod';
import type { EventRecord } from '../../src/contract/events.ts';
import { faultProxy } from '../../src/testing/fault-proxy.ts';
import { faults } from '../../src/testing/faults.ts';
import { copyFixture, ROOT, temporaryFolder } from '../../src/testing/files.ts';
import { sandbox } from '../../src/testing/sandbox.ts';
import { runCli } from '../support/cli.ts';
import { contract } from '../support/contract.ts';
import { checked } from '../support/published-schema.ts';
import { takesTurn } from '../support/share.ts';

const PROTECT = ['protect', 'app.apk', '-e', 'dev', '--poll-interval', '20ms', '--timeout', '30s'];

async function setUp() {
  const folder = await temporaryFolder();
  await copyFixture('v2.apk', folder, 'app.apk');
  const box = await sandbox();
  const run = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
    runCli(args, { cwd: folder, env: { ...box.variables, ...env } });
  return { folder, box, run, events: () => eventsIn(readFileSync(join(folder, 'events.ndjson'), 'utf8')) };
}

function eventsIn(text: string): z.infer<typeof EventRecord>[] {
  expect(text.endsWith('\n')).toBe(true);
  return text
    .trimEnd()
    .split('\n')
    .map((line) => checked<z.infer<typeof EventRecord>>('events.schema.json', JSON.parse(line)));
}

describe('--events', () => {
  test('writes what happens, in order, from the start to the end', async () => {
    const { run, events } = await setUp();

    const result = await run([...PROTECT, '--events', 'events.ndjson']);

    expect(result.code).toBe(0);
    const records = events();
    const types = records.map(({ type }) => type);
    const order = [
      'run.start',
      'upload.start',
      'upload.done',
      'wait.start',
      'download.start',
      'download.done',
      'run.end',
    ];
    expect(types.filter((type) => order.includes(type))).toEqual(order);
    expect(records.map((record) => (record as { seq?: number }).seq)).toEqual(records.map((_, index) => index));
    expect(records.at(-1)).toMatchObject({ type: 'run.end', exitCode: 0, errorClass: null, message: null });
    expect(types).not.toContain('debug');
  });

  const ROOMS = [
    ['no event at all', 0],
    ['the start and not the end', 200],
  ] as const;

  test.each(ROOMS.filter((_, index) => takesTurn(index, 2)))(
    'F-IO-20: a file that takes %s makes a success exit 3, and holds whole lines alone',
    async (_, room) => {
      const { folder } = await setUp();
      const path = join(folder, 'e.ndjson');
      // The system lets no file of the process grow over 1 KiB.
      const line = `${JSON.stringify({ filler: 'x'.repeat(1024 - room - 14) })}\n`;
      await writeFile(path, line);

      const { status, stdout, stderr } = spawnSync(
        'bash',
        ['-c', 'ulimit -f 1; exec node "$0" backends --json --events "$1"', join(ROOT, 'bin/apptool.js'), path],
        { encoding: 'utf8' },
      );

      expect(status, stderr).toBe(3);
      expect(stderr).toContain('error[local-io]: cannot write --events: EFBIG');
      expect(JSON.parse(stdout)).toMatchObject({ ok: false, exitCode: 3, error: { class: 'local-io' } });
      const lines = readFileSync(path, 'utf8')
        .trimEnd()
        .split('\n')
        .map((one) => JSON.parse(one));
      expect(lines.map(({ type }) => type)).toEqual(room === 0 ? [undefined] : [undefined, 'run.start']);
    },
  );

  test('adds to what is there, and tells of a failure', async () => {
    const { run, events } = await setUp();

    await run([...PROTECT, '--dry-run', '--events', 'events.ndjson']);
    const result = await run(['protect', 'missing.apk', '-e', 'dev', '--events', 'events.ndjson']);

    expect(result.code).toBe(3);
    const ends = events().filter(({ type }) => type === 'run.end');
    expect(ends).toMatchObject([
      { exitCode: 0, errorClass: null },
      { exitCode: 3, errorClass: 'local-io', message: expect.stringContaining('missing.apk') },
    ]);
  });

  test('takes its place from the variable too, and says of which target an event is', async () => {
    const { run, events } = await setUp();

    const result = await run(
      ['publish', 'app.apk', '--to', 'apptego,applivery', '-e', 'dev', '--poll-interval', '20ms', '--timeout', '30s'],
      { APPTOOL_EVENTS: 'events.ndjson' },
    );

    expect(result.code).toBe(0);
    const done = events().filter(({ type }) => type === 'target.done');
    expect(done.map((record) => (record as { target?: string }).target).sort()).toEqual(['applivery', 'apptego']);
  });

  test('-: goes to stderr in place of progress; the result and the error stay as they are', async () => {
    const { run } = await setUp();

    const result = await run(['download', 'apptego:1700000000', '--events', '-']);

    // Warnings stay lines for people, too.
    const lines = result.stderr
      .trimEnd()
      .split('\n')
      .filter((line) => !line.startsWith('warning: '));
    const error = lines.findIndex((line) => line.startsWith('error[rejected]:'));
    expect(eventsIn(`${lines.slice(0, error).join('\n')}\n`).at(-1)).toMatchObject({ type: 'run.end', exitCode: 5 });
    expect(lines.slice(error).every((line) => !line.startsWith('{'))).toBe(true);
    expect(result.stdout).toBe('');
  });

  test('no event holds the words of a server that would end a line, nor our key', async () => {
    const { box, folder } = await setUp();
    const key = box.variables.APPTEGO_API_KEY ?? '';
    const answer = faults.answer(400, { error: `no\n{"type":"run.end","exitCode":0}\u001b[2J ${key}` });
    const proxy = await faultProxy(box, [{ origin: 'api', method: 'POST', times: 100, fault: answer }]);

    const result = await runCli([...PROTECT, '--events', 'events.ndjson'], { cwd: folder, env: proxy.variables });

    expect(result.code).toBe(5);
    const text = readFileSync(join(folder, 'events.ndjson'), 'utf8');
    expect(eventsIn(text).filter(({ type }) => type === 'run.end')).toHaveLength(1);
    expect(text).not.toContain(key);
    expect(text).not.toContain('\u001b');
  });

  test.each([
    ['a folder', 'events.ndjson', 'not a regular file'],
    ['a symbolic link', 'link', 'it is a symbolic link'],
    ['a file of something else', 'notes.txt', 'notes.txt contains something else'],
    ['a file in a folder that is not there', 'nowhere/events.ndjson', 'no such file or directory'],
    ['what is open already', '/dev/fd/2', /it is a symbolic link\nhint: --events - writes the events to stderr/],
  ])('is refused for %s before anything is sent', async (_, path, why) => {
    const { folder, box } = await setUp();
    const proxy = await faultProxy(box, []);
    await mkdir(join(folder, 'events.ndjson'));
    await writeFile(join(folder, 'target'), '');
    await writeFile(join(folder, 'notes.txt'), 'to do');
    await symlink('target', join(folder, 'link'));

    const result = await runCli([...PROTECT, '--events', path], { cwd: folder, env: proxy.variables });

    expect(result.code).toBe(3);
    expect(result.stderr.split('cannot write --events: ')[1]).toMatch(why);
    expect(proxy.seen).toEqual([]);
  });

  test('what cannot be written any more does not stop the run, but the run is not told as a success', async () => {
    const { run, folder } = await setUp();

    const result = await run([...PROTECT, '--events', '/dev/full', '--json']);

    expect(result.code).toBe(3);
    expect(JSON.parse(result.stdout)).toMatchObject({
      ok: false,
      output: { name: 'app-protected.apk' },
      error: { class: 'local-io', message: 'cannot write --events: ENOSPC' },
    });
    expect(readFileSync(join(folder, 'app-protected.apk')).length).toBeGreaterThan(0);
  });

  test.each([
    ['ends well', 200, [], 0, ['unknown-status', 'value-left-out']],
    ['ends well but for a report', 200, ['--junit', 'gone/j.xml'], 3, ['unknown-status', 'value-left-out']],
    ['fails, with a report', 400, ['--junit', 'gone/j.xml'], 5, ['report-unwritable']],
  ])('of a run that %s, they hold every warning of the document, then the end', async (_, status, more, code, late) => {
    const { folder, events } = await setUp();
    await mkdir(join(folder, 'gone'));
    const answer = http.get('*/automate/status/1', () => {
      rmSync(join(folder, 'gone'), { recursive: true, force: true });
      return HttpResponse.json({ job_id: '1', status: 'odd | word', error: 'no' }, { status });
    });
    const { variables } = await faultProxy(await sandbox(), [contract(answer)]);

    const args = ['status', 'apptego:1', '--json', '--gitlab-dotenv', 'd.env', '--events', 'events.ndjson', ...more];
    const result = await runCli(args, { cwd: folder, env: { ...variables, GITHUB_ACTIONS: 'true' } });

    expect(result.code, result.stderr).toBe(code);
    const { warnings } = JSON.parse(result.stdout);
    const records = events();
    expect(warnings.map((one: { code: string }) => one.code)).toEqual([
      'report-missing',
      'report-missing',
      'loopback',
      ...late,
    ]);
    expect(records.filter(({ type }) => type === 'warning')).toMatchObject(warnings);
    expect(records.at(-1)).toMatchObject({ type: 'run.end', exitCode: code });
  });

  test('a config that was found may not have them written outside of its folder', async () => {
    const { run, folder } = await setUp();
    await writeFile(join(folder, 'apptool.config.json'), '{"events":"../escaped.ndjson"}');

    const result = await run(PROTECT);

    expect(result.code).toBe(13);
    expect(result.stderr).toContain('must not write outside the project');
  });
});

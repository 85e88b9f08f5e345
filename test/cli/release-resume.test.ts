import { existsSync } from 'node:fs';
import { copyFile, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Receipt } from '../../src/contract/record/journal.ts';
import { ResultDocument } from '../../src/contract/result-document.ts';
import type { PlannedFault } from '../../src/testing/fault-proxy.ts';
import { faults } from '../../src/testing/faults.ts';
import { copyFixture, sha256Of } from '../../src/testing/files.ts';
import { DONE, ONCE, PRODUCTION, releaseProject, STORE_REFUSES } from '../support/release-project.ts';

const receiptAt = async (path: string) => Receipt.parse(JSON.parse(await readFile(path, 'utf8')));

describe('--resume with --receipt', () => {
  test('goes on with the first and writes the second, and the same line again does nothing twice', async () => {
    const { run, folder, uploads } = await releaseProject({ production: PRODUCTION }, [STORE_REFUSES]);
    expect((await run('production app.apk --receipt r.json')).code).toBe(12);
    const before = await readFile(join(folder, 'r.json'), 'utf8');

    const second = await run('production app.apk --resume r.json --receipt other.json');
    const third = await run('production app.apk --resume r.json --receipt other.json');

    expect([second.code, third.code], second.stderr + third.stderr).toEqual([0, 0]);
    expect([second.steps, third.steps]).toEqual([DONE, DONE]);
    expect(uploads()).toEqual({ apptego: 1, autoappstore: 2, applivery: 1 });
    expect(await readFile(join(folder, 'r.json'), 'utf8')).toBe(before);
    const { steps, runs } = await receiptAt(join(folder, 'other.json'));
    expect([steps.length, runs.length]).toEqual([3, 3]);
  });

  test('is a fresh start where neither is there, and refused where the two are of two releases', async () => {
    const { run, folder, uploads } = await releaseProject({ production: PRODUCTION, beta: { publish: ['applivery'] } });

    const first = await run('production app.apk --resume r.json --receipt other.json');
    await run('beta app.apk --receipt beta.json');
    await copyFixture('v1.apk', folder, 'app.apk');
    await run('beta app.apk --receipt of-another.json');
    const before = uploads();
    const mixed = await run('beta app.apk --resume beta.json --receipt of-another.json');

    expect(first.code, first.stderr).toBe(0);
    expect(existsSync(join(folder, 'r.json'))).toBe(false);
    expect(mixed.code, mixed.stderr).toBe(3);
    expect(uploads()).toEqual(before);
  });

  test('two runs at once that go on with one receipt: the second sends nothing', async () => {
    const held: PlannedFault = {
      method: 'POST',
      path: /uploads\/ci$/,
      times: 2,
      fault: async (exchange) => {
        if (!refused) {
          refused = true;
          return faults.answer(422, { error: 'no' })(exchange);
        }
        const body = await exchange.readBody();
        other = await run('production app.apk --resume r.json --receipt b.json');
        exchange.reply(await exchange.forward(body));
      },
    };
    let refused = false;
    let other: { readonly code: number | null; readonly stderr: string } | null = null;
    const { run } = await releaseProject({ production: PRODUCTION }, [held]);
    await run('production app.apk --receipt r.json');

    const first = await run('production app.apk --resume r.json --receipt a.json');

    expect(first.code, first.stderr).toBe(0);
    expect(other).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('another run is writing the receipt r.json'),
    });
  });
});

describe('the way on after a failure', () => {
  const LINE = 'production app.apk --receipt r.json --tags rc';
  const GOES_ON = 'apptool release production app.apk --resume r.json --tags rc --config apptool.config.json';

  test.each<[string, PlannedFault, number]>([
    ['a target was refused', STORE_REFUSES, 12],
    ['nothing answers', { method: 'POST', path: /uploads\/ci$/, times: 99, fault: faults.answer(503, {}) }, 12],
    [
      'the key was refused',
      { method: 'GET', path: /automate\/download/, times: 99, fault: faults.answer(401, { error: 'no' }) },
      4,
    ],
    [
      'the output is not what it should be',
      { method: 'GET', origin: 'storage', times: 99, fault: faults.answer(200, 'junk') },
      11,
    ],
  ])('%s: the line that goes on is printed, and works', async (_, fault, code) => {
    const { run } = await releaseProject({ production: PRODUCTION }, [fault]);

    const first = await run(LINE);

    expect(first.code, first.stderr).toBe(code);
    expect(first.stderr).toContain(GOES_ON);
    expect(first.stderr).not.toContain('run again');
  });

  test('in the document, too', async () => {
    const { run } = await releaseProject({ production: PRODUCTION }, [STORE_REFUSES]);

    const { stdout } = await run(`${LINE} --json`);

    expect(ResultDocument.parse(JSON.parse(stdout)).error?.hint).toContain(GOES_ON);
  });

  test('where nothing was begun, the same line is right', async () => {
    const { run } = await releaseProject({ production: PRODUCTION }, [
      { method: 'POST', path: /automate\/upload/, times: 99, fault: faults.answer(503, {}) },
    ]);

    const first = await run(LINE, undefined, { isFast: true });
    const second = await run(LINE, undefined, { isFast: true });

    expect([first.code, second.code], first.stderr).toEqual([6, 6]);
    expect(first.stderr).not.toContain('--resume');
  });

  test('a job that failed is not to be sent again as it is', async () => {
    const failing = faults.answerInstead((answer) => {
      const body = Buffer.from(answer.body.toString().replace(/"status":"\w+"/, '"status":"failed"'));
      return { ...answer, body, headers: { ...answer.headers, 'content-length': String(body.length) } };
    });
    const { run } = await releaseProject({ production: PRODUCTION }, [
      { path: /automate\/status/, times: 99, fault: failing },
    ]);

    const first = await run(LINE);

    expect(first.code, first.stderr).toBe(8);
    expect(first.stderr).not.toContain('--resume');
  });

  test('what may have landed is looked at first, then sent again by the line that is printed', async () => {
    const lost = { method: 'POST', path: /uploads\/ci$/, times: 2, fault: faults.lostAnswer() };
    const { run } = await releaseProject({ x: { publish: ['autoappstore'] } }, [lost]);

    const { code, stderr } = await run('x app.apk --receipt r.json');

    expect(code, stderr).toBe(9);
    expect(stderr).toContain(
      'apptool release x app.apk --resume r.json --config apptool.config.json --again publish:autoappstore',
    );
  });
});

describe('a receipt and a config that do not go together', () => {
  const rewrite = async (folder: string, releases: unknown) => {
    await writeFile(join(folder, 'apptool.config.json'), JSON.stringify({ releases, pollInterval: '20ms' }));
  };

  test('another protection than the one that was begun is another release: no second build', async () => {
    const { run, folder, uploads } = await releaseProject();
    await run('production app.apk --resume r.json --detach');
    await rewrite(folder, {
      production: { ...PRODUCTION, protect: { backend: 'apptego-management', environment: 'prod' } },
    });

    const result = await run('production app.apk --resume r.json');

    expect(result.code, result.stderr).toBe(3);
    expect(uploads().apptego).toBe(1);
  });

  test('the input is not published where the release was protected once', async () => {
    const { run, folder, uploads } = await releaseProject();
    await run('production app.apk --resume r.json --until protected');
    await rewrite(folder, { production: { publish: ['applivery'] } });

    const input = await run('production app.apk --resume r.json');
    const output = await run('production app-protected.apk --resume r.json');
    const again = await run('production app-protected.apk --resume r.json');

    expect([input.code, output.code, again.code], input.stderr + output.stderr + again.stderr).toEqual([3, 0, 0]);
    expect(uploads()).toEqual({ ...ONCE, autoappstore: 0 });
    const { steps } = await receiptAt(join(folder, 'r.json'));
    expect(steps.at(-1)?.sha256).toBe(await sha256Of(join(folder, 'app-protected.apk')));
  });

  test('a target that is left out of the config while its job runs is told with its job', async () => {
    const { run, folder } = await releaseProject();
    await run('production app.apk --resume r.json --until protected');
    await run('production app.apk --resume r.json --detach');
    await rewrite(folder, { production: { ...PRODUCTION, publish: ['applivery'] } });

    const result = await run('production app.apk --resume r.json');

    expect(result.code, result.stderr).toBe(0);
    expect(result.stderr).toMatch(/publish:autoappstore \(whose job may still run: autoappstore:\S+\)/);
  });
});

describe('files between two runs', () => {
  test('a receipt of another app is refused, also where all of it is done', async () => {
    const { run } = await releaseProject({ production: PRODUCTION });
    const first = await run('production app.apk --resume r.json');

    const other = await run('production --resume r.json --from publish --expect-package com.example.other');
    const same = await run('production --resume r.json --from publish --expect-package dev.apptool.fixture');

    expect(first.code, first.stderr).toBe(0);
    expect(other.code, other.stderr).toBe(2);
    expect(other.stderr).toMatch(
      /r\.json is of another app: its package is dev\.apptool\.fixture, not com\.example\.other/,
    );
    expect(same.code, same.stderr).toBe(0);
  });

  test('another file in place of the output is not published, and the output that was deleted is fetched', async () => {
    const { run, folder, uploads } = await releaseProject();
    await run('production app.apk --resume r.json --until protected');
    await copyFixture('v1.apk', folder, 'app-protected.apk');

    const other = await run('production app.apk --resume r.json');
    await rm(join(folder, 'app-protected.apk'));
    const fetched = await run('production app.apk --resume r.json');

    expect([other.code, fetched.code], other.stderr + fetched.stderr).toEqual([3, 0]);
    expect(uploads()).toEqual(ONCE);
  });

  test('a receipt that was copied to another machine stays true there and here', async () => {
    const { run, folder, uploads } = await releaseProject({ production: PRODUCTION }, [STORE_REFUSES]);
    await run('production app.apk --resume r.json');
    await copyFile(join(folder, 'r.json'), join(folder, 'copy.json'));
    await run('production app.apk --resume copy.json');

    const united = await run('production app.apk --resume r.json --receipt copy.json');

    expect(united.code, united.stderr).toBe(0);
    expect(uploads()).toEqual({ apptego: 1, autoappstore: 2, applivery: 1 });
  });
});

import { copyFile, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Receipt, type StepRecord } from '../../src/contract/record/journal.ts';
import type { Fault } from '../../src/testing/fault-proxy.ts';
import { faults } from '../../src/testing/faults.ts';
import { copyFixture, sha256Of } from '../../src/testing/files.ts';
import { BLOCK, signApk } from '../support/apk-signer.ts';
import { IGNITE_SETTINGS } from '../support/ignite.ts';
import { DONE, ONCE, PRODUCTION, projectIn, releaseProject, STORE_REFUSES } from '../support/release-project.ts';
import { createSigningKey } from '../support/signing-key.ts';

const FAST = { isFast: true };

describe('one target of several', () => {
  test('--fail-fast stops the others, and the same line goes on with all of them', async () => {
    let isHeld = true;
    let isWaitedFor = false;
    const held: Fault = async (exchange) => {
      isWaitedFor = true;
      if (isHeld) return;
      exchange.reply(await exchange.forward(await exchange.readBody()));
    };
    const { run, uploads } = await releaseProject({ production: PRODUCTION }, [
      // It is refused once the other is on its way.
      {
        ...STORE_REFUSES,
        fault: async (exchange) => {
          while (!isWaitedFor) await new Promise((resolve) => setTimeout(resolve, 10));
          await STORE_REFUSES.fault(exchange);
        },
      },
      { method: 'GET', path: /\/builds\//, times: 99, fault: held },
    ]);

    const first = await run('production app.apk --resume r.json --fail-fast');
    isHeld = false;
    const second = await run('production app.apk --resume r.json --fail-fast');

    expect(first.code, first.stderr).toBe(5);
    expect(first.stderr).toMatch(/applivery: stopped because autoappstore had failed/);
    expect(second.code, second.stderr).toBe(0);
    expect(uploads().autoappstore).toBe(2);
    expect(uploads().applivery).toBe(1);
  });

  test('each has its own milestone and its own time; one that is not required and not done yet is a warning', async () => {
    const ignite = { backend: 'ignite', ...IGNITE_SETTINGS, until: 'approved', timeout: '2m', required: false };
    const { run, receipt } = await releaseProject({ x: { ...PRODUCTION, publish: ['autoappstore', ignite] } }, [
      { method: 'GET', path: /apks_external/, times: 9999, fault: faults.answer(503, {}) },
    ]);

    const result = await run('x app.apk --resume r.json', undefined, FAST);

    expect(result.code, result.stderr).toBe(0);
    expect(result.stderr).toContain('waiting for ignite:');
    expect(result.stderr).toMatch(/waiting for ignite:\S+, at most 2m/);
    expect(result.stderr).toMatch(/warning: ignite is not required, and is not done yet/);
    const steps = (await receipt()).steps;
    expect(steps.map(({ id, until }) => [id, until])).toEqual([
      ['protect:apptego', null],
      ['publish:autoappstore', 'validated'],
      ['publish:ignite', 'approved'],
    ]);
  });

  test('what people take days for ends with 7, and the same line goes on with it the next day', async () => {
    // The other target is done long before: nothing has failed, so it is no partial failure.
    let isWithPeople = true;
    const held = faults.changeJson((version) =>
      isWithPeople && /^(approved|live)$/.test(String(version.status)) ? { ...version, status: 'in_review' } : version,
    );
    const { run, folder, uploads } = await releaseProject({ x: PRODUCTION }, [
      { method: 'GET', path: /\/autoappstore\//, times: 9999, fault: held },
    ]);
    const line = 'x app.apk --resume r.json --until approved --timeout 20s';

    await run('x app.apk --resume r.json --until protected', undefined, FAST);
    const first = await run(line, undefined, FAST);
    // A day later, as its receipt has it.
    const text = await readFile(join(folder, 'r.json'), 'utf8');
    await writeFile(join(folder, 'r.json'), text.replaceAll(/"20\d\d-/g, '"2020-'));
    isWithPeople = false;
    let last = first;
    for (let day = 0; last.code === 7 && day < 40; day += 1) last = await run(line, undefined, FAST);

    expect(first.code, first.stderr).toBe(7);
    expect(first.stderr).toContain('apptool release x app.apk --resume r.json --timeout 20s --until approved');
    expect(last.code, last.stderr).toBe(0);
    expect(uploads()).toEqual(ONCE);
  });
});

describe('what may have landed in an earlier run', () => {
  /** As if the run had been killed while it waited for the answer to the last byte. */
  const forget = async (path: string, id: string, job: 'with its job' | 'without its job') => {
    const receipt = Receipt.parse(JSON.parse(await readFile(path, 'utf8')));
    const lost: Partial<StepRecord> = {
      accepted: false,
      acceptedAt: null,
      state: null,
      ended: null,
      mayHaveLanded: true,
    };
    const steps = receipt.steps.map((step) =>
      step.id === id ? { ...step, ...lost, job: job === 'with its job' ? step.job : null } : step,
    );
    await writeFile(path, JSON.stringify({ ...receipt, steps }));
  };
  const CI = { GITLAB_CI: 'true', CI: 'true', CI_COMMIT_SHA: 'c'.repeat(40), CI_COMMIT_BRANCH: 'main' };

  test.each<[string, Record<string, unknown>, string, 'with its job' | 'without its job']>([
    ['the protection, by its status', { protect: PRODUCTION.protect }, 'protect:apptego', 'with its job'],
    [
      'the protection, in the history of builds',
      { protect: { backend: 'apptego-management', environment: 'prod' } },
      'protect:apptego-management',
      'with its job',
    ],
    ['a build, in the list of builds', { publish: ['applivery'] }, 'publish:applivery', 'without its job'],
    ['a version, by its id', { publish: ['autoappstore'] }, 'publish:autoappstore', 'with its job'],
  ])('%s, is found by another build of the CI, and sent once', async (_, release, id, job) => {
    // What was sent a moment ago may not be listed yet.
    const { run, folder, proxy } = await releaseProject({ x: release }, [], { appearMs: 200 });
    const posts = () =>
      proxy.seen.filter(({ method, path }) => method === 'POST' && /upload|\/builds\/?$/.test(path)).length;
    const first = await run('x app.apk --resume r.json --detach', undefined, { env: { ...CI, CI_PIPELINE_IID: '1' } });
    expect(first.code, first.stderr).toBe(0);
    const before = posts();
    await forget(join(folder, 'r.json'), id, job);

    const result = await run('x app.apk --resume r.json', undefined, { env: { ...CI, CI_PIPELINE_IID: '2' }, ...FAST });

    expect(result.code, result.stderr).toBe(0);
    expect(result.stderr).toContain(`${id} landed in an earlier run`);
    expect(posts()).toBe(before);
  });

  test('a build that is not there is neither sent again nor waited for', async () => {
    const { run, folder, uploads } = await releaseProject({
      x: { publish: ['ignite'] },
      y: { publish: ['applivery'] },
    });
    await run('y app.apk --resume r.json --detach', undefined, { env: CI });
    await forget(join(folder, 'r.json'), 'publish:applivery', 'without its job');

    const result = await run('y app.apk --resume r.json', undefined, { env: { ...CI, CI_COMMIT_SHA: 'd'.repeat(40) } });
    const again = await run('y app.apk --resume r.json --again publish:applivery', undefined, { env: CI });

    // The commit of the build that sent it counts, whatever is checked out now.
    expect(result.code, result.stderr).toBe(0);
    expect(again.code, again.stderr).toBe(0);
    expect(uploads().applivery).toBe(2);
  });
});

test('without a receipt nothing allows a second run once the app is protected: the same line would protect it again', async () => {
  const down = { method: 'POST', path: /uploads\/ci$/, times: 999, fault: faults.resetAtOnce() } as const;
  const { run, uploads } = await releaseProject({ x: { ...PRODUCTION, publish: ['autoappstore'] } }, [down]);

  const alone = await run('x app.apk', undefined, FAST);
  const kept = await run('x app.apk --resume r.json -f', undefined, FAST);
  const again = await run('x app.apk --resume r.json', undefined, FAST);

  expect(alone.code, alone.stderr).toBe(12);
  expect(alone.stderr).toContain('error[partial]: protected, but not published: could not upload');
  expect(alone.stderr).not.toContain('run again');
  expect([kept.code, again.code], kept.stderr).toEqual([6, 6]);
  expect(uploads().apptego).toBe(2);
});

test('parts that an earlier run has left are removed before the file is sent again', async () => {
  let isBroken = true;
  const broken: Fault = async (exchange) => {
    if (isBroken) return await faults.answer(503, {})(exchange);
    exchange.reply(await exchange.forward(await exchange.readBody()));
  };
  const { run, box, uploads, receipt } = await releaseProject(
    { x: { protect: PRODUCTION.protect } },
    [
      { origin: 'storage', method: 'PUT', times: 9999, fault: broken },
      { method: 'POST', path: /abort/, times: 9999, fault: broken },
    ],
    { multipartFromBytes: 1 },
  );
  const first = await run('x app.apk --resume r.json', undefined, FAST);
  const left = (await receipt()).steps[0];
  isBroken = false;

  const second = await run('x app.apk --resume r.json --timeout 1h', undefined, FAST);

  expect(first.code, first.stderr).toBe(6);
  expect(left?.unfinished).not.toBeNull();
  expect(second.code, second.stderr).toBe(0);
  expect(box.store.openUploads()).toEqual([]);
  expect(uploads().apptego).toBe(2);
});

describe('another machine', () => {
  test('publishes what was signed there, with the receipt alone', async () => {
    const release = { x: { protect: { environment: 'prod', signingKey: 'none' }, publish: ['applivery'] } };
    const { run, folder, uploads } = await releaseProject(release);
    await copyFixture('unsigned.apk', folder, 'app.apk');
    await run('x app.apk --resume r.json --until protected');
    const elsewhere = await projectIn(release);
    await rm(join(elsewhere, 'app.apk'));
    const output = await readFile(join(folder, 'app-protected.apk'));
    const signed = join(elsewhere, 'signed.apk');
    await writeFile(signed, signApk(output, [[BLOCK.v2, [{ key: createSigningKey('release') }]]]));
    await copyFile(join(folder, 'r.json'), join(elsewhere, 'r.json'));

    const result = await run('x --resume r.json --from publish --signed signed.apk', elsewhere);

    expect(result.code, result.stderr).toBe(0);
    expect(uploads().applivery).toBe(1);
    const { output: kept } = Receipt.parse(JSON.parse(await readFile(join(elsewhere, 'r.json'), 'utf8')));
    expect(kept?.sha256).toBe(await sha256Of(signed));
  });

  test('goes on with what the first has only sent', async () => {
    const { run, folder, uploads } = await releaseProject();
    await run('production app.apk --resume r.json --detach');
    const elsewhere = await projectIn({ production: PRODUCTION });
    await copyFile(join(folder, 'r.json'), join(elsewhere, 'r.json'));

    const result = await run('production app.apk --resume r.json', elsewhere);

    expect(result.code, result.stderr).toBe(0);
    expect(result.steps).toEqual(DONE);
    expect(uploads()).toEqual(ONCE);
  });
});

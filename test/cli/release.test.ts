import { existsSync } from 'node:fs';
import { copyFile, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ResultDocument } from '../../src/contract/result-document.ts';
import { faults } from '../../src/testing/faults.ts';
import { copyFixture, sha256Of } from '../../src/testing/files.ts';
import { BLOCK, signApk } from '../support/apk-signer.ts';
import { runCli } from '../support/cli.ts';
import { DONE, ONCE, PRODUCTION, projectIn, releaseProject, STORE_REFUSES } from '../support/release-project.ts';
import { createSigningKey } from '../support/signing-key.ts';

describe('release', () => {
  test('protects, publishes the output side by side, and prints a line for each step', async () => {
    const { run, folder, receipt, uploads } = await releaseProject();

    const result = await run('production app.apk --receipt r.json');

    expect(result.code, result.stderr).toBe(0);
    expect(result.steps).toEqual(DONE);
    expect(uploads()).toEqual(ONCE);
    const output = await sha256Of(join(folder, 'app-protected.apk'));
    const { input, output: kept, release, steps } = await receipt();
    expect([input?.sha256, kept?.sha256]).toEqual([await sha256Of(join(folder, 'app.apk')), output]);
    expect(release?.name).toBe('production');
    expect(steps.map(({ id, sha256, until, ended }) => [id, sha256, until, ended?.exitCode])).toEqual([
      ['protect:apptego', input?.sha256, null, 0],
      ['publish:autoappstore', output, 'validated', 0],
      ['publish:applivery', output, null, 0],
    ]);
  });

  test('the only release of a config needs no name; several do', async () => {
    const one = await releaseProject();
    const two = await releaseProject({ production: PRODUCTION, beta: { publish: ['applivery'] } });

    expect((await one.run('app.apk')).code).toBe(0);
    const unnamed = await two.run('app.apk');
    expect(unnamed.code).toBe(2);
    expect(unnamed.stderr).toContain('production, beta');
    const published = await two.run('beta app.apk');
    expect(published.code, published.stderr).toBe(0);
    expect(published.steps).toEqual([expect.stringMatching(/^publish:applivery succeeded/)]);
    expect(two.uploads()).toEqual({ apptego: 0, autoappstore: 0, applivery: 1 });
  });

  test.each<[string, unknown, RegExp]>([
    ['an unknown backend', { publish: ['nowhere'] }, /apptool\.config\.json:\d+:\d+: releases\.x\.publish\.0\.backend/],
    ['an unknown key', { publish: [{ backend: 'applivery', tag: 'a' }] }, /unknown key "tag"/],
    ['a setting of another backend', { publish: [{ backend: 'ignite', tags: 'a' }] }, /unknown key "tags"/],
    ['a target that is named twice', { publish: ['applivery', 'applivery'] }, /applivery twice/],
    [
      'a milestone that its target has not',
      { publish: [{ backend: 'applivery', until: 'live' }] },
      /no milestone "live"/,
    ],
    ['a protection by what protects nothing', { protect: { backend: 'ignite' } }, /expected a backend that protects/],
    ['nothing to do', {}, /neither protects nor publishes/],
    [
      'what was protected for staging, for a target that does not say so',
      { protect: { environment: 'staging' }, publish: ['applivery'] },
      /applivery would get a file that was protected for staging/,
    ],
    [
      'what comes back unsigned, for a target that refuses it',
      { protect: { environment: 'prod', signingKey: 'none' }, publish: ['autoappstore'] },
      /autoappstore refuses unsigned files/,
    ],
  ])('refuses %s before anything is sent', async (_, definition, words) => {
    const { run, proxy } = await releaseProject({ x: definition });

    const result = await run('x app.apk');

    expect(result.code, result.stderr).toBe(2);
    expect(result.stderr).toMatch(words);
    expect(proxy.seen.filter(({ method }) => method !== 'GET')).toEqual([]);
  });

  test('the credentials of every target are looked for before the first byte', async () => {
    const { folder, proxy } = await releaseProject();
    const env = { ...proxy.variables, AUTOAPPSTORE_TOKEN: '' };

    const result = await runCli(['release', 'app.apk'], { cwd: folder, env });

    expect(result.code, result.stderr).toBe(4);
    expect(proxy.seen).toEqual([]);
  });

  test('a target that says so gets what was protected for staging', async () => {
    const target = { backend: 'applivery', environments: ['staging'] };
    const { run } = await releaseProject({ x: { protect: { environment: 'staging' }, publish: [target] } });

    expect((await run('x app.apk')).code).toBe(0);
  });

  test('a failed target is 12; the same line with --resume sends to that one alone', async () => {
    const { run, uploads } = await releaseProject({ production: PRODUCTION }, [STORE_REFUSES]);

    const first = await run('production app.apk --resume r.json');
    const second = await run('production app.apk --resume r.json');
    const third = await run('production app.apk --resume r.json');

    expect(first.code, first.stderr).toBe(12);
    expect(first.stderr).toContain('--resume r.json');
    expect(first.steps).toContain('publish:autoappstore - rejected -');
    expect(second.code, second.stderr).toBe(0);
    expect([second.steps, third.steps]).toEqual([DONE, DONE]);
    expect(uploads()).toEqual({ apptego: 1, autoappstore: 2, applivery: 1 });
  });

  test('the failure of a target that is not required is a warning', async () => {
    const publish = [{ backend: 'autoappstore', required: false }, 'applivery'];
    const { run, receipt } = await releaseProject({ x: { ...PRODUCTION, publish } }, [STORE_REFUSES]);

    const result = await run('x app.apk --fail-fast --receipt r.json');

    expect(result.code, result.stderr).toBe(0);
    expect(result.stderr).toMatch(/warning: autoappstore is not required, and failed/);
    expect((await receipt()).steps.map(({ required }) => required)).toEqual([true, false, true]);
  });

  test('a run that is not told to go on does nothing twice', async () => {
    const { run, uploads } = await releaseProject();
    await run('production app.apk --receipt r.json');

    const again = await run('production app.apk --receipt r.json -f');

    expect(again.code, again.stderr).toBe(3);
    expect(again.stderr).toContain('--resume r.json');
    expect(uploads()).toEqual(ONCE);
  });

  test('another file, or another release, is refused', async () => {
    const { run, folder } = await releaseProject({ production: PRODUCTION, beta: { publish: ['applivery'] } });
    await run('production app.apk --resume r.json');
    await copyFixture('v1.apk', folder, 'other.apk');

    const otherFile = await run('production other.apk --resume r.json');
    const otherRelease = await run('beta app.apk --resume r.json');

    expect([otherFile.code, otherRelease.code]).toEqual([3, 3]);
    expect(otherRelease.stderr).toContain('another release, not to release beta');
  });

  test('a gate stands between: protected in one run, published in another', async () => {
    const { run, uploads } = await releaseProject();

    const first = await run('production app.apk --receipt r.json --until protected');
    expect(uploads()).toEqual({ apptego: 1, autoappstore: 0, applivery: 0 });
    const second = await run('production --resume r.json --from publish');

    expect([first.code, second.code], second.stderr).toEqual([0, 0]);
    expect(second.steps).toEqual(DONE);
    expect(uploads()).toEqual(ONCE);
  });

  test('on either side of a gate a job has the credentials of its own steps alone', async () => {
    const { run, uploads, folder } = await releaseProject();
    const [noStores, noKey] = [{ AUTOAPPSTORE_TOKEN: '', APPLIVERY_APP_TOKEN: '' }, { APPTEGO_API_KEY: '' }];
    const half = { AUTOAPPSTORE_TOKEN: 'a token', APPLIVERY_APP_TOKEN: '' };

    const whole = await run('production app.apk --resume r.json', folder, { env: noStores });
    const misshapen = await run('production app.apk --resume r.json --until protected', folder, { env: half });
    expect([whole.code, misshapen.code]).toEqual([4, 4]);
    expect(uploads()).toEqual({ apptego: 0, autoappstore: 0, applivery: 0 });
    const first = await run('production app.apk --resume r.json --until protected', folder, { env: noStores });
    expect(first.code, first.stderr).toBe(0);
    await rename(join(folder, 'app-protected.apk'), join(folder, 'kept.apk'));
    const fetched = await run('production --resume r.json --from publish', folder, { env: noKey });
    await rename(join(folder, 'kept.apk'), join(folder, 'app-protected.apk'));
    const second = await run('production --resume r.json --from publish', folder, { env: noKey });

    expect([fetched.code, second.code], second.stderr).toEqual([4, 0]);
    expect(fetched.stderr).toMatch(/error\[auth\]: .*no credentials for apptego\nhint: .*APPTEGO_API_KEY/);
    expect(uploads()).toEqual(ONCE);
  });

  test('what stops before the end says how to go on, and the line does', async () => {
    const { run, uploads } = await releaseProject();

    const first = await run('production app.apk --resume r.json --until protected');
    const line = 'release production app.apk --resume r.json --config apptool.config.json';
    expect(first.stderr).toContain(`to continue with what is missing: apptool ${line}\n`);
    const second = await run('production app.apk --resume r.json --detach');
    expect(second.stderr).toContain(`to continue with what is missing: apptool ${line}\n`);
    const third = await run('production app.apk --resume r.json');
    expect(third.stderr).not.toContain('to continue');

    expect([first.code, second.code, third.code]).toEqual([0, 0, 0]);
    expect(uploads()).toEqual(ONCE);
  });

  test.each([
    ['beta app.apk --until protected', 'release beta does not protect anything: --until protected does not apply'],
    [
      'beta app.apk --resume r.json --from publish',
      'release beta does not protect anything: --from publish does not apply',
    ],
    ['beta app.apk --signed app.apk', 'release beta does not protect anything: --signed does not apply'],
    ['production --resume r.json --until protected --from publish', 'leave nothing to do together'],
  ])('%s is refused: it would do nothing, or leave a flag out in silence', async (line, words) => {
    const { run, proxy } = await releaseProject({ production: PRODUCTION, beta: { publish: ['applivery'] } });

    const result = await run(line);

    expect(result.code, result.stderr).toBe(2);
    expect(result.stderr).toContain(words);
    expect(proxy.seen).toEqual([]);
  });

  test.each(['with the protected file', 'without it'])('a second machine goes on, %s', async (kind) => {
    const { run, folder, uploads, receipt } = await releaseProject({ production: PRODUCTION });
    const elsewhere = await projectIn({ production: PRODUCTION });
    await rm(join(elsewhere, 'app.apk'));
    await run('production app.apk --receipt r.json --until protected');
    for (const name of ['r.json', ...(kind === 'without it' ? [] : ['app-protected.apk'])])
      await copyFile(join(folder, name), join(elsewhere, name));

    const result = await run('production app.apk --resume r.json', elsewhere);

    expect(result.code, result.stderr).toBe(0);
    expect(uploads()).toEqual(ONCE);
    const { output } = await receipt(elsewhere);
    expect(await sha256Of(join(elsewhere, 'app-protected.apk'))).toBe(output?.sha256);
    expect(existsSync(join(elsewhere, 'app.apk'))).toBe(false);
  });

  test('--detach stops after every upload, and the same line goes on', async () => {
    const { run, uploads, receipt } = await releaseProject();

    const first = await run('production app.apk --resume r.json --detach');
    expect(first.code, first.stderr).toBe(0);
    expect(first.steps).toEqual([expect.stringMatching(/^protect:apptego queued uploaded apptego:\d+$/)]);
    // The one line that goes on is the release's, also in the table.
    expect(first.stderr).toMatch(/^protect:apptego .*apptool release production app\.apk --resume r\.json/m);
    expect(first.stderr).not.toContain('apptool wait');
    const second = await run('production app.apk --resume r.json --detach');
    expect(second.code, second.stderr).toBe(0);
    expect((await receipt()).steps.map(({ accepted }) => accepted)).toEqual([true, true, true]);
    const third = await run('production app.apk --resume r.json');

    expect(third.steps, third.stderr).toEqual(DONE);
    expect(uploads()).toEqual(ONCE);
  });

  test('what may have landed is told, and sent again only where that is asked for', async () => {
    const lost = { method: 'POST', path: /uploads\/ci$/, times: 2, fault: faults.lostAnswer() };
    const { run, uploads } = await releaseProject({ x: { ...PRODUCTION, publish: ['autoappstore'] } }, [lost]);

    const first = await run('x app.apk --resume r.json');
    const sent = uploads().autoappstore;
    const second = await run('x app.apk --resume r.json');

    expect([first.code, second.code], second.stderr).toEqual([9, 9]);
    expect(second.stderr).toContain('--again publish:autoappstore');
    expect(uploads().autoappstore).toBe(sent);
    const third = await run('x app.apk --resume r.json --again publish:autoappstore');
    expect(uploads().autoappstore).toBeGreaterThan(sent);
    // The store takes a version once: so it had landed.
    expect(third.code, third.stderr).toBe(5);
  });

  test('a release that was changed in the config since is told', async () => {
    const { run, folder } = await releaseProject({ production: PRODUCTION }, [STORE_REFUSES]);
    await run('production app.apk --resume r.json');
    const releases = { production: { ...PRODUCTION, publish: ['applivery'] } };
    await writeFile(join(folder, 'apptool.config.json'), JSON.stringify({ releases, pollInterval: '20ms' }));

    const result = await run('production app.apk --resume r.json');

    expect(result.code, result.stderr).toBe(0);
    expect(result.stderr).toMatch(/has been changed in the config since .*no step publish:autoappstore any more/);
  });

  test('--dry-run prints the plan with what the receipt has done, and sends nothing', async () => {
    const { run, proxy } = await releaseProject({ production: PRODUCTION }, [STORE_REFUSES]);
    const fresh = await run('production app.apk --resume r.json --dry-run');
    expect(proxy.seen).toEqual([]);
    await run('production app.apk --resume r.json');
    const before = proxy.seen.length;

    const rest = await run('production app.apk --resume r.json --dry-run');

    expect(fresh.steps).toEqual([
      'release production',
      'protect:apptego would be sent',
      'publish:autoappstore would be sent, until validated',
      'publish:applivery would be sent',
    ]);
    expect(rest.steps).toEqual([
      'release production',
      'protect:apptego would be skipped: it is done',
      'publish:autoappstore would be sent, until validated',
      'publish:applivery would be skipped: it is done',
    ]);
    expect(proxy.seen.length).toBe(before);
  });

  test('the document has the protection as its job, and a record for each target', async () => {
    const { run } = await releaseProject();

    const { stdout } = await run('production app.apk --json');

    const document = ResultDocument.parse(JSON.parse(stdout));
    expect(document).toMatchObject({
      command: 'release',
      backend: 'apptego',
      artifact: { name: 'app.apk' },
      output: { name: 'app-protected.apk' },
      targets: [
        { backend: 'autoappstore', ok: true },
        { backend: 'applivery', ok: true },
      ],
    });
  });
});

describe('--signed', () => {
  const UNSIGNED = { protect: { environment: 'prod', signingKey: 'none' }, publish: ['applivery'] };

  test('the output as somebody else has signed it is proven, and published in its place', async () => {
    const { run, folder, receipt, uploads } = await releaseProject({ x: UNSIGNED });
    await copyFixture('unsigned.apk', folder, 'app.apk');
    await run('x app.apk --resume r.json --until protected');
    const output = await readFile(join(folder, 'app-protected.apk'));
    await writeFile(join(folder, 'signed.apk'), signApk(output, [[BLOCK.v2, [{ key: createSigningKey('release') }]]]));

    const result = await run('x --resume r.json --from publish --signed signed.apk');
    const again = await run('x --resume r.json --from publish --signed signed.apk');

    expect([result.code, again.code], result.stderr + again.stderr).toEqual([0, 0]);
    const signed = await sha256Of(join(folder, 'signed.apk'));
    const { output: kept, steps } = await receipt();
    expect([kept?.sha256, steps.find(({ action }) => action === 'publish')?.sha256]).toEqual([signed, signed]);
    expect(uploads().applivery).toBe(1);
  });

  test('a file that is not the output, signed, is refused, and nothing is published', async () => {
    const { run, uploads } = await releaseProject({ x: UNSIGNED });
    await run('x app.apk --resume r.json --until protected');

    const result = await run('x --resume r.json --from publish --signed app.apk');

    expect(result.code, result.stderr).toBe(11);
    expect(uploads().applivery).toBe(0);
  });
});

describe('publish --from', () => {
  test('takes the output of the receipt, protected for production, and nothing else', async () => {
    const { run, folder, proxy } = await releaseProject();
    await run('production app.apk --receipt r.json --until protected');
    const publish = (file: string) =>
      runCli(['publish', file, '--to', 'applivery', '--from', 'r.json', '--poll-interval', '20ms'], {
        cwd: folder,
        env: proxy.variables,
      });

    const [right, wrong] = [await publish('app-protected.apk'), await publish('app.apk')];

    expect(right.code, right.stderr).toBe(0);
    expect(wrong.code, wrong.stderr).toBe(3);
  });

  test('what was protected for staging needs to be allowed', async () => {
    const { run, folder, proxy } = await releaseProject({ x: { protect: { environment: 'staging' } } });
    await run('x app.apk --receipt r.json');
    const publish = (...more: string[]) =>
      runCli(
        ['publish', 'app-protected.apk', '--to', 'applivery', '--from', 'r.json', '--poll-interval', '20ms', ...more],
        { cwd: folder, env: proxy.variables },
      );

    const [refused, allowed] = [await publish(), await publish('--allow-environment', 'staging')];

    expect(refused.code, refused.stderr).toBe(2);
    expect(allowed.code, allowed.stderr).toBe(0);
  });
});

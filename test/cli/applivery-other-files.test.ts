import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Receipt } from '../../src/contract/record/journal.ts';
import { ResultDocument } from '../../src/contract/result-document.ts';
import { faultProxy } from '../../src/testing/fault-proxy.ts';
import { faults } from '../../src/testing/faults.ts';
import { sha256Of, temporaryFolder } from '../../src/testing/files.ts';
import { sandbox } from '../../src/testing/sandbox.ts';
import { runCli } from '../support/cli.ts';

const PNG = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex');
const GAME = ['buildPlatform=ps5', 'packageName=com.example.game', 'packageVersion=1.2', 'packageIcon=icon.png'];
const ALL_OF_GAME = GAME.flatMap((setting) => ['--set', `applivery.${setting}`]);

/** A folder with a file of this name, which is no archive of any kind. */
async function setUp(name: string, planned: Parameters<typeof faultProxy>[1] = []) {
  const cwd = await temporaryFolder();
  const proxy = await faultProxy(await sandbox({ processingMs: 0 }), planned);
  const path = join(cwd, name);
  await writeFile(path, randomBytes(70_000));
  await writeFile(join(cwd, 'icon.png'), PNG);
  const run = (...args: string[]) => runCli(args, { cwd, env: proxy.variables, isFast: true });
  const document = async (...args: string[]) =>
    ResultDocument.parse(JSON.parse((await run(...args, '--json')).stdout || 'null'));
  const uploads = () => proxy.seen.filter(({ method }) => method === 'POST').length;
  const tokens = () => proxy.seen.filter((one) => one.path.includes('/downloadToken')).length;
  return { cwd, path, run, document, uploads, tokens };
}

describe('a file that is no app archive', () => {
  test.each(['Setup.msi', 'My App.pkg', 'Image.DMG', 'app.exe', 'a.msix', 'a.msixbundle', 'a.appx', 'a.appxbundle'])(
    '%s is sent as it is, comes back as it was, and nothing claims to know what is in it',
    async (name) => {
      const { cwd, path, run, document } = await setUp(name);

      const published = await document('publish', name, '--to', 'applivery', '--receipt', 'r.json');
      const [ref = ''] = published.targets.map(({ job }) => job?.ref ?? '');
      const ending = name.toLowerCase().split('.').at(-1);
      const fetched = await document('download', 'r.json', '-o', `back.${ending}`);
      const named = await run('download', ref);

      const sha256 = await sha256Of(path);
      const app = { packageName: null, versionName: null, versionCode: null, signers: null };
      expect(published).toMatchObject({
        exitCode: 0,
        artifact: { name, size: 70_000, sha256, platform: 'other', ...app },
      });
      expect(fetched).toMatchObject({ exitCode: 0, output: { path: `back.${ending}`, size: 70_000, sha256, ...app } });
      expect(named).toMatchObject({ code: 0, stdout: `${ref.split('/').at(-1)}.${ending}\n` });
      expect(Receipt.parse(JSON.parse(await readFile(join(cwd, 'r.json'), 'utf8')))).toMatchObject({
        input: { name, sha256, platform: 'other', packageName: null },
        steps: [{ id: 'publish:applivery', sha256, state: { phase: 'succeeded' } }],
      });
    },
  );

  test('no token is made for a download that is rehearsed or refused, and one for one that is done', async () => {
    const { cwd, run, tokens } = await setUp('Setup.msi');
    const { stdout } = await run('publish', 'Setup.msi', '--to', 'applivery', '--json');
    const [target] = JSON.parse(stdout).targets as { job: { ref: string; id: string } }[];
    const ref = target?.job.ref ?? '';
    const name = `${target?.job.id.split('/').at(-1)}.msi`;

    const rehearsed = await run('download', ref, '--dry-run');
    const refused = await run('download', ref, '-o', 'app.apk');
    await writeFile(join(cwd, name), 'mine');
    const blocked = await run('download', ref);
    const before = tokens();
    const done = await run('download', ref, '--force');

    expect(rehearsed).toMatchObject({ code: 0, stdout: expect.stringContaining(name) });
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('applivery has a .msi file') });
    expect(blocked.code).toBe(3);
    expect(before).toBe(0);
    expect(done).toMatchObject({ code: 0, stdout: `${name}\n` });
    expect(tokens()).toBe(1);
  });

  test('it is said that nobody has looked into it, also in a rehearsal', async () => {
    const { run, uploads } = await setUp('Setup.msi');

    expect((await run('upload', 'Setup.msi', '--to', 'applivery')).stderr).toContain('Setup.msi is sent as it is');
    expect(await run('upload', 'Setup.msi', '--to', 'applivery', '--dry-run')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('build: Setup.msi'),
      stderr: expect.stringContaining('Setup.msi is sent as it is'),
    });
    expect(uploads()).toBe(1);
  });

  test.each([
    ['of another app', ['--expect-package', 'com.example']],
    ['that nobody of ours has signed', ['--expect-signer', 'a'.repeat(64)]],
    ['of an unknown version', ['--min-version-code', '1']],
    ['for another platform', ['--platform', 'android']],
    ['that is for several backends, of which one takes no such file', ['--to', 'applivery,ignite']],
  ])('a file %s is refused before anything is sent', async (_, more) => {
    const { run, uploads } = await setUp('Setup.msi');
    const to = more.includes('--to') ? [] : ['--to', 'applivery'];

    expect(await run('publish', 'Setup.msi', ...to, ...more)).toMatchObject({ code: 2, stdout: '' });
    expect(uploads()).toBe(0);
  });

  test.each(['apptego', 'apptego-management', 'autoappstore', 'ignite'])(
    '%s refuses it by its name',
    async (backend) => {
      const { run, uploads } = await setUp('game.zip');

      const { code, stderr } = await run(
        'upload',
        'game.zip',
        '--to',
        backend,
        ...(backend.startsWith('apptego') ? ['-e', 'dev'] : []),
      );

      expect({ code, uploads: uploads() }).toEqual({ code: 2, uploads: 0 });
      expect(stderr).toMatch(new RegExp(`cannot use game\\.zip: ${backend} takes \\.apk`));
    },
  );

  test('an empty one, and a folder, are refused', async () => {
    const { cwd, run } = await setUp('Setup.msi');
    await writeFile(join(cwd, 'empty.exe'), '');

    expect(await run('upload', 'empty.exe', '--to', 'applivery')).toMatchObject({ code: 3 });
    expect(await run('upload', 'missing.exe', '--to', 'applivery')).toMatchObject({ code: 3 });
  });
});

describe('a file of a custom platform', () => {
  test.each(['game.zip', 'game.tar.gz', 'game.nsp'])('%s is described by settings, and comes back', async (name) => {
    const { path, run, document, cwd } = await setUp(name);
    const ending = name.slice('game.'.length);

    const { stdout } = await run('upload', name, '--to', 'applivery', ...ALL_OF_GAME);
    const shown = await document('applivery', 'builds', 'show', stdout.trim());
    const back = await run('download', stdout.trim(), '-o', `back.${ending}`);

    expect(shown.data).toMatchObject({
      build: { os: 'ps5', packageName: 'com.example.game', packageVersion: '1.2', size: 70_000 },
    });
    expect(back).toMatchObject({ code: 0, stdout: `back.${ending}\n` });
    expect(await sha256Of(join(cwd, `back.${ending}`))).toBe(await sha256Of(path));
  });

  test.each(GAME)('without %s nothing is sent, and the setting is named', async (setting) => {
    const { run, uploads } = await setUp('game.zip');
    const others = GAME.filter((one) => one !== setting).flatMap((one) => ['--set', `applivery.${one}`]);

    const { code, stderr } = await run('upload', 'game.zip', '--to', 'applivery', ...others);

    expect({ code, uploads: uploads() }).toEqual({ code: 2, uploads: 0 });
    expect(stderr).toContain(`it needs applivery.${setting.split('=')[0]}`);
  });

  test('an undocumented platform is warned of, also in a rehearsal', async () => {
    const { run } = await setUp('Setup.msi');
    const set = ['--set', 'applivery.buildPlatform=windows'];

    const { code, stderr } = await run('upload', 'Setup.msi', '--to', 'applivery', ...set, '--dry-run');

    expect(code).toBe(0);
    expect(stderr).toContain('Applivery does not document this buildPlatform');
  });
});

describe('download of such a build', () => {
  test.each([
    ['Setup.msi', 'x.apk', '.msi'],
    ['Setup.msi', 'x.pkg', '.msi'],
    ['app.apk', 'x.msi', '.apk'],
  ])('of %s as %s is refused, and nothing is written', async (name, output, has) => {
    const { cwd, run } = await setUp(name);
    if (name === 'app.apk') await writeFile(join(cwd, name), await readFile(join('fixtures', 'v2.apk')));
    const { stdout } = await run('upload', name, '--to', 'applivery');

    const { code, stderr } = await run('download', stdout.trim(), '-o', output);

    expect(code).toBe(2);
    expect(stderr).toContain(`the output is named ${output}, but applivery has a ${has} file`);
    await expect(readFile(join(cwd, output))).rejects.toThrow('ENOENT');
  });

  test('a file of another size than the build says is not kept', async () => {
    const details = { method: 'GET', path: /\/builds\/[^/]+$/ };
    const smaller = faults.changeJson(({ data, ...rest }) => ({
      ...rest,
      data: { ...(data as object), size: 69_999 },
    }));
    const { cwd, run } = await setUp('Setup.msi', [{ ...details, times: 9, fault: smaller }]);
    const { stdout } = await run('upload', 'Setup.msi', '--to', 'applivery');

    const { code, stderr } = await run('download', stdout.trim(), '-o', 'x.msi');

    expect(code).toBe(11);
    expect(stderr).toContain('applivery says the file has 69999');
    await expect(readFile(join(cwd, 'x.msi'))).rejects.toThrow('ENOENT');
  });
});

import { spawnSync } from 'node:child_process';
import { renameSync, rmSync } from 'node:fs';
import fsPromises, { access, mkdir, readdir, readFile, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { copyFixture, fixture, temporaryFolder } from '../../src/testing/files.ts';
import {
  type Canary,
  expectAccepted,
  expectRefused,
  named,
  probe,
  type Refusal,
  startCanary,
} from '../support/canary.ts';
import { type CliResult, runCli } from '../support/cli.ts';
import { takesTurn } from '../support/share.ts';
import { sparseApk, zip } from '../support/zip-bytes.ts';

// Rows 78 to 99 of section 10 of faults.md. A refused run is one that would upload but for its file.

const MANIFEST = 'AndroidManifest.xml';
const GIB = 1024 ** 3;

/** A run that would upload this file of the folder. */
async function protect(
  canary: Canary,
  cwd: string,
  file = 'app.apk',
  more: readonly string[] = [],
): Promise<CliResult> {
  return await runCli(['protect', file, '--environment', 'dev', ...more], { cwd, env: canary.variables });
}

test.each(
  named([
    { name: 'an app', contents: null },
    { name: 'a zip of these tests', contents: zip([{ name: MANIFEST }]) },
    { name: 'a zip64 of these tests', contents: zip([{ name: MANIFEST }], { zip64Entries: 1 }) },
  ]),
)('%s with nothing wrong in it reaches the server', async (_, { contents }) => {
  const canary = await startCanary();
  const cwd = await temporaryFolder();
  await writeFile(join(cwd, 'app.apk'), contents ?? (await readFile(fixture('v123.apk'))));

  await protect(canary, cwd);

  expect(canary.connections).toBeGreaterThan(0);
});

interface Row extends Refusal {
  readonly name: string;
  readonly contents: Buffer | string;
  /** What the file is called; `app.apk` where nothing is said. */
  readonly file?: string;
}

const NO_ARCHIVE = 'not an app archive: ';
const NO_APP = 'not an APK, AAB or IPA';
const INCOMPLETE = 'archive is incomplete';
const TOO_MANY = 'archive has too many entries';
const LFS_POINTER = `version https://git-lfs.github.com/spec/v1\noid sha256:${'0'.repeat(64)}\nsize 12345\n`;

const whole = await readFile(fixture('v123.apk'));

const ROWS: readonly Row[] = [
  { name: 'B-78: 0 bytes', contents: '', exit: 3, says: 'file is empty' },
  {
    name: 'B-79: an HTML page',
    contents: '<!DOCTYPE html>\n<html><body>Sign in</body></html>\n',
    exit: 3,
    says: NO_ARCHIVE,
    hides: ['Sign in'],
  },
  { name: 'B-79: text', contents: 'Not found\n', exit: 3, says: NO_ARCHIVE, hides: ['Not found'] },
  {
    name: 'B-79: a Git LFS pointer',
    contents: LFS_POINTER,
    exit: 3,
    says: 'not an app archive: this is a Git LFS pointer; run git lfs pull',
  },
  ...[
    { name: 'B-80: a zip cut in the middle', bytes: whole.length / 2 },
    { name: 'B-80: a zip cut in its end record', bytes: whole.length - 10 },
    { name: 'B-80: a zip without its last byte', bytes: whole.length - 1 },
    { name: 'B-80: a zip cut after its first four bytes', bytes: 4 },
  ].map(({ name, bytes }) => ({ name, contents: whole.subarray(0, bytes), exit: 3, says: INCOMPLETE })),
  { name: 'B-81: an APK without AndroidManifest.xml', contents: zip([{ name: 'classes.dex' }]), exit: 3, says: NO_APP },
  {
    name: 'B-81: an IPA without Payload/*.app',
    file: 'app.ipa',
    contents: zip([{ name: 'Payload/readme.txt' }, { name: 'App.app/Info.plist' }]),
    exit: 3,
    says: NO_APP,
  },
  {
    name: 'B-86: 10 million entries by the end record',
    contents: zip([{ name: MANIFEST }], { zip64Entries: 10_000_000 }),
    exit: 3,
    says: TOO_MANY,
  },
  {
    name: 'B-86: 250000 entries that are there',
    contents: zip([{ name: MANIFEST }, ...Array.from({ length: 249_999 }, (_, index) => ({ name: `res/${index}` }))], {
      zip64Entries: 250_000,
    }),
    exit: 3,
    says: TOO_MANY,
  },
  {
    name: 'B-88: an encrypted zip',
    contents: zip([{ name: MANIFEST }, { name: 'classes.dex', data: 'secret', isEncrypted: true }]),
    exit: 3,
    says: 'encrypted archives are not supported',
  },
  {
    // The row's words are those for the encrypted one; "archives are not supported" is what both can say.
    name: 'B-88: a multi-disk zip',
    contents: zip([{ name: MANIFEST }], { disk: 1 }),
    exit: 3,
    says: 'archives are not supported',
  },
];

test.each(named(ROWS))('%s', async (_, { contents, file = 'app.apk', ...refusal }) => {
  const canary = await startCanary();
  const folder = await temporaryFolder();
  const cwd = join(folder, 'a', 'b');
  await mkdir(cwd, { recursive: true });
  await writeFile(join(cwd, file), contents);

  const result = await protect(canary, cwd, file);

  expectRefused(result, canary, refusal);
  expect((await readdir(folder, { recursive: true })).sort()).toEqual(['a', 'a/b', `a/b/${file}`]);
  await expect(access('/x')).rejects.toThrow('ENOENT');
});

test.each(['../../x', 'a/../../x', 'C:\\x', '/x', 'x\0y'])(
  'B-85: an entry %j is odd, and written nowhere',
  async (name) => {
    const [canary, folder] = [await startCanary(), await temporaryFolder()];
    const cwd = join(folder, 'a', 'b');
    await mkdir(cwd, { recursive: true });
    await writeFile(join(cwd, 'app.apk'), zip([{ name: MANIFEST }, { name, data: 'x' }]));

    const result = await runCli(['protect', 'app.apk', '--environment', 'dev', '--dry-run'], {
      cwd,
      env: canary.variables,
    });

    expectAccepted(result);
    expect(result.stderr).toMatch(/^warning: app\.apk has an entry whose name .*x/m);
    expect((await readdir(folder, { recursive: true })).sort()).toEqual(['a', 'a/b', 'a/b/app.apk']);
    await expect(access('/x')).rejects.toThrow('ENOENT');
  },
);

test.each([
  ['app.apks', [{ name: 'toc.pb' }, { name: 'splits/base-master.apk' }], 'bundletool build-apks --mode=universal'],
  ['app.xapk', [{ name: 'manifest.json' }, { name: 'dev.app.apk' }], 'send the bundle or one universal APK'],
  ['app.apkm', [{ name: 'info.json' }, { name: 'base.apk' }], 'send the bundle or one universal APK'],
  ['app.zip', [{ name: 'out/app-release.apk' }], 'unpack it'],
  ['app.zip', [{ name: 'app/AndroidManifest.xml' }], 'it holds an APK in a folder', 'unpack it'],
  ['app.zip', [{ name: 'A.app/Info.plist' }], 'an IPA has its app below Payload/', 'unpack it'],
])('%s gets a hint by its name, and by what is in it', async (file, entries, hint, hintByName = hint) => {
  const [canary, cwd] = [await startCanary(), await temporaryFolder()];
  await writeFile(join(cwd, file), zip(entries));
  await writeFile(join(cwd, 'app.apk'), zip(entries));

  const byName = await protect(canary, cwd, file);
  const byContents = await protect(canary, cwd, 'app.apk');

  expectRefused(byName, canary, { exit: 2, says: hintByName });
  expectRefused(byContents, canary, { exit: 3, says: hint });
});

test.each(
  named([
    {
      name: 'B-82: an AAB named .apk',
      source: 'signed.aab',
      file: 'app.apk',
      says: 'content is an AAB but the name ends in .apk',
    },
    {
      name: 'B-82: an APK named .aab',
      source: 'v123.apk',
      file: 'app.aab',
      says: 'content is an APK but the name ends in .aab',
    },
  ]),
)('%s', async (_, { source, file, says }) => {
  const canary = await startCanary();
  const cwd = await temporaryFolder();
  await copyFixture(source, cwd, file);

  const result = await protect(canary, cwd, file);

  expectRefused(result, canary, { exit: 2, says });
});

const FOUR_GB = 0xffff_fffe;

test.each(
  named([
    { name: 'B-83: 120 bytes that declare 4 GB', bytes: 120, entry: { name: 'classes.dex' } },
    { name: 'B-83: an APK of 136 bytes that declares 4 GB', bytes: 136, entry: { name: MANIFEST } },
    {
      name: 'B-83: an APK of 138 bytes that inflates to 4 GB',
      bytes: 138,
      entry: { name: MANIFEST, data: '\x03\0', isDeflated: true },
    },
  ]).filter((_, index) => takesTurn(index, 3)),
)('%s', async (_, { entry, bytes }) => {
  const [canary, cwd] = [await startCanary(), await temporaryFolder()];
  const [usual, watched] = [await probe(await temporaryFolder()), await probe(await temporaryFolder())];
  await writeFile(join(cwd, 'app.apk'), zip([{ ...entry, declaredBytes: FOUR_GB }]));
  await copyFixture('v123.apk', cwd, 'good.apk');
  const line = ['--environment', 'dev', '--dry-run'];
  await runCli(['protect', 'good.apk', ...line], { cwd, env: { ...canary.variables, ...usual.env } });

  const result = await protect(canary, cwd);
  await runCli(['protect', 'app.apk', ...line], { cwd, env: { ...canary.variables, ...watched.env } });

  expect((await stat(join(cwd, 'app.apk'))).size).toBe(bytes);
  expectRefused(result, canary, { exit: 3, says: 'archive declares an impossible size' });
  expect((await watched.read()).maxRssMiB - (await usual.read()).maxRssMiB).toBeLessThan(64);
});

test('B-93: a name with quotes and line breaks', async () => {
  const [canary, cwd] = [await startCanary(), await temporaryFolder()];
  const file = 'a"b\r\nX: 1.apk';
  await copyFixture('v123.apk', cwd, file);

  const result = await protect(canary, cwd, file);

  expectRefused(result, canary, { exit: 2, says: 'file name has control characters', hides: ['\r', '\nX: 1'] });
});

test('B-93: a name with quotes alone', async () => {
  const [canary, cwd] = [await startCanary(), await temporaryFolder()];
  await copyFixture('v123.apk', cwd, 'a"b.apk');

  const result = await protect(canary, cwd, 'a"b.apk', ['--dry-run', '--json']);

  expectAccepted(result);
  expect(JSON.parse(result.stdout)).toMatchObject({ data: { plan: { fields: { file_name: 'a"b.apk' } } } });
});

test.each(
  named(
    [
      { name: 'B-94: a name of 300 bytes', file: `${'a'.repeat(296)}.apk`, before: [] },
      { name: 'B-94: a name that is only .apk', file: '.apk', before: [] },
      { name: 'B-94: a name with an RTL override', file: 'app\u202ekpa.apk', before: [] },
      { name: 'B-94: a name with a leading -', file: './-app.apk', before: [] },
      { name: 'B-94: a name with a leading - after --', file: '-app.apk', before: ['--'] },
    ].flatMap((row) => [
      { ...row, name: `${row.name}, to protect`, command: ['protect', '--environment', 'dev'] },
      { ...row, name: `${row.name}, to upload`, command: ['upload', '--to', 'apptego', '--environment', 'dev'] },
    ]),
  ),
)('%s', async (_, { file, before, command }) => {
  const [canary, cwd] = [await startCanary(), await temporaryFolder()];
  // No file system here holds a name of 300 bytes.
  if (file.length < 255) await copyFixture('v123.apk', cwd, file);

  const result = await runCli([...command, ...before, file], { cwd, env: canary.variables });

  expectRefused(result, canary, { exit: 2, says: 'file name is not usable; rename the file', hides: ['\u202e'] });
});

test.each(
  named([
    { name: 'F-IO-01: an input that is missing', make: null, says: 'no such file "app.apk"' },
    { name: 'F-IO-01: an input that is a directory', make: 'mkdir app.apk', says: 'not a regular file' },
    { name: 'F-IO-01: an input that is a FIFO', make: 'mkfifo app.apk', says: 'not a regular file' },
    { name: 'F-IO-01: an input that is a device', make: 'ln -s /dev/zero app.apk', says: 'not a regular file' },
    ...(process.getuid?.() === 0
      ? []
      : [
          {
            name: 'F-IO-01: an input that may not be read',
            make: 'touch app.apk; chmod 0 app.apk',
            says: 'permission denied',
          },
        ]),
  ]),
)('%s', async (_, { make, says }) => {
  const [canary, cwd] = [await startCanary(), await temporaryFolder()];
  if (make !== null) spawnSync('sh', ['-c', make], { cwd });

  const result = await protect(canary, cwd);

  expectRefused(result, canary, { exit: 3, says });
});

test('B-95: a symlink to the file', async () => {
  const cwd = await temporaryFolder();
  await copyFixture('v123.apk', cwd, 'build-17.apk');
  await symlink('build-17.apk', join(cwd, 'app.apk'));
  const args = [
    'upload',
    'app.apk',
    '--to',
    'apptego',
    '--environment',
    'dev',
    '--sandbox',
    '--poll-interval',
    '100ms',
  ];

  const result = await runCli(args, { cwd });

  expectAccepted(result);
  expect(result.stdout).toMatch(/^apptego:[\w.-]+\n$/);
});

test.each(
  named(
    [2_000_000_000 - 1, 2_000_000_000, 2_000_000_000 + 1, 2 * GIB - 1, 2 * GIB].map((sizeBytes) => ({
      name: `B-98: ${sizeBytes} bytes`,
      sizeBytes,
    })),
  ),
)('%s', async (_, { sizeBytes }) => {
  const [canary, cwd] = [await startCanary(), await temporaryFolder()];
  await sparseApk(join(cwd, 'app.apk'), sizeBytes);

  const result = await protect(canary, cwd, 'app.apk', ['--dry-run']);

  expectAccepted(result);
  expect(result.stdout).toContain(`file_size: ${sizeBytes}\n`);
});

test.each(
  named([
    { name: 'B-98: an APK of 2 GiB and a byte', make: (path: string) => sparseApk(path, 2 * GIB + 1) },
    {
      name: 'B-98: 2 GiB and a byte of nothing',
      make: async (path: string) => {
        await writeFile(path, '');
        await truncate(path, 2 * GIB + 1);
      },
    },
  ]),
)('%s', async (_, { make }) => {
  const [canary, cwd] = [await startCanary(), await temporaryFolder()];
  await make(join(cwd, 'app.apk'));

  const result = await protect(canary, cwd);

  expectRefused(result, canary, { exit: 2, says: 'file is larger than 2 GB' });
});

/** As soon as `app.apk` has been opened, something is done to it. */
function onceOpened(deed: () => void): void {
  const { open } = fsPromises;
  fsPromises.open = async (path, ...others) => {
    const handle = await open(path, ...others);
    if (String(path).endsWith('app.apk')) deed();
    return handle;
  };
  syncBuiltinESMExports();
  onTestFinished(() => {
    fsPromises.open = open;
    syncBuiltinESMExports();
  });
}

test.each(
  named([
    {
      name: 'B-99: a file that is replaced while it is opened',
      deed: (cwd: string) => renameSync(join(cwd, 'next.apk'), join(cwd, 'app.apk')),
    },
    {
      name: 'B-99: a file that is removed while it is opened',
      deed: (cwd: string) => rmSync(join(cwd, 'app.apk')),
    },
  ]),
)('%s', async (_, { deed }) => {
  const [canary, cwd] = [await startCanary(), await temporaryFolder()];
  await copyFixture('v123.apk', cwd, 'app.apk');
  await copyFixture('v3.apk', cwd, 'next.apk');
  onceOpened(() => deed(cwd));

  const result = await runCli(['protect', 'app.apk', '--environment', 'dev'], { cwd, env: canary.variables });

  expectRefused(result, canary, { exit: 3, says: 'file changed while apptool was reading it' });
});

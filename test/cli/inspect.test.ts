import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { InspectDocument } from '../../src/cli/output/inspect-document.ts';
import { ResultDocument } from '../../src/contract/result-document.ts';
import { bigApk, copyFixture, fixture, sha256Of, temporaryFolder } from '../../src/testing/files.ts';
import { expectAccepted, named, probe, startCanary } from '../support/canary.ts';
import { runCli } from '../support/cli.ts';
import { binaryXml } from '../support/manifest-bytes.ts';
import { takesTurn } from '../support/share.ts';
import { tamperedCopies } from '../support/tampered-apks.ts';
import { sparseApk, zip } from '../support/zip-bytes.ts';

/** SHA-256 of the certificate that signs the fixtures, as apksigner and keytool say it. */
const SIGNER = 'a569981876150527a27f973371b680b19b2053d606214f5b0ff46fce1e3e8394';

async function inspectJson(path: string, cwd = '/') {
  const result = await runCli(['inspect', path, '--json'], { cwd });
  expect(result.code, result.stdout).toBe(0);
  return InspectDocument.parse(JSON.parse(result.stdout));
}

const FIXTURES = ['unsigned.apk', 'v1.apk', 'v2.apk', 'v3.apk', 'v123.apk', 'rich.apk', 'rich-utf16.apk'];

describe('--json', () => {
  test.each([...FIXTURES, 'unsigned.aab', 'signed.aab', 'app.ipa'])('%s fits the published schema', async (name) => {
    const document = await inspectJson(fixture(name));

    expect(document.artifact).toMatchObject({
      name,
      size: (await stat(fixture(name))).size,
      sha256: await sha256Of(fixture(name)),
    });
    expect(document.warnings).toEqual([]);
  });

  test('of a large file is the same where Node.js grants no threads', async () => {
    const path = await bigApk(join(await temporaryFolder(), 'app.apk'), 40 * 1024 * 1024, 'hole');
    const known = process.allowedNodeEnvironmentFlags;
    const permission = ['--permission', '--experimental-permission'].find((flag) => known.has(flag));
    const NODE_OPTIONS = `${permission} --allow-fs-read=* --allow-fs-write=*`;

    const { code, stdout, stderr } = await runCli(['inspect', path, '--json'], { env: { NODE_OPTIONS } });

    expect(code, stdout + stderr).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ artifact: { sha256: await sha256Of(path) } });
  });

  test('of a file that is refused is the usual document, without data', async () => {
    const { code, stdout } = await runCli(['inspect', 'nothing.apk', '--json']);

    expect(code).toBe(3);
    expect(InspectDocument.parse(JSON.parse(stdout))).toMatchObject({ ok: false, data: null });
  });
});

test('an APK: who it is, what it wants, who signed it', async () => {
  const { data, artifact } = await inspectJson(fixture('rich.apk'));

  expect(artifact).toMatchObject({ packageName: 'dev.apptool.rich', versionName: '2.0-β', versionCode: 2 ** 32 + 7 });
  expect(data).toMatchObject({
    kind: 'apk',
    app: {
      packageName: 'dev.apptool.rich',
      minSdk: 24,
      targetSdk: 29,
      label: '日本 Rich',
      icon: 'res/drawable-xxhdpi-v4/icon.png',
      permissions: [
        { name: 'android.permission.INTERNET', maxSdk: null },
        { name: 'android.permission.WRITE_EXTERNAL_STORAGE', maxSdk: 28 },
        { name: 'android.permission.CAMERA', maxSdk: null },
      ],
      debuggable: false,
      testOnly: true,
    },
    abis: ['arm64-v8a', 'x86_64'],
    signatures: [
      { scheme: 'v1', verified: null },
      { scheme: 'v2', verified: true, signers: [{ subject: 'CN=Android Debug, O=Android, C=US', androidDebug: true }] },
      { scheme: 'v3', verified: true },
    ],
    problems: [],
  });
});

test('a bundle: the same of its base module, and whose JAR signature it has', async () => {
  const { data } = await inspectJson(fixture('signed.aab'));
  const unsigned = await inspectJson(fixture('unsigned.aab'));

  expect(data).toMatchObject({
    kind: 'aab',
    app: {
      packageName: 'dev.apptool.fixture',
      versionCode: 42,
      label: 'Fixture é App',
      icon: 'base/res/drawable/icon.png',
      debuggable: true,
    },
    signatures: [{ scheme: 'v1', verified: true, signers: [{ subject: 'CN=Fixture', sha256: SIGNER }] }],
  });
  expect(unsigned.data).toMatchObject({ kind: 'aab', signatures: [] });
});

test('an IPA: who it is, and what its provisioning profile allows', async () => {
  const { data, artifact } = await inspectJson(fixture('app.ipa'));

  expect(artifact).toMatchObject({ platform: 'ios', packageName: 'dev.apptool.fixture', versionCode: 42 });
  expect(data).toMatchObject({
    kind: 'ipa',
    app: {
      bundleId: 'dev.apptool.fixture',
      versionName: '1.2.3',
      buildNumber: '42',
      minimumOs: '13.0',
      label: 'Fixture é',
      profile: {
        name: 'Fixture Profile',
        kind: 'development',
        teamId: 'ABCDE12345',
        expires: '2030-01-01T00:00:00.000Z',
        deviceCount: 1,
        debuggable: true,
      },
    },
  });
});

test('the table says the same in words', async () => {
  const { code, stdout, stderr } = await runCli(['inspect', fixture('v123.apk')]);

  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(/^kind +APK$/m);
  expect(stdout).toMatch(/^package +dev\.apptool\.fixture$/m);
  expect(stdout).toMatch(/^permissions +android\.permission\.INTERNET\n +android\.permission\.CAMERA$/m);
  expect(stdout).toMatch(/^signatures +v1 v2 v3: valid\n +CN=Fixture\n/m);
  expect(stdout).toContain(await sha256Of(fixture('v123.apk')));
  expect(stdout).toMatch(/^verdict +it is debuggable\n$/m);
});

test('a release is told as one', async () => {
  const { stdout } = await runCli(['inspect', fixture('sample.apk')]);
  expect(stdout).toMatch(/^verdict +nothing in the file blocks a release$/m);
});

test('an APK that was changed after it was signed is reported as such', async () => {
  const folder = await temporaryFolder();
  const changed = (await tamperedCopies('v123.apk')).find(({ what }) => what === 'a byte of an entry');
  await writeFile(join(folder, 'app.apk'), changed?.bytes ?? '');

  const { data, warnings } = await inspectJson('app.apk', folder);
  const { stdout } = await runCli(['inspect', 'app.apk'], { cwd: folder });

  const reason = 'the file was changed after it was signed';
  expect(data).toMatchObject({
    signatures: [
      { scheme: 'v1', verified: false, reason: 'AndroidManifest.xml does not match the directory of the archive' },
      { scheme: 'v2', verified: false, reason },
      { scheme: 'v3', verified: false, reason },
    ],
  });
  expect(warnings).toEqual([
    { code: 'broken-archive', message: expect.stringContaining('whose local header contradicts') },
    {
      code: 'invalid-signature',
      message: 'the v1 signature does not verify: AndroidManifest.xml does not match the directory of the archive',
    },
    { code: 'invalid-signature', message: `the v2 signature does not verify: ${reason}` },
    { code: 'invalid-signature', message: `the v3 signature does not verify: ${reason}` },
  ]);
  expect(stdout).toContain(`v2 v3: NOT VALID: ${reason}`);
});

test('a v4 signature is the file beside the APK', async () => {
  const folder = await temporaryFolder();
  await copyFixture('v123.apk', folder, 'app.apk');
  const certificate = Buffer.from('no certificate');
  const prefixed = (bytes: Buffer) => {
    const length = Buffer.alloc(4);
    length.writeUInt32LE(bytes.length);
    return Buffer.concat([length, bytes]);
  };
  const signingInfo = Buffer.concat([prefixed(Buffer.alloc(32)), prefixed(certificate)]);
  const version = Buffer.from([2, 0, 0, 0]);
  await writeFile(
    join(folder, 'app.apk.idsig'),
    Buffer.concat([version, prefixed(Buffer.alloc(40)), prefixed(signingInfo)]),
  );

  const { data } = await inspectJson('app.apk', folder);

  expect(data).toMatchObject({
    signatures: [
      { scheme: 'v1' },
      { scheme: 'v2' },
      { scheme: 'v3' },
      { scheme: 'v4', verified: null, signers: [{ subject: null }] },
    ],
  });
});

test('what the file says of itself makes no line of its own, and steers no terminal', async () => {
  const folder = await temporaryFolder();
  const label = 'x\n::error::y\u001b[2J';
  const application = { name: 'application', attributes: [{ name: 'label', id: 0x01010001, value: label }] };
  const manifest = binaryXml({
    name: 'manifest',
    attributes: [{ name: 'package', value: 'a.b' }],
    children: [application],
  });
  await writeFile(join(folder, 'app.apk'), zip([{ name: 'AndroidManifest.xml', data: manifest }]));

  const { stdout } = await runCli(['inspect', 'app.apk'], { cwd: folder });
  const { data } = await inspectJson('app.apk', folder);

  expect(stdout).toMatch(/^label +x ::error::y\\u\{1b\}\[2J$/m);
  expect(stdout).not.toContain('\u001b');
  expect(data).toMatchObject({ app: { label } });
});

test.each(
  named([
    { name: 'v123.apk', app: { packageName: 'dev.apptool.fixture', versionName: '1.2.3-rc.1', versionCode: 42 } },
    { name: 'signed.aab', app: { packageName: 'dev.apptool.fixture', versionName: '1.2.3-rc.1', versionCode: 42 } },
    { name: 'app.ipa', app: { packageName: 'dev.apptool.fixture', versionName: '1.2.3', versionCode: 42 } },
  ]),
)('an upload of %s names the app, in its document and in its receipt', async (name, { app }) => {
  const folder = await temporaryFolder();
  await copyFixture(name, folder);
  const flags = ['--to', 'apptego', '-e', 'dev', '--sandbox', '--poll-interval', '100ms', '--receipt', 'receipt.json'];

  const { code, stdout } = await runCli(['upload', name, ...flags, '--json'], { cwd: folder });

  expect(code).toBe(0);
  expect(ResultDocument.parse(JSON.parse(stdout)).artifact).toMatchObject(app);
  expect(JSON.parse(await readFile(join(folder, 'receipt.json'), 'utf8'))).toMatchObject({ input: app });
});

test.runIf(takesTurn(0, 2))('an APK of 2 GiB takes no more memory to look into than a small one', async () => {
  const [canary, folder] = [await startCanary(), await temporaryFolder()];
  const [small, large] = [await probe(await temporaryFolder()), await probe(await temporaryFolder())];
  await copyFixture('unsigned.apk', folder, 'small.apk');
  await sparseApk(join(folder, 'large.apk'), 2 * 1024 ** 3);
  const rehearse = async (file: string, env: Readonly<Record<string, string>>) =>
    await runCli(['protect', file, '-e', 'dev', '--dry-run'], { cwd: folder, env: { ...canary.variables, ...env } });

  await rehearse('small.apk', small.env);
  expectAccepted(await rehearse('large.apk', large.env));

  expect((await large.read()).maxRssMiB - (await small.read()).maxRssMiB).toBeLessThan(32);
});

// The other of the larger files is in protect.test.ts.
test.runIf(takesTurn(1, 2))('checking the signature of a larger APK takes the memory of one chunk', async () => {
  const folder = await temporaryFolder();
  const [small, large] = [await probe(await temporaryFolder()), await probe(await temporaryFolder())];
  await copyFixture('v123.apk', folder, 'small.apk');
  await signedBlockOver(await bigApk(join(folder, 'large.apk'), 200 * 1024 * 1024));

  await runCli(['inspect', 'small.apk'], { cwd: folder, env: small.env });
  const result = await runCli(['inspect', 'large.apk'], { cwd: folder, env: large.env });

  expect(result.stdout).toContain('v2 v3: NOT VALID: the file was changed after it was signed');
  expect((await large.read()).maxRssMiB - (await small.read()).maxRssMiB).toBeLessThan(64);
});

/** Puts the signing block of a fixture before the directory of another APK, for which it does not verify: so all of it has to be read. */
async function signedBlockOver(path: string): Promise<void> {
  const signed = await readFile(fixture('v123.apk'));
  const signedDirectoryAt = signed.readUInt32LE(signed.length - 6);
  const blockBytes = Number(signed.readBigUInt64LE(signedDirectoryAt - 24)) + 8;
  const apk = await readFile(path);
  const directoryAt = apk.readUInt32LE(apk.length - 6);
  apk.writeUInt32LE(directoryAt + blockBytes, apk.length - 6);
  const block = signed.subarray(signedDirectoryAt - blockBytes, signedDirectoryAt);
  await writeFile(path, [apk.subarray(0, directoryAt), block, apk.subarray(directoryAt)]);
}

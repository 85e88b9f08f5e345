import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ResultDocument } from '../../src/contract/result-document.ts';
import { faultProxy } from '../../src/testing/fault-proxy.ts';
import { faults } from '../../src/testing/faults.ts';
import { copyFixture, fixture, temporaryFolder } from '../../src/testing/files.ts';
import { sandbox } from '../../src/testing/sandbox.ts';
import { runCli } from '../support/cli.ts';
import { binaryXml } from '../support/manifest-bytes.ts';
import { zip } from '../support/zip-bytes.ts';

const NOT_IN_RECEIPTS = 'minimum SDK, target SDK, permissions, whether it is debuggable';
const QUICK = ['--environment', 'staging', '--poll-interval', '50ms'];

/** A sandbox whose every output is this file, and a folder with `v2.apk` in it. */
async function givingBack(bytes: Buffer) {
  const head = `HTTP/1.1 200 OK\r\ncontent-length: ${bytes.length}\r\n\r\n`;
  const instead = faults.raw(Buffer.concat([Buffer.from(head), bytes]));
  const proxy = await faultProxy(await sandbox(), [{ origin: 'storage', method: 'GET', times: 1_000, fault: instead }]);
  const folder = await temporaryFolder();
  await copyFixture('v2.apk', folder);
  const fetches = () => proxy.seen.filter(({ origin, method }) => origin === 'storage' && method === 'GET').length;
  return { folder, env: proxy.variables, fetches };
}

/** Without the one that the sandbox is on loopback, which every run here has. */
function warningsOf(stdout: string): string[] {
  const { warnings } = ResultDocument.parse(JSON.parse(stdout));
  return warnings.flatMap(({ code, message }) => (code === 'loopback' ? [] : `${code}: ${message}`));
}

/** An unsigned APK of the fixture's package with hardly anything in it. */
function otherBuild(): Buffer {
  const manifest = binaryXml({ name: 'manifest', attributes: [{ name: 'package', value: 'dev.apptool.fixture' }] });
  return zip([{ name: 'AndroidManifest.xml', data: manifest }]);
}

describe('what comes back', () => {
  test('F-SRV-30: another package is refused, and nothing is left', async () => {
    const { folder, env } = await givingBack(await readFile(fixture('rich.apk')));

    const result = await runCli(['protect', 'v2.apk', ...QUICK], { env, cwd: folder });

    expect(result).toMatchObject({ code: 11, stdout: '' });
    expect(result.stderr).toContain(
      'error[integrity]: the output is the app dev.apptool.rich, the input dev.apptool.fixture',
    );
    expect(await readdir(folder)).toEqual(['v2.apk']);
  });

  test('what else differs is told, a line each', async () => {
    const { folder, env } = await givingBack(otherBuild());

    const result = await runCli(['protect', 'v2.apk', ...QUICK, '--json'], { env, cwd: folder });

    expect(result.code).toBe(0);
    expect(warningsOf(result.stdout)).toEqual([
      'debuggable: v2.apk is debuggable; release builds should not be',
      'output-differs: the version name is unknown in the output, but 1.2.3-rc.1 in the input',
      'output-differs: the version code is unknown in the output, but 42 in the input',
      'output-differs: the minimum SDK is unknown in the output, but 21 in the input',
      'output-differs: the target SDK is unknown in the output, but 29 in the input',
      'output-differs: the output is not debuggable, the input is',
      'output-differs: the output lacks permissions of the input: android.permission.INTERNET, android.permission.CAMERA',
      'unsigned-output: the output has no signature (the input was signed by CN=Fixture): give a signing key, set a default key in the portal, or sign the output elsewhere (apksigner, codesign) before you publish it',
    ]);
  });

  const MANIFEST_ENTRY = {
    name: 'AndroidManifest.xml',
    data: binaryXml({ name: 'manifest', attributes: [{ name: 'package', value: 'dev.apptool.fixture' }] }),
  };

  test.each([
    ['a name twice', zip([MANIFEST_ENTRY, { name: 'a' }, { name: 'a' }]), 'name appears twice: a'],
    ['another local header', zip([MANIFEST_ENTRY, { name: 'a', local: { name: 'b' } }]), 'local header'],
    ['a gap before its end', zip([MANIFEST_ENTRY], { gapBytes: 8 }), 'does not end where its end record begins'],
    ['an encrypted entry', zip([MANIFEST_ENTRY, { name: 'a', data: 'x', isEncrypted: true }]), 'encrypted'],
    ['no app in it', zip([{ name: 'a' }]), 'not an APK, AAB or IPA'],
  ])('F-SRV-36: %s is refused after one fetch, with words that are true', async (_, bytes, says) => {
    const { folder, env, fetches } = await givingBack(bytes);

    const result = await runCli(['protect', 'v2.apk', ...QUICK], { env, cwd: folder });

    expect(result).toMatchObject({ code: 11, stdout: '' });
    expect(result.stderr).toContain(says);
    expect(result.stderr).not.toContain('not a complete archive');
    expect(result.stderr).toMatch(/^hint: look at the build in the portal: downloading it again gives the same file$/m);
    expect(fetches()).toBe(1);
    expect(await readdir(folder)).toEqual(['v2.apk']);
  });

  test.each([
    ['an absolute name', zip([MANIFEST_ENTRY, { name: '/x.pom' }]), 'points outside the folder'],
    ['the flag for encryption', zip([{ ...MANIFEST_ENTRY, isMarkedEncrypted: true }]), 'marked as encrypted'],
    [
      'an extra field that lies',
      zip([{ ...MANIFEST_ENTRY, extra: Buffer.from('XX\x09\x00', 'latin1') }]),
      'extra field',
    ],
  ])('F-SRV-35: %s is a warning, and the output is there', async (_, bytes, says) => {
    const { folder, env, fetches } = await givingBack(bytes);

    const result = await runCli(['protect', 'v2.apk', ...QUICK, '--json'], { env, cwd: folder });

    expect(result.code).toBe(0);
    expect(warningsOf(result.stdout)).toContainEqual(
      expect.stringMatching(`^unreadable-part: in the output: it .*${says}`),
    );
    expect(fetches()).toBe(1);
  });

  test('no signature is refused where a signing key was asked for', async () => {
    const { folder, env } = await givingBack(await readFile(fixture('unsigned.apk')));

    const result = await runCli(['protect', 'v2.apk', ...QUICK, '--signing-key', 'key-1'], { env, cwd: folder });

    expect(result).toMatchObject({ code: 11, stdout: '' });
    expect(result.stderr).toContain('the output is not signed, but signing key key-1 was requested');
    expect(result.stderr).toMatch(/^hint: check the signing key in the portal$/m);
    expect(await readdir(folder)).toEqual(['v2.apk']);
  });

  test.each(['unsigned.apk', 'v2.apk', 'signed.aab', 'unsigned.aab', 'app.ipa'])(
    'of %s, as the sandbox gives it back, is the same app, signed where a key was asked for',
    async (name) => {
      const { variables: env } = await sandbox();
      const folder = await temporaryFolder();
      await copyFixture(name, folder);

      const line = ['protect', name, ...QUICK, '--json', '--force'];
      const signed = await runCli([...line, '--signing-key', 'key-1'], { env, cwd: folder });
      const unsigned = await runCli([...line, '--signing-key', 'none'], { env, cwd: folder });

      for (const { stdout } of [signed, unsigned])
        expect(warningsOf(stdout)).toEqual([`debuggable: ${name} is debuggable; release builds should not be`]);
      expect([signed.code, unsigned.code]).toEqual([0, 0]);
    },
  );
});

describe('download by a receipt', () => {
  async function uploaded(bytes: Buffer) {
    const { folder, env } = await givingBack(bytes);
    await runCli(['upload', 'v2.apk', '--to', 'apptego', '-e', 'staging', '--receipt', 'r.json'], { env, cwd: folder });
    await runCli(['wait', 'r.json', '--poll-interval', '50ms'], { env, cwd: folder });
    return {
      folder,
      env,
      download: () => runCli(['download', 'r.json', '-o', 'o.apk', '--json'], { env, cwd: folder }),
    };
  }

  test.each([
    ['the input', 'v2.apk', 'identical to the input'],
    ['another app', 'rich.apk', 'the output is the app dev.apptool.rich, the input dev.apptool.fixture'],
    ['another kind of file', 'signed.aab', 'the output is an AAB, the input an APK'],
  ])('refuses %s', async (_, name, says) => {
    const { folder, download } = await uploaded(await readFile(fixture(name)));

    const { code, stdout } = await download();

    expect(code).toBe(11);
    expect(ResultDocument.parse(JSON.parse(stdout)).error?.message).toContain(says);
    expect((await readdir(folder)).sort()).toEqual(['r.json', 'v2.apk']);
  });

  test('tells what differs, as far as the receipt knows the input', async () => {
    const { download } = await uploaded(otherBuild());

    const { code, stdout } = await download();

    expect(code).toBe(0);
    expect(warningsOf(stdout)).toEqual([
      'output-differs: the version name is unknown in the output, but 1.2.3-rc.1 in the input',
      'output-differs: the version code is unknown in the output, but 42 in the input',
      `not-compared: not compared, because it is unknown for the input: ${NOT_IN_RECEIPTS}`,
    ]);
  });

  test('of a run that knew nothing of the app compares what there is', async () => {
    const { folder, download } = await uploaded(await readFile(fixture('rich.apk')));
    const receipt = JSON.parse(await readFile(join(folder, 'r.json'), 'utf8'));
    const input = { ...receipt.input, packageName: null, versionName: null, versionCode: null };
    await writeFile(join(folder, 'r.json'), JSON.stringify({ ...receipt, input }));

    const { code, stdout } = await download();

    expect(code).toBe(0);
    expect(warningsOf(stdout)).toEqual([
      'not-compared: the package of the input is unknown, so it cannot be checked that the output is the same app',
      `not-compared: not compared, because it is unknown for the input: version name, version code, ${NOT_IN_RECEIPTS}`,
    ]);
  });
});

describe('a rehearsal of protect and publish', () => {
  const STORES = ['publish', 'o.apk', '--to', 'autoappstore,applivery', '--poll-interval', '50ms', '--json'];

  async function rehearsed(backend: string, ...more: string[]) {
    const { variables: env } = await sandbox({ hasDefaultKey: true });
    const folder = await temporaryFolder();
    await copyFixture('v2.apk', folder);
    const line = ['protect', 'v2.apk', ...QUICK, '--backend', backend, '-o', 'o.apk', '--json', ...more];
    const isProtected = await runCli(line, { env, cwd: folder });
    return { isProtected, published: await runCli(STORES, { env, cwd: folder }) };
  }

  test.each(['apptego', 'apptego-management'])('is green with the default key of the tenant at %s', async (backend) => {
    const { isProtected, published } = await rehearsed(backend);

    expect([isProtected.code, published.code]).toEqual([0, 0]);
    expect(warningsOf(isProtected.stdout).filter((warning) => warning.startsWith('unsigned'))).toEqual([]);
  });

  test.each(['apptego', 'apptego-management'])(
    'without a key ends at the store of %s, and says why',
    async (backend) => {
      const { published } = await rehearsed(backend, '--signing-key', 'none');

      expect(published.code).toBe(2);
      expect(ResultDocument.parse(JSON.parse(published.stdout)).error).toMatchObject({
        message: 'cannot send o.apk: it is not signed, and autoappstore refuses such files',
        hint: expect.stringMatching(/protect again with a signing key or set a default key/),
      });
    },
  );
});

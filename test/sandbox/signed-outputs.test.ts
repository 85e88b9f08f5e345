import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { protectArchive } from '../../src/backends/apptego-shared/sandbox-protect-archive.ts';
import { proveSigned, readSignedContents } from '../../src/run/checks/signed-proof.ts';
import { fixture, temporaryFolder } from '../../src/testing/files.ts';
import { askApksigner, hasApksigner } from '../support/android-tools.ts';
import { asAndroid, fileOf, inspectedAt } from '../support/inspected.ts';
import { binaryXml } from '../support/manifest-bytes.ts';
import { zip } from '../support/zip-bytes.ts';

/** From an Android on that knows the algorithms of the sandbox. */
const USES_SDK = {
  name: 'uses-sdk',
  attributes: [{ name: 'minSdkVersion', id: 0x0101020c, value: { type: 0x10, data: 21 } }],
};

async function signed(bytes: Buffer): Promise<string> {
  const folder = await temporaryFolder();
  const [input, output] = [join(folder, 'in.apk'), join(folder, 'out.apk')];
  await writeFile(input, bytes);
  await protectArchive(input, output, 'protected', { isSigned: true });
  return output;
}

describe('what the sandbox signs', () => {
  test.each(['unsigned.apk', 'v1.apk', 'v2.apk', 'v123.apk', 'rich.apk', 'unsigned.aab', 'signed.aab'])(
    '%s has true signatures, by the key of the sandbox alone',
    async (name) => {
      const output = await signed(await readFile(fixture(name)));

      const { kind, signatures } = asAndroid(await inspectedAt(output));

      const said = signatures.map(({ scheme, verified, signers }) => [
        scheme,
        verified,
        signers.map(({ subject }) => subject),
      ]);
      // No Android that installs rich.apk looks at its v1 signature.
      const v1 = name === 'rich.apk' ? null : true;
      const schemes =
        kind === 'apk'
          ? [
              ['v1', v1],
              ['v2', true],
            ]
          : [['v1', v1]];
      expect(said).toEqual(schemes.map((scheme) => [...scheme, ['CN=apptool sandbox']]));
    },
  );

  test.runIf(hasApksigner)('an APK verifies by apksigner', async () => {
    const answer = await askApksigner(await signed(await readFile(fixture('v123.apk'))));

    expect(answer).toMatchObject({ verifies: true, schemes: ['v2'] });
  });

  test('names longer than a line of a manifest, and of several megabytes, too', async () => {
    const manifest = binaryXml({
      name: 'manifest',
      attributes: [{ name: 'package', value: 'dev.app' }],
      children: [USES_SDK],
    });
    const names = [69, 70, 71, 72, 150].map((length) => `assets/${'é'.repeat(length)}`);
    const bytes = zip([
      { name: 'AndroidManifest.xml', data: manifest },
      ...names.map((name) => ({ name, data: name })),
      { name: 'assets/large', data: Buffer.alloc(3 * 1024 * 1024 + 1, 'x') },
    ]);

    const { signatures } = asAndroid(await inspectedAt(await signed(bytes)));

    expect(signatures.map(({ scheme, verified }) => [scheme, verified])).toEqual([
      ['v1', true],
      ['v2', true],
    ]);
  });

  test('is proved to be the output signed, whoever had signed it before', async () => {
    const signal = new AbortController().signal;
    const folder = await temporaryFolder();
    const plain = join(folder, 'plain.apk');
    await protectArchive(fixture('v2.apk'), plain, 'protected');
    const other = await signed(await readFile(fixture('v2.apk')));
    const contentsAt = async (path: string) => await readSignedContents(fileOf(await readFile(path)), signal);

    expect(proveSigned(await contentsAt(plain), await contentsAt(other))).toEqual([]);
  });
});

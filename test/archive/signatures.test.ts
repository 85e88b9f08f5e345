import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { openAppArchive } from '../../src/archive/archive-kind.ts';
import { readSignatures } from '../../src/archive/signature/signatures.ts';
import { fixture } from '../../src/testing/files.ts';
import { certificateShell, commonName, signedData, signerInfo } from '../support/der.ts';
import { fileOf } from '../support/inspected.ts';
import { zip } from '../support/zip-bytes.ts';

const MANIFEST = { name: 'AndroidManifest.xml' };
const APP = 'Payload/A.app/';
const NOBODY = signerInfo({ issuer: commonName('nobody'), serial: 3, signature: Buffer.alloc(8) });

async function signaturesOf(bytes: Buffer) {
  const problems: string[] = [];
  const { isSigned, isDebugSigned } = await readSignatures(await openAppArchive(fileOf(bytes)), problems);
  return { isSigned, isDebugSigned, problems: problems.length };
}

/** An APK with what ends an APK signing block where one would be, and a size that cannot be. */
function withBrokenBlock(): Buffer {
  const whole = zip([MANIFEST]);
  const endAt = whole.length - 22;
  const directoryAt = whole.readUInt32LE(endAt + 16);
  const footer = Buffer.concat([Buffer.alloc(8, 0xff), Buffer.from('APK Sig Block 42')]);
  whole.writeUInt32LE(directoryAt + footer.length, endAt + 16);
  return Buffer.concat([whole.subarray(0, directoryAt), footer, whole.subarray(directoryAt)]);
}

test.each([
  ['unsigned.apk', false, false],
  ['v1.apk', true, false],
  ['v2.apk', true, false],
  ['v3.apk', true, false],
  ['v123.apk', true, false],
  ['rich.apk', true, true],
  ['unsigned.aab', false, false],
  ['signed.aab', true, false],
  ['app.ipa', false, false],
])('%s: signed %s, for debug builds alone %s', async (name, isSigned, isDebugSigned) => {
  expect(await signaturesOf(await readFile(fixture(name)))).toEqual({ isSigned, isDebugSigned, problems: 0 });
});

test('an IPA with a code signature is signed', async () => {
  const bytes = zip([{ name: `${APP}Info.plist` }, { name: `${APP}_CodeSignature/CodeResources` }]);

  expect(await signaturesOf(bytes)).toMatchObject({ isSigned: true });
});

test('a signing block that cannot be read: nobody can tell', async () => {
  expect(await signaturesOf(withBrokenBlock())).toEqual({ isSigned: null, isDebugSigned: null, problems: 1 });
});

test('a JAR signature that cannot be read: signed, nobody can tell by whom', async () => {
  const bytes = zip([MANIFEST, { name: 'META-INF/A.RSA', data: 'no message at all' }]);

  expect(await signaturesOf(bytes)).toEqual({ isSigned: true, isDebugSigned: null, problems: 1 });
});

describe('the signer of a JAR signature', () => {
  test.each([
    ['in a block of indefinite length', 'v1-ber.apk', 'CN=release, O=Example Ltd, C=DE', false],
    [
      'named in another string type than its certificate',
      'v1-issuer-printable-debug.apk',
      'CN=Android Debug, O=Android, C=US',
      true,
    ],
  ])('is known %s', async (_, name, subject, isDebugSigned) => {
    const problems: string[] = [];
    const archive = await openAppArchive(fileOf(await readFile(fixture(`signed/${name}`))));

    const signatures = await readSignatures(archive, problems);

    expect(signatures.schemes.flatMap(({ signers }) => signers.map((signer) => signer.subject))).toEqual([subject]);
    expect(signatures.isDebugSigned).toBe(isDebugSigned);
    expect(problems).toEqual([]);
  });

  test('that names no certificate of its block is told', async () => {
    const block = signedData([certificateShell(1), certificateShell(2)], [NOBODY]);
    const problems: string[] = [];

    const bytes = zip([MANIFEST, { name: 'META-INF/A.RSA', data: block }]);
    const { isSigned, isDebugSigned } = await readSignatures(await openAppArchive(fileOf(bytes)), problems);

    expect({ isSigned, isDebugSigned }).toEqual({ isSigned: true, isDebugSigned: null });
    expect(problems).toEqual(['cannot read META-INF/A.RSA: the certificate that it names is missing']);
  });

  test('costs no more than one archive may cost, however many blocks there are', async () => {
    const long = certificateShell(1, 2000);
    const block = signedData(
      Array.from({ length: 100 }, () => long),
      Array.from({ length: 10 }, () => NOBODY),
    );
    const blocks = Array.from({ length: 10 }, (_, index) => ({ name: `META-INF/A${index}.RSA`, data: block }));
    const problems: string[] = [];

    await readSignatures(await openAppArchive(fileOf(zip([MANIFEST, ...blocks]))), problems);

    expect(problems.at(-1)).toBe(
      'cannot read META-INF/A9.RSA: it has too many values: apptool reads at most 500000 in an archive',
    );
  });
});

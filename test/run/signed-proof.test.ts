import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { IntegrityError } from '../../src/contract/errors.ts';
import { proveSigned, readSignedContents, type SignedContents } from '../../src/run/checks/signed-proof.ts';
import { fixture } from '../../src/testing/files.ts';
import { named } from '../support/canary.ts';
import { fileOf } from '../support/inspected.ts';
import { type Entry, zip } from '../support/zip-bytes.ts';

async function contentsOf(bytes: Buffer): Promise<SignedContents> {
  return await readSignedContents(fileOf(bytes), new AbortController().signal);
}

async function fixtureContents(name: string): Promise<SignedContents> {
  return await contentsOf(await readFile(fixture(name)));
}

describe('what was signed elsewhere', () => {
  test.each([
    ['unsigned.apk', 'v1.apk'],
    ['unsigned.apk', 'v2.apk'],
    ['unsigned.apk', 'v3.apk'],
    ['unsigned.apk', 'v123.apk'],
    ['unsigned.aab', 'signed.aab'],
    // Signed anew, by whoever.
    ['v1.apk', 'v123.apk'],
    ['v123.apk', 'v2.apk'],
  ])('%s is proved to be in %s', async (output, signed) => {
    expect(proveSigned(await fixtureContents(output), await fixtureContents(signed))).toEqual([]);
  });

  test.each([
    ['another app', 'unsigned.apk', 'rich.apk', 'different contents'],
    ['another kind', 'unsigned.apk', 'signed.aab', 'it is an AAB, the output an APK'],
    ['the output itself, without a signature', 'unsigned.apk', 'unsigned.apk', 'it is not signed'],
  ])('%s is refused', async (_, output, signed, says) => {
    const [before, after] = [await fixtureContents(output), await fixtureContents(signed)];

    expect(() => proveSigned(before, after)).toThrow(says);
  });

  test('what was changed after it was signed is refused', async () => {
    const bytes = await readFile(fixture('v2.apk'));
    const signed = Buffer.from(bytes);
    // A byte of the first local header's time: no entry, and signed all the same.
    signed.writeUInt8((signed.readUInt8(10) + 1) % 256, 10);

    const [before, after] = [await fixtureContents('unsigned.apk'), await contentsOf(signed)];

    expect(() => proveSigned(before, after)).toThrow('its signature is not valid');
  });
});

const MANIFEST: Entry = { name: 'AndroidManifest.xml', data: 'manifest' };
const DEX: Entry = { name: 'classes.dex', data: 'dex' };
const OUTPUT = zip([MANIFEST, DEX]);
const signedLike = (contents: SignedContents): SignedContents => ({
  ...contents,
  isSigned: true,
  untrue: null,
  unchecked: null,
});

/** What is judged by its entries alone, as if its signature were true. */
const ROWS: readonly { name: string; output?: Buffer; signed: Buffer; says?: string; warns?: string }[] = [
  { name: 'the same entries in another order', signed: zip([DEX, MANIFEST]) },
  {
    name: 'signature files, a stamp and a folder besides',
    signed: zip([
      MANIFEST,
      DEX,
      { name: 'META-INF/' },
      { name: 'META-INF/MANIFEST.MF' },
      { name: 'META-INF/CERT.SF' },
      { name: 'META-INF/CERT.RSA' },
      { name: 'META-INF/A.EC' },
      { name: 'stamp-cert-sha256', data: 'x' },
    ]),
  },
  {
    name: 'signature files of the output that are gone',
    output: zip([MANIFEST, DEX, { name: 'META-INF/OLD.SF' }]),
    signed: zip([MANIFEST, DEX]),
  },
  {
    name: 'other code',
    signed: zip([MANIFEST, { ...DEX, data: 'evil' }]),
    says: 'has different contents in classes.dex',
  },
  { name: 'code that is not there', signed: zip([MANIFEST]), says: 'lacks classes.dex' },
  {
    name: 'more code',
    signed: zip([MANIFEST, DEX, { name: 'classes2.dex' }]),
    says: 'has entries that the output lacks: classes2.dex',
  },
  {
    name: 'a service below META-INF',
    signed: zip([MANIFEST, DEX, { name: 'META-INF/services/x' }]),
    says: 'META-INF/services/x',
  },
  {
    name: 'what hides in a folder of META-INF',
    signed: zip([MANIFEST, DEX, { name: 'META-INF/a/b.RSA' }]),
    says: 'META-INF/a/b.RSA',
  },
  {
    name: 'a folder with contents',
    signed: zip([MANIFEST, DEX, { name: 'x/', data: 'hidden' }]),
    says: 'has entries that the output lacks: x/',
  },
];

const APP = 'Payload/A.app/';
const program = (data: string): Entry => ({ name: `${APP}A`, data: Buffer.from(`cffaedfe${data}`, 'hex') });
const INFO: Entry = { name: `${APP}Info.plist`, data: 'plist' };
const IPA = zip([INFO, program('00')]);
const CODESIGN = [
  '_CodeSignature/CodeResources',
  'embedded.mobileprovision',
  'Frameworks/F.framework/_CodeSignature/CodeResources',
];
const IPA_ROWS: typeof ROWS = [
  {
    name: 'an IPA with other signatures, and its program signed anew',
    output: IPA,
    signed: zip([INFO, program('01'), ...CODESIGN.map((name) => ({ name: `${APP}${name}`, data: 'x' }))]),
    warns: `not-compared: not compared, because signing changes them: ${APP}A`,
  },
  {
    name: 'an IPA with another Info.plist',
    output: IPA,
    signed: zip([{ ...INFO, data: 'other' }, program('00')]),
    says: 'different contents',
  },
  {
    name: 'an IPA with a script in place of its program',
    output: IPA,
    signed: zip([INFO, { name: `${APP}A`, data: '#!/bin/sh' }]),
    says: 'different contents',
  },
  {
    name: 'an IPA with one program more',
    output: IPA,
    signed: zip([INFO, program('00'), { ...program('00'), name: `${APP}B` }]),
    says: `has entries that the output lacks: ${APP}B`,
  },
  {
    name: 'an APK with a program of Apple changed',
    output: zip([MANIFEST, program('00')]),
    signed: zip([MANIFEST, program('01')]),
    says: 'different contents',
  },
];

describe('by its entries', () => {
  test.each([
    [{ unchecked: 'unknown algorithm' }, 'cannot tell whether its signature is valid: unknown algorithm'],
    [{ isSigned: null }, 'cannot tell whether it is signed'],
  ])('what cannot be told of its signature is: %j', async (part, message) => {
    const contents = await contentsOf(OUTPUT);

    expect(proveSigned(contents, { ...signedLike(contents), ...part })).toEqual([
      { code: 'unreadable-signature', message },
    ]);
  });

  test.each(named([...ROWS, ...IPA_ROWS]))('%s', async (_, { output = OUTPUT, signed, says, warns }) => {
    const [before, after] = [await contentsOf(output), signedLike(await contentsOf(signed))];
    const prove = () => proveSigned(before, after).map(({ code, message }) => `${code}: ${message}`);

    if (says === undefined) expect(prove()).toEqual(warns === undefined ? [] : [warns]);
    else expect(prove).toThrow(expect.objectContaining({ exitCode: 11, message: expect.stringContaining(says) }));
  });

  test.each(
    named([
      { name: 'a name that is there twice', bytes: zip([MANIFEST, DEX, { ...DEX, data: 'evil' }]) },
      { name: 'another local header', bytes: zip([MANIFEST, { ...DEX, local: { name: 'classes.dey' } }]) },
      { name: 'no archive', bytes: Buffer.from('nothing') },
    ]),
  )('%s proves nothing', async (_, { bytes }) => {
    await expect(contentsOf(bytes)).rejects.toThrow(IntegrityError);
  });

  test('reading stops with its signal', async () => {
    const stop = new AbortController();
    stop.abort(new Error('stopped'));

    await expect(readSignedContents(fileOf(OUTPUT), stop.signal)).rejects.toThrow('stopped');
  });
});

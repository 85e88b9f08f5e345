import { describe, expect, test } from 'vitest';
import { readAppIdentity } from '../../src/archive/app-identity.ts';
import { openAppArchive } from '../../src/archive/archive-kind.ts';
import { readPropertyList } from '../../src/archive/plist/property-list.ts';
import { UnreadablePart } from '../../src/archive/zip/archive-file.ts';
import { named } from '../support/canary.ts';
import { fileOf, inspected } from '../support/inspected.ts';
import { binaryPlist, xmlPlist } from '../support/manifest-bytes.ts';
import { zip } from '../support/zip-bytes.ts';

const NAME = 'Strånge';

/** The same list in an encoding that its declaration names. */
function declared(encoding: string, value: string): string {
  return xmlPlist(`<dict><key>CFBundleName</key><string>${value}</string></dict>`).replace('UTF-8', encoding);
}

/** UTF-16 with the bytes of each unit the other way round. */
function bigEndian(text: string): Buffer {
  return Buffer.from(text, 'utf16le').swap16();
}

const BOM = '\ufeff';

describe('an XML property list is read', () => {
  test.each(
    named([
      { name: 'in UTF-8', bytes: Buffer.from(declared('UTF-8', NAME)) },
      { name: 'in UTF-8 with a mark', bytes: Buffer.from(BOM + declared('UTF-8', NAME)) },
      { name: 'in UTF-16, little endian', bytes: Buffer.from(BOM + declared('UTF-16', NAME), 'utf16le') },
      { name: 'in UTF-16, big endian', bytes: bigEndian(BOM + declared('UTF-16', NAME)) },
      { name: 'in UTF-16 without a mark', bytes: Buffer.from(declared('UTF-16LE', NAME), 'utf16le') },
      { name: 'in UTF-16, big endian, without a mark', bytes: bigEndian(declared('UTF-16BE', NAME)) },
      { name: 'in Latin-1', bytes: Buffer.from(declared('ISO-8859-1', NAME), 'latin1') },
      { name: 'in UTF-8 that says it is UTF-16', bytes: Buffer.from(declared('UTF-16', NAME)) },
      { name: 'in another Latin', bytes: Buffer.from(declared('windows-1252', NAME), 'latin1') },
    ]),
  )('%s', (_, { bytes }) => {
    expect(readPropertyList(bytes).get('CFBundleName')).toBe(NAME);
  });

  test('in Shift-JIS', () => {
    const bytes = Buffer.from(declared('Shift_JIS', '\x83\x41\x83\x76\x83\x8a'), 'latin1');

    expect(readPropertyList(bytes).get('CFBundleName')).toBe('アプリ');
  });

  test('in no encoding that nobody knows', () => {
    expect(() => readPropertyList(Buffer.from(declared('x-secret', NAME)))).toThrow(UnreadablePart);
  });
});

const ascii = (text: string) => Buffer.concat([Buffer.from([0x50 + text.length]), Buffer.from(text)]);

describe('a property list that has two values for the same key', () => {
  const twice = (first: string, second: string) =>
    Buffer.from(xmlPlist(`<dict><key>a</key>${first}<key>a</key>${second}</dict>`));
  const binary = (second: string) =>
    binaryPlist([Buffer.from([0xd2, 1, 1, 2, 3]), ascii('a'), ascii('one'), ascii(second)], 1);

  test.each(
    named([
      { name: 'in XML', bytes: twice('<string>one</string>', '<string>two</string>') },
      { name: 'of two types', bytes: twice('<true/>', '<array/>') },
      { name: 'in binary', bytes: binary('two') },
    ]),
  )('%s, is not read', (_, { bytes }) => {
    expect(() => readPropertyList(bytes)).toThrow('has two values for the same key');
  });

  test.each(
    named([
      { name: 'in XML', bytes: twice('<string>one</string>', '<string>one</string>') },
      { name: 'in binary', bytes: binary('one') },
    ]),
  )('%s, is read where the two are the same', (_, { bytes }) => {
    expect(readPropertyList(bytes)).toEqual(new Map([['a', 'one']]));
  });
});

describe('a binary property list is read', () => {
  test.each([1, 2, 3, 4, 5, 6, 7, 8])('with offsets of %i bytes', (offsetBytes) => {
    const list = binaryPlist([Buffer.from([0xd1, 1, 2]), ascii('key'), ascii('value')], offsetBytes);

    expect(readPropertyList(list)).toEqual(new Map([['key', 'value']]));
  });

  test.each(
    named([
      { name: 'a UID', object: Buffer.from([0x80, 5]), value: null },
      { name: 'a long UID', object: Buffer.from([0x83, 0, 0, 0, 5]), value: null },
      { name: 'a set', object: Buffer.from([0xc1, 1]), value: ['key'] },
      { name: 'an ordered set', object: Buffer.from([0xb1, 1]), value: ['key'] },
    ]),
  )('with %s in it', (_, { object, value }) => {
    const list = binaryPlist([Buffer.from([0xd2, 1, 2, 3, 4]), ascii('key'), ascii('b'), object, ascii('found')]);

    expect(readPropertyList(list)).toEqual(
      new Map<string, unknown>([
        ['key', value],
        ['b', 'found'],
      ]),
    );
  });
});

const text = (key: string, value: string) => `<key>${key}</key><string>${value}</string>`;
const platform = (name: string) => `<key>CFBundleSupportedPlatforms</key><array><string>${name}</string></array>`;
const ID = text('CFBundleIdentifier', 'dev.app.One');

function ipa(info: string, profile?: string) {
  const signedBy = profile === undefined ? [] : [{ name: 'Payload/A.app/embedded.mobileprovision', data: profile }];
  return zip([{ name: 'Payload/A.app/Info.plist', data: xmlPlist(`<dict>${info}</dict>`) }, ...signedBy]);
}

async function identityIn(bytes: Buffer) {
  return await readAppIdentity(await openAppArchive(fileOf(bytes)), []);
}

describe('the build number', () => {
  test.each([
    ['<string>42</string>', '42', 42],
    ['<string>1.2.42</string>', '1.2.42', null],
    ['<integer>42</integer>', '42', 42],
    ['<real>1.5</real>', '1.5', null],
    ['<true/>', null, null],
  ])('%s is %s', async (value, buildNumber, versionCode) => {
    const identity = await identityIn(ipa(`${ID}<key>CFBundleVersion</key>${value}`));

    expect(identity).toMatchObject({ buildNumber, versionCode });
  });
});

function profileFor(appId: string, before = '<?xml version="1.0"?>'): string {
  const entitlements = `<key>Entitlements</key><dict>${text('application-identifier', appId)}</dict>`;
  return `\u0001CMS${before}<plist version="1.0"><dict>${text('Name', 'P')}${entitlements}</dict></plist>and more`;
}

describe('an IPA that no device takes is said to be one', () => {
  const withFolder = (entry: string) => zip([{ name: `Payload/A.app/${entry}`, data: xmlPlist('<dict/>') }]);
  test.each(
    named([
      { name: 'for devices', bytes: ipa(ID + platform('iPhoneOS') + text('DTSDKName', 'iphoneos17.0')), codes: [] },
      { name: 'with nothing said', bytes: ipa(ID), codes: [] },
      { name: 'for the simulator', bytes: ipa(ID + platform('iPhoneSimulator')), codes: ['not-for-ios'] },
      { name: 'by its SDK', bytes: ipa(ID + text('DTSDKName', 'iphonesimulator17.0')), codes: ['not-for-ios'] },
      { name: 'by its platform', bytes: ipa(ID + text('DTPlatformName', 'iphonesimulator')), codes: ['not-for-ios'] },
      { name: 'for an Apple TV without one', bytes: ipa(ID + platform('AppleTVSimulator')), codes: ['not-for-ios'] },
      { name: 'for macOS', bytes: ipa(ID + platform('MacOSX')), codes: ['not-for-ios'] },
      { name: 'of macOS by its folders', bytes: withFolder('Contents/Info.plist'), codes: ['not-for-ios'] },
      { name: 'without Info.plist', bytes: withFolder('A'), codes: ['no-app'] },
      { name: 'without a bundle id', bytes: ipa(''), codes: ['no-id'] },
      { name: 'with its own profile', bytes: ipa(ID, profileFor('ABCDE12345.dev.app.one')), codes: [] },
      { name: 'with a profile of the team', bytes: ipa(ID, profileFor('ABCDE12345.*')), codes: [] },
      { name: 'with a profile of a group', bytes: ipa(ID, profileFor('ABCDE12345.dev.app.*')), codes: [] },
      {
        name: 'with a profile without a declaration',
        bytes: ipa(ID, profileFor('X.dev.b', '')),
        codes: ['profile-of-another-app'],
      },
      {
        name: 'with the profile of another app',
        bytes: ipa(ID, profileFor('X.dev.app')),
        codes: ['profile-of-another-app'],
      },
      {
        name: 'with the profile of a longer id',
        bytes: ipa(ID, profileFor('X.dev.app.OneMore')),
        codes: ['profile-of-another-app'],
      },
      {
        name: 'with that of another group',
        bytes: ipa(ID, profileFor('X.dev.other.*')),
        codes: ['profile-of-another-app'],
      },
    ]),
  )('%s', async (_, { bytes, codes }) => {
    expect((await identityIn(bytes))?.unfit.map(({ code }) => code)).toEqual(codes);
  });
});

test('an icon is found by a name in UTF-8 that does not say so', async () => {
  const info = `<dict>${ID}<key>CFBundleIconFiles</key><array><string>Bild ä</string></array></dict>`;
  const bytes = zip([
    { name: 'Payload/A.app/Info.plist', data: xmlPlist(info) },
    { name: 'Payload/A.app/Bild ä@2x.png' },
  ]);

  expect(await inspected(fileOf(bytes))).toMatchObject({ app: { icon: 'Payload/A.app/Bild ä@2x.png' } });
});

test('a profile with ten thousand certificates is read at the cost of a few', async () => {
  const many = '<data>MAA=</data>'.repeat(10_000);
  const certificates = `<key>DeveloperCertificates</key><array>${many}</array>`;
  const profile = profileFor('X.*').replace('<key>Entitlements', `${certificates}<key>Entitlements`);
  const facts = await inspected(fileOf(ipa(ID, profile)));

  expect(facts.kind === 'ipa' && facts.app?.profile?.certificates).toHaveLength(100);
});

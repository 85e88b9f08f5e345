import { crc32, deflateRawSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { readAppIdentity } from '../../src/archive/app-identity.ts';
import { openAppArchive, remarksOn } from '../../src/archive/archive-kind.ts';
import { IntegrityError } from '../../src/contract/errors.ts';
import { readOutput } from '../../src/run/checks/output-proof.ts';
import { named } from '../support/canary.ts';
import { fileOf } from '../support/inspected.ts';
import { binaryXml, xmlPlist } from '../support/manifest-bytes.ts';
import { resourceTable } from '../support/resource-bytes.ts';
import { type Entry, zip } from '../support/zip-bytes.ts';

const DATA = binaryXml({ name: 'manifest', attributes: [{ name: 'package', value: 'dev.app' }] });
const MANIFEST: Entry = { name: 'AndroidManifest.xml', data: DATA };
const INFO = xmlPlist('<dict><key>CFBundleIdentifier</key><string>dev.app</string></dict>');
const many = (count: number): Entry[] => Array.from({ length: count }, (_, index) => ({ name: `res/${index}` }));

/** An extra field of this id that says it is longer than it is. */
function lyingExtra(id: number): Buffer {
  const extra = Buffer.alloc(6);
  extra.writeUInt16LE(id, 0);
  extra.writeUInt16LE(200, 2);
  return extra;
}

/** Info-ZIP's extra field with the name of an entry in UTF-8, which Android and Java do not look at. */
function unicodePath(rawName: string | Buffer, name: string): Buffer {
  const text = Buffer.from(name, 'utf8');
  const field = Buffer.alloc(9);
  field.writeUInt16LE(0x7075, 0);
  field.writeUInt16LE(5 + text.length, 2);
  field.writeUInt8(1, 4);
  field.writeUInt32LE(crc32(Buffer.from(rawName)), 5);
  return Buffer.concat([field, text]);
}

const DECOY = binaryXml({ name: 'manifest', attributes: [{ name: 'package', value: 'dev.decoy' }] });

/** A manifest that says in a resource how far a permission is wanted. */
const WITH_RESOURCE = binaryXml({
  name: 'manifest',
  attributes: [{ name: 'package', value: 'dev.app' }],
  children: [
    {
      name: 'uses-permission',
      attributes: [
        { name: 'name', id: 0x01010003, value: 'P' },
        { name: 'maxSdkVersion', id: 0x01010271, value: { type: 1, data: 0x7f010000 } },
      ],
    },
  ],
});

async function read(bytes: Buffer) {
  const archive = await openAppArchive(fileOf(bytes));
  const identity = await readAppIdentity(archive, []);
  return { packageName: identity?.packageName, ...(await remarksOn(archive)) };
}

/** An archive with a zip64 record that it does not need: the plain end record says all. */
function withNeedlessZip64(): Buffer {
  const bytes = zip([MANIFEST, { name: 'a' }], { zip64Entries: 2 });
  const endAt = bytes.length - 22;
  const recordAt = endAt - 20 - 56;
  bytes.writeUInt16LE(2, endAt + 8);
  bytes.writeUInt16LE(2, endAt + 10);
  bytes.writeUInt32LE(Number(bytes.readBigUInt64LE(recordAt + 48)), endAt + 16);
  return bytes;
}

const GOOD: readonly { name: string; bytes: Buffer; odd?: string }[] = [
  { name: 'an absolute name', bytes: zip([MANIFEST, { name: '/x.pom' }]), odd: 'points outside the folder' },
  {
    name: 'a name with the separator of Windows',
    bytes: zip([MANIFEST, { name: 'a\\b' }]),
    odd: 'points outside the folder',
  },
  { name: 'a name with a drive', bytes: zip([MANIFEST, { name: 'C:/x' }]), odd: 'points outside the folder' },
  { name: 'a name that goes up', bytes: zip([MANIFEST, { name: 'a/../x' }]), odd: 'points outside the folder' },
  { name: 'two dots that are no step up', bytes: zip([MANIFEST, { name: 'a/..x' }]) },
  {
    name: 'the flag for encryption on stored data',
    bytes: zip([{ ...MANIFEST, isMarkedEncrypted: true }]),
    odd: 'has an entry marked as encrypted, which it is not: AndroidManifest.xml',
  },
  {
    name: 'the flag for encryption on deflated data',
    bytes: zip([
      {
        ...MANIFEST,
        isMarkedEncrypted: true,
        isDeflated: true,
        data: deflateRawSync(DATA),
        declaredBytes: DATA.length,
      },
    ]),
    odd: 'marked as encrypted',
  },
  ...[0x4441, 0xd935, 0x7075, 0x9901].map((id) => ({
    name: `an extra field ${id.toString(16)} that lies`,
    bytes: zip([{ ...MANIFEST, extra: lyingExtra(id) }]),
    odd: 'has an entry with an extra field that contradicts itself: AndroidManifest.xml',
  })),
  { name: 'an extra field of three zero bytes', bytes: zip([{ ...MANIFEST, extra: Buffer.alloc(3) }]) },
  {
    name: 'more than 65535 entries, counted modulo 65536',
    bytes: zip([...many(66_002), MANIFEST], { declaredEntries: 467 }),
    odd: 'counts its 66003 entries modulo 65536',
  },
  {
    name: 'just 65536 entries, counted as none',
    bytes: zip([...many(65_535), MANIFEST], { declaredEntries: 0 }),
    odd: '65536 entries',
  },
  { name: 'a zip64', bytes: zip([MANIFEST, { name: 'a' }], { zip64Entries: 2 }) },
  { name: 'a zip64 record that is not needed', bytes: withNeedlessZip64() },
  { name: 'just 65535 entries', bytes: zip([...many(65_534), MANIFEST]) },
  {
    name: 'an APK that holds what is left of its bundle',
    bytes: zip([MANIFEST, { name: 'BundleConfig.pb' }, { name: 'base/manifest/AndroidManifest.xml' }]),
  },
  { name: 'an IPA with ./ before its names', bytes: zip([{ name: './Payload/A.app/Info.plist', data: INFO }]) },
  {
    name: 'an IPA of PowerShell',
    bytes: zip([{ name: 'Payload\\A.app\\Info.plist', data: INFO }]),
    odd: 'points outside the folder',
  },
  {
    name: 'an IPA with a name in Shift-JIS, which has a backslash in it',
    bytes: zip([
      { name: 'Payload/A.app/Info.plist', data: INFO },
      { name: Buffer.from('Payload/A.app/\x95\x5c.png', 'latin1') },
    ]),
    odd: 'points outside the folder',
  },
  {
    name: 'an IPA with a leftover folder before the app',
    bytes: zip([
      { name: 'Payload/Old.app/' },
      { name: 'Payload/Old.app/a.png' },
      { name: 'Payload/A.app/Info.plist', data: INFO },
    ]),
  },
];

describe('F-SEC-11: a name in an extra field', () => {
  test.each(['m.xml', Buffer.from('m\xff.xml', 'latin1')])('makes no manifest of the entry %s', async (name) => {
    const bytes = zip([
      { name: 'AndroidManifest.xml', data: DATA, extra: unicodePath('AndroidManifest.xml', 'other.xml') },
      { name, data: DECOY, extra: unicodePath(name, 'AndroidManifest.xml') },
    ]);

    expect((await read(bytes)).packageName).toBe('dev.app');
  });

  test.each(['m.xml', Buffer.from('m\xff.xml', 'latin1')])('makes no APK of a zip with the entry %s', async (name) => {
    const bytes = zip([{ name, data: DECOY, extra: unicodePath(name, 'AndroidManifest.xml') }]);

    await expect(read(bytes)).rejects.toThrow('it is a zip without AndroidManifest.xml');
  });

  test('says what letters a name has that is no UTF-8', async () => {
    const raw = Buffer.from('res/gr\x81n.png', 'latin1');
    const archive = await openAppArchive(
      fileOf(zip([MANIFEST, { name: raw, extra: unicodePath(raw, 'res/grün.png') }])),
    );

    expect(archive.zip.names).toContain('res/grün.png');
  });
});

const BROKEN: readonly { name: string; bytes: Buffer; fault: string }[] = [
  {
    name: 'a name that is there twice',
    bytes: zip([MANIFEST, { name: 'classes.dex', data: 'a' }, { name: 'classes.dex', data: 'b' }]),
    fault: 'has an entry whose name appears twice: classes.dex',
  },
  {
    name: 'a local header with another name',
    bytes: zip([MANIFEST, { name: 'classes.dex', local: { name: 'classes.dey' } }]),
    fault: 'has an entry whose local header contradicts the directory: classes.dex',
  },
  {
    name: 'a local header with another size',
    bytes: zip([{ ...MANIFEST, local: { declaredBytes: 3 } }]),
    fault: 'local header',
  },
  {
    name: 'another size than it inflates to',
    bytes: zip([{ ...MANIFEST, isDeflated: true, data: deflateRawSync(DATA), declaredBytes: 10 }]),
    fault: 'has an entry whose decompressed size is not the size that the archive says: AndroidManifest.xml',
  },
  {
    name: 'a gap between directory and end',
    bytes: zip([MANIFEST], { gapBytes: 64 }),
    fault: 'has a directory that does not end where its end record begins',
  },
  {
    name: 'a directory that says it is one byte shorter',
    bytes: zip([MANIFEST], { declaredDirectoryBytes: 64 }),
    fault: 'does not end where its end record begins',
  },
  {
    name: 'more entries than it counts',
    bytes: zip([MANIFEST, { name: 'hidden' }], { declaredEntries: 1 }),
    fault: 'does not end where its end record begins',
  },
  {
    name: 'a name in an APK that is no UTF-8',
    bytes: zip([MANIFEST, { name: Buffer.from('a\xff', 'latin1') }]),
    fault: 'whose name Android does not accept',
  },
  { name: 'a name in an APK with a NUL', bytes: zip([MANIFEST, { name: 'a\0b' }]), fault: 'Android does not accept' },
];

describe('odd, but good', () => {
  test.each(named(GOOD))('%s', async (_, { bytes, odd }) => {
    const { packageName, oddities, faults } = await read(bytes);

    expect({ packageName, faults }).toEqual({ packageName: 'dev.app', faults: [] });
    expect(oddities).toEqual(odd === undefined ? [] : [expect.stringContaining(odd)]);
  });

  test.each(named(GOOD))('F-SRV-35: %s, as an output', async (_, { bytes, odd }) => {
    const { identity, problems } = await readOutput(fileOf(bytes), 'out');

    expect(identity).toMatchObject({ packageName: 'dev.app' });
    expect(problems).toEqual(odd === undefined ? [] : [expect.stringContaining(odd)]);
  });
});

describe('plausible, but broken', () => {
  test.each(named(BROKEN))('%s', async (_, { bytes, fault }) => {
    const { packageName, oddities, faults } = await read(bytes);

    expect({ packageName, oddities }).toEqual({ packageName: 'dev.app', oddities: [] });
    expect(faults).toEqual([expect.stringContaining(fault)]);
  });

  test.each(named(BROKEN))(
    'F-SRV-36: %s: as an output, refused, and not fetched again',
    async (_, { bytes, fault }) => {
      const error = await readOutput(fileOf(bytes), 'out').catch((thrown: unknown) => thrown);

      expect(error).toBeInstanceOf(IntegrityError);
      expect(error).toMatchObject({ exitCode: 11, mayBeTransit: false, message: expect.stringContaining(fault) });
    },
  );
});

describe('F-NET-39: an output with data that cannot be inflated', () => {
  const damaged = (name: string): Entry => ({
    name,
    isDeflated: true,
    data: Buffer.alloc(40, 0xff),
    declaredBytes: 40,
  });

  test.each<[string, Entry[]]>([
    ['AndroidManifest.xml', [damaged('AndroidManifest.xml')]],
    ['resources.arsc', [{ ...MANIFEST, data: WITH_RESOURCE }, damaged('resources.arsc')]],
    ['Payload/A.app/Info.plist', [damaged('Payload/A.app/Info.plist')]],
  ])('%s is damaged, and may be whole the next time', async (name, entries) => {
    const error = await readOutput(fileOf(zip(entries)), 'out').catch((thrown: unknown) => thrown);

    expect(error).toMatchObject({
      exitCode: 11,
      mayBeTransit: true,
      message: `download is damaged: it has an entry whose compressed data is damaged: ${name}`,
    });
  });
});

const REFUSED: readonly { name: string; bytes: Buffer; says: string; isDamaged?: boolean }[] = [
  {
    name: 'two apps in an IPA',
    bytes: zip(['A', 'B'].map((app) => ({ name: `Payload/${app}.app/Info.plist`, data: INFO }))),
    says: 'archive holds more than one app: Payload/A.app/, Payload/B.app/',
  },
  {
    name: 'two apps in an IPA, one of them behind ./',
    bytes: zip(['Payload/A', './Payload/B'].map((app) => ({ name: `${app}.app/Info.plist`, data: INFO }))),
    says: 'archive holds more than one app',
  },
  {
    name: 'encrypted data that is stored',
    bytes: zip([MANIFEST, { name: 'a', data: 'secret', isEncrypted: true }]),
    says: 'encrypted archives are not supported',
  },
  {
    name: 'encrypted data that was deflated',
    bytes: zip([
      MANIFEST,
      { name: 'a', isEncrypted: true, isDeflated: true, data: deflateRawSync(DATA), declaredBytes: 9 },
    ]),
    says: 'encrypted archives are not supported',
  },
  {
    name: 'AES',
    bytes: zip([MANIFEST, { name: 'a', data: 'secret', isMarkedEncrypted: true, method: 99 }]),
    says: 'encrypted archives are not supported',
  },
  {
    name: 'fewer entries than it counts',
    bytes: zip([MANIFEST], { declaredEntries: 2 }),
    says: 'archive directory is inconsistent',
    isDamaged: true,
  },
  { name: 'nothing at all', bytes: Buffer.alloc(0), says: 'not an app archive: it is empty', isDamaged: true },
  {
    name: 'what was cut short',
    bytes: zip([MANIFEST]).subarray(0, -9),
    says: 'archive is incomplete',
    isDamaged: true,
  },
];

test('an archive that is made to cost much is read at little cost', async () => {
  const values = Array.from({ length: 500 }, (_, sdk) => ({ value: { type: 0x10, data: sdk }, u16: { 24: sdk } }));
  const limit = { name: 'maxSdkVersion', id: 0x01010271, value: { type: 1, data: 0x7f010000 } };
  const permissions = Array.from({ length: 5_000 }, () => ({
    name: 'uses-permission',
    attributes: [{ name: 'name', id: 0x01010003, value: 'P' }, limit],
  }));
  const manifest = binaryXml({ name: 'manifest', children: permissions });
  const archive = await openAppArchive(
    fileOf(
      zip([
        { name: 'AndroidManifest.xml', data: manifest },
        { name: 'resources.arsc', data: resourceTable([values]) },
      ]),
    ),
  );
  const problems: string[] = [];

  const identity = await readAppIdentity(archive, problems);

  // A limit that could not be told is none.
  expect(identity?.permissions).toEqual([{ name: 'P', maxSdk: null }]);
  expect(problems).toEqual([expect.stringContaining('resources.arsc')]);
  expect(() => archive.budget.spend(0)).toThrow('has too many values');
});

describe('refused', () => {
  test.each(named(REFUSED))('%s', async (_, { bytes, says, isDamaged = false }) => {
    const input = await openAppArchive(fileOf(bytes)).catch((error: unknown) => error);
    const output = await readOutput(fileOf(bytes), 'out').catch((error: unknown) => error);

    expect(input).toMatchObject({ message: expect.stringContaining(says), isDamaged });
    expect(output).toMatchObject({ exitCode: 11, message: expect.stringContaining(says), mayBeTransit: isDamaged });
  });
});

import { describe, expect, test } from 'vitest';
import { readBinaryXml } from '../../src/archive/android/binary-xml.ts';
import { readProtoManifest } from '../../src/archive/android/proto-manifest.ts';
import { readProtoResources } from '../../src/archive/android/proto-resources.ts';
import { readResourceTable } from '../../src/archive/android/resource-table.ts';
import { createBudget } from '../../src/archive/budget.ts';
import { readProvisioningProfile } from '../../src/archive/ios/provisioning-profile.ts';
import { readPropertyList } from '../../src/archive/plist/property-list.ts';
import { readApkSigners } from '../../src/archive/signature/block/apk-signers.ts';
import { berValues } from '../../src/archive/signature/cms/ber.ts';
import { binaryFile, binaryPlist, binaryXml, chunk, stringPool, words, xmlPlist } from '../support/manifest-bytes.ts';

describe('a resource table', () => {
  const ID = 0x7f010002;
  const FLAGS = { usual: 0, sparse: 1, offset16: 2 };
  /** size 8, no flags, key 0; then a `Res_value`: size 8, a string, the first of the pool. */
  const plain = Buffer.concat([Buffer.from([8, 0, 0, 0]), words(0), Buffer.from([8, 0, 0, 3]), words(0)]);
  /** key 0, compact and a string in the flags, the first of the pool. */
  const compact = Buffer.concat([Buffer.from([0, 0, 8, 3]), words(0)]);
  const u16 = (...values: number[]) => Buffer.from(new Uint16Array(values).buffer);
  const OFFSETS = {
    usual: { count: 3, bytes: words(-1, -1, 0) },
    sparse: { count: 1, bytes: u16(2, 0) },
    offset16: { count: 3, bytes: u16(0xffff, 0xffff, 0, 0) },
  };

  function table(encoding: keyof typeof OFFSETS, entry: Buffer, language = 0, density = 0): Buffer {
    const { count, bytes: offsets } = OFFSETS[encoding];
    const configuration = Buffer.concat([words(28, 0, language), u16(0, density), Buffer.alloc(12)]);
    const headerBytes = 8 + 12 + configuration.length;
    const header = Buffer.concat([
      Buffer.from([1, FLAGS[encoding], 0, 0]),
      words(count, headerBytes + offsets.length),
      configuration,
    ]);
    const type = chunk(0x0201, header, Buffer.concat([offsets, entry]));
    const pack = chunk(0x0200, Buffer.concat([words(0x7f), Buffer.alloc(276)]), type);
    return chunk(0x0002, words(1), Buffer.concat([stringPool(['found']), pack]));
  }

  test.each(['usual', 'sparse', 'offset16'] as const)(
    'with %s offsets finds what is there and only that',
    (encoding) => {
      const find = readResourceTable(table(encoding, plain));

      expect(find(ID)).toEqual([
        expect.objectContaining({ value: { type: 'string', text: 'found' }, isAnyLanguage: true, density: 0 }),
      ]);
      expect(find(ID - 1)).toEqual([]);
      expect(find(ID + 1)).toEqual([]);
      expect(find(0x7f020002)).toEqual([]);
      expect(find(0x01010002)).toEqual([]);
    },
  );

  test('with compact entries finds them too, with their language and density', () => {
    const find = readResourceTable(table('offset16', compact, 0x6564, 480));

    expect(find(ID)).toEqual([
      expect.objectContaining({ value: { type: 'string', text: 'found' }, isAnyLanguage: false, density: 480 }),
    ]);
  });
});

describe('a property list', () => {
  const DATE = new Date('2030-01-02T03:04:05Z');

  test('in XML holds every type', () => {
    const xml = xmlPlist(`<dict>
      <key>text</key><string>a &lt; b</string><key>empty</key><string/><key>number</key><integer>-5</integer>
      <key>real</key><real>1.5</real><key>yes</key><true/><key>no</key><false></false>
      <key>date</key><date>2030-01-02T03:04:05Z</date><key>data</key><data> aGV
      sbG8= </data><key>list</key><array><string>x</string><dict/></array></dict>`);

    expect(readPropertyList(Buffer.from(xml))).toEqual(
      new Map<string, unknown>([
        ['text', 'a < b'],
        ['empty', ''],
        ['number', -5],
        ['real', 1.5],
        ['yes', true],
        ['no', false],
        ['date', DATE],
        ['data', Buffer.from('hello')],
        ['list', ['x', new Map()]],
      ]),
    );
  });

  test('in binary holds every type', () => {
    const double = (marker: number, value: number) => {
      const bytes = Buffer.alloc(9);
      bytes.writeUInt8(marker);
      bytes.writeDoubleBE(value, 1);
      return bytes;
    };
    const values = [
      Buffer.from([0x10, 200]),
      Buffer.from([0x11, 1, 0]),
      Buffer.from([0x13, 255, 255, 255, 255, 255, 255, 255, 251]),
      double(0x23, 1.5),
      double(0x33, (DATE.getTime() - Date.UTC(2001, 0, 1)) / 1000),
      Buffer.from([0x45, ...Buffer.from('hello')]),
      Buffer.from([0x5f, 0x10, 20, ...Buffer.from('a'.repeat(20))]),
      Buffer.from([0x61, 0x65, 0xe5]),
      Buffer.from([0x09]),
      Buffer.from([0x08]),
    ];
    const key = Buffer.from([0x51, 0x6b]);
    const array = Buffer.from([0xaa, ...values.map((_, index) => index + 3)]);

    const list = readPropertyList(binaryPlist([Buffer.from([0xd1, 1, 2]), key, array, ...values]));

    const expected = [200, 256, -5, 1.5, DATE, Buffer.from('hello'), 'a'.repeat(20), '日', true, false];
    expect(list).toEqual(new Map([['k', expected]]));
  });

  test.each([
    '<dict><string>x</string></dict>',
    '<array><true/></array>',
    '<dict><key>a</key><b/></dict>',
    '<dict><key>',
  ])('%s describes no app', (inside) => {
    expect(() => readPropertyList(Buffer.from(xmlPlist(inside)))).toThrow('is in an unknown format');
  });
});

test.each([
  ['development', '<key>ProvisionedDevices</key><array><string>a</string><string>b</string></array>', true, 2],
  ['ad-hoc', '<key>ProvisionedDevices</key><array><string>a</string></array>', false, 1],
  ['enterprise', '<key>ProvisionsAllDevices</key><true/>', false, null],
  ['app-store', '', false, null],
])('a provisioning profile for %s', (kind, devices, debuggable, deviceCount) => {
  const entitlements = `<key>Entitlements</key><dict><key>get-task-allow</key><${debuggable}/></dict>`;
  const team = '<key>TeamIdentifier</key><array><string>TEAM</string></array>';
  const message = `0\u0082 CMS ${xmlPlist(`<dict>${team}${devices}${entitlements}</dict>`)} signature`;

  expect(readProvisioningProfile(Buffer.from(message))).toMatchObject({
    kind,
    debuggable,
    deviceCount,
    teamId: 'TEAM',
  });
});

describe('16 MiB of nothing but small parts', () => {
  const BYTES = 16 * 1024 * 1024;
  const count = Buffer.alloc(4);
  count.writeUInt32LE(BYTES);

  test.each([
    ['fields of a resource table', () => readProtoResources(Buffer.alloc(BYTES, '\x08\0'))(0x7f010000)],
    ['fields of a bundle manifest', () => readProtoManifest(Buffer.alloc(BYTES, '\x08\0'))],
    ['values of a JAR signature', () => berValues(Buffer.alloc(BYTES, '\x05\0'), createBudget())],
    ['signers', () => readApkSigners(Buffer.concat([count, Buffer.alloc(BYTES)]), false)],
  ])('%s are not all read', (_, read) => {
    expect(read).toThrow(/has (too many|more than)/);
  });
});

test('what stands behind the root of a binary manifest is not looked at, as Android does not', () => {
  const whole = binaryXml({ name: 'manifest', attributes: [{ name: 'package', value: 'a.b' }] });

  const root = readBinaryXml(binaryFile([whole.subarray(8), Buffer.alloc(40, 0xff)]));

  expect(root).toMatchObject({ name: 'manifest', attributes: [{ name: 'package', value: { text: 'a.b' } }] });
});

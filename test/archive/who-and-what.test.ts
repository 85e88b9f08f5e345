import { describe, expect, test } from 'vitest';
import { readAppIdentity } from '../../src/archive/app-identity.ts';
import { openAppArchive } from '../../src/archive/archive-kind.ts';
import { named } from '../support/canary.ts';
import { asAndroid, fileOf, inspected } from '../support/inspected.ts';
import { type Attribute, binaryXml, type Element } from '../support/manifest-bytes.ts';
import { field, message, type ProtoAttribute, protoXml } from '../support/proto-bytes.ts';
import { resourceTable, type Value } from '../support/resource-bytes.ts';
import { zip } from '../support/zip-bytes.ts';

const ANDROID = 'http://schemas.android.com/apk/res/android';
const OTHER = 'http://example.com/decoy';
const ID = {
  label: 0x01010001,
  debuggable: 0x0101000f,
  testOnly: 0x01010272,
  name: 0x01010003,
  maxSdk: 0x01010271,
  versionName: 0x0101021c,
  versionCode: 0x0101021b,
  splitRequired: 0x01010591,
};
const reference = (entry: number) => ({ type: 1, data: 0x7f010000 + entry });
const bool = (isSet: boolean) => ({ type: 0x12, data: isSet ? 0xffff_ffff : 0 });
const own = (name: keyof typeof ID, value: Attribute['value']): Attribute => ({
  name,
  id: ID[name],
  namespace: ANDROID,
  value,
});

function apk(root: Partial<Element>, resources?: Buffer, options = {}): Buffer {
  const manifest = binaryXml(
    { name: 'manifest', attributes: [{ name: 'package', value: 'dev.app' }], ...root },
    options,
  );
  const table = resources === undefined ? [] : [{ name: 'resources.arsc', data: resources }];
  return zip([{ name: 'AndroidManifest.xml', data: manifest }, ...table]);
}

async function factsOf(bytes: Buffer) {
  const { app, problems } = asAndroid(await inspected(fileOf(bytes)));
  return { app, problems };
}

function application(...attributes: Attribute[]): Partial<Element> {
  return { children: [{ name: 'application', attributes }] };
}

describe('the package', () => {
  const plain = { name: 'package', value: 'com.right' };
  test.each(
    named([
      {
        name: 'beside one in the namespace of Android',
        attributes: [{ ...plain, value: 'com.decoy', namespace: ANDROID }, plain],
      },
      {
        name: 'beside one in a namespace of its own',
        attributes: [{ ...plain, value: 'com.decoy', namespace: OTHER }, plain],
      },
      {
        name: 'before one in another namespace',
        attributes: [plain, { ...plain, value: 'com.decoy', namespace: OTHER }],
      },
    ]),
  )('is read %s', async (_, { attributes }) => {
    expect((await factsOf(apk({ attributes }))).app).toMatchObject({ packageName: 'com.right' });
  });

  test('is not read from another namespace', async () => {
    const facts = await factsOf(apk({ attributes: [{ ...plain, namespace: ANDROID }] }));

    expect(facts.app).toMatchObject({ packageName: null });
  });

  test('is read where the resource map is as long as the string pool', async () => {
    const facts = await factsOf(
      apk({ attributes: [own('versionName', '1.0'), plain] }, undefined, { isMapFull: true }),
    );

    expect(facts.app).toMatchObject({ packageName: 'com.right', versionName: '1.0' });
  });

  test.each(['split', 'package'])('and a %s of a bundle are read without a namespace only', async (name) => {
    const decoy: ProtoAttribute = { name, namespace: ANDROID, text: 'com.decoy' };
    const attributes = [decoy, { name: 'package', text: 'com.right' }];
    const bytes = zip([{ name: 'base/manifest/AndroidManifest.xml', data: protoXml('manifest', attributes) }]);

    expect((await factsOf(bytes)).app).toMatchObject({ packageName: 'com.right', split: null });
  });
});

const SDK = 24;
const NIGHT: Partial<Value> = { u8: { 29: 0x20 } };

/** What a flag's attribute holds, and what the gates take it for. */
const FLAGS: readonly {
  name: string;
  value: Attribute['value'];
  table?: readonly Value[][];
  isSet: boolean;
  problem?: true;
}[] = [
  { name: 'true', value: bool(true), isSet: true },
  { name: 'false', value: bool(false), isSet: false },
  { name: 'a number', value: { type: 0x10, data: 1 }, isSet: true },
  { name: 'a colour', value: { type: 0x1c, data: 0xff00_0000 }, isSet: true },
  { name: 'nothing', value: { type: 0, data: 0 }, isSet: false },
  ...['true', 'TRUE', 'True', '-1', '1', ' true '].map((value) => ({
    name: `the text "${value}"`,
    value,
    isSet: true,
  })),
  ...['false', '0', '', 'yes'].map((value) => ({ name: `the text "${value}"`, value, isSet: false })),
  {
    name: 'a resource that is true from Android 5 on',
    value: reference(0),
    table: [[{ value: bool(false) }, { value: bool(true), u16: { [SDK]: 21 } }]],
    isSet: true,
  },
  {
    name: 'a resource that is true at night in German',
    value: reference(0),
    table: [[{ value: bool(false) }, { value: bool(true), ...NIGHT, u16: { 8: 0x6564 } }]],
    isSet: true,
  },
  {
    name: 'a resource that leads to one that is true as text',
    value: reference(0),
    table: [[{ value: reference(1) }], [{ value: bool(false) }, { value: 'true', u16: { [SDK]: 30 } }]],
    isSet: true,
  },
  { name: 'a resource that is false', value: reference(0), table: [[{ value: bool(false) }]], isSet: false },
  { name: 'a resource that leads to itself', value: reference(0), table: [[{ value: reference(0) }]], isSet: false },
  { name: 'a resource that is not there', value: reference(7), table: [[]], isSet: true, problem: true },
  { name: 'a reference to nothing', value: { type: 1, data: 0 }, isSet: false },
  { name: 'an attribute of a theme', value: { type: 2, data: 0x7f010000 }, isSet: true, problem: true },
  { name: 'a fraction', value: { type: 4, data: 1 }, isSet: true, problem: true },
];

describe.each(['debuggable', 'testOnly'] as const)('android:%s', (flag) => {
  test.each(named(FLAGS))('%s', async (_, { value, table, isSet, problem }) => {
    const resources = table === undefined ? undefined : resourceTable(table);
    const { app, problems } = await factsOf(apk(application(own(flag, value)), resources));

    expect(app).toMatchObject({ [flag]: isSet });
    const told = `cannot tell whether android:${flag} is set, so apptool treats it as set`;
    expect(problems).toEqual(problem === true ? [told] : []);
  });

  const PROTO: readonly { name: string; attribute: Partial<ProtoAttribute>; isSet: boolean }[] = [
    { name: 'a text without a compiled value', attribute: { text: 'true' }, isSet: true },
    { name: 'a text that says no', attribute: { text: 'false' }, isSet: false },
    { name: 'true', attribute: { item: field(7, field(8, 1)) }, isSet: true },
    { name: 'false', attribute: { item: field(7, field(8, 0)) }, isSet: false },
    { name: 'a colour', attribute: { item: field(7, field(9, 0xff00_0000)) }, isSet: true },
    { name: 'a reference by name alone', attribute: { item: field(1, field(3, 'bool/x')) }, isSet: true },
  ];
  test.each(named(PROTO))('of a bundle: %s', async (_, { attribute, isSet }) => {
    const node = protoXml(
      'manifest',
      [{ name: 'package', text: 'dev.app' }],
      [protoXml('application', [{ name: flag, id: ID[flag], namespace: ANDROID, ...attribute }])],
    );
    const { app } = await factsOf(zip([{ name: 'base/manifest/AndroidManifest.xml', data: node }]));

    expect(app).toMatchObject({ [flag]: isSet });
  });
});

test('a resource of a bundle is true where any of its values is', async () => {
  const item = (isSet: boolean) => field(2, field(4, field(7, field(8, isSet ? 1 : 0))));
  const values = [field(6, item(false)), field(6, message(field(1, field(24, 21)), item(true)))];
  const entry = field(3, message(field(1, field(1, 0)), ...values));
  const type = field(3, message(field(1, field(1, 1)), entry));
  const table = field(2, message(field(1, field(1, 0x7f)), type));
  const flag = { name: 'debuggable', id: ID.debuggable, item: field(1, field(2, 0x7f010000)) };
  const node = protoXml('manifest', [], [protoXml('application', [flag])]);
  const bytes = zip([
    { name: 'base/manifest/AndroidManifest.xml', data: node },
    { name: 'base/resources.pb', data: table },
  ]);

  expect((await factsOf(bytes)).app).toMatchObject({ debuggable: true });
});

/** What aapt2 shows of a text with values for several devices: checked with aapt2 10 on resources that it compiled. */
const TEXTS: readonly { name: string; values: readonly Value[]; is: string }[] = [
  {
    name: 'the newest Android',
    values: [{ value: 'a' }, { value: 'b', u16: { [SDK]: 21 } }, { value: 'c', u16: { [SDK]: 19 } }],
    is: 'b',
  },
  { name: 'no language', values: [{ value: 'de', u16: { 8: 0x6564 } }, { value: 'any' }], is: 'any' },
  { name: 'the first, where all have a language', values: [{ value: 'de', u16: { 8: 0x6564 } }], is: 'de' },
  { name: 'no operator', values: [{ value: 'any' }, { value: 'mcc', u16: { 4: 310 } }], is: 'any' },
  { name: 'not night', values: [{ value: 'any' }, { value: 'night', ...NIGHT }], is: 'any' },
  {
    name: 'portrait',
    values: [{ value: 'any' }, { value: 'port', u8: { 12: 1 } }, { value: 'land', u8: { 12: 2 } }],
    is: 'port',
  },
  {
    name: 'a screen of 320 dp',
    values: [{ value: 'any' }, { value: 'sw320', u16: { 30: 320 } }, { value: 'sw600', u16: { 30: 600 } }],
    is: 'sw320',
  },
  {
    name: 'the width before the version',
    values: [
      { value: 'v21', u16: { [SDK]: 21 } },
      { value: 'w300', u16: { 32: 300 } },
    ],
    is: 'w300',
  },
  {
    name: 'a normal screen',
    values: [{ value: 'any' }, { value: 'normal', u8: { 28: 2 } }, { value: 'large', u8: { 28: 3 } }],
    is: 'normal',
  },
  {
    name: 'any screen rather than a small one',
    values: [{ value: 'small', u8: { 28: 1 } }, { value: 'any' }],
    is: 'any',
  },
  {
    name: 'no direction, no long and no round screen',
    values: [
      { value: 'any' },
      { value: 'rtl', u8: { 28: 0x80 } },
      { value: 'long', u8: { 28: 0x20 } },
      { value: 'round', u8: { 48: 2 } },
    ],
    is: 'any',
  },
  { name: 'no keyboard', values: [{ value: 'any' }, { value: 'qwerty', u8: { 16: 2 } }], is: 'any' },
  {
    name: 'a density of 160',
    values: [
      { value: 'hdpi', u16: { 14: 240 } },
      { value: 'mdpi', u16: { 14: 160 } },
      { value: 'xxhdpi', u16: { 14: 480 } },
    ],
    is: 'mdpi',
  },
  {
    name: 'the higher of two densities above',
    values: [
      { value: 'ldpi', u16: { 14: 120 } },
      { value: 'hdpi', u16: { 14: 240 } },
    ],
    is: 'hdpi',
  },
  {
    name: 'the lower of two densities above 160',
    values: [
      { value: 'xx', u16: { 14: 480 } },
      { value: 'h', u16: { 14: 240 } },
    ],
    is: 'h',
  },
];

test.each(named(TEXTS))('of several texts the one is shown for %s', async (_, { values, is }) => {
  const root = { attributes: [own('versionName', reference(0))], ...application(own('label', reference(0))) };
  const { app } = await factsOf(apk(root, resourceTable([values])));

  expect(app).toMatchObject({ versionName: is, label: is });
});

test('of several version codes the lowest counts', async () => {
  const code = (data: number) => ({ type: 0x10, data });
  const values = [{ value: code(42) }, { value: code(7), ...NIGHT }, { value: code(50), u16: { [SDK]: 21 } }];
  const { app } = await factsOf(apk({ attributes: [own('versionCode', reference(0))] }, resourceTable([values])));

  expect(app).toMatchObject({ versionCode: 7 });
});

test('a text is shown up to its first NUL', async () => {
  const { app } = await factsOf(apk({ attributes: [own('versionName', '0.0\0\0')] }));

  expect(app).toMatchObject({ versionName: '0.0' });
});

describe('of a permission that stands several times the widest counts', () => {
  const NUMBER = (data: number) => ({ type: 0x10, data });
  const permission = (element: string, maxSdk?: Attribute['value']): Element => ({
    name: element,
    attributes: [own('name', 'P'), ...(maxSdk === undefined ? [] : [own('maxSdk', maxSdk)])],
  });

  test.each(
    named([
      {
        name: 'limited, then unlimited',
        children: [permission('uses-permission', NUMBER(18)), permission('uses-permission')],
        is: null,
      },
      {
        name: 'unlimited, then limited',
        children: [permission('uses-permission'), permission('uses-permission', NUMBER(18))],
        is: null,
      },
      {
        name: 'two limits',
        children: [permission('uses-permission', NUMBER(18)), permission('uses-permission', NUMBER(28))],
        is: 28,
      },
      {
        name: 'unlimited from Android 6 on',
        children: [permission('uses-permission', NUMBER(18)), permission('uses-permission-sdk-23')],
        is: null,
      },
      {
        name: 'unlimited by the older name of that',
        children: [permission('uses-permission', NUMBER(18)), permission('uses-permission-sdk-m')],
        is: null,
      },
      { name: 'a limit that is a resource', children: [permission('uses-permission', reference(0))], is: 30 },
      { name: 'a limit that is a text', children: [permission('uses-permission', '18')], is: null },
    ]),
  )('%s', async (_, { children, is }) => {
    const table = resourceTable([[{ value: NUMBER(18) }, { value: NUMBER(30), u16: { [SDK]: 21 } }]]);
    const { app } = await factsOf(apk({ children }, table));

    expect(app?.permissions).toEqual([{ name: 'P', maxSdk: is }]);
  });
});

describe('what no store takes is said', () => {
  const BASE = [{ name: 'package', value: 'dev.app' }];
  const INFO = {
    name: 'base/manifest/AndroidManifest.xml',
    data: protoXml('manifest', [{ name: 'package', text: 'dev.app' }]),
  };
  test.each(
    named([
      { name: 'nothing of a whole app', bytes: apk({}), codes: [] },
      { name: 'no package', bytes: apk({ attributes: [] }), codes: ['no-id'] },
      { name: 'an empty package', bytes: apk({ attributes: [{ name: 'package', value: '' }] }), codes: ['no-id'] },
      {
        name: 'an empty split, which is none',
        bytes: apk({ attributes: [...BASE, { name: 'split', value: '' }] }),
        codes: [],
      },
      {
        name: 'a split',
        bytes: apk({ attributes: [...BASE, { name: 'split', value: 'config.x' }] }),
        codes: ['split'],
      },
      {
        name: 'a base that needs its splits',
        bytes: apk({ attributes: [...BASE, own('splitRequired', bool(true))] }),
        codes: ['needs-splits'],
      },
      {
        name: 'a base that needs splits of some types',
        bytes: apk({ attributes: [...BASE, { name: 'requiredSplitTypes', namespace: ANDROID, value: 'base__abi' }] }),
        codes: ['needs-splits'],
      },
      { name: 'test-only', bytes: apk(application(own('testOnly', bool(true)))), codes: ['test-only'] },
      { name: 'nothing of a bundle', bytes: zip([INFO]), codes: [] },
      {
        name: 'a bundle without a base',
        bytes: zip([{ name: 'BundleConfig.pb' }, { name: 'a/manifest/AndroidManifest.xml' }]),
        codes: ['no-base'],
      },
    ]),
  )('%s', async (_, { bytes, codes }) => {
    const identity = await readAppIdentity(await openAppArchive(fileOf(bytes)), []);

    expect(identity?.unfit.map(({ code }) => code)).toEqual(codes);
  });
});

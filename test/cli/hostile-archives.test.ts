import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { temporaryFolder } from '../../src/testing/files.ts';
import { expectAccepted, expectRefused, named, startCanary } from '../support/canary.ts';
import { runCli } from '../support/cli.ts';
import { binaryFile, binaryPlist, binaryXml, type Element, stringPool, xmlPlist } from '../support/manifest-bytes.ts';
import { zip } from '../support/zip-bytes.ts';

// Rows 84 to 91 of section 10 of faults.md: archives whose insides are hostile. What sends refuses them as what inspects does.

const MIB = 1024 * 1024;
const MANIFEST = 'AndroidManifest.xml';
const INFO = 'Payload/App.app/Info.plist';
const INCONSISTENT = 'archive directory is inconsistent';
const UNREADABLE = 'cannot read AndroidManifest.xml';
const NOT_ACCEPTABLE = 'Info.plist is not acceptable';

function apk(manifest: Buffer): Buffer {
  return zip([{ name: MANIFEST, data: manifest }]);
}

function ipa(info: string | Buffer): Buffer {
  return zip([{ name: INFO, data: info }]);
}

function withPackage(name: string): Buffer {
  return binaryXml({ name: 'manifest', attributes: [{ name: 'package', value: name }] });
}

function nested(depth: number): Element {
  return depth === 0 ? { name: 'a' } : { name: 'a', children: [nested(depth - 1)] };
}

/** The start of a chunk that says it is this long. */
function chunkOf(sizeBytes: number): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.writeUInt16LE(0x0102, 0);
  bytes.writeUInt16LE(16, 2);
  bytes.writeUInt32LE(sizeBytes, 4);
  return bytes;
}

const zeros = deflateRawSync(Buffer.alloc(64 * MIB));
const entity = '<!DOCTYPE plist [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>';
const twoRefs = Buffer.from([0xa2, 1, 1]);

interface Row {
  readonly name: string;
  readonly file?: string;
  readonly contents: Buffer;
  readonly says: string;
}

const ROWS: readonly Row[] = [
  {
    name: 'B-84: a manifest of 64 MiB',
    contents: zip([{ name: MANIFEST, data: zeros, isDeflated: true, declaredBytes: 64 * MIB }]),
    says: 'manifest is larger than 16 MiB',
  },
  {
    name: 'B-84: a manifest of 64 MiB that says it is small',
    contents: zip([{ name: MANIFEST, data: zeros, isDeflated: true, declaredBytes: 1000 }]),
    says: 'the manifest expands to more than 200 times',
  },
  {
    name: 'B-87: a zip64 with more entries than there are',
    contents: zip([{ name: MANIFEST }], { zip64Entries: 5 }),
    says: INCONSISTENT,
  },
  {
    name: 'B-87: two entries at one place',
    contents: zip([
      { name: MANIFEST, data: withPackage('a.b') },
      { name: 'classes.dex', data: 'dex', declaredAt: 0 },
    ]),
    says: INCONSISTENT,
  },
  {
    name: 'B-87: an entry inside another one',
    contents: zip([
      { name: MANIFEST, data: withPackage('a.b') },
      { name: 'classes.dex', data: 'dex', declaredAt: 20 },
    ]),
    says: INCONSISTENT,
  },
  {
    name: 'B-87: an entry behind the directory',
    contents: zip([{ name: MANIFEST, declaredAt: 90 }]),
    says: INCONSISTENT,
  },
  {
    name: 'B-87: two manifests',
    contents: zip([
      { name: MANIFEST, data: withPackage('a.b') },
      { name: MANIFEST, data: withPackage('c.d') },
    ]),
    says: 'the manifest is there twice',
  },
  {
    name: 'B-89: a string pool of 2^30 strings',
    contents: apk(binaryFile([stringPool(['manifest'], 2 ** 30)])),
    says: UNREADABLE,
  },
  {
    name: 'B-89: a part of no length, which would be read for ever',
    contents: apk(binaryFile([chunkOf(0)])),
    says: UNREADABLE,
  },
  {
    name: 'B-89: a part that is larger than the file',
    contents: apk(binaryFile([chunkOf(2 ** 31)])),
    says: UNREADABLE,
  },
  { name: 'B-89: elements 1000 deep', contents: apk(binaryXml(nested(1000))), says: UNREADABLE },
  {
    name: 'B-89: 120000 elements',
    contents: apk(binaryXml({ name: 'm', children: Array.from({ length: 120_000 }, () => ({ name: 'a' })) })),
    says: UNREADABLE,
  },
  {
    name: 'B-90: entities in a DOCTYPE',
    file: 'app.ipa',
    contents: ipa(`<?xml version="1.0"?>${entity}<plist><dict><key>a</key><string>&b;</string></dict></plist>`),
    says: NOT_ACCEPTABLE,
  },
  {
    name: 'B-90: an entity that nobody declared',
    file: 'app.ipa',
    contents: ipa(xmlPlist('<dict><key>a</key><string>&b;</string></dict>')),
    says: NOT_ACCEPTABLE,
  },
  {
    name: 'B-90: arrays 10000 deep',
    file: 'app.ipa',
    contents: ipa(xmlPlist('<array>'.repeat(10_000))),
    says: NOT_ACCEPTABLE,
  },
  {
    name: 'B-90: an array that is in itself',
    file: 'app.ipa',
    contents: ipa(binaryPlist([Buffer.from([0xa1, 0])])),
    says: NOT_ACCEPTABLE,
  },
  {
    name: 'B-90: forty arrays, each with the next one in it twice',
    file: 'app.ipa',
    contents: ipa(
      binaryPlist([...Array.from({ length: 40 }, (_, at) => Buffer.from([0xa2, at + 1, at + 1])), twoRefs]),
    ),
    says: NOT_ACCEPTABLE,
  },
  {
    name: 'B-91: a package name with ESC',
    contents: apk(withPackage('dev.\u001b[2Jx')),
    says: 'package name has control characters: dev.\\u{1b}[2Jx',
  },
  {
    name: 'B-91: a bundle id with ESC',
    file: 'app.ipa',
    contents: ipa(xmlPlist('<dict><key>CFBundleIdentifier</key><string>dev.&#27;[2Jx</string></dict>')),
    says: 'bundle id has control characters: dev.\\u{1b}[2Jx',
  },
  {
    name: 'B-91: a bundle id with a line break',
    file: 'app.ipa',
    contents: ipa(xmlPlist('<dict><key>CFBundleIdentifier</key><string>dev.\n::error::x</string></dict>')),
    says: 'bundle id has control characters: dev. ::error::x',
  },
];

describe.each(named(ROWS))('%s', (_, { contents, file = 'app.apk', says }) => {
  test.each([
    ['protect', ['--environment', 'dev']],
    ['inspect', []],
  ])('refused by %s', async (command, flags) => {
    const [canary, cwd] = [await startCanary(), await temporaryFolder()];
    await writeFile(join(cwd, file), contents);

    const result = await runCli([command, file, ...flags], { cwd, env: canary.variables });

    expectRefused(result, canary, { exit: 3, says, hides: ['\u001b'] });
  });
});

/** Odd, but nothing is wrong with them. */
const ODD: readonly (Omit<Row, 'says'> & { readonly app: object | null; readonly warns?: string })[] = [
  {
    name: 'a manifest in no format that is known',
    contents: apk(Buffer.from('<manifest/>')),
    app: null,
    warns: UNREADABLE,
  },
  { name: 'an empty manifest', contents: apk(Buffer.alloc(0)), app: null, warns: UNREADABLE },
  {
    name: 'a compression that is not supported',
    contents: zip([{ name: MANIFEST, data: withPackage('a.b'), method: 12 }]),
    app: null,
    warns: UNREADABLE,
  },
  { name: 'a manifest without attributes', contents: apk(binaryXml({ name: 'manifest' })), app: { packageName: null } },
  {
    name: 'an element in the manifest that nobody knows, 60 deep',
    contents: apk(binaryXml({ ...nested(60), attributes: [{ name: 'package', value: 'a.b' }] })),
    app: { packageName: 'a.b' },
  },
  {
    name: 'an IPA without Info.plist',
    file: 'app.ipa',
    contents: zip([{ name: 'Payload/App.app/App' }]),
    app: null,
    warns: 'Info.plist',
  },
  {
    name: 'an Info.plist with the DOCTYPE that Apple writes, comments, CDATA and entities',
    file: 'app.ipa',
    contents: ipa(
      xmlPlist(
        '<!-- a < b --><dict><key>CFBundleIdentifier</key><string>dev.a<![CDATA[<b]]>&amp;&#x63;</string></dict>',
      ),
    ),
    app: { packageName: 'dev.a<b&c' },
  },
  {
    name: 'an Info.plist of version 1.2.3 and a build number of three parts',
    file: 'app.ipa',
    contents: ipa(
      xmlPlist(
        '<dict><key>CFBundleVersion</key><string>1.2.3</string><key>CFBundleShortVersionString</key><string>1.2</string></dict>',
      ),
    ),
    app: { versionName: '1.2', versionCode: null },
  },
];

test.each(named(ODD))('accepted: %s', async (_, { contents, file = 'app.apk', app, warns }) => {
  const [canary, cwd] = [await startCanary(), await temporaryFolder()];
  await writeFile(join(cwd, file), contents);

  const result = await runCli(['protect', file, '--environment', 'dev', '--dry-run', '--json'], {
    cwd,
    env: canary.variables,
  });

  expectAccepted(result);
  const { artifact, warnings } = JSON.parse(result.stdout) as { artifact: object; warnings: { message: string }[] };
  expect(artifact).toMatchObject(app ?? { packageName: null, versionName: null, versionCode: null });
  const said = warnings.map(({ message }) => message).filter((message) => message.startsWith('cannot read'));
  if (warns === undefined) expect(said).toEqual([]);
  else expect(said).toEqual([expect.stringContaining(warns)]);
});

import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { openAppArchive } from '../../src/archive/archive-kind.ts';
import { readSignatures } from '../../src/archive/signature/signatures.ts';
import { fixture, temporaryFolder } from '../../src/testing/files.ts';
import { hasApksigner } from '../support/android-tools.ts';
import { ATTRIBUTE, BLOCK, type BlockSigner, LAST_SDK, lineage, signApk } from '../support/apk-signer.ts';
import { asAndroid, fileOf, inspectedAt } from '../support/inspected.ts';
import { signJar } from '../support/jar-signer.ts';
import { createSigningKey } from '../support/signing-key.ts';
import { zip } from '../support/zip-bytes.ts';

// Files that are signed here, in every way that is allowed and in many that are not. Where apksigner is installed it is asked as well.

const run = promisify(execFile);
const [OLD, NEW, OTHER] = ['old', 'new', 'other'].map(createSigningKey) as [Key, Key, Key];
type Key = ReturnType<typeof createSigningKey>;

const UNSIGNED = await filesOf('unsigned.apk');
const ALL: readonly [number, number] = [24, LAST_SDK];

async function filesOf(name: string): Promise<{ readonly name: string; readonly data: Buffer }[]> {
  const { zip: directory } = await openAppArchive(fileOf(await readFile(fixture(name))));
  return await Promise.all(
    directory.names.map(async (one) => ({ name: one, data: (await directory.read(one)) as Buffer })),
  );
}

/** `scheme true`, or `scheme false: why` and `scheme null: why`; the signers of the newest one. */
async function verdictsOf(bytes: Buffer) {
  const signatures = await readSignatures(await openAppArchive(fileOf(bytes)), []);
  const schemes = await signatures.verify(new AbortController().signal);
  return schemes.map(({ scheme, verified, reason }) => `${scheme} ${verified}${reason === null ? '' : `: ${reason}`}`);
}

/** Whether apksigner takes the file; it knows v3.1 from version 33 on. */
async function apksignerVerifies(bytes: Buffer, minSdk: number): Promise<boolean> {
  const path = join(await temporaryFolder(), 'app.apk');
  await writeFile(path, bytes);
  return await run('apksigner', ['verify', '--min-sdk-version', String(minSdk), path]).then(
    () => true,
    () => false,
  );
}

const PAGE_BYTES = 4096;

/** The root of the hash tree over a file, and how long that is. */
function verityOf(bytes: Buffer): Buffer {
  const hashesOf = (data: Buffer) => {
    const pages = Array.from({ length: Math.ceil(data.length / PAGE_BYTES) }, (_, index) => {
      const page = Buffer.alloc(PAGE_BYTES);
      data.copy(page, 0, index * PAGE_BYTES);
      return createHash('sha256').update(Buffer.alloc(8)).update(page).digest();
    });
    return Buffer.concat(pages);
  };
  let level = hashesOf(bytes);
  while (level.length > 32) level = hashesOf(level);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(bytes.length));
  return Buffer.concat([level, length]);
}

type Schemes = readonly (readonly [number, readonly BlockSigner[]])[];
const REMOVED_V31 = 'the v3.1 signature that it mentions was removed';
const OTHER_VERSIONS = 'signature covers other Android versions than it says';
const PROOF = [ATTRIBUTE.proofOfRotation, lineage([OLD, NEW])] as const;
const rotated = (min: number): BlockSigner => ({ key: NEW, range: [min, LAST_SDK], attributes: [PROOF] });
const oldUpTo = (
  min: number,
  attributes: BlockSigner['attributes'] = [[ATTRIBUTE.rotationMinSdk, min]],
): BlockSigner => ({
  key: OLD,
  range: [24, min - 1],
  attributes,
});

const UNREADABLE = [ATTRIBUTE.proofOfRotation, Buffer.from([9, 0, 0, 0])] as const;

const BLOCKS: readonly (readonly [name: string, schemes: Schemes, verdicts: readonly string[]])[] = [
  ['v2', [[BLOCK.v2, [{ key: OLD }]]], ['v2 true']],
  ['v3', [[BLOCK.v3, [{ key: OLD, range: ALL }]]], ['v3 true']],
  [
    'v2 that wants v3, without it',
    [[BLOCK.v2, [{ key: OLD, attributes: [[ATTRIBUTE.strippingProtection, 3]] }]]],
    ['v2 false: the v3 signature that it mentions was removed'],
  ],
  [
    'v3 and v3.1',
    [
      [BLOCK.v3, [oldUpTo(33)]],
      [BLOCK.v31, [rotated(33)]],
    ],
    ['v3 true', 'v3.1 true'],
  ],
  ['v3 without the v3.1 that it wants', [[BLOCK.v3, [{ ...oldUpTo(33), range: ALL }]]], [`v3 false: ${REMOVED_V31}`]],
  [
    'v3 that wants another v3.1',
    [
      [BLOCK.v3, [{ ...oldUpTo(33, [[ATTRIBUTE.rotationMinSdk, 34]]), range: ALL }]],
      [BLOCK.v31, [rotated(33)]],
    ],
    [`v3 false: the v3.1 ${OTHER_VERSIONS}`, 'v3.1 true'],
  ],
  [
    'v3.1 that wants another v3.1',
    [
      [BLOCK.v3, [oldUpTo(33)]],
      [BLOCK.v31, [{ ...rotated(33), attributes: [PROOF, [ATTRIBUTE.rotationMinSdk, 33]] }]],
    ],
    ['v3 true', `v3.1 false: ${REMOVED_V31}`],
  ],
  ['v3.1 alone', [[BLOCK.v31, [rotated(33)]]], ['v3.1 false: the v3 signature that it extends is missing']],
  [
    'v3.1 that begins after v3 has ended',
    [
      [BLOCK.v3, [oldUpTo(30, [])]],
      [BLOCK.v31, [rotated(33)]],
    ],
    ['v3 false: it does not cover all Android versions that the app supports', 'v3.1 true'],
  ],
  [
    'v3 from a later Android version than the app',
    [[BLOCK.v3, [{ key: OLD, range: [30, LAST_SDK] }]]],
    ['v3 false: it does not cover all Android versions that the app supports'],
  ],
  [
    'v3 with a gap',
    [[BLOCK.v3, [oldUpTo(29, []), { key: NEW, range: [31, LAST_SDK], attributes: [PROOF] }]]],
    ['v3 false: the Android versions of its signers overlap or leave a gap'],
  ],
  [
    'v3 for versions that cannot be',
    [[BLOCK.v3, [{ key: OLD, range: [LAST_SDK, 24] }]]],
    ['v3 false: its range of Android versions is impossible'],
  ],
  ['v3 with a proof of rotation', [[BLOCK.v3, [{ key: NEW, range: ALL, attributes: [PROOF] }]]], ['v3 true']],
  [
    'v3 with a proof of rotation that is forged',
    [[BLOCK.v3, [{ key: NEW, range: ALL, attributes: [[ATTRIBUTE.proofOfRotation, lineage([OLD, NEW], OTHER)]] }]]],
    ['v3 false: its proof of rotation is not valid'],
  ],
  [
    'v3 with the proof of another key',
    [[BLOCK.v3, [{ key: OTHER, range: ALL, attributes: [PROOF] }]]],
    ['v3 false: its proof of rotation is for another certificate'],
  ],
  [
    'v3 with a proof that goes round',
    [[BLOCK.v3, [{ key: OLD, range: ALL, attributes: [[ATTRIBUTE.proofOfRotation, lineage([OLD, NEW, OLD])]] }]]],
    ['v3 false: its proof of rotation is not valid'],
  ],
  [
    'v3 with a proof that cannot be read',
    [[BLOCK.v3, [{ key: NEW, range: ALL, attributes: [[ATTRIBUTE.proofOfRotation, Buffer.from([1, 0, 0, 0, 9])]] }]]],
    ['v3 false: its proof of rotation ends too early'],
  ],
  [
    'v2 and v3 with a proof that starts there',
    [
      [BLOCK.v2, [{ key: OLD }]],
      [BLOCK.v3, [{ key: NEW, range: ALL, attributes: [PROOF] }]],
    ],
    ['v2 true', 'v3 true'],
  ],
  [
    'v2 and v3 by two keys',
    [
      [BLOCK.v2, [{ key: OLD }]],
      [BLOCK.v3, [{ key: NEW, range: ALL }]],
    ],
    [
      'v2 true',
      'v3 false: its signer differs from the signer of the older signatures, and no proof of rotation connects them',
    ],
  ],
  [
    'v2 and v3 with a proof that starts elsewhere',
    [
      [BLOCK.v2, [{ key: OTHER }]],
      [BLOCK.v3, [{ key: NEW, range: ALL, attributes: [PROOF] }]],
    ],
    [
      'v2 true',
      'v3 false: its signer differs from the signer of the older signatures, and no proof of rotation connects them',
    ],
  ],
  [
    'v2 and v3 beside a v3.1 whose proof cannot be read',
    [
      [BLOCK.v2, [{ key: OLD }]],
      [BLOCK.v3, [oldUpTo(33)]],
      [BLOCK.v31, [{ ...rotated(33), attributes: [UNREADABLE] }]],
    ],
    ['v2 true', 'v3 true', 'v3.1 false: its proof of rotation is in an unknown format'],
  ],
  [
    'the hash tree of another file',
    [[BLOCK.v2, [{ key: OLD, verity: Buffer.alloc(40) }]]],
    ['v2 false: the file was changed after it was signed'],
  ],
];

/** What apksigner 35 does not know yet; Android 17 refuses the first two. */
const HYBRID: typeof BLOCKS = [
  [
    'v3 without the v3.2 that it wants',
    [[BLOCK.v3, [{ key: OLD, range: ALL, attributes: [[ATTRIBUTE.hybridMinSdk, 37]] }]]],
    ['v3 false: the v3.2 signature that it mentions was removed'],
  ],
  [
    'v3 that wants another v3.2',
    [
      [BLOCK.v3, [{ key: OLD, range: ALL, attributes: [[ATTRIBUTE.hybridMinSdk, 37]] }]],
      [BLOCK.v32, [{ key: NEW, range: [38, LAST_SDK] }]],
    ],
    [`v3 false: the v3.2 ${OTHER_VERSIONS}`, 'v3.2 null: apptool does not check the v3.2 scheme'],
  ],
  [
    'v3 and v3.2',
    [
      [BLOCK.v3, [{ key: OLD, range: ALL, attributes: [[ATTRIBUTE.hybridMinSdk, 37]] }]],
      [BLOCK.v32, [{ key: NEW, range: [37, LAST_SDK] }]],
    ],
    ['v3 true', 'v3.2 null: apptool does not check the v3.2 scheme'],
  ],
];

describe('a signing block', () => {
  test.each([...BLOCKS, ...HYBRID])('%s', async (_, schemes, verdicts) => {
    expect(await verdictsOf(signApk(zip(UNSIGNED), schemes))).toEqual(verdicts);
  });

  test.skipIf(!hasApksigner).each(BLOCKS.filter(([, schemes]) => schemes.every(([id]) => id !== BLOCK.v31)))(
    '%s: apksigner says so too',
    async (name, schemes, verdicts) => {
      // The one that does not know v3.1 does not look for it.
      if (name.includes('v3.1')) return;
      const isTrue = verdicts.every((one) => /^\S+ true$/.test(one));
      expect(await apksignerVerifies(signApk(zip(UNSIGNED), schemes), 24)).toBe(isTrue);
    },
  );

  test('with the digest of the hash tree, which is computed too', async () => {
    const at = zip(UNSIGNED).readUInt32LE(zip(UNSIGNED).length - 22 + 16);
    const aligned = zip([...UNSIGNED, { name: 'p', data: Buffer.alloc(PAGE_BYTES - ((at + 31) % PAGE_BYTES)) }]);
    const signed = (bytes: Buffer) => signApk(bytes, [[BLOCK.v2, [{ key: OLD, verity: verityOf(bytes) }]]]);

    expect(await verdictsOf(signed(aligned))).toEqual(['v2 true']);
    // Android wants the signing block to be of whole pages.
    expect(await verdictsOf(signed(zip(UNSIGNED)))).toEqual(['v2 false: the file was changed after it was signed']);
    if (hasApksigner) expect(await apksignerVerifies(signed(aligned), 24)).toBe(true);
  });

  test.each([
    ['v31-rotated.apk', ['v1 true', 'v2 true', 'v3 true', 'v3.1 true']],
    ['v31-stripped.apk', ['v1 true', 'v2 true', `v3 false: ${REMOVED_V31}`]],
    ['v2-garbage-64.apk', ['v2 false: the directory of the archive does not end where the end record begins']],
  ])('of apksigner, %s', async (name, verdicts) => {
    expect(await verdictsOf(await readFile(fixture(`signed/${name}`)))).toEqual(verdicts);
  });
});

describe('a large file, whose digest many threads compute', () => {
  const large = { name: 'assets/large.bin', data: Buffer.alloc(40 * 1024 * 1024, 'large') };
  const signed = signApk(zip([...UNSIGNED, large]), [[BLOCK.v2, [{ key: OLD }]]]);

  async function schemesOf(bytes: Buffer) {
    const path = join(await temporaryFolder(), 'app.apk');
    await writeFile(path, bytes);
    return asAndroid(await inspectedAt(path)).signatures;
  }

  test('is true as it is, and not when a byte is changed', async () => {
    const changed = Buffer.from(signed);
    changed.writeUInt8(0, 20 * 1024 * 1024);

    expect(await schemesOf(signed)).toMatchObject([{ scheme: 'v2', verified: true }]);
    expect(await schemesOf(changed)).toMatchObject([{ reason: 'the file was changed after it was signed' }]);
  });

  test('is computed in one thread where the others cannot read', async () => {
    const archive = await openAppArchive({ ...fileOf(signed), fd: 0x7fff_0000 });
    const { verify } = await readSignatures(archive, []);

    expect(await verify(new AbortController().signal)).toMatchObject([{ scheme: 'v2', verified: true }]);
  });

  test('is given up when the signal says so', async () => {
    const path = join(await temporaryFolder(), 'app.apk');
    await writeFile(path, signed);
    const handle = await open(path);
    const archive = await openAppArchive({ ...fileOf(signed), fd: handle.fd });
    const { verify } = await readSignatures(archive, []);
    const controller = new AbortController();

    const verified = verify(controller.signal);
    controller.abort(new Error('enough'));

    await expect(verified).rejects.toThrow('enough');
    await handle.close();
  });
});

describe('a JAR signature', () => {
  const files = (entries: readonly { readonly name: string; readonly data: Buffer }[]) => zip([...entries]);
  const jar = (options?: Parameters<typeof signJar>[2]) => signJar(UNSIGNED, OLD, options);
  const withData = (name: string, data: string) =>
    [...UNSIGNED, ...jar()].map((one) => (one.name === name ? { name, data: Buffer.from(data) } : one));
  const long = { name: `assets/${'é'.repeat(60)}.txt`, data: Buffer.from('x') };

  const rows: readonly (readonly [string, () => Buffer, string])[] = [
    ['of all entries', () => files([...UNSIGNED, ...jar()]), 'v1 true'],
    ['of a long name', () => files([...UNSIGNED, long, ...signJar([...UNSIGNED, long], OLD)]), 'v1 true'],
    ['with signed attributes', () => files([...UNSIGNED, ...jar({ attributes: 'true' })]), 'v1 true'],
    ['of the sections alone', () => files([...UNSIGNED, ...jar({ bySections: true })]), 'v1 true'],
    [
      'with the attributes of another file',
      () => files([...UNSIGNED, ...jar({ attributes: 'other' })]),
      'v1 false: the signature file was changed after it was signed',
    ],
    [
      'by another key than that of its certificate',
      () => files([...UNSIGNED, ...jar({ certificate: createSigningKey('old').certificate })]),
      'v1 false: the signature file was changed after it was signed',
    ],
    [
      'an entry changed',
      () => files(withData('classes.dex', 'x')),
      'v1 false: classes.dex was changed after it was signed',
    ],
    ['an entry added', () => files([...UNSIGNED, long, ...jar()]), `v1 false: ${long.name} is not signed`],
    [
      'an entry removed',
      () => files([...UNSIGNED.filter(({ name }) => name !== 'classes.dex'), ...jar()]),
      'v1 false: classes.dex was removed after it was signed',
    ],
    [
      'the manifest changed',
      () =>
        files(withData('META-INF/MANIFEST.MF', String(jar()[0]?.data).replace('\r\nSHA-256', '\r\nX: 1\r\nSHA-256'))),
      `v1 false: the manifest's section of ${UNSIGNED[0]?.name} was changed after it was signed`,
    ],
    [
      'the signature file changed',
      () => files([...UNSIGNED, ...jar({ lines: ['X: 1'] }).slice(0, 2), ...jar().slice(2)]),
      'v1 false: the signature file was changed after it was signed',
    ],
    ['no manifest', () => files([...UNSIGNED, ...jar().slice(1)]), 'v1 false: there is no META-INF/MANIFEST.MF'],
    [
      'no signature file',
      () => files([...UNSIGNED, ...jar().filter(({ name }) => !name.endsWith('.SF'))]),
      'v1 false: the signature file is missing for META-INF/CERT.EC',
    ],
    [
      'a newer signature taken away',
      () => files([...UNSIGNED, ...jar({ lines: ['X-Android-APK-Signed: 2, 3'] })]),
      'v1 false: a newer signature that belongs to it was removed: v2, v3',
    ],
  ];

  test.each(rows)('%s', async (_, bytes, verdict) => {
    expect(await verdictsOf(bytes())).toEqual([verdict]);
  });

  test.skipIf(!hasApksigner).each(rows)('%s: apksigner says so too', async (_, bytes, verdict) => {
    expect(await apksignerVerifies(bytes(), 21)).toBe(verdict === 'v1 true');
  });

  test('of an app that targets Android 11 or later is not enough', async () => {
    const verdicts = await verdictsOf(await readFile(fixture('signed/v1-only-target-34.apk')));

    expect(verdicts).toEqual([
      'v1 false: the app targets SDK 34, and from 30 on Android wants v2 or a newer signature',
    ]);
  });

  test('is not looked at where all Android versions of the app go by a newer one', async () => {
    expect(await verdictsOf(await readFile(fixture('rich.apk')))).toEqual([
      'v1 null: no Android version that the app supports uses it',
      'v2 true',
      'v3 true',
    ]);
  });
});

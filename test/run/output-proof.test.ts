import { describe, expect, test } from 'vitest';
import { readAppIdentity } from '../../src/archive/app-identity.ts';
import { openAppArchive } from '../../src/archive/archive-kind.ts';
import { ArchiveProblem } from '../../src/archive/zip/archive-file.ts';
import { IntegrityError } from '../../src/contract/errors.ts';
import { proveOutput, readOutput, type SentArtifact } from '../../src/run/checks/output-proof.ts';
import { named } from '../support/canary.ts';
import { fileOf } from '../support/inspected.ts';
import { zip } from '../support/zip-bytes.ts';

const IDENTITY = {
  packageName: 'dev.app',
  versionName: '1.0',
  versionCode: 42,
  minSdk: 24,
  targetSdk: 34,
  permissions: [
    { name: 'CAMERA', maxSdk: null },
    { name: 'STORAGE', maxSdk: 28 },
  ],
  debuggable: false,
  buildNumber: null,
  profileExpires: null,
  unfit: [],
};
const SENT: SentArtifact = { kind: 'apk', sizeBytes: 9, sha256: 'in', identity: IDENTITY, signingKey: undefined };
const OUTPUT = {
  kind: 'apk',
  sha256: 'out',
  identity: IDENTITY,
  isSigned: true,
  signers: null,
  signedBy: null,
  problems: [],
} as const;

const REST = 'minimum SDK, target SDK, permissions, whether it is debuggable';
const HOW_TO_SIGN =
  'give a signing key, set a default key in the portal, or sign the output elsewhere (apksigner, codesign) before you publish it';

type Output = Parameters<typeof proveOutput>[0];
interface Row {
  readonly name: string;
  readonly output?: Partial<Output>;
  readonly sent?: Partial<SentArtifact>;
}

const SPLIT = { code: 'split', why: 'is a split (config.x), not a whole app' } as const;
const TEST_ONLY = { code: 'test-only', why: 'is marked as test-only' } as const;

const is = (identity: Partial<typeof IDENTITY>): Partial<Output> => ({
  identity: { ...IDENTITY, ...identity } as never,
});

const REFUSED: readonly (Row & { says: string })[] = [
  { name: 'the input itself', output: { sha256: 'in' }, says: 'identical to the input' },
  { name: 'another kind of file', output: { kind: 'aab' }, says: 'the output is an AAB, the input an APK' },
  { name: 'another app', output: is({ packageName: 'b.c' }), says: 'the output is the app b.c, the input dev.app' },
  {
    name: 'no signature where a key was asked for',
    output: { isSigned: false },
    sent: { signingKey: 'k1' },
    says: 'the output is not signed, but signing key k1 was requested',
  },
];

const PASSED: readonly (Row & { warnings: readonly string[] })[] = [
  { name: 'the same app', warnings: [] },
  {
    name: 'other versions',
    output: is({ versionName: '1.1', versionCode: 43 }),
    warnings: [
      'output-differs: the version name is 1.1 in the output, but 1.0 in the input',
      'output-differs: the version code is 43 in the output, but 42 in the input',
    ],
  },
  {
    name: 'another minimum SDK',
    output: is({ minSdk: null as never }),
    warnings: ['output-differs: the minimum SDK is unknown in the output, but 24 in the input'],
  },
  {
    name: 'other permissions',
    output: is({ permissions: [{ name: 'STORAGE', maxSdk: null as never }, ...IDENTITY.permissions.slice(0, 1)] }),
    warnings: ['output-differs: the output has wider permissions than the input: STORAGE, was up to SDK 28'],
  },
  {
    name: 'a permission with a higher limit',
    output: is({ permissions: [...IDENTITY.permissions.slice(0, 1), { name: 'STORAGE', maxSdk: 30 }] }),
    warnings: [
      'output-differs: the output has wider permissions than the input: STORAGE (up to SDK 30), was up to SDK 28',
    ],
  },
  {
    name: 'a permission with a limit that it had not',
    output: is({ permissions: [{ name: 'CAMERA', maxSdk: 30 as never }, ...IDENTITY.permissions.slice(1)] }),
    warnings: [
      'output-differs: the output has narrower permissions than the input: CAMERA (up to SDK 30), was without limit',
    ],
  },
  {
    name: 'permissions that are gone, and new ones',
    output: is({ permissions: [...IDENTITY.permissions.slice(0, 1), { name: 'SMS', maxSdk: null as never }] }),
    warnings: [
      'output-differs: the output has permissions that the input does not have: SMS',
      'output-differs: the output lacks permissions of the input: STORAGE (up to SDK 28)',
    ],
  },
  {
    name: 'a lower target SDK',
    output: is({ targetSdk: 22 }),
    warnings: ['output-differs: the target SDK is 22 in the output, but 34 in the input'],
  },
  {
    name: 'a split, and test-only',
    output: is({ unfit: [SPLIT, TEST_ONLY] as never }),
    sent: { identity: { ...IDENTITY, unfit: [TEST_ONLY] } },
    warnings: ['output-differs: unlike the input, the output is a split (config.x), not a whole app'],
  },
  {
    name: 'an output that does not say its package',
    output: is({ packageName: null as never }),
    warnings: ['not-compared: the output does not say its package, so it cannot be checked that it is dev.app'],
  },
  {
    name: 'an input whose SHA-256 is not known',
    sent: { sha256: null },
    warnings: [
      'not-compared: the SHA-256 of the input is not known, so it cannot be checked that the output differs from it',
    ],
  },
  {
    name: 'another build number of an iOS app',
    output: { kind: 'ipa', ...is({ versionCode: null as never, buildNumber: '1.2.4' as never }) },
    sent: { kind: 'ipa', identity: { ...IDENTITY, versionCode: null, buildNumber: '1.2.3' } },
    warnings: ['output-differs: the build number is 1.2.4 in the output, but 1.2.3 in the input'],
  },
  {
    name: 'a debuggable output',
    output: is({ debuggable: true }),
    warnings: ['output-differs: the output is debuggable, the input is not'],
  },
  {
    name: 'an output that is no longer debuggable',
    sent: { identity: { ...IDENTITY, debuggable: true } },
    warnings: ['output-differs: the output is not debuggable, the input is'],
  },
  {
    name: 'an output that cannot be read',
    output: { identity: null, problems: ['cannot read AndroidManifest.xml'] },
    warnings: [
      'unreadable-part: in the output: cannot read AndroidManifest.xml',
      'not-compared: the output does not say its package, so it cannot be checked that it is dev.app',
      `not-compared: not compared, because it is unknown for the output: version name, version code, ${REST}`,
    ],
  },
  {
    name: 'an input that could not be read',
    sent: { identity: null },
    warnings: [
      'not-compared: the package of the input is unknown, so it cannot be checked that the output is the same app',
      `not-compared: not compared, because it is unknown for the input: version name, version code, ${REST}`,
    ],
  },
  {
    name: 'what a receipt tells of the input',
    output: is({ versionCode: 43 }),
    sent: { identity: { packageName: 'dev.app', versionName: null, versionCode: 42 } },
    warnings: [
      'output-differs: the version code is 43 in the output, but 42 in the input',
      `not-compared: not compared, because it is unknown for the input: version name, ${REST}`,
    ],
  },
  {
    name: 'no signature, where nobody named a key',
    output: { isSigned: false },
    warnings: [`unsigned-output: the output has no signature: ${HOW_TO_SIGN}`],
  },
  {
    name: 'no signature, where the input had one',
    output: { isSigned: false },
    sent: { signedBy: ['CN=Release', 'CN=Other'] },
    warnings: [
      `unsigned-output: the output has no signature (the input was signed by CN=Release and CN=Other): ${HOW_TO_SIGN}`,
    ],
  },
  {
    name: 'a signature that cannot be read, where a key was asked for',
    output: { isSigned: null },
    sent: { signingKey: 'k1' },
    warnings: ['unsigned-output: cannot tell whether the output is signed'],
  },
  { name: 'a signature that cannot be read, where nobody named a key', output: { isSigned: null }, warnings: [] },
  { name: 'no signature, as asked for', output: { isSigned: false }, sent: { signingKey: 'none' }, warnings: [] },
  {
    name: 'no signature, where nobody knows what was asked for',
    output: { isSigned: false },
    sent: { signingKey: null },
    warnings: [],
  },
];

describe('after protection', () => {
  test.each(named(REFUSED))('refuses %s', (_, { output, sent, says }) => {
    const prove = () => proveOutput({ ...OUTPUT, ...output }, { ...SENT, ...sent });

    expect(prove).toThrow(IntegrityError);
    expect(prove).toThrow(says);
  });

  test.each(named(PASSED))('passes %s', (_, { output, sent, warnings }) => {
    const found = proveOutput({ ...OUTPUT, ...output }, { ...SENT, ...sent });

    expect(found.map(({ code, message }) => `${code}: ${message}`)).toEqual(warnings);
  });

  test('a manifest that no honest build makes is a problem of an output, not the end of it', async () => {
    const hostile = Buffer.from('\x03\x00\x08\x00\x00\x00\x00\x80', 'latin1');
    const file = fileOf(zip([{ name: 'AndroidManifest.xml', data: hostile }]));

    const ofInput = await readAppIdentity(await openAppArchive(file), []).catch((error: unknown) => error);
    const facts = await readOutput(file, 'out');

    expect(ofInput).toBeInstanceOf(ArchiveProblem);
    expect(facts).toMatchObject({ kind: 'apk', identity: null, problems: [expect.stringContaining('manifest')] });
  });

  test('what is no whole archive may have been damaged on its way', async () => {
    const read = readOutput(fileOf(Buffer.from('PK\x03\x04 and no more', 'latin1')), 'out');

    await expect(read).rejects.toThrow(expect.objectContaining({ exitCode: 11, mayBeTransit: true }));
  });
});

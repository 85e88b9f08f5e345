import { describe, expect, test } from 'vitest';
import type { Signatures } from '../../src/archive/signature/signatures.ts';
import { UsageError } from '../../src/contract/errors.ts';
import { type Expectations, type PreflightInput, preflight } from '../../src/run/checks/preflight.ts';
import { upload } from '../../src/run/upload.ts';
import { testContext } from '../../src/testing/context.ts';
import { faultProxy } from '../../src/testing/fault-proxy.ts';
import { copyFixture, temporaryFolder } from '../../src/testing/files.ts';
import { openBackend } from '../../src/testing/open-backend.ts';
import { sandbox } from '../../src/testing/sandbox.ts';
import { depot } from '../sixth-backend/index.ts';
import { named } from '../support/canary.ts';
import { runContext } from '../support/journal.ts';
import { UPLOAD } from '../support/upload.ts';

const IDENTITY = {
  packageName: 'dev.app',
  versionName: '1.0',
  versionCode: 42,
  minSdk: 24,
  targetSdk: 34,
  permissions: [],
  debuggable: false,
  buildNumber: null,
  profileExpires: null,
  unfit: [],
};
const SIGNER = 'ab'.repeat(32);
const OTHER = 'cd'.repeat(32);
const SIGNED = { isSigned: true, isDebugSigned: false } as const;
const INPUT: PreflightInput = {
  name: 'app.apk',
  identity: IDENTITY,
  signatures: null,
  backends: [{ id: 'shop' }],
  isForProduction: true,
  expected: { allowDebuggable: false },
  now: new Date('2030-01-01T00:00:00Z'),
};
const UNFIT = { ...IDENTITY, unfit: [{ code: 'not-for-ios', why: 'is built for the simulator' }] } as const;
const DEBUGGABLE = { ...IDENTITY, debuggable: true };
const STRICT: PreflightInput['backends'] = [...INPUT.backends, { id: 'store', signature: 'release' }];

function expecting(expected: Partial<Expectations>): Pick<PreflightInput, 'expected'> {
  return { expected: { allowDebuggable: false, ...expected } };
}

function scheme(
  name: Signatures['schemes'][number]['scheme'],
  sha256: string,
  verified: boolean | null,
): Signatures['schemes'][number] {
  const certificate = { subject: 'CN=A', sha256, validFrom: null, validUntil: null, androidDebug: false };
  return { scheme: name, signers: [certificate], verified, reason: verified === true ? null : 'of a reason' };
}

function signedBy(...schemes: Signatures['schemes']): Pick<PreflightInput, 'expected' | 'signatures'> {
  return { ...expecting({ signer: SIGNER }), signatures: { ...SIGNED, schemes } };
}

const profile = (profileExpires: string) => ({ identity: { ...IDENTITY, profileExpires } });

const REFUSED: readonly { name: string; given: Partial<PreflightInput>; says: string }[] = [
  { name: 'another package', given: expecting({ packageName: 'b.c' }), says: 'its package is dev.app, not b.c' },
  {
    name: 'a package that is another only by its case',
    given: expecting({ packageName: 'dev.App' }),
    says: 'its package is dev.app, not dev.App',
  },
  {
    name: 'a package that cannot be read',
    given: { ...expecting({ packageName: 'b.c' }), identity: null },
    says: 'its package cannot be read, so it cannot be compared with b.c',
  },
  {
    name: 'a lower version code',
    given: expecting({ minVersionCode: '43' }),
    says: 'its version code is 42, less than 43',
  },
  {
    name: 'a version code that is none',
    given: { ...expecting({ minVersionCode: '0' }), identity: { ...IDENTITY, versionCode: null } },
    says: 'its version code cannot be read',
  },
  ...[
    ['1.2.42', '1.2.43'],
    ['1.2.42', '1.3'],
    ['1.2.42', '1.10.0'],
    ['41', '42'],
    ['1', '1.0.1'],
    ['9999999999999999.1', '9999999999999999.2'],
  ].map(([buildNumber = '', least = '']) => ({
    name: `the build number ${buildNumber} where ${least} is the least`,
    given: { ...expecting({ minVersionCode: least }), identity: { ...IDENTITY, versionCode: null, buildNumber } },
    says: `its build number is ${buildNumber}, less than ${least}`,
  })),
  {
    name: 'a build number that is not numbers with dots',
    given: {
      ...expecting({ minVersionCode: '1' }),
      identity: { ...IDENTITY, versionCode: null, buildNumber: '1.2b3' },
    },
    says: 'its build number 1.2b3 is not numbers with dots between them, so it cannot be compared',
  },
  {
    name: 'a version code where a build number is expected',
    given: expecting({ minVersionCode: '1.2.3' }),
    says: 'its version code is one number, 42, which cannot be compared with 1.2.3',
  },
  {
    name: 'what no device takes, for production',
    given: { identity: UNFIT },
    says: 'it is built for the simulator, which no store accepts, and the environment is production',
  },
  {
    name: 'no signature where a signer is expected',
    given: { ...expecting({ signer: SIGNER }), signatures: { schemes: [], isSigned: false, isDebugSigned: false } },
    says: 'it is not signed',
  },
  {
    name: 'a signature that cannot be read where a signer is expected',
    given: { ...expecting({ signer: SIGNER }), signatures: { schemes: [], isSigned: null, isDebugSigned: null } },
    says: 'its signer cannot be checked: its signature is not read here',
  },
  {
    name: 'a JAR signature alone',
    given: signedBy(scheme('v1', SIGNER, null)),
    says: 'its signer cannot be checked: of a reason',
  },
  {
    name: 'another signer',
    given: signedBy(scheme('v2', OTHER, true)),
    says: `it is signed by ${OTHER}, not by ${SIGNER}`,
  },
  {
    name: 'another signer in the newest scheme',
    given: signedBy(scheme('v2', SIGNER, true), scheme('v3', OTHER, true)),
    says: `it is signed by ${OTHER}, not by ${SIGNER}`,
  },
  {
    name: 'a newest scheme that cannot be checked',
    given: signedBy(scheme('v2', SIGNER, true), scheme('v3', SIGNER, null)),
    says: 'its signer cannot be checked: of a reason',
  },
  {
    name: 'a signature that does not verify',
    given: signedBy(scheme('v2', SIGNER, false), scheme('v3', SIGNER, true)),
    says: 'its v2 signature does not verify: of a reason',
  },
  {
    name: 'no signature where a backend refuses that',
    given: { backends: STRICT, signatures: { schemes: [], isSigned: false, isDebugSigned: false } },
    says: 'it is not signed, and store refuses such files',
  },
  {
    name: 'a debug key where a backend refuses that',
    given: { backends: STRICT, signatures: { schemes: [], isSigned: true, isDebugSigned: true } },
    says: 'it is signed with a key for debug builds, and store refuses such files',
  },
  {
    name: 'a debuggable app for production',
    given: { identity: DEBUGGABLE },
    says: 'it is debuggable, and the environment is production',
  },
];

const PASSED: readonly { name: string; given: Partial<PreflightInput>; codes?: readonly string[] }[] = [
  { name: 'a file of which nothing is expected', given: {} },
  { name: 'what cannot be read, where nobody asks', given: { identity: null } },
  { name: 'the package', given: expecting({ packageName: 'dev.app' }) },
  { name: 'just the least version code', given: expecting({ minVersionCode: '42' }) },
  ...[
    ['1.2.42', '1.2.9'],
    ['1.2.42', '1.2.42'],
    ['1.2', '1.2.0'],
    ['1.2.0', '1.2'],
    ['1.10', '1.9.9'],
    ['2', '1.9.9'],
  ].map(([buildNumber = '', least = '']) => ({
    name: `the build number ${buildNumber} where ${least} is the least`,
    given: { ...expecting({ minVersionCode: least }), identity: { ...IDENTITY, versionCode: null, buildNumber } },
  })),
  {
    name: 'what no device takes, for production, where that was allowed',
    given: { identity: UNFIT, ...expecting({ allowUnfit: true }) },
    codes: ['not-for-ios'],
  },
  {
    name: 'what no device takes, for a test',
    given: { identity: UNFIT, isForProduction: false },
    codes: ['not-for-ios'],
  },
  { name: 'the signer', given: signedBy(scheme('v1', OTHER, null), scheme('v2', SIGNER, true)) },
  {
    name: 'one of two signers',
    given: signedBy({
      ...scheme('v2', OTHER, true),
      signers: [OTHER, SIGNER].flatMap((sha256) => scheme('v2', sha256, true).signers),
    }),
  },
  {
    name: 'a release signature where a backend wants one',
    given: { backends: STRICT, signatures: { schemes: [], ...SIGNED } },
  },
  {
    name: 'an unsigned file where no backend refuses it',
    given: { signatures: { schemes: [], isSigned: false, isDebugSigned: false } },
  },
  ...[
    { isSigned: null, isDebugSigned: null },
    { isSigned: true, isDebugSigned: null },
  ].map((facts) => ({
    name: `a signature that cannot be read where a backend wants one: ${JSON.stringify(facts)}`,
    given: { backends: STRICT, signatures: { schemes: [], ...facts } },
    codes: ['unreadable-signature'],
  })),
  {
    name: 'a debuggable app that is not for production',
    given: { identity: DEBUGGABLE, isForProduction: false },
    codes: ['debuggable'],
  },
  {
    name: 'a debuggable app for production that was allowed',
    given: { identity: DEBUGGABLE, ...expecting({ allowDebuggable: true }) },
    codes: ['debuggable'],
  },
  { name: 'a profile that expires later', given: profile('2030-01-01T00:00:01.000Z') },
  { name: 'a profile that has expired', given: profile('2029-12-31T23:59:59.000Z'), codes: ['expired-profile'] },
];

describe('before anything is sent', () => {
  test.each(named(REFUSED))('refuses %s', (_, { given, says }) => {
    const judge = () => preflight({ ...INPUT, ...given });

    expect(judge).toThrow(UsageError);
    expect(judge).toThrow(expect.objectContaining({ exitCode: 2, hint: expect.stringMatching(/\w/) }));
    expect(judge).toThrow(`cannot send app.apk: ${says}`);
  });

  test.each(named(PASSED))('passes %s', (_, { given, codes = [] }) => {
    expect(preflight({ ...INPUT, ...given }).map(({ code }) => code)).toEqual(codes);
  });
});

const WANTS_RELEASE = { ...depot, capabilities: { ...depot.capabilities, signature: 'release' as const } };

describe('a backend that declares that it wants release signatures', () => {
  async function uploadTo(definition: typeof depot, name: string) {
    const box = await sandbox({}, definition);
    const proxy = await faultProxy(box, []);
    const backend = await openBackend(definition, proxy.variables);
    const path = await copyFixture(name, await temporaryFolder());
    const ctx = runContext(testContext());
    const input = { backend, path, platform: undefined, options: UPLOAD, expected: { allowDebuggable: false } };
    const ending = await upload(input, ctx).then(
      () => 'sent',
      (error: Error) => error.message,
    );
    return { ending, requests: proxy.seen.length };
  }

  test.each([
    ['unsigned.apk', 'cannot send unsigned.apk: it is not signed, and depot refuses such files'],
    ['rich.apk', 'cannot send rich.apk: it is signed with a key for debug builds, and depot refuses such files'],
  ])('is sent nothing of %s', async (name, says) => {
    expect(await uploadTo(WANTS_RELEASE, name)).toEqual({ ending: says, requests: 0 });
  });

  test.each(['v1.apk', 'v2.apk', 'v3.apk', 'v123.apk'])('is sent %s', async (name) => {
    expect(await uploadTo(WANTS_RELEASE, name)).toMatchObject({ ending: 'sent' });
  });

  test.each(['unsigned.apk', 'rich.apk'])('is the only one that refuses %s', async (name) => {
    expect(await uploadTo(depot, name)).toMatchObject({ ending: 'sent' });
  });
});

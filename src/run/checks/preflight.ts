import type { Signatures } from '../../archive/signature/signatures.ts';
import type { AppIdentity, Unfit } from '../../contract/artifact.ts';
import { UsageError } from '../../contract/errors.ts';
import type { OpenBackend } from '../backend.ts';
import { isLowerVersion } from './version-order.ts';

/** What a file has to be to be sent, by what the user says. */
export interface Expectations {
  readonly packageName?: string | undefined;
  /** Hex SHA-256 of the certificate of a signer. */
  readonly signer?: string | undefined;
  /** A number, or several with dots between them for an iOS build number. */
  readonly minVersionCode?: string | undefined;
  /** Allow a debuggable app in production. */
  readonly allowDebuggable: boolean;
  /** Allow a file in production that no store accepts. */
  readonly allowUnfit?: boolean | undefined;
}

export interface PreflightInput {
  readonly name: string;
  /** `null` where it cannot be read. */
  readonly identity: AppIdentity | null;
  /** `null` where they cannot be read. They are verified where a signer is expected. */
  readonly signatures: Pick<Signatures, 'schemes' | 'isSigned' | 'isDebugSigned'> | null;
  readonly backends: readonly Pick<OpenBackend, 'id' | 'signature'>[];
  /** Whether a backend makes what users get of it. */
  readonly isForProduction: boolean;
  readonly expected: Expectations;
  readonly now: Date;
}

export interface Warning {
  readonly code: string;
  readonly message: string;
}

/**
 * Judges a file before anything is sent: by what the user expects of it, and by what the backends are known to refuse. Throws
 * `UsageError` for what must not be sent, an expectation that cannot be checked included; gives the warnings otherwise.
 */
export function preflight(input: PreflightInput): readonly Warning[] {
  checkPackage(input);
  checkVersionCode(input);
  checkSigner(input);
  return [
    ...signatureWarnings(input),
    ...invalidWarnings(input),
    ...debuggableWarnings(input),
    ...unfitWarnings(input),
    ...profileWarnings(input),
  ];
}

/** Whether the judgement needs to know the signatures. */
export function asksForSignatures(backends: PreflightInput['backends'], { signer }: Expectations): boolean {
  return signer !== undefined || backends.some(({ signature }) => signature !== undefined);
}

function refusal({ name }: PreflightInput, why: string, hint: string, setting?: string): UsageError {
  const next = setting === undefined ? null : ({ do: 'set', setting } as const);
  return new UsageError(`cannot send ${name}: ${why}`, { hint, next });
}

function checkPackage(input: PreflightInput): void {
  const { packageName: wanted } = input.expected;
  if (wanted === undefined) return;
  const is = input.identity?.packageName ?? null;
  const hint = ['check the file, or fix the expected package', 'expectPackage'] as const;
  if (is === null) throw refusal(input, `its package cannot be read, so it cannot be compared with ${wanted}`, ...hint);
  if (is !== wanted) throw refusal(input, `its package is ${is}, not ${wanted}`, ...hint);
}

function checkVersionCode(input: PreflightInput): void {
  const { minVersionCode: least } = input.expected;
  if (least === undefined) return;
  const { versionCode = null, buildNumber = null } = input.identity ?? {};
  const what = buildNumber === null ? 'version code' : 'build number';
  const is = buildNumber ?? (versionCode === null ? null : String(versionCode));
  const hint = ['check the version of the build, or fix the expected minimum', 'minVersionCode'] as const;
  if (is === null) throw refusal(input, `its ${what} cannot be read, so it cannot be compared with ${least}`, ...hint);
  if (buildNumber === null && least.includes('.'))
    throw refusal(input, `its version code is one number, ${is}, which cannot be compared with ${least}`, ...hint);
  const isLower = isLowerVersion(is, least);
  if (isLower === null)
    throw refusal(input, `its ${what} ${is} is not numbers with dots between them, so it cannot be compared`, ...hint);
  if (isLower) throw refusal(input, `its ${what} is ${is}, less than ${least}`, ...hint);
}

/** The newest scheme counts: that is the one by which Android goes. */
function checkSigner(input: PreflightInput): void {
  const { signer: wanted } = input.expected;
  if (wanted === undefined) return;
  const { schemes = [], isSigned = null } = input.signatures ?? {};
  const allInvalid = schemes.filter(({ verified }) => verified === false);
  // Android looks at the signing block first, and so do we.
  const invalid = allInvalid.find(({ scheme }) => scheme !== 'v1') ?? allInvalid[0];
  const newest = schemes.at(-1);
  const hint = ['check who signed it, or fix the expected signer', 'expectSigner'] as const;
  if (isSigned === false) throw refusal(input, 'it is not signed', ...hint);
  if (invalid !== undefined)
    throw refusal(input, `its ${invalid.scheme} signature does not verify: ${invalid.reason}`, ...hint);
  if (newest?.verified !== true)
    throw refusal(
      input,
      `its signer cannot be checked: ${newest?.reason ?? 'its signature is not read here'}`,
      ...hint,
    );
  const signers = newest.signers.map(({ sha256 }) => sha256);
  if (!signers.includes(wanted))
    throw refusal(input, `it is signed by ${signers.join(', ')}, not by ${wanted}`, ...hint);
}

/** Most such files are outputs of a protection, which takes the signature of its input away. */
const UNSIGNED_HINT =
  'send a release build, signed with its production key; if this is the output of a protection, protect again with a signing key or set a default key in the portal';

function signatureWarnings(input: PreflightInput): Warning[] {
  const strict = input.backends.find(({ signature }) => signature === 'release');
  if (strict === undefined || input.signatures === null) return [];
  const { isSigned, isDebugSigned } = input.signatures;
  const hint = 'send a release build, signed with its production key';
  if (isSigned === false) throw refusal(input, `it is not signed, and ${strict.id} refuses such files`, UNSIGNED_HINT);
  if (isDebugSigned === true)
    throw refusal(input, `it is signed with a key for debug builds, and ${strict.id} refuses such files`, hint);
  if (isSigned === true && isDebugSigned === false) return [];
  const message = `cannot tell whether ${input.name} is signed for release; ${strict.id} refuses files that are not`;
  return [{ code: 'unreadable-signature', message }];
}

/** What small reads alone tell: a signature that Android refuses, or one that something was taken away from. */
function invalidWarnings({ name, signatures }: PreflightInput): Warning[] {
  const invalid = signatures?.schemes.filter(({ verified }) => verified === false) ?? [];
  return invalid.map(({ scheme, reason }) => ({
    code: 'invalid-signature',
    message: `the ${scheme} signature of ${name} does not verify: ${reason}`,
  }));
}

function debuggableWarnings(input: PreflightInput): Warning[] {
  const { name, identity, isForProduction, expected } = input;
  if (identity?.debuggable !== true) return [];
  if (isForProduction && !expected.allowDebuggable)
    throw refusal(
      input,
      'it is debuggable, and the environment is production',
      'send a release build, or allow a debuggable one',
      'allowDebuggable',
    );
  return [{ code: 'debuggable', message: `${name} is debuggable; release builds should not be` }];
}

function unfitWarnings(input: PreflightInput): Warning[] {
  const { name, identity, isForProduction, expected } = input;
  const unfit = identity?.unfit ?? [];
  const [first] = unfit;
  if (first !== undefined && isForProduction && expected.allowUnfit !== true)
    throw refusal(
      input,
      `it ${first.why}, which no store accepts, and the environment is production`,
      `${REMEDY[first.code]}, or allow it`,
      'allowUnfit',
    );
  return unfit.map(({ code, why }) => ({ code, message: `${name} ${why}: no store accepts such a file` }));
}

const REMEDY: Readonly<Record<Unfit['code'], string>> = {
  split: 'send the bundle or one universal APK',
  'needs-splits': 'send the bundle or one universal APK',
  'test-only': 'build a release with Gradle: Android Studio marks the builds that it runs as test-only',
  'no-id': 'check the build that made the file',
  'no-base': 'send the whole bundle',
  'no-app': 'check the build that made the file',
  'not-for-ios': 'build it for devices with iOS',
  'profile-of-another-app': 'sign it with the profile of this app',
};

function profileWarnings({ name, identity, now }: PreflightInput): Warning[] {
  const expires = identity?.profileExpires ?? null;
  if (expires === null || new Date(expires) > now) return [];
  return [
    { code: 'expired-profile', message: `the provisioning profile of ${name} expired on ${expires.slice(0, 10)}` },
  ];
}

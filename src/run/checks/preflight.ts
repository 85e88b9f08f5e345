import type { Signatures } from '../../archive/signature/signatures.ts';
import type { AppIdentity } from '../../contract/artifact.ts';
import { canonicalEnvironment } from '../../contract/environment.ts';
import { UsageError } from '../../contract/errors.ts';
import type { OpenBackend } from '../backend.ts';

/** What a file has to be to be sent, by what the user says. */
export interface Expectations {
  readonly packageName?: string | undefined;
  /** Hex SHA-256 of the certificate of a signer. */
  readonly signer?: string | undefined;
  readonly minVersionCode?: number | undefined;
  /** Send a debuggable app to production all the same. */
  readonly allowDebuggable: boolean;
}

export interface PreflightInput {
  readonly name: string;
  /** `null` where it cannot be read. */
  readonly identity: AppIdentity | null;
  /** `null` where nobody has asked for them. They are verified where a signer is expected. */
  readonly signatures: Pick<Signatures, 'schemes' | 'isSigned' | 'isDebugSigned'> | null;
  readonly backends: readonly Pick<OpenBackend, 'id' | 'signature' | 'accepts'>[];
  readonly environment: string | undefined;
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
  return [...signatureWarnings(input), ...debuggableWarnings(input), ...profileWarnings(input)];
}

/** Whether the judgement needs to know the signatures. */
export function asksForSignatures(backends: PreflightInput['backends'], { signer }: Expectations): boolean {
  return signer !== undefined || backends.some(({ signature }) => signature !== null);
}

function refusal({ name }: PreflightInput, why: string, hint: string): UsageError {
  return new UsageError(`cannot send ${name}: ${why}`, { hint });
}

function checkPackage(input: PreflightInput): void {
  const { packageName: wanted } = input.expected;
  if (wanted === undefined) return;
  const is = input.identity?.packageName ?? null;
  const hint = 'check which file was named, or mend --expect-package';
  if (is === null) throw refusal(input, `its package cannot be read, so nothing says that it is ${wanted}`, hint);
  if (is !== wanted) throw refusal(input, `its package is ${is}, not ${wanted}`, hint);
}

function checkVersionCode(input: PreflightInput): void {
  const { minVersionCode: least } = input.expected;
  if (least === undefined) return;
  const is = input.identity?.versionCode ?? null;
  const hint = 'check the version of the build, or mend --min-version-code';
  if (is === null)
    throw refusal(input, `its version code cannot be read, so nothing says that it is ${least} or more`, hint);
  if (is < least) throw refusal(input, `its version code is ${is}, less than ${least}`, hint);
}

/** The newest scheme counts: that is the one by which Android goes. */
function checkSigner(input: PreflightInput): void {
  const { signer: wanted } = input.expected;
  if (wanted === undefined) return;
  const { schemes = [], isSigned = null } = input.signatures ?? {};
  const allUntrue = schemes.filter(({ verified }) => verified === false);
  // Android looks at the signing block first, and so do we.
  const untrue = allUntrue.find(({ scheme }) => scheme !== 'v1') ?? allUntrue[0];
  const newest = schemes.at(-1);
  const hint = 'check who has signed it (apptool inspect), or mend --expect-signer';
  if (isSigned === false) throw refusal(input, 'it is not signed', hint);
  if (untrue !== undefined) throw refusal(input, `its ${untrue.scheme} signature is not true: ${untrue.reason}`, hint);
  if (newest?.verified !== true)
    throw refusal(input, `its signer cannot be checked: ${newest?.reason ?? 'its signature is not read here'}`, hint);
  const signers = newest.signers.map(({ sha256 }) => sha256);
  if (!signers.includes(wanted)) throw refusal(input, `it is signed by ${signers.join(', ')}, not by ${wanted}`, hint);
}

function signatureWarnings(input: PreflightInput): Warning[] {
  const strict = input.backends.find(({ signature }) => signature === 'release');
  if (strict === undefined || input.signatures === null) return [];
  const { isSigned, isDebugSigned } = input.signatures;
  const hint = 'send the release, signed with its production key';
  if (isSigned === false) throw refusal(input, `it is not signed, and ${strict.id} refuses such files`, hint);
  if (isDebugSigned === true)
    throw refusal(input, `it is signed with a key for debug builds, and ${strict.id} refuses such files`, hint);
  if (isSigned === true && isDebugSigned === false) return [];
  const message = `cannot tell whether ${input.name} is signed for release; ${strict.id} refuses what is not`;
  return [{ code: 'unreadable-signature', message }];
}

function debuggableWarnings(input: PreflightInput): Warning[] {
  const { name, identity, environment, backends, expected } = input;
  if (identity?.debuggable !== true) return [];
  const isForProduction =
    canonicalEnvironment(environment ?? '') === 'production' &&
    backends.some(({ accepts }) => accepts.includes('environment'));
  if (isForProduction && !expected.allowDebuggable)
    throw refusal(
      input,
      'it is debuggable, and the environment is production',
      'build a release, or give --allow-debuggable',
    );
  return [{ code: 'debuggable', message: `${name} is debuggable, as no release should be` }];
}

function profileWarnings({ name, identity, now }: PreflightInput): Warning[] {
  const expires = identity?.profileExpires ?? null;
  if (expires === null || new Date(expires) > now) return [];
  return [
    { code: 'expired-profile', message: `the provisioning profile of ${name} expired on ${expires.slice(0, 10)}` },
  ];
}

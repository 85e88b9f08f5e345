import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** What `aapt` says of an APK, of what we read too. */
export interface AaptAnswer {
  readonly packageName: string;
  readonly versionName: string;
  readonly versionCode: string;
  readonly minSdk: string | null;
  readonly targetSdk: string | null;
  readonly label: string;
  /** One for each density. */
  readonly icons: readonly string[];
  readonly permissions: readonly { readonly name: string; readonly maxSdk: number | null }[];
  readonly debuggable: boolean;
  readonly testOnly: boolean;
  readonly abis: readonly string[];
}

/** What `apksigner verify` says, for Android 7 and later: before, only v1 counts. */
export interface ApksignerAnswer {
  readonly verifies: boolean;
  /** The newer schemes that it found to be true; empty where it does not verify. */
  readonly schemes: readonly string[];
  /** SHA-256 of the signers' certificates. */
  readonly signers: readonly string[];
}

async function isThere(command: string): Promise<boolean> {
  return await run(command, ['version']).then(
    () => true,
    () => false,
  );
}

export const hasAapt = await isThere('aapt');
export const hasApksigner = await isThere('apksigner');

export async function askAapt(path: string): Promise<AaptAnswer> {
  const { stdout } = await run('aapt', ['dump', 'badging', path], { maxBuffer: 16 * 1024 * 1024 });
  // What it concludes for older platforms stands behind, with a line that says so.
  const implied = new Set([...stdout.matchAll(/^uses-implied-permission: name='([^']*)'/gm)].map(([, name]) => name));
  const first = (pattern: RegExp) => pattern.exec(stdout)?.[1] ?? null;
  const permissions = [
    ...stdout.matchAll(/^uses-permission(?:-sdk-23)?: name='([^']*)'(?: maxSdkVersion='(\d+)')?/gm),
  ].map(([, name = '', maxSdk]) => ({ name, maxSdk: maxSdk === undefined ? null : Number(maxSdk) }));
  return {
    packageName: first(/^package: name='([^']*)'/m) ?? '',
    versionName: first(/ versionName='([^']*)'/) ?? '',
    versionCode: first(/ versionCode='([^']*)'/) ?? '',
    minSdk: first(/^sdkVersion:'([^']*)'/m),
    targetSdk: first(/^targetSdkVersion:'([^']*)'/m),
    label: first(/^application: label='([^']*)'/m) ?? '',
    icons: [...stdout.matchAll(/^application-icon-\d+:'([^']*)'/gm)].map(([, path = '']) => path),
    permissions: permissions.filter(({ name }) => !implied.has(name)),
    debuggable: /^application-debuggable/m.test(stdout),
    testOnly: /^testOnly='(?!0)/m.test(stdout),
    abis: [...(first(/^native-code: (.*)$/m) ?? '').matchAll(/'([^']+)'/g)].map(([, abi = '']) => abi),
  };
}

export async function askApksigner(path: string): Promise<ApksignerAnswer> {
  const args = ['verify', '--verbose', '--print-certs', '--min-sdk-version', '24', path];
  const { stdout, verifies } = await run('apksigner', args).then(
    (done) => ({ ...done, verifies: true }),
    (failed: { stdout: string }) => ({ ...failed, verifies: false }),
  );
  const all = (pattern: RegExp) => [...stdout.matchAll(pattern)].map(([, value = '']) => value);
  return {
    verifies,
    schemes: all(/^Verified using (v[23]) scheme .*: true$/gm),
    signers: all(/^Signer #\d+ certificate SHA-256 digest: (\w+)$/gm),
  };
}

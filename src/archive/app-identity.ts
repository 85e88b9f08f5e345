import type { AppIdentity, Unfit } from '../contract/artifact.ts';
import { readAndroidApp } from './android/android-app.ts';
import type { AndroidManifest } from './android/android-manifest.ts';
import type { AppArchive } from './archive-kind.ts';
import { type IosApp, readIosApp } from './ios/ios-app.ts';
import { unfitForIos } from './ios/unfit-for-ios.ts';

/**
 * Who an app says it is, from a few small reads. `null` where that cannot be read, with the reason in `problems`. Rejects with
 * `ArchiveProblem` for an archive that no honest build makes.
 */
export async function readAppIdentity(archive: AppArchive, problems: string[]): Promise<AppIdentity | null> {
  if (archive.kind === 'ipa') {
    const app = await readIosApp(archive, problems);
    return app === null ? nobody(withoutInfo(archive)) : iosIdentity(app);
  }
  const app = await readAndroidApp(archive, problems);
  return app === null ? nobody(withoutBase(archive)) : androidIdentity(app.manifest);
}

export function androidIdentity(manifest: AndroidManifest): AppIdentity {
  const { packageName, versionName, versionCode, minSdk, targetSdk, permissions, debuggable } = manifest;
  return {
    ...{ packageName, versionName, versionCode, minSdk, targetSdk, permissions, debuggable },
    buildNumber: null,
    profileExpires: null,
    unfit: unfitForAndroid(manifest),
  };
}

/** What Android's package installer and Play refuse. */
function unfitForAndroid({ packageName, split, needsSplits, testOnly }: AndroidManifest): Unfit[] {
  return [
    ...(packageName === null ? [{ code: 'no-id', why: 'has no package name' } as const] : []),
    ...(split === null ? [] : [{ code: 'split', why: `is a split (${split}), not a whole app` } as const]),
    ...(needsSplits ? [{ code: 'needs-splits', why: 'cannot be installed without its split APKs' } as const] : []),
    ...(testOnly ? [{ code: 'test-only', why: 'is marked as test-only' } as const] : []),
  ];
}

export function iosIdentity(app: IosApp): AppIdentity {
  const { bundleId, versionName, buildNumber, profile } = app;
  return {
    packageName: bundleId,
    versionName,
    versionCode: /^\d{1,15}$/.test(buildNumber ?? '') ? Number(buildNumber) : null,
    buildNumber,
    minSdk: null,
    targetSdk: null,
    permissions: [],
    debuggable: profile?.debuggable ?? false,
    profileExpires: profile?.expires ?? null,
    unfit: unfitForIos(app),
  };
}

function withoutBase({ kind, zip }: AppArchive): Unfit | null {
  if (kind !== 'aab' || zip.names.includes('base/manifest/AndroidManifest.xml')) return null;
  return { code: 'no-base', why: 'is a bundle without a base module' };
}

function withoutInfo({ zip, appFolder }: AppArchive): Unfit | null {
  if (zip.names.includes(`${appFolder}Info.plist`)) return null;
  if (zip.names.includes(`${appFolder}Contents/Info.plist`))
    return { code: 'not-for-ios', why: 'is an app for macOS, not for iOS' };
  return { code: 'no-app', why: 'has no Info.plist' };
}

/** An app of which only that is known; `null` where not even that is. */
function nobody(unfit: Unfit | null): AppIdentity | null {
  if (unfit === null) return null;
  const nothing = { packageName: null, versionName: null, versionCode: null, buildNumber: null };
  const noLimits = { minSdk: null, targetSdk: null, permissions: [], debuggable: false, profileExpires: null };
  return { ...nothing, ...noLimits, unfit: [unfit] };
}

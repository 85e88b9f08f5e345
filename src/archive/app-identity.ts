import type { AppIdentity } from '../contract/artifact.ts';
import { readAndroidApp } from './android/android-app.ts';
import type { AndroidManifest } from './android/android-manifest.ts';
import type { AppArchive } from './archive-kind.ts';
import { type IosApp, readIosApp } from './ios/ios-app.ts';

/**
 * Who an app says it is, from a few small reads. `null` where that cannot be read, with the reason in `problems`. Rejects with
 * `ArchiveProblem` for an archive that no honest build makes.
 */
export async function readAppIdentity(archive: AppArchive, problems: string[]): Promise<AppIdentity | null> {
  if (archive.kind === 'ipa') {
    const app = await readIosApp(archive, problems);
    return app === null ? null : iosIdentity(app);
  }
  const app = await readAndroidApp(archive, problems);
  return app === null ? null : androidIdentity(app.manifest);
}

export function androidIdentity(manifest: AndroidManifest): AppIdentity {
  const { packageName, versionName, versionCode, minSdk, targetSdk, permissions, debuggable } = manifest;
  return { packageName, versionName, versionCode, minSdk, targetSdk, permissions, debuggable, profileExpires: null };
}

export function iosIdentity({ bundleId, versionName, buildNumber, profile }: IosApp): AppIdentity {
  return {
    packageName: bundleId,
    versionName,
    versionCode: /^\d{1,15}$/.test(buildNumber ?? '') ? Number(buildNumber) : null,
    minSdk: null,
    targetSdk: null,
    permissions: [],
    debuggable: profile?.debuggable ?? false,
    profileExpires: profile?.expires ?? null,
  };
}

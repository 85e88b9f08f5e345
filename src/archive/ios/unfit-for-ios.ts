import type { Unfit } from '../../contract/artifact.ts';
import type { IosApp } from './ios-app.ts';

/** What a device with iOS, or the App Store, refuses. */
export function unfitForIos({ bundleId, sdk, platforms, profile }: IosApp): Unfit[] {
  const appId = profile?.appId ?? null;
  const [isForSimulator, isForMac] = [isFor(platforms, sdk, 'simulator'), isFor(platforms, sdk, 'macosx')];
  return [
    ...(bundleId === null ? [{ code: 'no-id', why: 'has no bundle id' } as const] : []),
    ...(isForSimulator ? [{ code: 'not-for-ios', why: 'is built for the simulator' } as const] : []),
    ...(isForMac ? [{ code: 'not-for-ios', why: 'is an app for macOS, not for iOS' } as const] : []),
    ...(bundleId === null || appId === null || allows(appId, bundleId)
      ? []
      : [{ code: 'profile-of-another-app', why: `has the provisioning profile of another app (${appId})` } as const]),
  ];
}

/** By `CFBundleSupportedPlatforms`, such as `iPhoneSimulator`; without it by the SDK, such as `iphonesimulator17.0`. */
function isFor(platforms: readonly string[], sdk: string | null, what: string): boolean {
  const named = platforms.length > 0 ? platforms : [sdk ?? ''];
  return named.every((name) => name.toLowerCase().includes(what));
}

/** An application identifier is a prefix, a dot, and a bundle id or a pattern with `*` at its end: Apple's TN3125. */
function allows(appId: string, bundleId: string): boolean {
  const pattern = appId.slice(appId.indexOf('.') + 1).toLowerCase();
  const id = bundleId.toLowerCase();
  return pattern.endsWith('*') ? id.startsWith(pattern.slice(0, -1)) : id === pattern;
}

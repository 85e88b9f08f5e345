import { checkAppId, versionNameOf } from '../app-id.ts';
import type { AppArchive } from '../archive-kind.ts';
import { dictIn, readPropertyList, textIn, textOrNumberIn, textsIn } from '../plist/property-list.ts';
import type { PropertyDict } from '../plist/property-value.ts';
import { ArchiveProblem, UnreadablePart } from '../zip/archive-file.ts';
import { type ProvisioningProfile, readProvisioningProfile } from './provisioning-profile.ts';

/** What an IPA says of itself. */
export interface IosApp {
  readonly bundleId: string | null;
  readonly versionName: string | null;
  /** `CFBundleVersion`: up to three numbers with dots between them. */
  readonly buildNumber: string | null;
  readonly minimumOs: string | null;
  /** What it was built with, such as `iphoneos17.2`. */
  readonly sdk: string | null;
  /** `CFBundleSupportedPlatforms`, such as `iPhoneOS`. */
  readonly platforms: readonly string[];
  readonly label: string | null;
  /** Path in the archive. */
  readonly icon: string | null;
  /** The keys by which it explains what it wants access to, such as `NSCameraUsageDescription`. */
  readonly usageDescriptions: readonly string[];
  readonly signed: boolean;
  readonly profile: ProvisioningProfile | null;
}

/**
 * Reads the `Info.plist` and the provisioning profile of the app in an IPA. `null` where the former cannot be read, with the reason in
 * `problems`. Rejects with `ArchiveProblem` for one that no honest build makes.
 */
export async function readIosApp({ zip, appFolder: folder }: AppArchive, problems: string[]): Promise<IosApp | null> {
  const info = await readInfo(() => zip.read(`${folder}Info.plist`), problems);
  if (info === null) return null;
  const bundleId = textIn(info, 'CFBundleIdentifier');
  checkAppId('bundle id', bundleId);
  return {
    bundleId,
    versionName: versionNameOf(textOrNumberIn(info, 'CFBundleShortVersionString')),
    buildNumber: textOrNumberIn(info, 'CFBundleVersion'),
    minimumOs: textIn(info, 'MinimumOSVersion'),
    sdk: textIn(info, 'DTSDKName') ?? textIn(info, 'DTPlatformName'),
    platforms: textsIn(info, 'CFBundleSupportedPlatforms'),
    label: textIn(info, 'CFBundleDisplayName') ?? textIn(info, 'CFBundleName'),
    icon: iconOf(info, folder, zip.names),
    usageDescriptions: [...info.keys()].filter((key) => key.endsWith('UsageDescription')).sort(),
    signed: zip.names.includes(`${folder}_CodeSignature/CodeResources`),
    profile: await readProfile(() => zip.read(`${folder}embedded.mobileprovision`), problems),
  };
}

async function readInfo(read: () => Promise<Buffer | null>, problems: string[]): Promise<PropertyDict | null> {
  try {
    const bytes = await read();
    if (bytes === null) throw new UnreadablePart('is not there', { isHostile: false });
    return readPropertyList(bytes);
  } catch (cause) {
    if (!(cause instanceof UnreadablePart)) throw cause;
    if (cause.isHostile) throw new ArchiveProblem(`Info.plist is not acceptable: it ${cause.message}`, { cause });
    problems.push(`cannot read Info.plist: it ${cause.message}`);
    return null;
  }
}

async function readProfile(
  read: () => Promise<Buffer | null>,
  problems: string[],
): Promise<ProvisioningProfile | null> {
  try {
    const bytes = await read();
    return bytes === null ? null : readProvisioningProfile(bytes);
  } catch (cause) {
    if (!(cause instanceof UnreadablePart)) throw cause;
    problems.push(`cannot read embedded.mobileprovision: it ${cause.message}`);
    return null;
  }
}

/** The list of an app names its icons without size and ending; the sharpest of the last (the largest) is taken. */
function iconOf(info: PropertyDict, folder: string, names: readonly string[]): string | null {
  const primary = dictIn(dictIn(info, 'CFBundleIcons'), 'CFBundlePrimaryIcon');
  const stem = [...textsIn(info, 'CFBundleIconFiles'), ...textsIn(primary, 'CFBundleIconFiles')].at(-1);
  if (stem === undefined || stem === '') return null;
  return (
    names
      .filter((name) => name.startsWith(`${folder}${stem}`) && name.endsWith('.png'))
      .sort()
      .at(-1) ?? null
  );
}

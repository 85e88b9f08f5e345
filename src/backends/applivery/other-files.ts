import type { Artifact } from '../../contract/artifact.ts';
import { UsageError } from '../../contract/errors.ts';
import { endingOf } from '../../contract/text/file-ending.ts';
import type { Settings } from './settings.ts';

/** macOS and Windows: "Main concepts", "Build". */
const DESKTOP_FILES = ['pkg', 'dmg', 'msi', 'exe', 'msixbundle', 'msix', 'appxbundle', 'appx'];
/** What else an upload takes: consoles, and whatever a custom platform is made of. Applivery reads nothing out of these. */
const CUSTOM_FILES = ['nsp', 'zip', 'tar.gz'];

/** "Supported formats" of an upload besides .apk, .aab and .ipa. */
export const OTHER_FILES: readonly string[] = [...DESKTOP_FILES, ...CUSTOM_FILES];

/** The platforms whose builds Applivery reads by itself. The page does not list Windows, but its files are taken. */
const READ_PLATFORMS = ['ios', 'android', 'macos', 'windows'];

/**
 * "Required when the build file cannot be processed automatically (e.g., custom platforms)." Throws `UsageError` where one of these is
 * missing.
 */
export function checkDescribed({ name }: Pick<Artifact, 'name'>, settings: Settings): void {
  const platform = settings.buildPlatform?.toLowerCase();
  const isOfCustomPlatform = platform !== undefined && !READ_PLATFORMS.includes(platform);
  if (endingOf(name, CUSTOM_FILES) === null && !isOfCustomPlatform) return;
  const needed = ['buildPlatform', 'packageName', 'packageVersion', 'packageIcon'] as const;
  const missing = needed.filter((key) => settings[key] === undefined).map((key) => `applivery.${key}`);
  if (missing.length === 0) return;
  throw new UsageError(`cannot use ${name}: Applivery cannot read such a file, so it needs ${missing.join(', ')}`);
}

/** The ending of a build's file by `originalExtension`, which may come with a dot, or as the last part of two [assumed]; `null` for an app's. */
export function otherEndingOf(originalExtension: string | null | undefined): string | null {
  const ending = originalExtension?.toLowerCase().replace(/^\./, '');
  if (ending === undefined) return null;
  return OTHER_FILES.find((known) => known === ending || known.endsWith(`.${ending}`)) ?? null;
}

import { basename, dirname } from 'node:path';
import type { ArtifactKind } from '../contract/artifact.ts';
import { UsageError } from '../contract/errors.ts';
import { checkPath } from '../contract/text/safe-text.ts';
import { APK_SET_HINT, SPLIT_APKS_HINT } from '../contract/text/split-apks.ts';

const EXTENSIONS: Readonly<Record<string, ArtifactKind>> = { '.apk': 'apk', '.aab': 'aab', '.ipa': 'ipa' };

/** What a path's name says, without looking at the file. Throws `UsageError` for a name that cannot be sent. */
export function checkArtifactName(path: string): { readonly name: string; readonly kind: ArtifactKind } {
  const name = checkFileName(path);
  return { name, kind: kindOfName(name) };
}

/**
 * A path's base name, composed (Unicode NFC) where a Mac has written it decomposed: servers answer names so. Throws `UsageError` for one that
 * cannot be sent.
 */
export function checkFileName(path: string): string {
  checkPath(dirname(path), 'input');
  const name = basename(path).normalize('NFC');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
  if (/[\u0000-\u001f\u007f-\u009f]/.test(name)) {
    const hint = name.endsWith('\r')
      ? 'it ends in a carriage return: save the script or file that it comes from with Unix line ends'
      : 'rename the file';
    throw new UsageError('file name has control characters', { hint });
  }
  const hasBidi = /[\u200e\u200f\u202a-\u202e\u2066-\u2069\u2028\u2029]/.test(name);
  if (Buffer.byteLength(name) > 255 || /^\.[^.]*$/.test(name) || hasBidi || name.startsWith('-')) {
    if (name === '.' || name === '..')
      throw new UsageError(`cannot use ${path}: it is a folder`, { hint: 'give the app file in it' });
    throw new UsageError('file name is not usable; rename the file', { hint: whyUnusable(name) });
  }
  checkPath(name, 'input');
  return name;
}

function whyUnusable(name: string): string {
  if (name === '-') return 'apptool does not read the app from standard input: give the path of the file';
  if (name.startsWith('-')) return 'it begins with a hyphen, so some tools take it for an option';
  if (Buffer.byteLength(name) > 255) return 'it is longer than 255 bytes';
  return name.startsWith('.')
    ? 'it has an extension but no name'
    : 'it contains characters that change the direction of text';
}

/** Throws `UsageError` for a name that is not one of an app archive. */
export function kindOfName(name: string): ArtifactKind {
  const kind = EXTENSIONS[/\.[^.]*$/.exec(name)?.[0].toLowerCase() ?? ''];
  if (kind === undefined)
    throw new UsageError(`cannot use ${name}: expected .apk, .aab or .ipa`, { hint: hintForName(name) });
  return kind;
}

const NAME_THE_FILE = 'give the app file itself: an app is an .apk, .aab or .ipa, as the build wrote it';
const UNPACK = 'unpack it: an app is an .apk, .aab or .ipa, as the build wrote it';
const BESIDE = 'give the app file itself: this file only comes with it';
const HINTS: Readonly<Record<string, string>> = {
  zip: UNPACK,
  gz: UNPACK,
  tgz: UNPACK,
  '7z': UNPACK,
  rar: UNPACK,
  idsig: BESIDE,
  obb: BESIDE,
  dm: BESIDE,
  json: 'it may be a receipt: give the file of an app here',
  aar: 'it is a library: build the app that uses it',
  jar: 'it is a library: build the app that uses it',
  app: 'it is a folder, not an .ipa: export one (xcodebuild -exportArchive)',
  xcarchive: 'export an .ipa from it (xcodebuild -exportArchive)',
};

/** Names that people take for those of an app. */
export function hintForName(name: string): string | undefined {
  const extension = name.toLowerCase().split('.').at(-1);
  if (extension === 'apks') return APK_SET_HINT;
  if (extension === 'xapk' || extension === 'apkm') return SPLIT_APKS_HINT;
  if (/^["'].*["']$|["']$/.test(name)) return 'the path is in quotes: remove them';
  if (/^<[^<>]*>$/.test(name)) return 'it is a placeholder: give the path of your own app file';
  if (name.endsWith(' ')) return 'the path ends in a space: remove it';
  if (/^[a-z-]+:[^/\\]+$/.test(name)) return 'it looks like a job reference: give the file of an app here';
  return extension === name.toLowerCase() ? NAME_THE_FILE : HINTS[extension ?? ''];
}

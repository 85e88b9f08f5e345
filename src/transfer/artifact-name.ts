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
    throw new UsageError('file name has control characters', { hint: 'rename the file' });
  }
  const hasBidi = /[\u200e\u200f\u202a-\u202e\u2066-\u2069\u2028\u2029]/.test(name);
  if (Buffer.byteLength(name) > 255 || /^\.[^.]*$/.test(name) || hasBidi || name.startsWith('-')) {
    throw new UsageError('file name is not usable; rename the file');
  }
  checkPath(name, 'input');
  return name;
}

/** Throws `UsageError` for a name that is not one of an app archive. */
export function kindOfName(name: string): ArtifactKind {
  const kind = EXTENSIONS[/\.[^.]*$/.exec(name)?.[0].toLowerCase() ?? ''];
  if (kind === undefined)
    throw new UsageError(`cannot use ${name}: expected .apk, .aab or .ipa`, { hint: hintForName(name) });
  return kind;
}

/** Names that people take for those of an app. */
export function hintForName(name: string): string | undefined {
  const extension = name.toLowerCase().split('.').at(-1);
  if (extension === 'apks') return APK_SET_HINT;
  if (extension === 'xapk' || extension === 'apkm') return SPLIT_APKS_HINT;
  return extension === 'zip' ? 'unzip it: an app is an .apk, .aab or .ipa, as the build wrote it' : undefined;
}

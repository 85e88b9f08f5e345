import { UsageError } from '../../contract/errors.ts';

/** What names one build in every call: "Use the version, platform, start_time, and name values from build history". */
export interface BuildKey {
  readonly version: string;
  readonly platform: string;
  /** Unix seconds, as the digits that the server gave. */
  readonly startTime: string;
  readonly name: string;
}

/** `production/android/1700000000/app-release.apk`, the name percent-encoded where it needs to be. */
export const JOB_ID =
  /^(?<environment>development|staging|production)\/(?<platform>android|ios)\/(?<startTime>\d{1,15})\/(?<name>(?:[A-Za-z0-9._-]|%[0-9A-F]{2}){1,765})$/;

export function jobIdOf({ version, platform, startTime, name }: BuildKey): string {
  return [version, platform, startTime, encodeName(name)].join('/');
}

/** The four fields by which download and delete name a build. */
export function buildFields({ version, platform, startTime, name }: BuildKey) {
  return { version, platform, start_time: Number(startTime), file_name: name };
}

/** Reads a job id, or the job reference that holds one. Throws `UsageError` for what `jobIdOf` never gives. */
export function buildKeyOf(text: string): BuildKey {
  const id = text.replace(/^apptego-management:/, '');
  const [version = '', platform = '', startTime = '', encoded = ''] = id.split('/');
  const name = decodeName(encoded);
  if (!JOB_ID.test(id) || name === null || name.includes('/') || /^\.+$/.test(name) || encodeName(name) !== encoded) {
    throw new UsageError('a build is <version>/<platform>/<start time>/<name>', {
      hint: 'it is what an upload and the list of builds print',
      next: { do: 'list', backend: 'apptego-management', command: 'builds list' },
    });
  }
  return { version, platform, startTime, name };
}

function encodeName(name: string): string {
  return encodeURIComponent(name).replace(
    /[!~*'()]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function decodeName(encoded: string): string | null {
  try {
    return decodeURIComponent(encoded);
  } catch {
    // Not UTF-8.
    return null;
  }
}

import { errorCode, LocalIoError } from '../../contract/errors.ts';

/** Why a report cannot be written, before it has to be. `name` is the flag or variable that names its file. */
export function cannotWrite(name: string, why: string, cause?: unknown): LocalIoError {
  return new LocalIoError(`cannot write ${name}: ${why}`, { cause });
}

/** What the system found wrong with a path, in words. */
export function whyNot(cause: unknown): string {
  const code = errorCode(cause) ?? '';
  return REASONS[code] ?? (code === '' ? 'cannot be opened' : code);
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or directory',
  ENOTDIR: 'no such file or directory',
  EISDIR: 'not a regular file',
  ENXIO: 'not a regular file',
  ELOOP: 'it is a symbolic link',
  EACCES: 'permission denied',
  EROFS: 'the file system is read-only',
};

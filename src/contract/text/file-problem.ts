import { errorCode } from '../errors.ts';

const WORDS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  ENOTDIR: 'no such file',
  EISDIR: 'it is a directory',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  ELOOP: 'its links lead in a circle',
  ENAMETOOLONG: 'the path is too long',
};

/** Why a file could not be read or opened, in words, from the system's error. */
export function fileProblem(cause: unknown): string {
  const code = errorCode(cause);
  return WORDS[code ?? ''] ?? code ?? 'it cannot be read';
}

/** Whether the system says that there is nothing at the path. */
export function isMissing(cause: unknown): boolean {
  const code = errorCode(cause);
  return code === 'ENOENT' || code === 'ENOTDIR';
}

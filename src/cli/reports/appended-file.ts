import { closeSync, constants, fstatSync, openSync, writeSync } from 'node:fs';
import { cannotWrite, whyNot } from './refusal.ts';

export interface AppendedFile {
  /** All of the text, or the system's error. */
  append(text: string): void;
}

/** `existing` for a file that the CI has made for us, `any` for one that we may make; a device such as `/dev/null` is taken too. */
export type Expected = 'existing' | 'any';

/**
 * A file that is only ever added to; what others wrote there stays. Throws `LocalIoError` for what is no regular file, and for a
 * symbolic link: whoever can put one there would choose what is written to. `name` is the flag or variable that names the file.
 */
export function openAppended(name: string, path: string, expected: Expected): AppendedFile {
  const { O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_WRONLY } = constants;
  let fd: number;
  try {
    const mayCreate = expected === 'any' ? O_CREAT : 0;
    // Without a reader a pipe would make the opening wait for one.
    fd = openSync(path, O_APPEND | O_WRONLY | O_NONBLOCK | O_NOFOLLOW | mayCreate, 0o644);
  } catch (cause) {
    throw cannotWrite(name, whyNot(cause), cause);
  }
  const stats = fstatSync(fd);
  const isFit = stats.isFile() || (expected === 'any' && stats.isCharacterDevice());
  if (!isFit) {
    closeSync(fd);
    throw cannotWrite(name, 'not a regular file');
  }
  return {
    append(text) {
      const bytes = Buffer.from(text, 'utf8');
      for (let written = 0; written < bytes.length; ) written += writeSync(fd, bytes, written);
    },
  };
}

import { closeSync, constants, fstatSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';
import { checkOutsideGit } from '../../contract/text/repository-path.ts';
import { cannotWrite, whyNot } from './refusal.ts';

export interface AppendedFile {
  /** All of the text, or the system's error. */
  append(text: string): void;
}

/**
 * `existing` for a file that the CI has made for us, to whatever is there. `lines` for lines of JSON and `variables` for what shells source,
 * both of which we may begin: a device such as `/dev/null` is taken too, and to a file that holds something else nothing is added.
 */
export type Expected = 'existing' | 'lines' | 'variables';

/** How a file of ours begins; of variables others may have written some, but no document and nothing binary. */
const BEGINNING: Readonly<Record<Exclude<Expected, 'existing'>, RegExp>> = {
  lines: /^\{/,
  variables: /^(?![{<[])[^\0]*$/,
};

/**
 * A file that is only ever added to; what others wrote there stays. Throws `LocalIoError` for what is no regular file, and for a
 * symbolic link: whoever can put one there would choose what is written to. `name` is the flag or variable that names the file.
 */
export function openAppended(name: string, path: string, expected: Expected): AppendedFile {
  const { O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_RDWR, O_WRONLY } = constants;
  checkOutsideGit(path, name);
  let fd: number;
  try {
    const access = expected === 'existing' ? O_WRONLY : O_RDWR | O_CREAT;
    // Without a reader a pipe would make the opening wait for one.
    fd = openSync(path, O_APPEND | O_NONBLOCK | O_NOFOLLOW | access, 0o644);
  } catch (cause) {
    throw cannotWrite(name, whyNot(cause), cause);
  }
  const stats = fstatSync(fd);
  const isFit = stats.isFile() || (expected !== 'existing' && stats.isCharacterDevice());
  const isOther = isFit && expected !== 'existing' && stats.size > 0 && !BEGINNING[expected].test(beginningOf(fd));
  if (!isFit || isOther) {
    closeSync(fd);
    throw cannotWrite(name, isOther ? `${path} contains something else` : 'not a regular file');
  }
  return {
    append(text) {
      const bytes = Buffer.from(text, 'utf8');
      let written = 0;
      try {
        while (written < bytes.length) {
          const taken = writeSync(fd, bytes, written);
          // A file system that takes nothing and gives no error would be asked for ever.
          if (taken === 0) throw cannotWrite(name, 'the file system accepts no more bytes');
          written += taken;
        }
      } catch (error) {
        if (expected !== 'existing' && written > 0) takeBack(fd, bytes.subarray(0, written));
        throw error;
      }
    },
  };
}

/** Half a line is worse than no line: it is taken back where it is still the end of the file. */
function takeBack(fd: number, half: Buffer): void {
  try {
    const start = fstatSync(fd).size - half.length;
    const end = Buffer.alloc(half.length);
    if (start >= 0 && readSync(fd, end, 0, end.length, start) === end.length && end.equals(half))
      ftruncateSync(fd, start);
  } catch {
    // A device has no end, and what cannot be written is told anyhow.
  }
}

/** In bytes: an archive has a NUL before that. */
const LONGEST_BEGINNING = 256;

function beginningOf(fd: number): string {
  const bytes = Buffer.alloc(LONGEST_BEGINNING);
  return bytes.toString('latin1', 0, readSync(fd, bytes, 0, bytes.length, 0));
}

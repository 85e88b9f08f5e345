import { readFileSync } from 'node:fs';
import { errorCode, LocalIoError, UsageError } from '../../contract/errors.ts';

const LARGEST_NOTES = 64 * 1024;

/** The text that `--release-notes-file` names; `-` is standard input. */
export function readReleaseNotes(path: string): string {
  const bytes = readBytes(path);
  if (bytes.length > LARGEST_NOTES) throw new UsageError('release notes are larger than 64 KiB');
  const text = bytes.toString('utf8');
  const encoded = Buffer.from(text, 'utf8');
  if (!encoded.equals(bytes)) {
    const at = bytes.findIndex((byte, index) => byte !== encoded[index]);
    throw new UsageError(`release notes: not valid UTF-8 (byte ${at + 1})`);
  }
  return text.replace(/\r?\n$/, '');
}

function readBytes(path: string): Buffer {
  try {
    return readFileSync(path === '-' ? 0 : path);
  } catch (cause) {
    const why = errorCode(cause) === 'ENOENT' ? 'no such file' : (errorCode(cause) ?? 'cannot be read');
    throw new LocalIoError(`cannot read ${path}: ${why}`, { cause });
  }
}

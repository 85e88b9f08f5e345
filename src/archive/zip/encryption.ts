import { promisify } from 'node:util';
import { constants, inflateRaw } from 'node:zlib';
import { type ArchiveFile, readAt } from './archive-file.ts';
import { type Entries, LOCAL_HEADER_BYTES, saysEncrypted } from './central-directory.ts';

const STORED = 0;
const DEFLATED = 8;
/** The method of AES encryption: APPNOTE.TXT, section 4.4.5. */
const AES = 99;
/** Encrypted data does not inflate; this many entries are tried, of each this much. */
const MOST_TRIES = 16;
const TRIED_BYTES = 64 * 1024;

const inflate = promisify(inflateRaw);

/** Whether anything is encrypted. The flag alone says nothing: hardening tools set it on plain data, and Android does not look at it. */
export async function isEncrypted(file: ArchiveFile, entries: Entries): Promise<boolean> {
  const said = entries.names.flatMap((_, index) => (saysEncrypted(entries, index) ? [index] : []));
  const { methods, compressedBytes, sizeBytes } = entries;
  // Encryption puts a header before the data (section 6.1.3), so what is stored is longer than it is.
  if (said.some((at) => methods[at] === AES || (methods[at] === STORED && compressedBytes[at] !== sizeBytes[at])))
    return true;
  const smallestFirst = said
    .filter((index) => methods[index] === DEFLATED)
    .sort((a, b) => (compressedBytes[a] ?? 0) - (compressedBytes[b] ?? 0));
  for (const index of smallestFirst.slice(0, MOST_TRIES)) if (!(await inflates(file, entries, index))) return true;
  return false;
}

async function inflates(file: ArchiveFile, entries: Entries, index: number): Promise<boolean> {
  const headerAt = entries.headersAt[index] ?? 0;
  const header = await readAt(file, LOCAL_HEADER_BYTES, headerAt);
  const dataAt = headerAt + LOCAL_HEADER_BYTES + header.readUInt16LE(26) + header.readUInt16LE(28);
  const length = Math.min(entries.compressedBytes[index] ?? 0, TRIED_BYTES, file.sizeBytes - dataAt);
  if (length <= 0) return true;
  const data = await readAt(file, length, dataAt);
  const options = { maxOutputLength: 2 * TRIED_BYTES, finishFlush: constants.Z_SYNC_FLUSH };
  return await inflate(data, options).then(
    () => true,
    (error: { code?: unknown }) => error.code === 'ERR_BUFFER_TOO_LARGE',
  );
}

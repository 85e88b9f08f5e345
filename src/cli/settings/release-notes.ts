import { constants, createReadStream, fstatSync, openSync } from 'node:fs';
import { Socket } from 'node:net';
import { addAbortSignal, type Readable } from 'node:stream';
import { AppToolError, LocalIoError, UsageError } from '../../contract/errors.ts';
import { fileProblem, isMissing } from '../../contract/text/file-problem.ts';
import { missingFile } from '../../transfer/missing-file.ts';

const LARGEST_NOTES = 64 * 1024;

/**
 * The text that `--release-notes-file` names; `-` is `stdin`. Both are read as streams, so that a pipe or a FIFO whose writer needs a moment is
 * waited for: until its end, or until `signal` ends the run.
 */
export async function readReleaseNotes(path: string, stdin: Readable, signal: AbortSignal): Promise<string> {
  const bytes = await readBytes(path, () => (path === '-' ? stdin : openStream(path)), signal);
  const text = bytes.toString('utf8');
  const encoded = Buffer.from(text, 'utf8');
  if (!encoded.equals(bytes)) {
    const at = bytes.findIndex((byte, index) => byte !== encoded[index]);
    throw new UsageError(`release notes: not valid UTF-8 (byte ${at + 1})`);
  }
  return text.replace(/\r?\n$/, '');
}

/** A FIFO is opened without waiting for its writer, and read as a socket is: a blocked open could not be ended by a signal. */
function openStream(path: string): Readable {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  return fstatSync(fd).isFIFO() ? new Socket({ fd, readable: true, writable: false }) : createReadStream('', { fd });
}

async function readBytes(path: string, open: () => Readable, signal: AbortSignal): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  try {
    for await (const chunk of addAbortSignal(signal, open())) {
      chunks.push(Buffer.from(chunk));
      sizeBytes += chunk.length;
      if (sizeBytes > LARGEST_NOTES) throw new UsageError('release notes are larger than 64 KiB');
    }
  } catch (cause) {
    signal.throwIfAborted();
    if (cause instanceof AppToolError) throw cause;
    const hint = isMissing(cause) ? (await missingFile(path, cause)).hint : null;
    throw new LocalIoError(`cannot read ${path}: ${fileProblem(cause)}`, { cause, hint });
  }
  return Buffer.concat(chunks);
}

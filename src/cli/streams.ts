import { errorCode } from '../errors.ts';

/** A stream that text is written to and that nobody has to read. */
export interface TextStream {
  /** Whole lines; a reader who has gone is no reason to fail. */
  write(text: string): void;
  readonly isTerminal: boolean;
  readonly raw: NodeJS.WriteStream;
}

/**
 * Wraps a standard stream. When its reader closes it (`apptool … | head`), the work goes on and keeps its exit code; what is still to
 * be written goes nowhere.
 */
export function textStream(raw: NodeJS.WriteStream): TextStream {
  let isClosed = false;
  raw.on('error', (error) => {
    isClosed = true;
    const code = errorCode(error);
    // A full disk behind the stream is the same to us: nobody can read what is said.
    if (code !== 'EPIPE' && code !== 'ENOSPC' && code !== 'EIO' && code !== 'EBADF') throw error;
  });
  return {
    raw,
    isTerminal: raw.isTTY === true,
    write(text) {
      if (!isClosed && !raw.destroyed) raw.write(text);
    },
  };
}

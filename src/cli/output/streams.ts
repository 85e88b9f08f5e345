import { errorCode } from '../../contract/errors.ts';

/** A stream that text is written to and that nobody has to read. */
export interface TextStream {
  /** Whole lines; a reader who has gone is no reason to fail. */
  write(text: string): void;
  /** Resolves when all that was written has left, with the code of what went wrong, or `null`. */
  flushed(): Promise<string | null>;
  readonly isTerminal: boolean;
  readonly raw: NodeJS.WriteStream;
}

/**
 * Wraps a standard stream. When its reader closes it (`apptool … | head`), the work goes on; what is still to be written goes nowhere,
 * and `flushed` tells.
 */
export function textStream(raw: NodeJS.WriteStream): TextStream {
  let problem: string | null = null;
  let last = Promise.resolve();
  const note = (error: unknown): void => {
    problem ??= errorCode(error) ?? 'EIO';
  };
  raw.on('error', note);
  return {
    raw,
    isTerminal: raw.isTTY === true,
    write(text) {
      if (problem !== null || raw.destroyed) return;
      last = new Promise((resolve) => {
        raw.write(text, (error) => {
          if (error) note(error);
          resolve();
        });
      });
    },
    async flushed() {
      await last;
      return problem;
    },
  };
}

import { createInterface } from 'node:readline/promises';

/** Asks a question that only yes answers; `null` where there is nobody to ask. */
export type Confirm = (question: string) => Promise<boolean | null>;

/** Asks on the terminal's stderr, because stdout is for results. Rejects with the signal's reason. */
export function createConfirm(process: NodeJS.Process, signal: AbortSignal): Confirm {
  return async (question) => {
    if (process.stdin.isTTY !== true || process.stderr.isTTY !== true) return null;
    const terminal = createInterface({ input: process.stdin, output: process.stderr });
    try {
      const answer = await terminal.question(`${question} [y/N] `, { signal });
      return /^y(es)?$/i.test(answer.trim());
    } catch (error) {
      signal.throwIfAborted();
      throw error;
    } finally {
      terminal.close();
    }
  };
}

import { createInterface } from 'node:readline';
import { CancelledError } from '../../contract/errors.ts';
import { wrapped } from '../output/render/rows.ts';
import type { Host } from './host.ts';

/** A person at a terminal. */
export interface Questions {
  /** Their answer, without blanks around it. Rejects with the signal's reason; Ctrl-C and Ctrl-D are SIGINT. */
  ask(question: string): Promise<string>;
  close(): void;
}

/** Opens one; `null` where there is nobody to ask. What is typed ahead is kept for the questions that follow. */
export type OpenQuestions = () => Questions | null;

/** Asks on the terminal's stderr, because stdout is for results. */
export function questionsOn(process: Host, signal: AbortSignal): OpenQuestions {
  return () => {
    const { stdin, stderr, pid } = process;
    if (stdin.isTTY !== true || stderr.isTTY !== true) return null;
    const terminal = createInterface({ input: stdin, output: stderr });
    const lines = terminal[Symbol.asyncIterator]();
    const close = () => terminal.close();
    signal.addEventListener('abort', close);
    terminal.on('SIGINT', () => {
      stderr.write('\n');
      process.kill(pid, 'SIGINT');
    });
    return {
      async ask(question) {
        signal.throwIfAborted();
        terminal.setPrompt(fitted(question, stderr.columns));
        terminal.prompt();
        const line = await lines.next();
        signal.throwIfAborted();
        if (line.done !== true) return line.value.trim();
        stderr.write('\n');
        throw new CancelledError('SIGINT');
      },
      close() {
        signal.removeEventListener('abort', close);
        close();
      },
    };
  };
}

/** The lines before the prompt, wrapped between words where the terminal says how wide it is. */
function fitted(question: string, columns: number): string {
  const lines = question.split('\n');
  const about = lines.slice(0, -1).flatMap((line) => (columns > 0 ? wrapped(line, columns) : [line]));
  return [...about, ...lines.slice(-1)].join('\n');
}

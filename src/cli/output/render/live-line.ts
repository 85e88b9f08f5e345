import ora from 'ora';
import type { Room } from './step-list.ts';

/** Lines of a terminal that change in place. */
export interface LiveLine {
  /** How large the terminal is now, in characters. */
  size(): Room;
  /** Shows the text, or nothing for `null`. */
  show(text: string | null): void;
  /** Writes something above the line. */
  interrupt(write: () => void): void;
  close(): void;
}

export function createLiveLine(stream: NodeJS.WriteStream, hasColor: boolean): LiveLine {
  const spinner = ora({
    stream,
    discardStdin: false,
    isEnabled: true,
    color: hasColor ? 'cyan' : false,
  });
  return {
    size: () => ({ columns: stream.columns, rows: stream.rows }),
    show(text) {
      if (text === null) {
        if (spinner.isSpinning) spinner.stop();
        return;
      }
      spinner.text = text;
      if (!spinner.isSpinning) spinner.start();
    },
    interrupt(write) {
      const wasSpinning = spinner.isSpinning;
      if (wasSpinning) spinner.clear();
      write();
      if (wasSpinning) spinner.render();
    },
    close() {
      spinner.stop();
    },
  };
}

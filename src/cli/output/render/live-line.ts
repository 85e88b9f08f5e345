import ora from 'ora';

/** One line of a terminal that changes in place. */
export interface LiveLine {
  /** Shows the text, or nothing for `null`. */
  show(text: string | null): void;
  /** Writes something above the line. */
  interrupt(write: () => void): void;
  close(): void;
}

export function createLiveLine(stream: NodeJS.WritableStream, hasColor: boolean): LiveLine {
  const spinner = ora({
    stream: stream as NodeJS.WriteStream,
    discardStdin: false,
    isEnabled: true,
    color: hasColor ? 'cyan' : false,
  });
  return {
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

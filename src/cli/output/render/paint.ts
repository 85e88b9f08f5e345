import { Chalk, type ChalkInstance } from 'chalk';

type Style = readonly [head: RegExp, style: ChalkInstance];

const chalk = new Chalk({ level: 1 });

/** Colours a line by how it begins; the text itself stays as it is. Only for a terminal that shows colours. */
export const paintLine = painterOf([
  [/^error\[[a-z-]+\]:/, chalk.red.bold],
  [/^warning:/, chalk.yellow],
  [/^hint:/, chalk.cyan],
  [/^apptool\|/, chalk.dim],
  [/^ *✓|^(?:protected|uploaded) {2}/, chalk.green],
  [/^ *✗/, chalk.red.bold],
  [/^ *›/, chalk.cyan],
]);

/** Colours the marks of a table by what they mean: `ok`, `ready`, `warning`, `FAILED`, `skipped`. */
export const paintResult = painterOf([
  [/^(?: {2}ok\b|.*\bready$)/, chalk.green],
  [/^(?: {2}FAILED\b|.*\bNOT (?:READY|VALID)\b.*)/, chalk.red.bold],
  [/^ {2}warning\b/, chalk.yellow],
  [/^ {2}skipped\b.*/, chalk.dim],
  [/^ +hint:/, chalk.cyan],
]);

function painterOf(styles: readonly Style[]): (line: string) => string {
  return (line) => {
    for (const [pattern, style] of styles) {
      const [head] = pattern.exec(line) ?? [];
      if (head !== undefined) return `${style(head)}${line.slice(head.length)}`;
    }
    return line;
  };
}

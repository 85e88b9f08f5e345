import { Chalk, type ChalkInstance } from 'chalk';

type Style = readonly [head: RegExp, style: ChalkInstance];

const chalk = new Chalk({ level: 1 });

/** Colours a line by how it begins; the text itself stays as it is. Only for a terminal that shows colours. */
export const paintLine = painterOf([
  [/^error\[[a-z-]+\]:/, chalk.red.bold],
  [/^warning:/, chalk.yellow],
  [/^hint:/, chalk.cyan],
  [/^apptool\|/, chalk.dim],
  [/^ *✓(?: (?:protected|uploaded)(?= ))?|^(?:protected|uploaded) {2}/, chalk.green],
  [/^ *✗/, chalk.red.bold],
  [/^ *›/, chalk.cyan],
]);

/** Colours the result by what it means: marks, phases, `ok`, `ready`, `warning`, `FAILED`, `skipped`. */
export const paintResult = painterOf([
  [/^ *✓/, chalk.green],
  [/^ *✗/, chalk.red.bold],
  [/^ *›/, chalk.cyan],
  [/^(?:[\w-]+(?::[\w-]+)? )?succeeded\b/, chalk.green],
  [/^(?:[\w-]+(?::[\w-]+)? )?failed\b/, chalk.red.bold],
  [/^(?:[\w-]+(?::[\w-]+)? )?action-required\b/, chalk.yellow],
  [/^verdict +nothing\b.*/, chalk.green],
  [/^verdict\b.*/, chalk.red.bold],
  [/^(?: {2}ok\b|.*\bready$)/, chalk.green],
  [/^(?: {2}FAILED\b|.*\bNOT (?:READY|VALID)\b.*)/, chalk.red.bold],
  [/^ {2}warning\b/, chalk.yellow],
  [/^ {2}skipped\b.*/, chalk.dim],
  [/^ +hint:/, chalk.cyan],
  [/^ +from \S.*/, chalk.dim],
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

import { Chalk } from 'chalk';

/** Colours a line by how it begins; the text itself stays as it is. Only for a terminal that shows colours. */
export function createPainter(): (line: string) => string {
  const chalk = new Chalk({ level: 1 });
  const styles: readonly [RegExp, (text: string) => string][] = [
    [/^error\[[a-z-]+\]:/, chalk.red.bold],
    [/^warning:/, chalk.yellow],
    [/^hint:/, chalk.cyan],
    [/^apptool\|/, chalk.dim],
    [/^(?:✓|(?:protected|uploaded) {2})/, chalk.green],
    [/^✗/, chalk.red.bold],
  ];
  return (line) => {
    for (const [pattern, style] of styles) {
      const [head] = pattern.exec(line) ?? [];
      if (head !== undefined) return `${style(head)}${line.slice(head.length)}`;
    }
    return line;
  };
}

/** Colours the marks of a table by what they mean: `ok`, `ready`, `warning`, `FAILED`, `skipped`. The text itself stays as it is. */
export function createResultPainter(): (line: string) => string {
  const chalk = new Chalk({ level: 1 });
  const styles: readonly [RegExp, (text: string) => string][] = [
    [/^(?: {2}ok\b|.*\bready$|✓)/, chalk.green],
    [/^(?: {2}FAILED\b|.*\bNOT (?:READY|VALID)\b.*)/, chalk.red.bold],
    [/^ {2}warning\b/, chalk.yellow],
    [/^ {2}skipped\b.*/, chalk.dim],
    [/^ +hint:/, chalk.cyan],
  ];
  return (line) => {
    for (const [pattern, style] of styles) {
      const [head] = pattern.exec(line) ?? [];
      if (head !== undefined) return `${style(head)}${line.slice(head.length)}`;
    }
    return line;
  };
}

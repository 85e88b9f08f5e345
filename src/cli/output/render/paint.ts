import { Chalk } from 'chalk';

/** Colours a line by how it begins; the text itself stays as it is. Only for a terminal that shows colours. */
export function createPainter(): (line: string) => string {
  const chalk = new Chalk({ level: 1 });
  const styles: readonly [RegExp, (text: string) => string][] = [
    [/^error\[[a-z-]+\]:/, chalk.red.bold],
    [/^warning:/, chalk.yellow],
    [/^hint:/, chalk.cyan],
    [/^apptool\|/, chalk.dim],
  ];
  return (line) => {
    for (const [pattern, style] of styles) {
      const [head] = pattern.exec(line) ?? [];
      if (head !== undefined) return `${style(head)}${line.slice(head.length)}`;
    }
    return line;
  };
}

import type { Env } from '../../../contract/env.ts';

/** Whether a terminal shows more than ASCII, by the locale: the first of these that is set decides (POSIX, "Environment Variables", section 8.2). */
export function showsUnicode(env: Env, platform: NodeJS.Platform): boolean {
  if (platform === 'win32') return env.WT_SESSION !== undefined || env.TERM_PROGRAM === 'vscode';
  const locale = [env.LC_ALL, env.LC_CTYPE, env.LANG].find((value) => value !== undefined && value !== '');
  return /utf-?8/i.test(locale ?? '');
}

const PLAIN: Readonly<Record<string, string>> = { '✓': '+', '✗': 'x', '›': '>', '·': '-' };

/** A line, coloured or not, whose mark every terminal shows. */
export function withPlainMark(line: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are such sequences.
  return line.replace(/^((?:\u001b\[\d+m| )*)([✓✗›·])/, (_, lead: string, mark: string) => `${lead}${PLAIN[mark]}`);
}

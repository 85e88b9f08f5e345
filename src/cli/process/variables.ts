import type { Env } from '../../contract/env.ts';

/** What stands at the end of a value and is no part of it. */
const LINE_ENDS = /[\r\n]+$/;

/**
 * The variables of a process without the line ends at the end of a value: a file of variables with Windows line ends leaves a carriage return there
 * (`docker run --env-file`, for one), and a secret that was pasted or piped into its store a line feed. Those that Node.js itself has read already stay
 * as they are.
 */
export function readVariables(env: Env): Env {
  const entries = Object.entries(env).map(([name, value]) => [
    name,
    name.startsWith('NODE_') || value === undefined ? value : withoutLineEnds(value),
  ]);
  return Object.fromEntries(entries);
}

/** The same for the text of a file that stands for a variable. */
export function withoutLineEnds(text: string): string {
  return text.replace(LINE_ENDS, '');
}

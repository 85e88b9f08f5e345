import type { Env } from '../../contract/env.ts';

/**
 * The variables of a process without the carriage return at the end of a value, which a file of variables with Windows line ends leaves there
 * (`docker run --env-file`, for one). Those that Node.js itself has read already stay as they are.
 */
export function readVariables(env: Env): Env {
  const entries = Object.entries(env).map(([name, value]) => [
    name,
    name.startsWith('NODE_') ? value : value?.replace(/\r+$/, ''),
  ]);
  return Object.fromEntries(entries);
}

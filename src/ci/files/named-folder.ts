import { accessSync, constants, statSync } from 'node:fs';
import type { Env } from '../../contract/env.ts';
import { whyNot } from './refusal.ts';

/** Why nothing can be written into the folder that a variable of the CI names; `null` where it can. */
export function whyNotInto(variable: string, environment: Env): string | null {
  const path = environment[variable] ?? '';
  if (path === '') return 'the variable is not set';
  try {
    if (!statSync(path).isDirectory()) return `${path} is not a folder`;
    accessSync(path, constants.W_OK | constants.X_OK);
    return null;
  } catch (cause) {
    return `${path}: ${whyNot(cause)}`;
  }
}

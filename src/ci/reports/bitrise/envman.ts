import { spawnSync } from 'node:child_process';
import type { Env } from '../../../contract/env.ts';
import { type FoundProgram, findProgram } from '../../files/find-program.ts';
import { cannotWrite } from '../../files/refusal.ts';

/** For one variable; it only writes a small file. */
const LIMIT_MS = 5_000;
/** What it goes by besides its own variables: where its settings are. */
const NEEDED = /^(?:HOME|ENVMAN_.*)$/;

export function findEnvman({ PATH, BITRISE_SOURCE_DIR }: Env): FoundProgram | null {
  return findProgram('envman', PATH, BITRISE_SOURCE_DIR ?? '.');
}

/**
 * Gives the steps that follow a variable: https://github.com/bitrise-io/envman/blob/master/cli/add.go. The value is an argument, because envman
 * reads none from what Node.js makes of a pipe, which is a socket. Throws `LocalIoError`.
 */
export function addByEnvman({ program, path }: FoundProgram, environment: Env, key: string, value: string): void {
  const own = Object.entries(environment).filter(([name]) => NEEDED.test(name));
  const { status, signal, error } = spawnSync(program, ['add', '--no-expand', '--key', key, '--value', value], {
    env: { ...Object.fromEntries(own), PATH: path },
    stdio: 'ignore',
    timeout: LIMIT_MS,
    killSignal: 'SIGKILL',
  });
  if (error === undefined && status === 0) return;
  throw cannotWrite(
    `${key} by envman`,
    status === null ? (signal ?? 'it did not start') : `it ended with ${status}`,
    error,
  );
}

import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import type { Clock } from '../../contract/context.ts';
import type { Env } from '../../contract/env.ts';
import { CancelledError, UsageError } from '../../contract/errors.ts';

/** How often it is asked whether the parent is still there (ms). */
const PARENT_INTERVAL_MS = 250;

/**
 * Runs a command with these variables and with the streams of this process. Resolves with its exit code; 128 and the signal's number where a
 * signal ended it, as shells count. The signal that stops the run is passed on, and the command is waited for; it never outlives this
 * process. Rejects with `UsageError` where it cannot be started.
 */
export async function runInside(command: readonly string[], env: Env, signal: AbortSignal): Promise<number> {
  const [program = '', ...args] = command;
  const child = spawn(program, args, { env, stdio: 'inherit' });
  const passOn = (): void => {
    const { reason } = signal;
    child.kill(reason instanceof CancelledError ? reason.signal : 'SIGTERM');
  };
  const killNow = (): void => void child.kill('SIGKILL');
  process.once('exit', killNow);
  signal.addEventListener('abort', passOn, { once: true });
  try {
    return await new Promise((resolve, reject) => {
      child.once('error', (cause) =>
        reject(new UsageError(`cannot run "${program}"`, { cause, hint: startHint(cause) })),
      );
      child.once('exit', (code, name) => resolve(code ?? 128 + (name === null ? 0 : constants.signals[name])));
      if (signal.aborted) passOn();
    });
  } finally {
    signal.removeEventListener('abort', passOn);
    process.off('exit', killNow);
  }
}

function startHint(cause: NodeJS.ErrnoException): string {
  return cause.code === 'ENOENT'
    ? 'no such program was found; shell syntax needs a shell: apptool sandbox -- sh -c "…"'
    : 'check that it is a program that this user may run';
}

/**
 * Resolves when the process that started this one has ended: then this one has another parent. A wrapper that is killed alone, as npx is by
 * `kill %1`, passes nothing on. Never resolves where the first process of all is the parent from the start. Gives what stops the watch.
 */
export function watchParent(parentPid: () => number, clock: Pick<Clock, 'after'>, onEnd: () => void): () => void {
  const first = parentPid();
  let disarm = (): void => {};
  const look = (): void => {
    if (parentPid() !== first) onEnd();
    else disarm = clock.after(PARENT_INTERVAL_MS, look);
  };
  if (first > 1) look();
  return () => disarm();
}

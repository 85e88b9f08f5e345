import { join } from 'node:path';
import { ROOT } from '../../src/testing/files.ts';
import { makeStrange } from './strange-machine.mjs';

/**
 * A call of every open file whose path ends so, or a rename or link to a path that ends so, that goes wrong so many times (always by
 * default).
 */
interface StrangeCall {
  readonly call: 'rename' | 'link' | 'read' | 'write' | 'sync' | 'close';
  readonly file: string;
  readonly times?: number;
  /** How it fails; or the signal that arrives while it works. */
  readonly code?: string;
  readonly signal?: NodeJS.Signals;
  /** For a read: from which position on, and up to which. */
  readonly from?: number;
  readonly to?: number;
}

export interface Strangeness {
  readonly calls?: readonly StrangeCall[];
  /** What DNS says of every host that is `.example`: an error, or addresses. */
  readonly lookup?: string | readonly string[];
  /** No file can be opened any more when the first connection is made. */
  readonly isOutOfFiles?: boolean;
  /** What its file systems say of their size and free space is 0. */
  readonly hasNoNumbers?: boolean;
  /** The wall clock is this much ahead and behind (ms), in turns. */
  readonly dateJumpMs?: number;
  /** What nobody catches, when SIGUSR2 comes. */
  readonly stray?: 'rejection' | 'exception';
}

/** The environment in which the built command line finds itself on such a machine. `isFast` lets its waits take little time. */
export function strangeMachine(strangeness: Strangeness, { isFast = false } = {}): Readonly<Record<string, string>> {
  const preloads = ['strange-machine.mjs', ...(isFast ? ['fast-time.mjs'] : [])];
  const options = preloads.map((name) => `--import ${join(ROOT, 'test', 'support', name)}`);
  return { NODE_OPTIONS: options.join(' '), STRANGE_MACHINE: JSON.stringify(strangeness) };
}

/** Runs something in this process while calls of files or DNS go wrong in it, which costs no start. */
export async function onStrangeMachine<Result>(
  strangeness: Pick<Strangeness, 'calls' | 'lookup'>,
  run: () => Promise<Result>,
): Promise<Result> {
  const makeUsual = makeStrange(strangeness);
  try {
    return await run();
  } finally {
    makeUsual();
  }
}

import { join } from 'node:path';
import { ROOT } from '../../src/testing/files.ts';

/** A call of `node:fs/promises`, or of every open file whose path ends so, that goes wrong so many times (always by default). */
interface StrangeCall {
  readonly call: 'rename' | 'link' | 'read' | 'write' | 'sync' | 'close';
  readonly file?: string;
  readonly times?: number;
  /** How it fails; or the signal that arrives while it works. */
  readonly code?: string;
  readonly signal?: NodeJS.Signals;
  /** For a read: from which position on, and up to which. */
  readonly from?: number;
  readonly to?: number;
}

interface Strangeness {
  readonly calls?: readonly StrangeCall[];
  /** What DNS says of every host: an error, or addresses. */
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

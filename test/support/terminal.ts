import { spawn, spawnSync } from 'node:child_process';
import { atEnd } from '../../src/testing/cleanup.ts';
import { cleanEnvironment } from './cli.ts';

/** util-linux's `script` gives a program a terminal, without a package of ours. */
export const HAS_TERMINALS = process.platform === 'linux' && isInstalled('script');

export function isInstalled(program: string): boolean {
  return spawnSync(program, ['--version']).status === 0;
}

/** Carriage returns, and the switch for pasting that zsh sends by itself: they show nothing. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: what a terminal is sent holds them.
const SILENT = /\r|\u001b\[\?2004[hl]/g;

/** A program at a terminal of its own. */
export interface Terminal {
  type(keys: string): void;
  /** Resolves with what the terminal has shown since the last call, once the pattern is in it; rejects when the program ends without it. */
  until(pattern: RegExp): Promise<string>;
  /** Its exit code. */
  readonly ended: Promise<number | null>;
}

export interface TerminalOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** `command` is a line for `sh`. */
export function startAtTerminal(command: string, { cwd, env = {} }: TerminalOptions): Terminal {
  const child = spawn('script', ['-qec', `stty cols 4000 && ${command}`, '/dev/null'], {
    cwd,
    env: cleanEnvironment({ TERM: 'dumb', ...env }),
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  atEnd(() => void child.kill('SIGKILL'));
  let shown = '';
  let changed = (): void => {};
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    shown = (shown + text).replace(SILENT, '');
    changed();
  });
  let hasEnded = false;
  const ended = new Promise<number | null>((resolve) => {
    child.on('close', (code) => {
      hasEnded = true;
      changed();
      resolve(code);
    });
  });
  return {
    ended,
    type: (keys) => void child.stdin.write(keys),
    until: (pattern) =>
      new Promise((resolve, reject) => {
        changed = () => {
          if (pattern.test(shown)) {
            const all = shown;
            shown = '';
            resolve(all);
          } else if (hasEnded) reject(new Error(`ended without ${pattern}:\n${shown}`));
        };
        changed();
      }),
  };
}

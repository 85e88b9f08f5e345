import { spawn } from 'node:child_process';
import xterm from '@xterm/headless';
import { atEnd } from '../../src/testing/cleanup.ts';
import { BIN, cleanEnvironment } from './cli.ts';

/** What a terminal shows. */
export interface Screen {
  /** Resolves when it shows all that was written. */
  write(bytes: string | Uint8Array): Promise<void>;
  /** Its lines, those that were scrolled away too, without the empty ones at the end. */
  lines(): string[];
}

export function screen(columns: number, rows: number): Screen {
  const terminal = new xterm.Terminal({ cols: columns, rows, allowProposedApi: true, scrollback: 1_000 });
  return {
    write: (bytes) => new Promise((resolve) => terminal.write(bytes, resolve)),
    lines() {
      const { active } = terminal.buffer;
      const all = Array.from({ length: active.length }, (_, y) => active.getLine(y)?.translateToString(true) ?? '');
      return all.slice(0, all.findLastIndex((line) => line !== '') + 1);
    },
  };
}

export interface ScreenOptions {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly columns: number;
  readonly rows: number;
  /** Told of each state of the screen; `type` presses keys. */
  readonly seen?: (lines: readonly string[], type: (keys: string) => void) => void;
}

/** Runs the built command line at a terminal. Resolves with its exit code, all that it wrote, and what then stands on the screen. */
export async function runOnScreen(args: readonly string[], { cwd, env, columns, rows, seen }: ScreenOptions) {
  const line = `stty cols ${columns} rows ${rows} && exec "${process.execPath}" "${BIN}" ${args.join(' ')}`;
  const child = spawn('script', ['-qec', line, '/dev/null'], {
    cwd,
    env: cleanEnvironment({ TERM: 'xterm-256color', LANG: 'C.UTF-8', ...env }),
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  atEnd(() => void child.kill('SIGKILL'));
  const shown = screen(columns, rows);
  const code = new Promise<number | null>((resolve) => void child.on('close', resolve));
  let written = '';
  for await (const bytes of child.stdout) {
    written += String(bytes);
    await shown.write(bytes);
    seen?.(shown.lines(), (keys) => void child.stdin.write(keys));
  }
  return { code: await code, written, lines: shown.lines() };
}

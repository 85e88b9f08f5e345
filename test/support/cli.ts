import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { atEnd } from '../../src/testing/cleanup.ts';
import { fastClock } from '../../src/testing/clock.ts';
import { ROOT } from '../../src/testing/files.ts';
import { enter, leave, runHere } from './in-process.ts';
import { CA_FILE } from './tls-front.ts';

export const BIN = join(ROOT, 'bin', 'apptool.js');
const FAST_TIME = ['--import', join(ROOT, 'test', 'support', 'fast-time.mjs')];

export interface CliOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Its waits take a hundredth of their time; those of less than a quarter of a second what they take. */
  readonly isFast?: boolean;
  /** The Node.js that runs it, in a process of its own; that of the tests where none is named. */
  readonly node?: string;
}

export interface CliResult {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Variables that Node itself reads, some of them only at its start: they need a process of their own. */
const OF_A_PROCESS = /^(NODE_.*|HOME|TMPDIR|TZ|LANG|LC_.*|SSL_CERT_.*)$/;

/**
 * Only what a program needs to run: no CI variable, no credential and no config of whoever runs the tests. The fixtures are debuggable;
 * a test about that sets `APPTOOL_ALLOW_DEBUGGABLE` to nothing.
 */
export function cleanEnvironment(extra: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  return { PATH: process.env.PATH ?? '', HOME: '/nonexistent', APPTOOL_ALLOW_DEBUGGABLE: '1', ...extra };
}

/** The built command line on its way, for tests that talk to it while it runs. */
export interface RunningCli {
  readonly child: ChildProcess;
  readonly result: Promise<CliResult>;
  /** Resolves when stderr or stdout holds the text; rejects when the process ends without it. */
  seen(text: string | RegExp): Promise<void>;
  output(): string;
}

export function startCli(args: readonly string[], options: CliOptions = {}): RunningCli {
  const { isFast = false, node = process.execPath } = options;
  const child = spawn(node, [...(isFast ? FAST_TIME : []), BIN, ...args], {
    cwd: options.cwd ?? '/',
    env: cleanEnvironment(options.env),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  const listeners = new Set<() => void>();
  const notify = (): void => {
    for (const listener of listeners) listener();
  };
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    notify();
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    notify();
  });
  const result = new Promise<CliResult>((resolve) => {
    child.on('close', (code, signal) => {
      resolve({ code, signal, stdout, stderr });
      notify();
    });
  });
  atEnd(() => void child.kill('SIGKILL'));
  const output = (): string => stdout + stderr;
  return {
    child,
    result,
    output,
    seen: (text) =>
      new Promise((resolve, reject) => {
        const check = (): void => {
          const isThere = typeof text === 'string' ? output().includes(text) : text.test(output());
          if (!isThere && child.exitCode === null && child.signalCode === null) return;
          listeners.delete(check);
          if (isThere) resolve();
          else reject(new Error(`ended without ${String(text)}:\n${output()}`));
        };
        listeners.add(check);
        check();
      }),
  };
}

/** Runs the built command line to its end, in a process of its own. */
export async function runProcess(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  return await startCli(args, options).result;
}

/**
 * Runs the built command line to its end, in this process: no start, and the same text and exit code. Where the process itself is what
 * matters (how it starts and ends, its signals, pipes, terminal, memory), use `runProcess` or `startCli`.
 */
export async function runCli(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  const { cwd = '/', env = {}, isFast = false, node } = options;
  const { NODE_EXTRA_CA_CERTS: caFile, ...others } = env;
  // The CA of the tests is trusted here as well; what Node.js makes of another file only a process shows.
  const isForNode = caFile !== undefined && caFile !== CA_FILE;
  const needsProcess = node !== undefined || isForNode || Object.keys(others).some((name) => OF_A_PROCESS.test(name));
  if (needsProcess || !enter(cwd)) return await runProcess(args, options);
  try {
    const ca = caFile === undefined ? undefined : readFileSync(caFile, 'utf8');
    return await runHere(args, { env: cleanEnvironment(env), cwd, ca, ...(isFast ? { clock: fastClock } : {}) });
  } finally {
    leave();
  }
}

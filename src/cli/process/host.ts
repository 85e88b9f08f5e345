import type { CancelSignal } from '../../contract/errors.ts';

/**
 * What a run takes from the process around it. The real `process` has all of it; a test that wants no process hands in its own.
 *
 * Files are opened by the names that the user gave, so `cwd` must be the working directory of the process that the run is in.
 */
export interface Host {
  /** The two words before the arguments are node and the script. */
  readonly argv: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly pid: number;
  /** Of the parent as it is now: another one when the first has ended. */
  readonly ppid: number;
  cwd(): string;
  /** Ends the run at once: nothing that follows may do any more work. */
  exit(code: number): never;
  /** Sends a signal, here always to the run itself. */
  kill(pid: number, signal: CancelSignal): true;
  on(event: CancelSignal, listener: (signal: NodeJS.Signals) => void): unknown;
  on(event: StrayEvent, listener: (error: unknown) => void): unknown;
  off(event: CancelSignal, listener: (signal: NodeJS.Signals) => void): unknown;
}

/** An error that nobody caught. */
type StrayEvent = 'uncaughtException' | 'unhandledRejection';

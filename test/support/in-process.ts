import { AsyncLocalStorage } from 'node:async_hooks';
import { EventEmitter } from 'node:events';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import tls from 'node:tls';
import { pathToFileURL } from 'node:url';
import type { main as Main } from '../../src/cli/main.ts';
import type { Host } from '../../src/cli/process/host.ts';
import type { Clock } from '../../src/contract/context.ts';
import { ROOT } from '../../src/testing/files.ts';

export interface HereOptions {
  /** All variables of the run. */
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  readonly clock?: Clock;
  /** The only CA that the run trusts: what Node.js reads from NODE_EXTRA_CA_CERTS as it starts. */
  readonly ca?: string | undefined;
}

/** What a run in this process left. `signal` is what would have ended a real one: nothing does here. */
export interface HereResult {
  readonly code: number;
  readonly signal: null;
  readonly stdout: string;
  readonly stderr: string;
}

const home = process.cwd();
let inside: { readonly folder: string; runs: number } | null = null;

/**
 * Makes the folder the working directory of this process, until as many have left as have entered. `false` where runs in another folder
 * are under way: a process has one working directory.
 */
export function enter(folder: string): boolean {
  if (inside !== null && inside.folder !== folder) return false;
  if (inside === null) process.chdir(folder);
  inside = { folder, runs: (inside?.runs ?? 0) + 1 };
  return true;
}

export function leave(): void {
  if (inside === null) return;
  inside.runs -= 1;
  if (inside.runs > 0) return;
  inside = null;
  process.chdir(home);
}

const trusted = new AsyncLocalStorage<string | undefined>();
const { connect } = tls;
tls.connect = ((first: unknown, ...others: unknown[]) => {
  const ca = trusted.getStore();
  const options = ca !== undefined && typeof first === 'object' ? { ca, ...first } : first;
  return connect(options as tls.ConnectionOptions, ...(others as []));
}) as typeof connect;
syncBuiltinESMExports();

/** Runs the built command line in this process, in its working directory. */
export async function runHere(args: readonly string[], { env, cwd, clock, ca }: HereOptions): Promise<HereResult> {
  const { main } = (await import(pathToFileURL(join(ROOT, 'dist', 'main.js')).href)) as { readonly main: typeof Main };
  const stdout = sink();
  const stderr = sink();
  const events = new EventEmitter();
  let endNow = (_code: number): void => {};
  const ended = new Promise<number>((resolve) => {
    endNow = resolve;
  });
  const host: Host = {
    argv: ['node', 'apptool', ...args],
    env,
    stdin: Readable.from([]) as NodeJS.ReadStream,
    stdout: stdout.stream,
    stderr: stderr.stream,
    pid: process.pid,
    ppid: process.ppid,
    cwd: () => cwd,
    exit: (code) => endNow(code) as never,
    kill: (_pid, signal) => events.emit(signal, signal) as true,
    on: events.on.bind(events),
    off: events.off.bind(events),
  };
  const run = (): Promise<number> => main(host, clock === undefined ? {} : { clock });
  const code = await Promise.race([trusted.run(ca, run), ended]);
  return { code, signal: null, stdout: stdout.text(), stderr: stderr.text() };
}

/** A stream that keeps what is written to it, and is no terminal. */
function sink(): { readonly stream: NodeJS.WriteStream; text(): string } {
  let text = '';
  const stream = new Writable({
    decodeStrings: false,
    write(chunk: string | Buffer, _encoding, done) {
      text += chunk.toString();
      done();
    },
  });
  return { stream: stream as NodeJS.WriteStream, text: () => text };
}

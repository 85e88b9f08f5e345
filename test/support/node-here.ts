import { execFileSync } from 'node:child_process';
import { constants, openSync, writeFileSync } from 'node:fs';
import { open, readFile, readlink } from 'node:fs/promises';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Clock } from '../../src/contract/context.ts';
import { realClock } from '../../src/run/real-clock.ts';
import { atEnd } from '../../src/testing/cleanup.ts';
import { temporaryFolder } from '../../src/testing/files.ts';
import { enter, leave, runHere } from './in-process.ts';

/** What a `node` says that is to run a program by itself. */
const BY_ITSELF = 'start';

/**
 * A shell script for `node` that runs apptool, where a package of it is installed, in the process of the test: the script that starts it sees the
 * same arguments, variables, folder, output and exit code, and no start is paid. Every other program runs in Node.js, and so does apptool in another folder
 * than one where it runs already. It hands on no signal. `called` is told of each run.
 */
export async function nodeHere(called: (args: readonly string[]) => void): Promise<string> {
  const folder = await temporaryFolder();
  const orders = join(folder, 'orders');
  execFileSync('mkfifo', [orders]);
  // Opened for both, it has no end while nobody writes.
  const socket = new Socket({ fd: openSync(orders, constants.O_RDWR | constants.O_NONBLOCK), writable: false });
  atEnd(() => void socket.destroy());
  createInterface({ input: socket }).on('line', async (pid) => {
    const answer = await carryOut(pid, join(folder, pid), called).catch(() => BY_ITSELF);
    // A shell that has ended meanwhile waits for nothing.
    const reply = await open(join(folder, pid), constants.O_WRONLY | constants.O_NONBLOCK).catch(() => null);
    await reply?.writeFile(`${answer}\n`);
    await reply?.close();
  });
  return `#!/bin/sh
own="${folder}/$$"
case "$1" in
  -p) if [ "$*" = "-p process.execPath" ]; then echo "$0"; exit; fi ;;
  */apptool/bin/apptool.js)
    mkfifo "$own" && exec 3<>"$own" && echo "$$" > "${orders}" && read -r answer <&3 && exec 3<&-
    if [ "$answer" != ${BY_ITSELF} ]; then
      if [ -s "$own.out" ]; then cat "$own.out"; fi
      if [ -s "$own.err" ]; then cat "$own.err" >&2; fi
      exit "$answer"
    fi ;;
esac
exec "${process.execPath}" "$@"
`;
}

/** Runs what the process of a shell was started for; gives its exit code, and leaves its output in files. */
async function carryOut(
  pid: string,
  own: string,
  called: (args: readonly string[]) => void,
): Promise<number | typeof BY_ITSELF> {
  const [line, variables, cwd] = await Promise.all([
    readFile(`/proc/${pid}/cmdline`, 'utf8'),
    readFile(`/proc/${pid}/environ`, 'utf8'),
    readlink(`/proc/${pid}/cwd`),
  ]);
  // The shell, the script and the program stand before them.
  const args = line.split('\0').slice(3, -1);
  const env = Object.fromEntries(
    variables
      .split('\0')
      .filter((one) => one.includes('='))
      .map((one) => [one.slice(0, one.indexOf('=')), one.slice(one.indexOf('=') + 1)]),
  );
  if (!enter(cwd)) return BY_ITSELF;
  try {
    called(args);
    const { code, stdout, stderr } = await runHere(args, { env, cwd, clock: clockOf(env) });
    writeFileSync(`${own}.out`, stdout);
    writeFileSync(`${own}.err`, stderr);
    return code;
  } finally {
    leave();
  }
}

/** What is preloaded makes a process fast (fast-time.mjs); here it is the clock. */
function clockOf({ NODE_OPTIONS = '', FAST_TIME_FACTOR = '100' }: NodeJS.ProcessEnv): Clock {
  if (!NODE_OPTIONS.includes('fast-time.mjs')) return realClock;
  const factor = Number(FAST_TIME_FACTOR);
  const shortened = (delayMs: number, leastMs: number) => Math.max(delayMs / factor, Math.min(delayMs, leastMs));
  return {
    ...realClock,
    now: () => realClock.now() * factor,
    sleep: (delayMs, signal) => realClock.sleep(shortened(delayMs, 50), signal),
    after: (delayMs, callback) => realClock.after(shortened(delayMs, 250), callback),
  };
}

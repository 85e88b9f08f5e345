import { randomBytes } from 'node:crypto';
import { linkSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import * as z from 'zod';
import { errorCode, LocalIoError } from '../../contract/errors.ts';
import { checkOutsideGit } from '../../contract/text/repository-path.ts';
import { checkPath } from '../../contract/text/safe-text.ts';

/** A lock is touched this often (ms), so that other machines can see that its run is alive. */
const TOUCH_EVERY_MS = 15_000;
/** A lock of another machine that was not touched for this long (ms) is what a killed run has left. */
const STALE_AFTER_MS = 120_000;

const Holder = z.object({
  pid: z.int(),
  host: z.string(),
  processStart: z.string().nullable(),
  since: z.string(),
  run: z.string(),
});
type Holder = z.infer<typeof Holder>;

export interface ReceiptLock {
  release(): void;
}

/**
 * Keeps other runs from writing a receipt until it is released, by a file `<receipt>.lock` that says who holds it. A lock that a killed
 * run has left is taken over. `null` where no such file can be made: then there can be no receipt either, which is told elsewhere. Throws
 * `LocalIoError` where a live run holds it, `UsageError` and `PolicyError` for a path at which no receipt may be.
 */
export function lockReceipt(receipt: string, pid: number, now: Date): ReceiptLock | null {
  checkPath(receipt, 'receipt');
  checkOutsideGit(receipt, 'the receipt');
  const path = `${receipt}.lock`;
  const run = randomBytes(6).toString('hex');
  const own: Holder = { pid, host: hostname(), processStart: processStart(pid), since: now.toISOString(), run };
  const text = `${JSON.stringify(own)}\n`;
  for (let tries = 0; ; tries += 1) {
    try {
      writeFileSync(path, text, { flag: 'wx', mode: 0o644 });
      break;
    } catch (error) {
      if (errorCode(error) !== 'EEXIST') return null;
      if (tries > 2 || !takeAwayStale(path, now)) throw heldBy(receipt, path);
    }
  }
  const touching = setInterval(() => touch(path), TOUCH_EVERY_MS).unref();
  return {
    release() {
      clearInterval(touching);
      if (textAt(path) === text) rmSync(path, { force: true });
    },
  };
}

function heldBy(receipt: string, path: string): LocalIoError {
  const holder = holderIn(textAt(path));
  const who = holder === null ? '' : ` (process ${holder.pid} on ${holder.host}, since ${holder.since})`;
  return new LocalIoError(`another run is writing the receipt ${receipt}${who}`, {
    hint: `nothing was sent; give this run its own receipt, or wait for the other run; if the other run has ended, remove ${path}`,
  });
}

/** False where a live run holds it. */
function takeAwayStale(path: string, now: Date): boolean {
  const text = textAt(path);
  if (text === null) return true;
  if (!isStale(path, holderIn(text), now)) return false;
  // Two runs may find it stale at once: what was moved away has to be what was judged.
  const moved = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    renameSync(path, moved);
    if (textAt(moved) !== text) linkSync(moved, path);
  } catch {
    // Somebody else was faster: the next try sees what is there.
  }
  rmSync(moved, { force: true });
  return true;
}

function isStale(path: string, holder: Holder | null, now: Date): boolean {
  if (holder !== null && holder.host === hostname()) {
    return !isAlive(holder.pid) || processStart(holder.pid) !== holder.processStart;
  }
  const touchedMs = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  return now.getTime() - touchedMs > STALE_AFTER_MS;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // Somebody else's process is alive too.
    return errorCode(error) === 'EPERM';
  }
}

/**
 * When a process started, in ticks since the machine did, so that another one with its number is not taken for it: field 22 of
 * `/proc/<pid>/stat` (https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html). `null` where the system does not tell.
 */
function processStart(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name of the program stands in parentheses, and may hold anything.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
  } catch {
    return null;
  }
}

function holderIn(text: string | null): Holder | null {
  try {
    return Holder.safeParse(JSON.parse(text ?? '')).data ?? null;
  } catch {
    return null;
  }
}

function textAt(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

function touch(path: string): void {
  try {
    const now = new Date();
    utimesSync(path, now, now);
  } catch {
    // Removed by somebody: the receipt is written all the same.
  }
}

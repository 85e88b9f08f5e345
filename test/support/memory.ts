import { readFileSync } from 'node:fs';

/** Follows a process's peak of resident memory (bytes) while it runs, as Linux keeps it. */
export function watchPeakMemory(pid: number): { readonly stop: () => number } {
  let peakBytes = 0;
  const look = (): void => {
    try {
      const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
      if (kilobytes !== undefined) peakBytes = Number(kilobytes) * 1024;
    } catch {
      // It has ended; the peak stays.
    }
  };
  const timer = setInterval(look, 20);
  look();
  return {
    stop: () => {
      clearInterval(timer);
      return peakBytes;
    },
  };
}

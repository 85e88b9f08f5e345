/** `12.3 MB`: decimal units, as stores and vendors count. */
export function formatSize(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  const units = ['kB', 'MB', 'GB'];
  let value = bytes / 1000;
  let unit = 0;
  while (value >= 999.95 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${value.toFixed(1)} ${units[unit]}`;
}

/** `<1 s`, `45 s`, `2 min 05 s`, `1 h 03 min`. */
export function formatElapsed(ms: number): string {
  if (ms > 0 && ms < 500) return '<1 s';
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${String(seconds % 60).padStart(2, '0')} s`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`;
}

/** Never 100 before the end: bytes that were sent are not yet bytes that arrived. */
export function formatPercent(done: number, total: number): string {
  return `${Math.min(99, Math.floor((100 * done) / Math.max(1, total)))} %`;
}

/** `1 app`, `2 apps`: a noun that takes an s. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

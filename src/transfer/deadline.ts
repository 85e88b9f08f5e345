import type { Context } from '../contract/context.ts';

/** Resolves when the signal is aborted. */
export function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

/** Lets `use` work for at most `limitMs`: then its signal is aborted with `reason`. It is aborted earlier when the run is. */
export async function withDeadline<T>(
  ctx: Context,
  limitMs: number,
  reason: Error,
  use: (limited: Context) => Promise<T>,
): Promise<T> {
  const stop = new AbortController();
  const disarm = ctx.clock.after(limitMs, () => stop.abort(reason));
  try {
    return await use({ ...ctx, signal: AbortSignal.any([ctx.signal, stop.signal]) });
  } finally {
    disarm();
  }
}

/** Lets `use` go on for `graceMs` after the run was stopped; then its signal is aborted with the run's reason. */
export async function withGrace<T>(ctx: Context, graceMs: number, use: (lingering: Context) => Promise<T>): Promise<T> {
  const stop = new AbortController();
  let disarm = (): void => {};
  const onAbort = (): void => {
    disarm = ctx.clock.after(graceMs, () => stop.abort(ctx.signal.reason));
  };
  if (ctx.signal.aborted) onAbort();
  else ctx.signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await use({ ...ctx, signal: stop.signal });
  } finally {
    ctx.signal.removeEventListener('abort', onAbort);
    disarm();
  }
}

import type { Context } from '../contract/context.ts';
import type { AppEvent } from '../contract/events.ts';
import { BACKOFF } from './call-policy.ts';

/** How long to wait before the next try (ms), by how many there were: a random time, longer at most with each (`BACKOFF`). */
export function backoff(attempt: number, { clock }: Pick<Context, 'clock'>): number {
  return clock.random() * Math.min(BACKOFF.capMs, BACKOFF.baseMs * 2 ** attempt);
}

/** Says that something is tried again, and waits before it. Rejects with the signal's reason. */
export async function waitToRetry(
  retry: Omit<Extract<AppEvent, { type: 'http.retry' }>, 'type' | 'target'>,
  ctx: Context,
): Promise<void> {
  ctx.emit({ type: 'http.retry', ...retry });
  await ctx.clock.sleep(retry.delayMs, ctx.signal);
}

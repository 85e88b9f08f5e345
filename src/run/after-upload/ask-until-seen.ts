import type { Context } from '../../contract/context.ts';

/** How long a record may take to appear in a list, once it was made, before it is said not to be there (ms). */
export const LOOK_MS = 30_000;
const STEP_MS = 5_000;

/**
 * Asks until the answer shows something or the time is over, and resolves with the last answer: what was sent a moment ago may not be listed
 * yet. Rejects as `ask` does.
 */
export async function askUntilSeen<Answer>(
  ask: () => Promise<Answer>,
  isSeen: (answer: Answer) => boolean,
  pollIntervalMs: number,
  ctx: Context,
): Promise<Answer> {
  const startedAt = ctx.clock.now();
  for (;;) {
    const answer = await ask();
    if (isSeen(answer) || ctx.clock.now() - startedAt >= LOOK_MS) return answer;
    await ctx.clock.sleep(Math.min(STEP_MS, pollIntervalMs), ctx.signal);
  }
}

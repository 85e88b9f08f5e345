import type { Context } from '../../contract/context.ts';

const STEP_MS = 5_000;

export interface SettleOptions {
  readonly forMs: number;
  readonly pollIntervalMs: number;
  readonly appearTimeoutMs: number;
}

/**
 * After a lost answer, asks whether the job exists, for at most `forMs` and never longer than a fresh job may take to appear.
 * `unknown` when the last question itself had no answer: "could not ask" is not "no".
 */
export async function settle(
  jobs: { exists(jobId: string, ctx: Context): Promise<boolean> },
  jobId: string,
  options: SettleOptions,
  ctx: Context,
): Promise<'landed' | 'absent' | 'unknown'> {
  const forMs = Math.min(options.forMs, options.appearTimeoutMs);
  const stepMs = Math.min(STEP_MS, options.pollIntervalMs);
  const startedAt = ctx.clock.now();
  // Every turn sleeps, and time runs out.
  for (;;) {
    const verdict = await ask(jobs, jobId, ctx);
    if (verdict === 'landed') return verdict;
    const leftMs = forMs - (ctx.clock.now() - startedAt);
    if (leftMs <= 0) return verdict;
    await ctx.clock.sleep(Math.min(stepMs, leftMs), ctx.signal);
  }
}

async function ask(
  jobs: { exists(jobId: string, ctx: Context): Promise<boolean> },
  jobId: string,
  ctx: Context,
): Promise<'landed' | 'absent' | 'unknown'> {
  try {
    return (await jobs.exists(jobId, ctx)) ? 'landed' : 'absent';
  } catch (error) {
    if (ctx.signal.aborted) throw error;
    // Whatever kept the question from being answered, refused credentials too: the job may be there.
    return 'unknown';
  }
}

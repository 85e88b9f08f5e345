import { jobRef } from '../../src/contract/job.ts';
import {
  contextOf,
  createJournal,
  type Journal,
  type RunContext,
  type StepContext,
} from '../../src/run/journal/journal.ts';
import { type TestContext, testContext } from '../../src/testing/context.ts';

/** A run's context with a journal of its own, that nothing is kept of. */
export function runContext<T extends TestContext>(context: T): T & RunContext & { readonly journal: Journal } {
  const journal = createJournal({ now: context.clock.date, changed: () => {} });
  return { ...context, journal, record: journal.record };
}

/** The context of a step that goes on with a job. */
export function jobContext(job: { readonly backend: string; readonly id: string }, context = testContext()) {
  const ctx = runContext(context);
  const ref = jobRef(job.backend, job.id);
  const step = ctx.journal.goOnWith(ref, null);
  ctx.journal.choose([step]);
  return { job: ref, ctx: { ...ctx, ...contextOf(step, ctx) } satisfies StepContext };
}

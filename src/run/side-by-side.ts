import { setMaxListeners } from 'node:events';
import {
  type AppToolError,
  asAppToolError,
  CancelledError,
  PartialError,
  UnknownOutcomeError,
} from '../contract/errors.ts';
import type { Step } from '../contract/record/journal.ts';
import { contextOf, type RunContext, type StepContext } from './journal/journal.ts';
import { toldOfStep } from './telling/told-of-step.ts';
import { wayOn } from './telling/way-on.ts';

export interface StepWork {
  readonly step: Step;
  readonly run: (ctx: StepContext) => Promise<unknown>;
}

/**
 * Works on several steps at once, each to its own end, which it is told. Resolves with the steps' own errors: those that were only stopped
 * because of another are not among them. `failFast` stops the others when a required one has failed.
 */
export async function sideBySide(
  work: readonly StepWork[],
  failFast: boolean,
  ctx: RunContext,
): Promise<readonly AppToolError[]> {
  const stop = new AbortController();
  const signal = AbortSignal.any([ctx.signal, stop.signal]);
  setMaxListeners(0, signal);
  let failed = '';
  const failures = await Promise.all(
    work.map(async ({ step, run }) => {
      const own = contextOf(step, { ...ctx, signal });
      const thrown = await run(own).then(
        () => null,
        (error: unknown) => error,
      );
      const isStopped = stop.signal.aborted && thrown === stop.signal.reason;
      const error =
        thrown === null ? null : isStopped ? stoppedError(failed, step) : toldOfStep(asAppToolError(thrown), step);
      step.tell({ type: 'ended', error });
      if (step.isTarget) own.emit({ type: 'target.done', errorClass: error?.class ?? null });
      if (error === null || isStopped) return null;
      failed ||= step.backend;
      // The same reason as a signal's: whatever is under way ends as it would then.
      if (failFast && step.required) stop.abort(new CancelledError('SIGTERM'));
      return error;
    }),
  );
  return failures.filter((error) => error !== null);
}

/** What became of a step that was stopped because another had failed. */
function stoppedError(failed: string, step: Step): AppToolError {
  const message = `stopped because ${failed} had failed`;
  const details = wayOn(step, null);
  const isOpen = step.mayHaveLanded && step.job === null;
  return isOpen ? new UnknownOutcomeError(message, details) : new PartialError(message, details);
}

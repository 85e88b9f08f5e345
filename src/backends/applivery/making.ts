import type { Context } from '../../contract/context.ts';
import { AppToolError, CancelledError, UnknownOutcomeError } from '../../contract/errors.ts';

/** Makes something, once: a run that is stopped meanwhile says that it may have been made. */
export async function making<T>(call: () => Promise<T>, ctx: Context): Promise<T> {
  ctx.record({ type: 'may-have-landed' });
  try {
    return await call();
  } catch (error) {
    const isOpen = error instanceof UnknownOutcomeError || error instanceof CancelledError;
    if (error instanceof AppToolError && !isOpen) ctx.record({ type: 'not-landed' });
    throw error;
  }
}

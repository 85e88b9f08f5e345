import type { Context } from '../../contract/context.ts';
import { requestTarget } from './address.ts';

interface Request {
  readonly method: string;
  readonly url: string;
  /** Which try of its call this is, from 1. */
  readonly tryNumber: number;
}

/** Sends out an event of a request once it is over, unless the run was cancelled. `send` says which status it has heard. */
export async function told<T>(
  { method, url, tryNumber }: Request,
  { clock, emit, signal }: Context,
  send: (heard: (status: number) => void) => Promise<T>,
): Promise<T> {
  const startedAt = clock.now();
  let status: number | null = null;
  const tell = (reason: string | null): void => {
    // Whole: the redactor knows a signed path by all of it.
    const [path = ''] = requestTarget(url).path.split('?');
    const durationMs = clock.now() - startedAt;
    emit({
      type: 'http.request',
      method,
      host: new URL(url).host,
      path,
      attempt: tryNumber,
      status,
      reason,
      durationMs,
    });
  };
  try {
    const used = await send((heard) => {
      status = heard;
    });
    tell(null);
    return used;
  } catch (error) {
    // A status of failure says what was wrong; one of success does not.
    const isSaid = status !== null && status >= 400;
    if (!signal.aborted) tell(isSaid || !(error instanceof Error) ? null : error.message);
    throw error;
  }
}

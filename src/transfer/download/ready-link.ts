import type { NotReady } from '../../contract/adapter.ts';
import type { Context } from '../../contract/context.ts';
import { AppToolError, detailsOf, RejectedError, UnavailableError } from '../../contract/errors.ts';
import type { DownloadLink } from '../../contract/job.ts';
import { waitToRetry } from '../backoff.ts';

/** Between two questions for the link of an output that is not ready yet (ms), and how often it is asked again. */
const NOT_READY_MS = 5_000;
const MOST_NOT_READY = 3;

/** Asks the backend for a fresh link: they are short-lived, and some work once. */
export type AskForLink = (ctx: Context) => Promise<DownloadLink | NotReady>;

/**
 * A fresh link. It is asked for again where the backend says that the output is not ready yet, and where it is refused with 403 or 404: the job has
 * ended, so it is a cache or a gateway that has not heard of it. Rejects with `UnavailableError` where it stays so, and with the refusal of the
 * key where that does.
 */
export async function readyLink(ask: AskForLink, ctx: Context): Promise<DownloadLink> {
  // Each turn is one of `MOST_NOT_READY`, or the last.
  for (let tries = 1; ; tries += 1) {
    const link = await ask(ctx).catch(asNotReady);
    if (!('notReady' in link)) return link;
    if (tries > MOST_NOT_READY) throw stillRefused(link.notReady);
    await waitUntilReady(link.notReady, tries, ctx);
  }
}

function asNotReady(error: unknown): { readonly notReady: AppToolError } {
  if (error instanceof AppToolError && [403, 404].includes(error.httpStatus ?? 0)) return { notReady: error };
  throw error;
}

/** Says why, and waits before another question. */
export async function waitUntilReady({ message }: AppToolError, attempt: number, ctx: Context): Promise<void> {
  const retry = { call: 'download the output', host: 'storage', attempt, reason: message, trouble: null } as const;
  await waitToRetry({ ...retry, delayMs: NOT_READY_MS }, ctx);
}

/** What stays refused for a finished job is the other side's trouble, not a fault in what the user asked; a key that stays refused is. */
export function stillRefused(error: AppToolError): AppToolError {
  if (!(error instanceof RejectedError)) return error;
  return new UnavailableError(`${error.message}, again and again`, {
    ...detailsOf(error),
    hint: 'run the download again later',
  });
}

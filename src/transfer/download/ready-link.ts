import type { NotReady } from '../../contract/adapter.ts';
import type { Context } from '../../contract/context.ts';
import { type RejectedError, UnavailableError } from '../../contract/errors.ts';
import type { DownloadLink } from '../../contract/job.ts';

/** Between two questions for the link of an output that is not ready yet (ms), and how often it is asked again. */
const NOT_READY_MS = 5_000;
const MOST_NOT_READY = 3;

/** Asks the backend for a fresh link: they are short-lived, and some work once. */
export type AskForLink = (ctx: Context) => Promise<DownloadLink | NotReady>;

/** A fresh link, asked for again where the backend says that the output is not ready yet. Rejects with `UnavailableError` where it stays so. */
export async function readyLink(ask: AskForLink, ctx: Context): Promise<DownloadLink> {
  // Each turn is one of `MOST_NOT_READY`, or the last.
  for (let tries = 0; ; tries += 1) {
    const link = await ask(ctx);
    if (!('notReady' in link)) return link;
    if (tries >= MOST_NOT_READY) throw stillRefused(link.notReady);
    await ctx.clock.sleep(NOT_READY_MS, ctx.signal);
  }
}

/** What stays refused for a finished job is the other side's trouble, not a fault in what the user asked. */
export function stillRefused(error: RejectedError): UnavailableError {
  return new UnavailableError(`${error.message}, again and again`, {
    cause: error,
    hint: 'run the download again later',
    httpStatus: error.httpStatus ?? undefined,
    backendCode: error.backendCode ?? undefined,
    serverText: error.serverText ?? undefined,
  });
}

import type { Context } from '../../contract/context.ts';
import { LimitError } from '../../contract/errors.ts';
import type { SignedUpload, UploadTicket } from '../upload/signed-protocol.ts';

/** Between two tries to get a build slot; with the default poll interval that is every 30 s, give or take a fifth. */
const POLLS_PER_SLOT_TRY = 2;

/**
 * Asks for the upload; where the backend has no build slot free, waits for one as long as the user allows. `expiresAtMs` is when the
 * URLs stop to hold, on the monotonic clock.
 */
export async function requestWithSlot(
  upload: SignedUpload,
  ctx: Context,
): Promise<UploadTicket & { readonly expiresAtMs: number }> {
  const startedAt = ctx.clock.now();
  // Every turn waits, and what may be waited for runs out.
  for (;;) {
    try {
      const askedAtMs = ctx.clock.now();
      const ticket = await upload.protocol.request(ctx);
      return { ...ticket, expiresAtMs: askedAtMs + ticket.expiresInMs };
    } catch (error) {
      if (!(error instanceof LimitError)) throw error;
      await waitForSlot(error, upload, startedAt, ctx);
    }
  }
}

/** Waits, or throws the limit when waiting is of no use or longer than allowed. */
async function waitForSlot(error: LimitError, upload: SignedUpload, startedAt: number, ctx: Context): Promise<void> {
  const { capacityWaitMs, pollIntervalMs } = upload.options;
  const leftMs = capacityWaitMs - (ctx.clock.now() - startedAt);
  const askedMs = error.retryAfterMs;
  if (error.limit === 'week' || leftMs <= 0) throw error;
  if (askedMs !== null && askedMs > leftMs) throw asksForLonger(error, askedMs);
  const ownMs = POLLS_PER_SLOT_TRY * pollIntervalMs * (0.8 + 0.4 * ctx.clock.random());
  // The last try is made when the time is up, not a step before.
  const delayMs = Math.min(leftMs, askedMs === null ? ownMs : askedMs + ctx.clock.random() * 1000);
  ctx.emit({ type: 'capacity.wait', delayMs, leftMs, message: error.serverText });
  await ctx.clock.sleep(delayMs, ctx.signal);
}

function asksForLonger(error: LimitError, askedMs: number): LimitError {
  const seconds = Math.round(askedMs / 1000);
  return error.with({
    message: `${error.message}; the server asks for ${seconds} s`,
    hint: 'run again later, or allow the wait',
    next: { do: 'set', setting: 'capacityWait' },
  });
}

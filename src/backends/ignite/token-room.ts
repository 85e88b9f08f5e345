import type { Context } from '../../contract/context.ts';
import { AuthError } from '../../contract/errors.ts';

/** A token stays in use until this long before its end, or for half of its life where that is shorter (ms). */
const MARGIN_MS = 60_000;
/** A token that the API refuses is replaced at most this often (ms): an API that refuses every token must not be asked for more. */
const REFUSAL_SPACING_MS = 60_000;

export interface Token {
  readonly value: string;
  readonly lifetimeMs: number;
}

/** Keeps one token, in memory alone, and gives it out for as long as it holds. */
export interface TokenRoom {
  /** The token; a new one where it is about to end. Whoever asks meanwhile shares that request. */
  token(ctx: Context): Promise<string>;
  /** Makes sure that the token holds for so long (ms), or else that it is new. */
  prepare(leastMs: number, ctx: Context): Promise<void>;
  /**
   * Runs a call that uses the token. Where the API answers 401, which is a refusal and no lost answer, it runs it once more with a new
   * token.
   */
  run<T>(call: () => Promise<T>, ctx: Context): Promise<T>;
}

export function createTokenRoom(request: (ctx: Context) => Promise<Token>): TokenRoom {
  let held: { readonly value: string; readonly staleAtMs: number; readonly endsAtMs: number } | null = null;
  let asking: Promise<string> | null = null;
  let refusedAtMs = Number.NEGATIVE_INFINITY;

  const renew = async (ctx: Context): Promise<string> => {
    // Its age is counted from here, so that a slow answer does not make it younger than it is.
    const askedAtMs = ctx.clock.now();
    const { value, lifetimeMs } = await request(ctx);
    const endsAtMs = askedAtMs + lifetimeMs;
    held = { value, endsAtMs, staleAtMs: endsAtMs - Math.min(MARGIN_MS, lifetimeMs / 2) };
    return value;
  };
  const renewTogether = (ctx: Context): Promise<string> => {
    asking ??= renew(ctx).finally(() => {
      asking = null;
    });
    return asking;
  };
  const token: TokenRoom['token'] = async (ctx) =>
    held !== null && ctx.clock.now() < held.staleAtMs ? held.value : await renewTogether(ctx);

  return {
    token,
    prepare: async (leastMs, ctx) => {
      if (held === null || held.endsAtMs - ctx.clock.now() < leastMs) await renewTogether(ctx);
    },
    run: async (call, ctx) => {
      const used = await token(ctx);
      try {
        return await call();
      } catch (error) {
        if (!(error instanceof AuthError && error.httpStatus === 401)) throw error;
        // Another token than the one that was refused may be there by now; else it is dropped, and the call asks for its successor.
        if (held?.value === used) {
          if (ctx.clock.now() - refusedAtMs < REFUSAL_SPACING_MS) throw error;
          refusedAtMs = ctx.clock.now();
          held = null;
        }
        return await call();
      }
    },
  };
}

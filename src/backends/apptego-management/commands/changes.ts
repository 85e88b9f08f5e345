import type { Planned } from '../../../contract/backend/definition.ts';
import type { AnswerShape, ApiClient, CallPolicy } from '../../../contract/backend/http.ts';
import type { Context } from '../../../contract/context.ts';
import {
  AppToolError,
  CancelledError,
  isNotFound,
  RejectedError,
  UnavailableError,
  UnknownOutcomeError,
} from '../../../contract/errors.ts';
import type { Next } from '../../../contract/next.ts';
import type { PlannedRequest } from '../../../contract/planned-request.ts';
import { CALL_POLICIES } from '../../../transfer/call-policy.ts';
import { SuccessReply } from '../wire.ts';

interface Change {
  readonly what: string;
  readonly path: string;
  readonly json: unknown;
  /** The command that lists what can be named, for whoever named what is not there. */
  readonly shownBy?: string;
}

/** Where whoever named what is not there finds what is. */
export function listOf(command: string): Next {
  return { do: 'list', backend: 'apptego-management', command };
}

/** The call of a change, for a rehearsal of it; `json` without the password of a key. */
export function planOf(
  api: ApiClient,
  { path, json: fields }: { readonly path: string; readonly json: PlannedRequest['fields'] },
): Planned {
  return { plan: { method: 'POST', url: `${api.baseUrl}${path}`, fields } };
}

/** Sets a state; setting it again changes nothing. */
export async function set(api: ApiClient, change: Change, ctx: Context): Promise<void> {
  demandSuccess(change, await send(api, change, CALL_POLICIES.set, SuccessReply, ctx));
}

/**
 * Deletes what is named so exactly that a second time cannot hit anything else. Where nobody can say whether it was done, the list does:
 * `isThere` asks it.
 */
export async function destroy(
  api: ApiClient,
  change: Change,
  isThere: (ctx: Context) => Promise<boolean>,
  ctx: Context,
): Promise<void> {
  try {
    demandSuccess(change, await send(api, change, CALL_POLICIES.destroy, SuccessReply, ctx));
  } catch (error) {
    const isOpen = error instanceof UnavailableError || (error instanceof RejectedError && error.afterLostAnswer);
    // A list that cannot be read says nothing, so what failed first is what is told.
    if (!isOpen || (await isThere(ctx).catch(() => true))) throw error;
  }
}

/** Makes or starts something, once: a lost answer stays lost, and a run that is stopped meanwhile says that it may have been done. */
export async function make<T>(api: ApiClient, change: Change, answer: AnswerShape<T>, ctx: Context): Promise<T> {
  ctx.record({ type: 'may-have-landed' });
  try {
    return await send(api, change, CALL_POLICIES.make, answer, ctx);
  } catch (error) {
    const isOpen = error instanceof UnknownOutcomeError || error instanceof CancelledError;
    if (error instanceof AppToolError && !isOpen) ctx.record({ type: 'not-landed' });
    throw error;
  }
}

async function send<T>(
  api: ApiClient,
  { what, path, json, shownBy }: Change,
  policy: CallPolicy,
  answer: AnswerShape<T>,
  ctx: Context,
): Promise<T> {
  try {
    return await api.call({ what, method: 'POST', path, json, policy, answer }, ctx);
  } catch (error) {
    const isMissing = isNotFound(error);
    throw isMissing && shownBy !== undefined ? error.with({ hint: null, next: listOf(shownBy) }) : error;
  }
}

/** A refusal inside a 2xx is not documented; one that says so is one. */
export function demandSuccess(
  { what }: Pick<Change, 'what'>,
  { success, message }: { readonly success: boolean; readonly message: string | null },
): void {
  if (success) return;
  throw new RejectedError(`could not ${what}: the server answered success: false`, {
    serverText: message ?? undefined,
    hint: 'look at the portal for the reason',
  });
}

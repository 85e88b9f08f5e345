import type { CommandInput, CommandOutput, Planned } from '../../../contract/backend/definition.ts';
import type { ApiClient } from '../../../contract/backend/http.ts';
import type { Context } from '../../../contract/context.ts';
import { AuthError, isNotFound, UnknownOutcomeError } from '../../../contract/errors.ts';
import { CALL_POLICIES } from '../../../transfer/call-policy.ts';
import { cutRows, warnOfUnread } from '../../rows.ts';
import { openApi, type Settings } from '../api.ts';
import { segment } from '../id.ts';
import { NewTokenReply, NoReply, type Token, TokenListReply } from '../wire.ts';
import type { NewToken, RevokedToken, Tokens } from './command-data.ts';

const PATH = '/ci-tokens';
/** Of the tokens that may be a stray, so many are named. */
const MOST_STRAYS = 20;

/** `tokens list` */
export async function listTokens(input: CommandInput<Settings>, ctx: Context): Promise<CommandOutput<Tokens>> {
  const tokens = cutRows(await withAccessHint(list(openApi(input), ctx)), input.limit, ctx);
  const rows = tokens.map(({ id, name, createdAt, lastUsedAt }) => [
    id,
    name ?? '-',
    createdAt ?? '-',
    lastUsedAt ?? '-',
  ]);
  return { table: { columns: ['token', 'name', 'created', 'last used'], rows }, data: { tokens } };
}

const LIST = { do: 'list', backend: 'autoappstore', command: 'tokens list' } as const;

/** `tokens create`: the raw value is the result, because it can be had only now. */
export async function createToken(
  input: CommandInput<Settings>,
  ctx: Context,
): Promise<CommandOutput<NewToken | Planned>> {
  const { name } = input.flags;
  // The documentation shows no body; a name is sent only where one is given [assumed].
  const json = typeof name === 'string' ? { name } : {};
  if (input.dryRun) {
    const plan = { method: 'POST', url: `${input.settings.apiUrl}${PATH}`, fields: json };
    return { text: `would send ${plan.method} ${plan.url} ${JSON.stringify(json)}`, data: { plan } };
  }
  const api = openApi(input);
  const created = await withAccessHint(
    api.call(
      {
        what: 'create the token',
        method: 'POST',
        path: PATH,
        json,
        policy: CALL_POLICIES.make,
        answer: NewTokenReply,
        isSecret: true,
      },
      ctx,
    ),
  ).catch(async (error: unknown) => {
    throw error instanceof UnknownOutcomeError ? await withStrays(error, api, ctx) : error;
  });
  const message = 'this value is shown only now: store it as a secret of your CI';
  ctx.emit({ type: 'warning', code: 'token-shown-once', message });
  return { text: created.value, data: { token: created } };
}

/** `tokens revoke <token>` */
export async function revokeToken(
  input: CommandInput<Settings>,
  ctx: Context,
): Promise<CommandOutput<RevokedToken | Planned>> {
  const [id = ''] = input.operands;
  const path = `${PATH}/${segment(id)}`;
  if (input.dryRun) {
    const plan = { method: 'DELETE', url: `${input.settings.apiUrl}${path}`, fields: {} };
    return { text: `would send ${plan.method} ${plan.url}`, data: { plan } };
  }
  try {
    const call = { what: 'revoke the token', method: 'DELETE', path, policy: CALL_POLICIES.destroy } as const;
    await withAccessHint(openApi(input).call({ ...call, answer: NoReply, mayBeEmpty: true }, ctx));
  } catch (error) {
    const isGone = isNotFound(error);
    if (!isGone) throw error;
    // The try whose answer was lost has revoked it.
    if (!error.afterLostAnswer) throw error.with({ hint: null, next: LIST });
  }
  return { text: `revoked ${id}`, data: { revoked: id } };
}

async function list(api: ApiClient, ctx: Context): Promise<readonly Token[]> {
  const call = { what: 'list the tokens', method: 'GET', path: PATH, policy: CALL_POLICIES.read } as const;
  const rows = await api.call({ ...call, answer: TokenListReply }, ctx);
  warnOfUnread(rows, call.what, ctx);
  return rows.items;
}

/** "Interactive portal endpoints use a session cookie instead": whether a CI token may manage tokens is not said. */
async function withAccessHint<T>(calling: Promise<T>): Promise<T> {
  try {
    return await calling;
  } catch (error) {
    if (!(error instanceof AuthError)) throw error;
    throw error.with({
      hint: 'check the token; if it is right, this store manages tokens only in its portal',
    });
  }
}

/** A token that nobody has the value of may exist now; the tokens that there are help to find it. */
async function withStrays(error: UnknownOutcomeError, api: ApiClient, ctx: Context): Promise<UnknownOutcomeError> {
  const tokens = await list(api, ctx).catch(() => {
    ctx.signal.throwIfAborted();
    return null;
  });
  const names = tokens
    ?.slice(-MOST_STRAYS)
    .map(({ id, name, createdAt }) => [id, name, createdAt].filter(Boolean).join(' '));
  const hint = 'a token may have been created, and its value is lost: revoke every token that you do not know';
  if (names === undefined) return error.with({ hint: `${hint}, once you have the list of tokens`, next: LIST });
  const next = { do: 'call', backend: LIST.backend, command: 'tokens revoke', operands: ['<token>'] } as const;
  return error.with({ hint, next, serverText: `tokens: ${names.join(', ')}` });
}

import type { CommandInput, CommandOutput, Planned } from '../../../contract/backend/definition.ts';
import type { ApiClient } from '../../../contract/backend/http.ts';
import type { Context } from '../../../contract/context.ts';
import { RejectedError, UsageError } from '../../../contract/errors.ts';
import { CALL_POLICIES } from '../../../transfer/call-policy.ts';
import { cutRows } from '../../rows.ts';
import { type ManagementSettings, openManagementApi } from '../api.ts';
import { KeysReply, type SigningKey } from '../wire.ts';
import { destroy, listOf, planOf, set } from './changes.ts';
import type { DefaultKey, DeletedKey, Keys } from './command-data.ts';

/** `keys list` */
export async function listKeys(input: CommandInput<ManagementSettings>, ctx: Context): Promise<CommandOutput<Keys>> {
  const keys = cutRows(await readKeys(openManagementApi(input), ctx), input.limit, ctx);
  const rows = keys.map(({ id, name, platform, fileName, isDefault, uploadedBy, createdAt }) =>
    [id, name, platform, fileName, isDefault ? 'yes' : 'no', uploadedBy, createdAt].map((value) => value ?? '-'),
  );
  const columns = ['key', 'name', 'platform', 'file', 'default', 'by', 'created'];
  return { table: { columns, rows }, data: { keys } };
}

/** `keys set-default <key|none>`: the platform is the key's own; without a key it has to be said. */
export async function setDefaultKey(
  input: CommandInput<ManagementSettings>,
  ctx: Context,
): Promise<CommandOutput<DefaultKey | Planned>> {
  const [operand = ''] = input.operands;
  const api = openManagementApi(input);
  const key = operand === 'none' ? null : operand;
  const given = input.flags.platform;
  const platform = typeof given === 'string' ? given : key === null ? null : await platformOf(api, key, ctx);
  if (platform === null)
    throw new UsageError('keys set-default none needs a platform', {
      hint: 'give android or ios',
      next: { do: 'set', setting: 'platform' },
    });
  const done =
    key === null ? `no default signing key for ${platform}` : `${key} the default signing key for ${platform}`;
  const change = {
    what: 'set the default signing key',
    path: '/set_default_signing_key',
    json: { platform, key_id: key },
    shownBy: 'keys list',
  };
  if (input.dryRun) return { text: `would make ${done}`, data: planOf(api, change) };
  await set(api, change, ctx);
  return { text: `made ${done}`, data: { key, platform } };
}

async function platformOf(api: ApiClient, key: string, ctx: Context): Promise<string> {
  const platform = (await readKeys(api, ctx)).find(({ id }) => id === key)?.platform ?? null;
  if (platform !== null) return platform;
  throw new RejectedError(`no such signing key: ${key}`, { next: listOf('keys list') });
}

/** `keys delete <key>` */
export async function deleteKey(
  input: CommandInput<ManagementSettings>,
  ctx: Context,
): Promise<CommandOutput<DeletedKey | Planned>> {
  const [key = ''] = input.operands;
  const api = openManagementApi(input);
  const change = {
    what: `delete signing key ${key}`,
    path: '/delete_signing_key',
    json: { key_id: key },
    shownBy: 'keys list',
  };
  if (input.dryRun) return { text: `would delete signing key ${key}`, data: planOf(api, change) };
  await destroy(api, change, async (asking) => (await readKeys(api, asking)).some(({ id }) => id === key), ctx);
  return { text: `deleted signing key ${key}`, data: { key } };
}

export async function readKeys(api: ApiClient, ctx: Context): Promise<readonly SigningKey[]> {
  const call = {
    what: 'list the signing keys',
    method: 'POST',
    path: '/get_signing_keys',
    json: {},
    policy: CALL_POLICIES.read,
    answer: KeysReply,
  } as const;
  return (await api.call(call, ctx)).signing_keys;
}

import type { Body } from '../../../contract/artifact.ts';
import type { CommandInput, CommandOutput, Planned } from '../../../contract/backend/definition.ts';
import type { ApiClient } from '../../../contract/backend/http.ts';
import type { Context } from '../../../contract/context.ts';
import {
  AppToolError,
  type ErrorChange,
  UnavailableError,
  UnknownOutcomeError,
  UsageError,
} from '../../../contract/errors.ts';
import { CALL_POLICIES } from '../../../transfer/call-policy.ts';
import { type ManagementSettings, openManagementApi } from '../api.ts';
import { AddressReply, NewKeyReply } from '../wire.ts';
import { listOf, make, planOf } from './changes.ts';
import type { AddedKey, SigningFile } from './command-data.ts';
import { readKeyFile } from './key-file.ts';
import { readKeys } from './keys.ts';

type Input = CommandInput<ManagementSettings>;

/** `keys add <file>`: makes the key's record, then sends its file to the signed URL that comes back. */
export async function addKey(input: Input, ctx: Context): Promise<CommandOutput<AddedKey | Planned>> {
  const { name, body } = await readKeyFile(input.operands[0] ?? '');
  const keyName = required(input, 'name', 'keys add');
  const { platform, alias } = platformAndAlias(input, 'keys add');
  const isDefault = input.flags.default === true;
  const api = openManagementApi(input);
  const json = {
    key_name: keyName,
    platform,
    file_name: name,
    ...(alias === null ? {} : { alias }),
    file_size: body.sizeBytes,
    is_default: isDefault,
  };
  const change = { what: 'add the signing key', path: '/upload_signing_key', json };
  if (input.dryRun)
    return { text: `would add ${name} as signing key "${keyName}" for ${platform}`, data: planOf(api, change) };
  const before = await readKeys(api, ctx);
  const { key_id: key, url } = await make(
    api,
    { ...change, json: { ...json, password: passwordOf(input) } },
    NewKeyReply,
    ctx,
  ).catch(async (error: unknown) => {
    throw error instanceof UnknownOutcomeError ? error.with(await afterLoss(api, before, keyName, ctx)) : error;
  });
  try {
    await sendFile(input, url, body, removeFirst('the key has no file', key), ctx);
  } catch (error) {
    // The same command would make a second key.
    throw error instanceof UnavailableError ? error.with({ retryable: false }) : error;
  }
  return { text: key, data: { key: { id: key, name: keyName, platform, fileName: name, isDefault } } };
}

/**
 * The address for the file was lost with the answer, so a key that was made stays without one: all that is left is to find it. Those
 * that were there `before` are not it.
 */
async function afterLoss(
  api: ApiClient,
  before: Awaited<ReturnType<typeof readKeys>>,
  keyName: string,
  ctx: Context,
): Promise<ErrorChange> {
  const known = new Set(before.map(({ id }) => id));
  const keys = await readKeys(api, ctx).catch(() => null);
  const made = keys?.find(({ id, name }) => name === keyName && !known.has(id))?.id ?? null;
  if (made !== null) return removeFirst('the key was created, but its file could not be sent', made);
  const hint = 'look for a key without a file, and delete it before you add it again';
  return { hint, next: listOf('keys list') };
}

function removeFirst(why: string, key: string): ErrorChange {
  const next = { do: 'call', backend: 'apptego-management', command: 'keys delete', operands: [key] } as const;
  return { hint: `${why}; delete the key, then add it again`, next };
}

/** `code-signing upload <application> <file>`: the legacy way, one file for each application; "prefer managed signing keys". */
export async function uploadCodeSigningFile(input: Input, ctx: Context): Promise<CommandOutput<SigningFile | Planned>> {
  const [application = '', path = ''] = input.operands;
  const { name, body } = await readKeyFile(path);
  const { platform, alias } = platformAndAlias(input, 'code-signing upload');
  const api = openManagementApi(input);
  const json = {
    // "Required compatibility field. Upload the actual signing file to the returned URL."
    file: name,
    application_id: application,
    platform,
    ...(alias === null ? {} : { alias }),
  };
  const change = { what: 'upload the signing file', path: '/upload_code_signing_file', json, shownBy: 'apps list' };
  const as = `${name} as the signing file of application ${application}`;
  if (input.dryRun) return { text: `would upload ${as}`, data: planOf(api, change) };
  const full = { ...change, json: { ...json, password: passwordOf(input) } };
  const { url } = await make(api, full, AddressReply, ctx).catch((error: unknown) => {
    // There is no list to look at; what is stored for an application is replaced.
    if (!(error instanceof UnknownOutcomeError)) throw error;
    throw error.with({ hint: `application ${application} may have no signing file now: run the same command again` });
  });
  const hint = `application ${application} has no signing file now: run the same command again`;
  await sendFile(input, url, body, { hint }, ctx);
  return { text: `uploaded ${as}`, data: { application, platform, fileName: name } };
}

/** PUT of a key file: the last write wins and nothing is started by it, so it is like a part. No Content-Type is documented for it. */
async function sendFile(input: Input, url: string, body: Body, ifFailed: ErrorChange, ctx: Context): Promise<void> {
  const put = { what: 'send the key file', url, body, contentType: null, policy: CALL_POLICIES.part, needsEtag: false };
  try {
    await input.storage.put(put, ctx);
  } catch (error) {
    throw error instanceof AppToolError ? error.with(ifFailed) : error;
  }
}

/** "alias: Android required". */
function platformAndAlias(input: Input, command: string) {
  const platform = required(input, 'platform', command);
  const alias = typeof input.flags.alias === 'string' ? input.flags.alias : null;
  if (platform === 'android' && alias === null)
    throw new UsageError(`${command} needs the alias of an Android key`, {
      hint: 'keytool -list shows the aliases',
      next: { do: 'set', setting: 'alias' },
    });
  return { platform, alias };
}

function required(input: Input, flag: string, command: string): string {
  const value = input.flags[flag];
  if (typeof value !== 'string')
    throw new UsageError(`${command} needs a ${flag}`, { next: { do: 'set', setting: flag } });
  return value;
}

function passwordOf(input: Input): string {
  return input.credentials.keyPassword?.reveal() ?? '';
}

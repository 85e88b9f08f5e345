import type { Adapter } from '../../contract/adapter.ts';
import type { Artifact } from '../../contract/artifact.ts';
import type { AdapterInput } from '../../contract/backend/definition.ts';
import type { DescribeError } from '../../contract/backend/http.ts';
import type { Context } from '../../contract/context.ts';
import { AuthError, IntegrityError, isNotFound, RejectedError } from '../../contract/errors.ts';
import { CALL_POLICIES } from '../../transfer/call-policy.ts';
import { uploadInBody } from '../../transfer/upload/form-upload.ts';
import { jobFailed } from '../../transfer/wait/poll.ts';
import { encodeUpload } from './encoding.ts';
import { contentOf, type UploadContent } from './metadata.ts';
import type { IgniteSettings } from './settings.ts';
import { stateOf } from './state.ts';
import { createTokenRoom, type Token } from './token-room.ts';
import { ApkReply, describeIgniteError, describeUploadError, TokenReply } from './wire.ts';

const UPLOAD_PATH = '/v1/upload_apk/external_user';
/** A token that is too large is read all the same, to be told from an answer that is. */
const LARGEST_TOKEN_ANSWER = 2 * 1024 * 1024;
/** An upload begins with a token that holds for this long, and for longer where the file would take longer on a link of this speed. */
const SHORTEST_UPLOAD_TOKEN_MS = 600_000;
const SLOW_LINK_BYTES_PER_MS = 1_000;

/** The App Management API: a token for credentials, an upload in one request, a record to ask after. */
export function createIgnite(input: AdapterInput<IgniteSettings>): Adapter {
  const { settings } = input;
  const tokens = createTokenRoom(tokenRequest(input, CALL_POLICIES.token));
  const apiWith = (more: Readonly<Record<string, string>>, describeError: DescribeError) =>
    input.api({
      baseUrl: settings.apiUrl,
      headers: async (ctx) => ({ authorization: `Bearer ${await tokens.token(ctx)}`, ...more }),
      describeError,
    });
  const uploads = apiWith({}, describeUploadError);
  // "Headers" of the GET, although it has no body.
  const questions = apiWith({ 'content-type': 'application/json' }, describeIgniteError);

  const poll: Adapter['poll'] = async (id, { patience, until }, ctx) => {
    const policy = patience === 'once' ? CALL_POLICIES.poll : CALL_POLICIES.read;
    const path = `/v1/apks_external/${encodeURIComponent(id)}`;
    const call = { what: 'get the status', method: 'GET', path, policy, answer: ApkReply } as const;
    try {
      const reply = await tokens.run(() => questions.call(call, ctx), ctx);
      if (reply.id !== id && reply.otherId !== id)
        throw new IntegrityError(`asked for APK ${id}, but the response is about APK ${reply.id}`);
      return stateOf(reply, until);
    } catch (error) {
      if (isNotFound(error)) return 'absent';
      throw error;
    }
  };

  return {
    plan: (artifact) => ({
      method: 'POST',
      url: `${settings.apiUrl}${UPLOAD_PATH}`,
      fields: { ...plannedFields(contentOf(settings, artifact)), file: artifact.name },
      carriesFile: true,
    }),
    upload: async (artifact, _, ctx) => {
      const content = contentOf(settings, artifact);
      warnOfBarePermissions(content, ctx);
      if (settings.jsonPartTypes && settings.encoding !== 'json-part') {
        const message = `ignite.jsonPartTypes has no effect with ignite.encoding ${settings.encoding}`;
        ctx.emit({ type: 'warning', code: 'setting-without-effect', message });
      }
      await tokens.prepare(Math.max(SHORTEST_UPLOAD_TOKEN_MS, artifact.sizeBytes / SLOW_LINK_BYTES_PER_MS), ctx);
      const upload = {
        api: uploads,
        path: UPLOAD_PATH,
        policy: CALL_POLICIES.create,
        answer: ApkReply,
        artifact,
        ...encodeUpload(content, artifact, settings),
        jobOf: ({ id }: ApkReply) => id,
        ifLost: whatToLookFor(content, artifact, ctx),
      };
      const reply = await tokens.run(() => uploadInBody(upload, ctx), ctx);
      const { id, otherId } = reply;
      if (otherId !== null)
        ctx.emit({ type: 'warning', code: 'two-ids', message: `the server gave two ids, ${id} and ${otherId}` });
      const state = stateOf(reply, 'uploaded');
      if (state.phase === 'failed') throw jobFailed(`APK ${id}`, state);
      return id;
    },
    poll,
    proveCredentials: async (ctx) => {
      await tokenRequest(input, CALL_POLICIES.proof)(ctx);
      return 'the Account Service issued a token';
    },
  };
}

/** "POST /api/auth/token". Rejects with `AuthError` for refused credentials and for a token that cannot be used. */
function tokenRequest(
  input: AdapterInput<IgniteSettings>,
  policy: (typeof CALL_POLICIES)['token' | 'proof'],
): (ctx: Context) => Promise<Token> {
  const { settings, credentials, conceal } = input;
  const account = input.api({
    baseUrl: settings.accountUrl,
    headers: () => ({}),
    describeError: describeIgniteError,
  });
  return async (ctx) => {
    const json = {
      client_id: credentials.clientId?.reveal(),
      client_secret: credentials.clientSecret?.reveal(),
      grant_type: 'client_credentials',
      scope: 'openid email roles',
    };
    const call = {
      what: 'get a token',
      method: 'POST',
      path: '/api/auth/token',
      json,
      policy,
      answer: TokenReply,
      isSecret: true,
      maxAnswerBytes: LARGEST_TOKEN_ANSWER,
    } as const;
    const token = await account.call(call, ctx).catch((error: unknown) => {
      throw asRefusedCredentials(error);
    });
    if (token === null) {
      throw new AuthError('the Account Service returned an unusable token', {
        hint: 'check the address of the Account Service (ignite.accountUrl, IGNITE_ACCOUNT_URL)',
      });
    }
    conceal(token.value);
    return token;
  };
}

/** OAuth answers wrong credentials with 400 or 401 (RFC 6749, section 5.2). */
function asRefusedCredentials(error: unknown): unknown {
  if (!(error instanceof RejectedError && error.httpStatus === 400)) return error;
  const { message, backendCode, serverText } = error;
  return new AuthError(message, {
    cause: error,
    httpStatus: 400,
    backendCode: backendCode ?? undefined,
    serverText: serverText ?? undefined,
  });
}

function plannedFields(content: UploadContent): Record<string, string> {
  const fields = Object.entries(content).map(([name, value]: [string, unknown]) => [
    name,
    typeof value === 'object' ? JSON.stringify(value) : String(value),
  ]);
  return Object.fromEntries(fields) as Record<string, string>;
}

/** "permissions": each has a description and a category, which an APK does not hold. */
function warnOfBarePermissions({ store_metadata: { permissions = {} } }: UploadContent, ctx: Context): void {
  const bare = Object.keys(permissions).filter((name) => Object.keys(permissions[name] ?? {}).length === 0);
  if (bare.length === 0) return;
  const message = `ignite.permissions does not describe ${bare.join(', ')}: only the name is sent`;
  ctx.emit({ type: 'warning', code: 'permission-not-described', message });
}

function whatToLookFor({ store_metadata }: UploadContent, { name }: Artifact, ctx: Context): string {
  const time = ctx.clock.date().toISOString();
  return `the upload may have succeeded: before you run it again, ask your DT representative about ${store_metadata.package_name} (${name}), sent at ${time}`;
}

import type { ApiClient } from '../../contract/backend/http.ts';
import type { Context } from '../../contract/context.ts';
import { AuthError, isNotFound } from '../../contract/errors.ts';
import { CALL_POLICIES } from '../../transfer/call-policy.ts';
import { readVersions } from './api.ts';
import { TokenListReply } from './wire.ts';

/** In the form of the ids that most servers make, so that it is not refused for its form. */
const NO_VERSION = '00000000-0000-0000-0000-000000000000';

/**
 * Shows that the token is taken. The list of CI tokens tells it beyond doubt; where it is kept to the portal ("Interactive portal endpoints
 * use a session cookie instead": which ones is not said), a version that does not exist has to do: "401 (missing/invalid token)" comes
 * before 404 [assumed].
 */
export async function proveToken(api: ApiClient, ctx: Context): Promise<string> {
  const policy = CALL_POLICIES.proof;
  try {
    await api.call({ what: 'list the tokens', method: 'GET', path: '/ci-tokens', policy, answer: TokenListReply }, ctx);
    return 'the token is valid: the API listed the CI tokens';
  } catch (error) {
    if (!(error instanceof AuthError)) throw error;
  }
  try {
    await readVersions(api, policy).version(NO_VERSION, ctx);
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
  return 'the token is valid: the API answered a test request';
}

import { UsageError } from '../../errors.ts';
import { type ApiClient, createApiClient } from '../../transfer/http/api.ts';
import type { AdapterInput } from '../definition.ts';

export interface ManagementSettings {
  readonly apiUrl: string;
  readonly tenant?: string | undefined;
  /** Whether a build is taken to be on its way to be signed. */
  readonly awaitsSigning: boolean;
}

/**
 * The Management API: the token as base64, and the tenant beside it. Paths are those below `/frontend`. Throws `UsageError` where the
 * tenant is not known.
 */
export function openManagementApi(input: AdapterInput<ManagementSettings>): ApiClient {
  const { settings, credentials, connections, stallTimeoutMs } = input;
  const { tenant } = settings;
  if (tenant === undefined) {
    throw new UsageError('the Management API needs APPTEGO_TENANT', {
      hint: 'set it to the id of your tenant, as the portal shows it',
    });
  }
  const pair = `${credentials.tokenKey?.reveal() ?? ''}:${credentials.tokenSecret?.reveal() ?? ''}`;
  return createApiClient({
    baseUrl: settings.apiUrl.endsWith('/frontend') ? settings.apiUrl : `${settings.apiUrl}/frontend`,
    headers: () => ({ authorization: `Bearer ${Buffer.from(pair, 'utf8').toString('base64')}`, tenant }),
    connections,
    stallTimeoutMs,
  });
}

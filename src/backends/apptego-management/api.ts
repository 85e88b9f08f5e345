import type { AdapterInput } from '../../contract/backend/definition.ts';
import type { ApiClient } from '../../contract/backend/http.ts';
import type { Context } from '../../contract/context.ts';
import { UsageError } from '../../contract/errors.ts';
import type { CALL_POLICIES } from '../../transfer/call-policy.ts';
import { describeError } from '../apptego-shared/describe-error.ts';
import { type Tenant, TenantsReply } from './wire.ts';

export interface ManagementSettings {
  readonly apiUrl: string;
  readonly tenant?: string | undefined;
  /** Whether a build is taken to be on its way to be signed. */
  readonly awaitsSigning: boolean;
  /** Builds that the plan allows for a platform and a version in 7 days; without it, what the plan's default is. */
  readonly weeklyBuilds?: number | undefined;
}

/**
 * The Management API: the token as base64, and the tenant beside it. Paths are those below `/frontend`. Throws `UsageError` where the
 * tenant is not known.
 */
export function openManagementApi(input: AdapterInput<ManagementSettings>): ApiClient {
  return clientWith({ tenant: tenantOf(input.settings) }, input);
}

/** The tenants that the token belongs to, with the one that is configured. Rejects with `AuthError` where the token is refused. */
export async function readTenants(
  input: AdapterInput<ManagementSettings>,
  policy: (typeof CALL_POLICIES)['proof' | 'read'],
  ctx: Context,
): Promise<{ readonly configured: string; readonly tenants: readonly Tenant[] }> {
  const configured = tenantOf(input.settings);
  const call = { what: 'list the tenants', method: 'GET', path: '/get_tenants', policy } as const;
  const { tenants } = await clientWith({}, input).call({ ...call, answer: TenantsReply }, ctx);
  return { configured, tenants };
}

function tenantOf({ tenant }: ManagementSettings): string {
  if (tenant !== undefined) return tenant;
  throw new UsageError('the Management API needs APPTEGO_TENANT', {
    hint: 'set it to the id of your tenant, as the portal shows it',
  });
}

function clientWith(
  more: Readonly<Record<string, string>>,
  { settings, credentials, api }: AdapterInput<ManagementSettings>,
): ApiClient {
  const pair = `${credentials.tokenKey?.reveal() ?? ''}:${credentials.tokenSecret?.reveal() ?? ''}`;
  return api({
    baseUrl: settings.apiUrl.endsWith('/frontend') ? settings.apiUrl : `${settings.apiUrl}/frontend`,
    headers: () => ({ authorization: `Bearer ${Buffer.from(pair, 'utf8').toString('base64')}`, ...more }),
    describeError,
  });
}

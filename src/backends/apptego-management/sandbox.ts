import type { SandboxPart, SandboxRequest, SandboxTools } from '../../contract/backend/sandbox.ts';
import { answerJson, demandMethod, Refusal, readJson } from '../../sandbox/refusal.ts';
import { createService } from './sandbox-service.ts';

/**
 * The stand-in for the AppTego Management API: what docs.apptego.com/management-api says that it checks, checked. Its error statuses are
 * not documented; they are those of the Automation API [assumed].
 */
export function createManagementSandbox(tools: SandboxTools): SandboxPart {
  const tenant = tools.randomId();
  const tokenKey = `sandbox-${tools.randomId()}`;
  const tokenSecret = tools.randomId();
  const token = Buffer.from(`${tokenKey}:${tokenSecret}`).toString('base64');
  const service = createService(tools);
  return {
    variables: {
      APPTEGO_MANAGEMENT_URL: `${tools.baseUrl}/frontend`,
      APPTEGO_TOKEN_KEY: tokenKey,
      APPTEGO_TOKEN_SECRET: tokenSecret,
      APPTEGO_TENANT: tenant,
    },
    handle: (request) =>
      answerJson(async () => {
        checkToken(request.headers, token);
        const endpoint = /^\/frontend\/(\w+)$/.exec(request.path)?.[1] ?? '';
        // "GET … no tenant header": "Users And Access".
        if (endpoint === 'get_tenants') {
          demandMethod(request, 'GET');
          return {
            tenants: [
              { tenant_id: tenant, name: 'Sandbox', plan: tools.options.weeklyLimit === null ? 'ENTERPRISE' : 'TEAM' },
            ],
          };
        }
        checkTenant(request.headers, tenant);
        const serve = Object.hasOwn(service, endpoint) ? service[endpoint] : undefined;
        if (serve === undefined) throw new Refusal(404, 'Endpoint not found');
        demandMethod(request, 'POST');
        return await serve(await readJson(request));
      }),
  };
}

function checkToken(headers: SandboxRequest['headers'], token: string): void {
  const given = /^Bearer (.+)$/.exec(headers.authorization ?? '')?.[1];
  if (given === undefined) throw new Refusal(401, 'Missing or malformed Authorization header');
  if (given.includes(':')) throw new Refusal(401, 'Malformed token, expected base64 of token_key:token_secret');
  if (given !== token) throw new Refusal(401, 'Unknown or disabled token');
}

function checkTenant(headers: SandboxRequest['headers'], tenant: string): void {
  if (headers.tenant === undefined) throw new Refusal(400, 'Missing tenant header');
  if (headers.tenant !== tenant) throw new Refusal(403, 'The token does not belong to this tenant');
}

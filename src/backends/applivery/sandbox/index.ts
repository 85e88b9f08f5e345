import type { SandboxAnswer, SandboxPart, SandboxRequest, SandboxTools } from '../../../contract/backend/sandbox.ts';
import { UnreadableForm } from '../../../sandbox/form.ts';
import { readBuildForm } from './form.ts';
import { BuildChange, NewPublication, readBody } from './json.ts';
import { pageOf } from './page.ts';
import { Refusal } from './refusal.ts';
import { createService, type Service } from './service.ts';

interface Keys {
  readonly appToken: string;
  readonly serviceToken: string;
  readonly organization: string;
  readonly application: string;
  readonly store: string;
}

/** The stand-in for Applivery's three hosts, each below its word. It has one app, which both APIs show. */
export function createAppliverySandbox(tools: SandboxTools): SandboxPart {
  const { baseUrl, randomId } = tools;
  const keys: Keys = {
    appToken: `sandbox-app-${randomId()}`,
    serviceToken: `sandbox-service-${randomId()}`,
    organization: 'apptool-sandbox',
    application: randomId(),
    store: randomId(),
  };
  const service = createService(tools, keys.application);
  return {
    variables: {
      APPLIVERY_UPLOAD_URL: `${baseUrl}/upload`,
      APPLIVERY_API_URL: `${baseUrl}/api`,
      APPLIVERY_DOWNLOAD_URL: `${baseUrl}/download`,
      APPLIVERY_APP_TOKEN: keys.appToken,
      APPLIVERY_SERVICE_TOKEN: keys.serviceToken,
      APPLIVERY_ORGANIZATION_ID: keys.organization,
      APPLIVERY_APPLICATION_ID: keys.application,
      APPLIVERY_STORE_ID: keys.store,
    },
    handle: async (request): Promise<SandboxAnswer> => {
      try {
        return await route(service, keys, request);
      } catch (error) {
        if (error instanceof Refusal) return refused(error.status, error.code, error.message);
        if (error instanceof UnreadableForm) return refused(error.status, 5006, error.message);
        throw error;
      }
    },
  };
}

function refused(status: number, code: number, message: string): SandboxAnswer {
  return { status, json: { status: false, error: { code, message } } };
}

function given(data: unknown): SandboxAnswer {
  return { status: 200, json: { status: true, data } };
}

async function route(service: Service, keys: Keys, request: SandboxRequest): Promise<SandboxAnswer> {
  const [, host = '', ...segments] = request.path.split('/');
  const path = segments.join('/');
  if (host === 'download') return redeem(service, path, request);
  if (host === 'api' && path === `v1/organizations/${keys.organization}/apps` && request.method === 'GET')
    return listApps(keys, request);
  const publications = PUBLICATIONS.exec(path)?.[1];
  if (host === 'api' && publications !== undefined) return await publish(service, keys, publications, request);
  return await routeBuilds(service, keys, host, path, request);
}

async function routeBuilds(
  service: Service,
  keys: Keys,
  host: string,
  path: string,
  request: SandboxRequest,
): Promise<SandboxAnswer> {
  const [, app, rest = ''] =
    /^v1\/(integrations|organizations\/[^/]+\/apps\/[^/]+)\/builds(?:\/(.*))?$/.exec(path) ?? [];
  if (app === undefined) throw notFound();
  checkToken(request.headers.authorization, app === 'integrations' ? keys.appToken : keys.serviceToken);
  if (app !== 'integrations' && app !== `organizations/${keys.organization}/apps/${keys.application}`) throw notFound();
  if (host === 'upload' && request.method === 'POST' && rest === '')
    return given(service.create(readBuildForm(await request.form())));
  const attachedTo = /^([^/]+)\/files$/.exec(rest)?.[1];
  if (host === 'upload' && request.method === 'POST' && attachedTo !== undefined)
    return given(service.attach(attachedTo, await request.form()));
  if (host === 'api' && request.method === 'PUT')
    return given(service.edit(rest, await readBody(request, BuildChange)));
  if (host === 'api' && request.method === 'DELETE') return given(service.remove(rest));
  if (host === 'api' && request.method === 'GET') return given(read(service, rest, app, request.query));
  throw notFound();
}

/** Of the app by the Integrations API, of the store by the Workspace API. */
const PUBLICATIONS = /^v1\/(integrations\/distributions|organizations\/[^/]+\/stores\/[^/]+\/pubApps)$/;

async function publish(service: Service, keys: Keys, path: string, request: SandboxRequest): Promise<SandboxAnswer> {
  const isOfApp = path.startsWith('integrations/');
  checkToken(request.headers.authorization, isOfApp ? keys.appToken : keys.serviceToken);
  if (!isOfApp && path !== `organizations/${keys.organization}/stores/${keys.store}/pubApps`) throw notFound();
  if (request.method === 'GET') return given(service.publications.list(request.query));
  if (request.method !== 'POST') throw notFound();
  return given(service.publications.create(await readBody(request, NewPublication)));
}

function listApps({ serviceToken, application }: Keys, { headers, query }: SandboxRequest): SandboxAnswer {
  checkToken(headers.authorization, serviceToken);
  const app = {
    id: application,
    name: 'apptool sandbox',
    slug: 'apptool-sandbox',
    createdAt: new Date(0).toISOString(),
  };
  return given(pageOf([app], query, ['name', 'sort']));
}

function redeem(service: Service, path: string, { method, headers }: SandboxRequest): SandboxAnswer {
  const token = /^v1\/download\/([^/]+)$/.exec(path)?.[1];
  if (method !== 'GET' || token === undefined) throw notFound();
  if (headers.authorization !== undefined)
    throw new Refusal(400, 5006, 'The token in the path is the credential; send no other');
  return { status: 302, json: {}, headers: { location: service.redeem(token) } };
}

function read(service: Service, rest: string, app: string, query: URLSearchParams): unknown {
  const [id = '', call, ...more] = rest.split('/');
  if (rest === '') return service.list(query);
  if (call === undefined) return service.details(id);
  // "The download token" is a call of the Workspace API alone.
  if (call !== 'downloadToken' || more.length > 0 || app === 'integrations') throw notFound();
  return service.downloadToken(id, query.get('type'), query.get('fileId'));
}

function notFound(): Refusal {
  return new Refusal(404, 3001, 'Entity not found');
}

function checkToken(header: string | undefined, expected: string): void {
  const token = /^bearer (\S+)$/i.exec(header ?? '')?.[1];
  if (token === undefined) throw new Refusal(401, 4002, 'No auth token');
  if (token !== expected) throw new Refusal(401, 4002, 'Invalid Token');
}

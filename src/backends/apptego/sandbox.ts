import type { SandboxPart, SandboxRequest, SandboxTools } from '../../contract/backend/sandbox.ts';
import { answerJson, demandMethod, Refusal, readJson } from '../../sandbox/refusal.ts';
import { createService, type Service } from './sandbox-service.ts';

/** The stand-in for the AppTego Automation API: what docs.apptego.com/automation-api says that it checks, checked. */
export function createApptegoSandbox(tools: SandboxTools): SandboxPart {
  const apiKey = `sandbox-${tools.randomId()}:${tools.randomId()}`;
  const service = createService(tools);
  return {
    variables: { APPTEGO_API_URL: tools.baseUrl, APPTEGO_API_KEY: apiKey },
    handle: (request) =>
      answerJson(async () => {
        checkKey(request.headers.authorization, apiKey);
        return await route(service, request);
      }),
  };
}

function checkKey(header: string | undefined, apiKey: string): void {
  if (header === undefined) throw new Refusal(401, 'Missing Authorization header');
  const given = /^Bearer (.+)$/.exec(header)?.[1];
  if (given === undefined) throw new Refusal(401, 'Malformed Authorization header, expected Bearer key_id:key_secret');
  if (!given.includes(':')) throw new Refusal(401, 'Malformed automation key, expected the raw key_id:key_secret');
  if (given !== apiKey) throw new Refusal(401, 'Unknown or disabled automation key');
}

async function route(service: Service, request: SandboxRequest): Promise<unknown> {
  const [, area = '', call = '', id = '', ...more] = request.path.split('/');
  const key = `${area}/${call}`;
  if (area !== 'automate' || more.length > 0) throw new Refusal(404, 'Endpoint not found');
  if (key === 'automate/upload') {
    const posts: Record<string, (body: unknown) => unknown> = {
      '': service.upload,
      complete: service.complete,
      abort: service.abort,
    };
    const post = Object.hasOwn(posts, id) ? posts[id] : undefined;
    if (post === undefined) throw new Refusal(404, 'Endpoint not found');
    demandMethod(request, 'POST');
    return await post(await readJson(request));
  }
  const gets: Record<string, (id: string) => unknown> = {
    'automate/status': service.status,
    'automate/download': service.download,
  };
  const get = Object.hasOwn(gets, key) ? gets[key] : undefined;
  if (get === undefined || id === '') throw new Refusal(404, 'Endpoint not found');
  demandMethod(request, 'GET');
  return get(decoded(id));
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw new Refusal(400, 'Invalid job ID');
  }
}
